"""Hostile requests: the JWS, its header, the nonce, methods, and other people's objects."""
import json

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.acme import Key, b64u, csr, jws, unb64u
from harness.attack import forge, parallel, refused, site  # noqa: F401 - site is a fixture
from harness.x509 import load_chain, names


@pytest.fixture
def cl(site):
    c = site.client()
    yield c
    c.close()


def header(c, url, **change):
    """Protected header of an honest request of c, changed; None removes a member."""
    h = {"alg": c.key.alg, "url": url, "nonce": c.take_nonce(), "kid": c.kid}
    h.update(change)
    return {k: v for k, v in h.items() if v is not None}


def order_of(c, site, name=None):
    r = c.new_order([name or site.name()])
    assert r.status == 201, r.body
    return r.location, r.json()


# row 7: url, account, owner

def test_invariant_07_url_is_compared_on_every_route(site, cl):
    url, order = order_of(cl, site)
    authz = cl.authz(order)[0]
    challenge = authz["challenges"][0]["url"]
    routes = [cl.dir["newOrder"], url, order["authorizations"][0], challenge, order["finalize"], cl.kid,
              url.replace("/order/", "/cert/")]
    for right in routes:
        others = [r for r in routes if r != right][:2] + [
            right + "?", right + "/", right + "#", right.replace("https:", "http:"), right.replace("ca.test", "CA.test"),
            right.replace(":14000", ""), right.replace("ca.test", "evil.test"), right.replace("/acme/", "//acme/"),
            right.split("14000", 1)[1], ""]
        for wrong in others:
            r = cl.post(right, None, signed_url=wrong or " ", header={"url": wrong})
            if wrong == "":
                refused(r, "malformed", 400)
            else:
                refused(r, "unauthorized", 403)
    r = cl.post(cl.dir["newAccount"], {}, use_jwk=True, signed_url=cl.dir["newOrder"])
    refused(r, "unauthorized")
    assert cl.post(url, None).json()["status"] == "pending"


def test_invariant_07_url_of_another_directory(site, cl):
    other = site.client(register=False, directory=site.ca.profile_url("shortlived"))
    assert other.dir["newOrder"] != cl.dir["newOrder"]
    payload = {"identifiers": [{"type": "dns", "value": site.name()}]}
    refused(cl.post(cl.dir["newOrder"], payload, signed_url=other.dir["newOrder"]), "unauthorized")
    refused(cl.post(other.dir["newOrder"], payload, signed_url=cl.dir["newOrder"]), "unauthorized")
    other.close()


def test_invariant_07_url_with_query_must_be_the_url_of_the_request(site, cl):
    url, _ = order_of(cl, site)
    refused(cl.post(url + "?a=b", None, signed_url=url), "unauthorized")
    refused(cl.post(url, None, signed_url=url + "?a=b"), "unauthorized")


def test_invariant_07_kid_of_another_account(site, cl):
    other = site.client()
    url, order = order_of(cl, site)
    for target in (url, order["authorizations"][0], cl.kid, cl.dir["newOrder"]):
        refused(other.post(target, None, kid=cl.kid), "malformed", 400)
    refused(other.post(order["finalize"], {"csr": b64u(csr(["a.example.test"]))}, kid=cl.kid), "malformed", 400)
    for wrong in ("", "x", "/acme/acct/1", cl.kid + "x", cl.kid[:-1], cl.kid + "/", cl.kid.replace("ca.test", "evil.test"),
                  cl.kid.replace("/acct/", "/order/"), cl.kid.split("14000")[1], url):
        refused(cl.post(url, None, header={"kid": wrong}), "malformed", 400)
    unknown = cl.kid.rsplit("/", 1)[0] + "/" + b64u(Key().thumbprint())
    refused(cl.post(url, None, kid=unknown), "accountDoesNotExist", 400)
    other.close()


def test_invariant_07_objects_of_another_account(site, cl):
    n = site.name()
    url, order = cl.ready_order(site.web, [n])
    authz = order["authorizations"][0]
    challenge = cl.post(authz, None).json()["challenges"][0]["url"]
    mallory = site.client()
    request = {"csr": b64u(csr([n]))}
    for target, payload in [(url, None), (authz, None), (authz, {"status": "deactivated"}), (challenge, None),
                            (challenge, {}), (url.replace("/order/", "/cert/"), None), (order["finalize"], request)]:
        refused(mallory.post(target, payload), "malformed", 404)
    refused(mallory.post(cl.kid, None), "unauthorized", 403)
    refused(mallory.post(cl.kid, {"status": "deactivated"}), "unauthorized", 403)
    assert cl.finalize(order, csr([n])).status == 200
    cert = cl.wait(url, lambda o: o["status"] == "valid")["certificate"]
    refused(mallory.post(cert, None), "malformed", 404)
    assert names(load_chain(cl.post(cert, None).body)[0]) == [n]
    mallory.close()


def test_invariant_07_account_status_is_read_anew(site):
    c, n = site.client(), site.name()
    url, order = c.ready_order(site.web, [n])
    authz = order["authorizations"][0]
    challenge = c.post(authz, None).json()["challenges"][0]["url"]
    fresh_url, fresh = order_of(c, site)
    assert c.post(c.kid, {"status": "deactivated"}).json()["status"] == "deactivated"
    for target, payload in [(url, None), (authz, None), (challenge, {}), (c.kid, None), (c.kid, {"contact": []}),
                            (c.kid, {"status": "valid"}), (c.dir["newOrder"], {"identifiers": []}), (fresh_url, None),
                            (order["finalize"], {"csr": b64u(csr([n]))})]:
        refused(c.post(target, payload), "unauthorized", 401)
    refused(c.register(), "unauthorized", 401)
    refused(c.post(c.dir["newAccount"], {"onlyReturnExisting": True}, use_jwk=True), "unauthorized", 401)
    c.close()


def test_invariant_07_one_key_is_one_account(site, cl):
    again = cl.post(cl.dir["newAccount"], {"termsOfServiceAgreed": True, "contact": ["mailto:other@example.test"]}, use_jwk=True)
    assert again.status == 200 and again.location == cl.kid
    assert again.json()["contact"] == []
    key = Key()
    clients = [site.client(register=False) for _ in range(8)]
    for c in clients:
        c.key = key
        c.request("HEAD", c.dir["newNonce"])
    made = parallel(8, lambda i: clients[i].register())
    assert sorted(r.status for r in made) == [200] * 7 + [201]
    assert len({r.location for r in made}) == 1
    for c in clients:
        c.close()


def test_invariant_07_only_return_existing(site):
    c = site.client(register=False)
    refused(c.post(c.dir["newAccount"], {"onlyReturnExisting": True}, use_jwk=True), "accountDoesNotExist", 400)
    refused(c.post(c.dir["newAccount"], {"onlyReturnExisting": "yes"}, use_jwk=True), "malformed", 400)
    refused(c.post(c.dir["newAccount"], {"onlyReturnExisting": True}, use_jwk=True), "accountDoesNotExist", 400)
    c.close()


def test_account_members_that_nobody_asked_for(site):
    c = site.client(register=False)
    r = c.register(status="revoked", orders="https://evil.test/", id=1, createdAt="1970", initialIp="1.2.3.4",
                   externalAccountBinding={"protected": "x", "payload": "y", "signature": "z"}, key={"kty": "oct"})
    assert r.status == 201 and r.json()["status"] == "valid"
    assert set(r.json()) <= {"status", "contact", "termsOfServiceAgreed", "orders"}
    r = c.post(c.kid, {"orders": "https://evil.test/", "termsOfServiceAgreed": False, "status": "valid"})
    assert r.status == 200 and r.json()["status"] == "valid" and "evil" not in r.body.decode()
    c.close()


@pytest.mark.parametrize("contact, kind", [
    (["mailto:a@example.test?cc=b@example.test"], "invalidContact"), (["mailto:a@example.test,b@example.test"], "invalidContact"),
    (["mailto:"], "invalidContact"), (["mailto:a"], "invalidContact"), (["mailto:a@"], "invalidContact"),
    (["mailto:a@*.example.test"], "invalidContact"), (["mailto:a\r\nBcc: b@example.test"], "invalidContact"),
    (["mailto:a@example.test\0"], "malformed"), (["mailto:" + "a" * 5000 + "@example.test"], "invalidContact"),
    (["mailto:a@example.test"] * 1000, "invalidContact"), (["tel:+1234"], "unsupportedContact"),
    (["javascript:alert(1)"], "unsupportedContact"), ([""], "unsupportedContact"), ("mailto:a@example.test", "malformed"),
    ([["mailto:a@example.test"]], "malformed"), ([None], "malformed"), ({}, "malformed"), (1, "malformed")])
def test_invariant_21_contact_tricks(site, cl, contact, kind):
    refused(cl.post(cl.kid, {"contact": contact}), kind, 400)
    assert cl.post(cl.kid, None).json()["contact"] == []


# keys and algorithms

def test_both_or_neither_of_jwk_and_kid(site, cl):
    url, _ = order_of(cl, site)
    jwk = cl.key.jwk()
    for target in (url, cl.dir["newOrder"], cl.kid):
        refused(cl.post_raw(target, forge(cl.key, header(cl, target, jwk=jwk))), "malformed", 400)
        refused(cl.post_raw(target, forge(cl.key, header(cl, target, kid=None))), "malformed", 400)
        refused(cl.post_raw(target, forge(cl.key, header(cl, target, kid=None, jwk=jwk))), "malformed", 400)
    new = cl.dir["newAccount"]
    refused(cl.post_raw(new, forge(cl.key, header(cl, new), b"{}")), "malformed", 400)
    refused(cl.post_raw(new, forge(cl.key, header(cl, new, jwk=jwk), b"{}")), "malformed", 400)


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "HS512", "PS256", "RS1", "ES256K", "ES512", "Es256", "", "A" * 60])
def test_unknown_algorithms_get_the_list_of_known_ones(site, cl, alg):
    url, _ = order_of(cl, site)
    p = header(cl, url, alg=alg)
    h = hmac.HMAC(cl.key.canonical(), hashes.SHA256())
    h.update(f"{b64u(json.dumps(p).encode())}.".encode())
    for signature in (b"", h.finalize(), b"\0" * 64):
        p["nonce"] = cl.take_nonce()
        r = cl.post_raw(url, forge(cl.key, p, signature=signature))
        if alg == "":
            refused(r, "malformed", 400)
            continue
        refused(r, "badSignatureAlgorithm", 400)
        assert sorted(r.json()["algorithms"]) == ["ES256", "ES384", "EdDSA", "RS256"]


def test_the_algorithm_belongs_to_the_key(site, cl):
    url, _ = order_of(cl, site)
    for alg in ("ES384", "RS256", "EdDSA"):
        refused(cl.post(url, None, header={"alg": alg}), "badSignatureAlgorithm", 400)
        r = cl.post(cl.dir["newAccount"], {}, use_jwk=True, header={"alg": alg})
        assert r.problem in ("badSignatureAlgorithm", "badPublicKey"), r.body


@pytest.mark.parametrize("alg", [1, None, [], {}, ["ES256"], True])
def test_the_algorithm_is_a_string(site, cl, alg):
    url, _ = order_of(cl, site)
    refused(cl.post_raw(url, forge(cl.key, dict(header(cl, url), alg=alg))), "malformed", 400)


def p256(x, y):
    return {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}


def bad_keys():
    good = Key().jwk()
    small = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")
    rsa_key = Key("RS256").jwk()
    n = unb64u(rsa_key["n"])
    yield p256(b"\0" * 32, b"\0" * 32)
    yield p256(b"\1" * 32, b"\2" * 32)
    yield p256(b"\xff" * 32, b"\xff" * 32)
    yield p256(unb64u(good["x"])[1:], unb64u(good["y"]))
    yield p256(b"\0" + unb64u(good["x"]), unb64u(good["y"]))
    yield dict(good, y=b64u(bytes(31) + b"\1"))
    yield dict(good, crv="P-384")
    yield dict(good, crv="secp256k1")
    yield dict(good, kty="oct", k=b64u(b"k" * 32))
    yield dict(good, kty="EC2")
    yield dict(good, x=1)
    yield {}
    yield {"kty": "oct", "k": b64u(b"k" * 32)}
    yield {"kty": "OKP", "crv": "Ed25519", "x": b64u(b"\0" * 31)}
    yield {"kty": "OKP", "crv": "Ed448", "x": b64u(b"\0" * 57)}
    yield {"kty": "OKP", "crv": "X25519", "x": b64u(b"\x09" + b"\0" * 31)}
    yield {"kty": "RSA", "n": b64u(small), "e": "AQAB"}
    yield dict(rsa_key, e=b64u(b"\1"))
    yield dict(rsa_key, e=b64u(b"\2"))
    yield dict(rsa_key, n=b64u(n[:-1] + bytes([n[-1] & 0xfe])))
    yield dict(rsa_key, n=b64u(b"\0" + n))
    yield dict(rsa_key, n=b64u(b"\xff" * 2049))
    yield "text"
    yield []
    yield None


def test_invariant_20_account_keys_that_are_none(site, cl):
    c = site.client(register=False)
    new = c.dir["newAccount"]
    for jwk in bad_keys():
        for alg in ("ES256", "RS256", "EdDSA"):
            p = {"alg": alg, "url": new, "nonce": c.take_nonce(), "jwk": jwk}
            r = c.post_raw(new, forge(c.key, p, b"{}"))
            assert r.problem in ("badPublicKey", "badSignatureAlgorithm", "malformed"), (jwk, r.body)
            refused(r, r.problem, 400)
    c.close()


def test_a_private_key_in_jwk_is_refused_or_never_shown(site, cl):
    c = site.client(register=False)
    d = b64u(c.key.key.private_numbers().private_value.to_bytes(32, "big"))
    p = {"alg": "ES256", "url": c.dir["newAccount"], "nonce": c.take_nonce(), "jwk": dict(c.key.jwk(), d=d)}
    r = c.post_raw(c.dir["newAccount"], forge(c.key, p, b'{"termsOfServiceAgreed":true}'))
    assert d.encode() not in r.body and d not in site.ca.log()
    c.close()


# row 20 and 21: JSON, and everything else that lies about itself

def test_invariant_21_duplicate_members_at_every_level(site, cl):
    url, _ = order_of(cl, site)
    good = json.loads(jws(cl.key, url, None, cl.take_nonce(), cl.kid))
    for member in good:
        text = json.dumps(good)[:-1] + f', "{member}": "{good[member]}"}}'
        refused(cl.post_raw(url, text.encode()), "malformed", 400)
        text = json.dumps(good)[:-1] + f', "\\u{ord(member[0]):04x}{member[1:]}": "{good[member]}"}}'
        refused(cl.post_raw(url, text.encode()), "malformed", 400)
    for member, value in [("alg", "ES256"), ("url", url), ("kid", cl.kid), ("x", 1)]:
        raw = json.dumps(dict(header(cl, url), x=1))[:-1] + f', "{member}": {json.dumps(value)}}}'
        refused(cl.post_raw(url, forge(cl.key, raw.encode())), "malformed", 400)
    ident = '{"type":"dns","value":"a.example.test"}'
    for payload in (f'{{"identifiers":[{ident}],"identifiers":[{ident}]}}',
                    f'{{"identifiers":[{ident}],"profile":"server","profile":"shortlived"}}',
                    '{"identifiers":[{"type":"dns","value":"a.example.test","value":"b.example.test"}]}'):
        refused(cl.post(cl.dir["newOrder"], payload.encode()), "malformed", 400)


@pytest.mark.parametrize("depth", [17, 100, 2000, 20000])
def test_invariant_21_deep_nesting(site, cl, depth):
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        deep = opened * depth + "1" + closed * depth
        if len(deep) < 30000:
            refused(cl.post(cl.dir["newOrder"], f'{{"identifiers":{deep}}}'.encode()), "malformed", 400)
            refused(cl.post(cl.dir["newOrder"], deep.encode()), "malformed", 400)
        if len(deep) < 5000:
            raw = json.dumps(header(cl, cl.dir["newOrder"]))[:-1] + f', "x": {deep}}}'
            refused(cl.post_raw(cl.dir["newOrder"], forge(cl.key, raw.encode(), b"{}")), "malformed", 400)
        if len(deep) < 40000:
            refused(cl.post_raw(cl.dir["newOrder"], deep.encode()), "malformed", 400)


def padded(c, url, size):
    """A good newOrder body of exactly size bytes."""
    body = json.loads(jws(c.key, url, {"identifiers": []}, c.take_nonce(), c.kid))
    text = json.dumps(body)
    return (text[:-1] + " " * (size - len(text)) + "}").encode()


def test_invariant_21_body_of_50000_and_50001_bytes(site, cl):
    url = cl.dir["newOrder"]
    detail = refused(cl.post_raw(url, padded(cl, url, 50000)), "malformed", 400)
    assert "identifiers" in detail  # read to its end
    refused(cl.post_raw(url, padded(cl, url, 50001)), "malformed", 413)
    refused(cl.post_raw(url, b"A" * 65536), "malformed", 413)
    refused(cl.post_raw(url, b"A" * 65537), "malformed", 413, nonce=False)
    cl.close()


@pytest.mark.parametrize("body", [
    b"", b" ", b"null", b"true", b"1", b'"x"', b"[]", b"{}", b"{", b"}", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"{} x",
    b'{"protected":1,"payload":"","signature":""}', b'{"protected":"","payload":"","signature":""}', b'{"payload":"","signature":""}',
    b'{"protected":"e30","payload":"","signature":""}', b'{"protected":"W10","payload":"","signature":""}',
    b'{"protected":"bnVsbA","payload":"","signature":""}', b'{"protected":"e30","payload":null,"signature":""}',
    b'{"protected":"e30","payload":"","signature":"","header":{}}', b'{"protected":"e30","payload":"","signatures":[]}',
    b'{"protected":"e30","payload":"","signature":"","x":1}', b'{"protected":"\\u0000","payload":"","signature":""}',
    b"{'protected':'e30'}", b'{"protected":"e30","payload":"","signature":"",}', b'{"protected":NaN}', b"\0" * 100])
def test_invariant_20_bodies_that_are_no_jws(site, cl, body):
    for url in (cl.dir["newOrder"], cl.dir["newAccount"], cl.kid):
        refused(cl.post_raw(url, body), "malformed", 400)


def test_invariant_22_padding_and_foreign_characters_in_base64url(site, cl):
    url, _ = order_of(cl, site)
    good = json.loads(jws(cl.key, url, None, cl.take_nonce(), cl.kid))
    for part in ("protected", "payload", "signature"):
        for change in ("=", "==", "\n", " ", "+", "/", "%3D", "é", "\0", "A" if len(good[part]) % 4 == 0 else "!"):
            for place in (lambda t, c: t + c, lambda t, c: c + t, lambda t, c: t[:8] + c + t[8:]):
                bad = dict(good)
                bad[part] = place(good[part], change)
                refused(cl.post_raw(url, json.dumps(bad).encode()), "malformed", 400)
    assert cl.post_raw(url, json.dumps(good).encode()).status == 200  # none of it burnt the nonce


def test_invariant_22_bits_that_base64url_leaves_over(site, cl):
    """Two texts for one signature would be two JWS with one meaning."""
    url, _ = order_of(cl, site)
    good = json.loads(jws(cl.key, url, None, cl.take_nonce(), cl.kid))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(good["signature"]) % 4 == 2
    last = alphabet.index(good["signature"][-1])
    for bits in range(1, 16):
        bad = dict(good, signature=good["signature"][:-1] + alphabet[last | bits])
        refused(cl.post_raw(url, json.dumps(bad).encode()), "malformed", 400)
    assert cl.post_raw(url, json.dumps(good).encode()).status == 200


@pytest.mark.parametrize("change", [
    {"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"url": 1}, {"url": ["x"]}, {"url": None}, {"kid": 1},
    {"kid": {}}, {"nonce": 1}, {"nonce": None}, {"nonce": ""}, {"kid": "A" * 600}, {"url": "https://" + "A" * 600},
    {"nonce": "A" * 200}, {"nonce": "a+b/"}, {"nonce": "a=="}, {"nonce": "a b"}])
def test_invariant_20_headers_of_wrong_types(site, cl, change):
    url, _ = order_of(cl, site)
    r = cl.post_raw(url, forge(cl.key, dict(header(cl, url), **change)))
    refused(r, "malformed", 400)


def test_invariant_20_strings_that_hold_nul(site, cl):
    url, _ = order_of(cl, site)
    for change in ({"url": url + "\0"}, {"url": url + "\0x"}, {"kid": cl.kid + "\0"}, {"nonce": "abc\0"}, {"alg": "ES256\0"}):
        r = cl.post_raw(url, forge(cl.key, dict(header(cl, url), **change)))
        assert r.problem in ("malformed", "unauthorized", "badSignatureAlgorithm"), r.body
        refused(r, r.problem)
    for value in ("a.example.test\0", "a.example.test\0.evil.test", "\0"):
        assert cl.new_order([value]).status == 400


def test_invariant_20_random_damage_to_a_good_request(site, cl):
    import random
    rnd = random.Random(5)
    url, _ = order_of(cl, site)
    for _ in range(300):
        body = bytearray(jws(cl.key, url, None, cl.take_nonce(), cl.kid))
        for _ in range(rnd.randrange(1, 4)):
            at = rnd.randrange(len(body))
            how = rnd.randrange(3)
            if how == 0:
                body[at] ^= 1 << rnd.randrange(8)
            elif how == 1:
                del body[at:at + rnd.randrange(1, 20)]
            else:
                body[at:at] = bytes(rnd.randrange(256) for _ in range(rnd.randrange(1, 9)))
        r = cl.post_raw(url, bytes(body))
        if r.status != 200:  # white space between members may come and go
            refused(r, r.problem)
            assert r.status < 500
        else:
            assert json.loads(body)["signature"]


# signatures

def test_signatures_that_do_not_verify(site, cl):
    url, _ = order_of(cl, site)
    good = json.loads(jws(cl.key, url, None, cl.take_nonce(), cl.kid))
    sig = bytearray(unb64u(good["signature"]))
    der = b"\x30\x44\x02\x20" + sig[:32] + b"\x02\x20" + sig[32:]
    order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
    for bad in (b"", b"\0", b"\0" * 64, b"\xff" * 64, der, bytes(sig[:63]), bytes(sig) + b"\0", bytes(sig[32:] + sig[:32]),
                order.to_bytes(32, "big") * 2, bytes(32) + bytes(sig[32:]), bytes(sig[:32]) + bytes(32), b"A" * 30000):
        r = cl.post_raw(url, json.dumps(dict(good, signature=b64u(bad))).encode())
        refused(r, "malformed", 400)
    for i in (0, 31, 32, 63):
        flipped = bytearray(sig)
        flipped[i] ^= 1
        refused(cl.post_raw(url, json.dumps(dict(good, signature=b64u(bytes(flipped)))).encode()), "malformed", 400)
    assert cl.post_raw(url, json.dumps(good).encode()).status == 200


def test_a_payload_of_another_request_does_not_fit(site, cl):
    a = json.loads(jws(cl.key, cl.kid, {"contact": []}, cl.take_nonce(), cl.kid))
    b = json.loads(jws(cl.key, cl.kid, {"status": "deactivated"}, cl.take_nonce(), cl.kid))
    refused(cl.post_raw(cl.kid, json.dumps(dict(a, payload=b["payload"])).encode()), "malformed", 400)
    assert cl.post(cl.kid, None).json()["status"] == "valid"


# nonces

def test_invariant_27_nonces_serve_once(site, cl):
    url, _ = order_of(cl, site)
    body = jws(cl.key, url, None, cl.take_nonce(), cl.kid)
    assert cl.post_raw(url, body).status == 200
    for _ in range(3):
        refused(cl.post_raw(url, body), "badNonce", 400)


def test_invariant_27_a_hundred_parallel_uses_of_one_nonce(site, cl):
    url, _ = order_of(cl, site)
    body = jws(cl.key, url, None, cl.take_nonce(), cl.kid)
    clients = [site.client(register=False) for _ in range(50)]
    got = parallel(50, lambda i: [clients[i].post_raw(url, body).status for _ in range(2)])
    statuses = sorted(s for two in got for s in two)
    assert statuses == [200] + [400] * 99
    for c in clients:
        c.close()


def test_invariant_27_nonces_that_are_not_ours(site, cl):
    url, _ = order_of(cl, site)
    own = cl.take_nonce()
    for nonce in (b64u(b"\0" * 16), b64u(b"\xff" * 16), b64u(Key().thumbprint()), "A", own[:-1], own + "A", own[::-1], "A" * 127):
        refused(cl.post(url, None, header={"nonce": nonce}), "badNonce", 400)
    # ids of objects are enciphered numbers as nonces are: neither serves as the other
    for public in (url.rsplit("/", 1)[1], cl.kid.rsplit("/", 1)[1]):
        refused(cl.post(url, None, header={"nonce": public}), "badNonce", 400)
    p = header(cl, url, nonce=None)
    refused(cl.post_raw(url, forge(cl.key, p)), "badNonce", 400)
    assert cl.post(url, None).status == 200


def test_invariant_27_a_bad_signature_burns_no_nonce(site, cl):
    url, _ = order_of(cl, site)
    nonce = cl.take_nonce()
    mallory = Key()
    for _ in range(3):
        refused(cl.post_raw(url, jws(mallory, url, None, nonce, cl.kid)), "malformed", 400)
        refused(cl.post_raw(url, jws(cl.key, url + "x", None, nonce, cl.kid)), "unauthorized")
    assert cl.post_raw(url, jws(cl.key, url, None, nonce, cl.kid)).status == 200
    refused(cl.post_raw(url, jws(cl.key, url, None, nonce, cl.kid)), "badNonce", 400)


# methods and types

@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "application/jose", "application/jose+jsonx",
                                          "application/problem+json", "application/x-www-form-urlencoded", "jose+json"])
def test_wrong_content_type_is_415(site, cl, content_type):
    url, _ = order_of(cl, site)
    body = jws(cl.key, url, None, cl.take_nonce(), cl.kid)
    refused(cl.post_raw(url, body, content_type), "malformed", 415)
    assert cl.post_raw(url, body).status == 200


def test_get_and_others_on_post_resources_are_405(site, cl):
    url, order = order_of(cl, site)
    authz = order["authorizations"][0]
    challenge = cl.post(authz, None).json()["challenges"][0]["url"]
    resources = [url, authz, challenge, order["finalize"], cl.kid, cl.dir["newOrder"], cl.dir["newAccount"],
                 url.replace("/order/", "/cert/")]
    for u in resources:
        for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "get", "POSTX"):
            r = cl.request(method, u, b"{}" if method in ("PUT", "PATCH") else None, {"Content-Type": "application/jose+json"})
            refused(r, "malformed", 405, nonce=False)
            assert "POST" in r.headers["Allow"]
    for u in (cl.dir["newNonce"], site.ca.url):
        for method in ("PUT", "DELETE"):
            r = cl.request(method, u, b"{}", {"Content-Type": "application/jose+json"})
            refused(r, "malformed", 405, nonce=False)
            assert "GET" in r.headers["Allow"] and "POST" in r.headers["Allow"]
        refused(cl.post_raw(u, b"{}"), "malformed", 400)  # POST is for accounts (section 6.3)


@pytest.mark.parametrize("path", ["/", "/acme", "/acme/", "/acme/order", "/acme/order/", "/acme/order/x/y", "//directory",
                                  "/directory/", "/./directory", "/../directory", "/%64irectory", "/nothing/directory",
                                  "/server/../directory", "/acme/new-order/", "/server@2026-11/directory",
                                  "/clients/directory", "/peer/directory", "/acme/revoke-cert", "/acme/key-change", "/metrics"])
def test_paths_that_do_not_exist(site, cl, path):
    r = cl.request("GET", path)
    assert r.problem in ("malformed", "invalidProfile") and r.status in (404, 405), (r.status, r.body)
    r = cl.post(f"https://ca.test:14000{path}", None)
    assert r.status in (400, 404, 405), (r.status, r.body)
    refused(r, r.problem)


# public ids

def test_forged_public_ids(site, cl):
    url, order = order_of(cl, site)
    authz = order["authorizations"][0]
    challenge = cl.post(authz, None).json()["challenges"][0]["url"]
    base = url.rsplit("/", 2)[0]
    ids = {url.rsplit("/", 1)[1], authz.rsplit("/", 1)[1]}
    for good in ids | {"1", "0", "-1", "A" * 22, "_" * 22, "A" * 300, "%00", "..", b64u(b"\0" * 16), b64u(b"\xff" * 16)}:
        for kind in ("order", "authz", "cert"):
            target = f"{base}/{kind}/{good}"
            if target in (url, authz):
                continue
            refused(cl.post(target, None), "malformed", 404)
    for i in range(len(url.rsplit("/", 1)[1])):
        for bad in "Aa_":
            text = url.rsplit("/", 1)[1]
            if text[i] != bad:
                refused(cl.post(f"{base}/order/{text[:i]}{bad}{text[i + 1:]}", None), "malformed", 404)
    for word in ("dns-02", "HTTP-01", "tls-client-01", "0", "", "http-01/x"):
        r = cl.post(challenge.rsplit("/", 1)[0] + "/" + word, None)
        refused(r, "malformed", 404)


@pytest.mark.parametrize("change", [
    lambda p: p[:-1] + [str(int(p[-1]) + 1)], lambda p: p[:-1] + [str(int(p[-1]) ^ 1 << 24)], lambda p: p[:-1] + ["0" + p[-1]],
    lambda p: p[:-1] + ["-" + p[-1]], lambda p: p[:-1] + ["18446744073709551616"], lambda p: p[:-1] + [p[-1] + "x"],
    lambda p: p[:-4] + ["shortlived@2026-11"] + p[-3:], lambda p: p[:-4] + ["client@2026-11"] + p[-3:],
    lambda p: p[:-4] + ["server"] + p[-3:], lambda p: p[:-4] + ["server@2026-12"] + p[-3:], lambda p: p[:-4] + ["server%402026-11"] + p[-3:],
    lambda p: p[:-3] + ["2"] + p[-2:], lambda p: p[:-2] + ["99"] + p[-1:], lambda p: p[:-2] + ["01"] + p[-1:]])
def test_forged_finalize_urls(site, cl, change):
    n = site.name()
    url, order = cl.ready_order(site.web, [n])
    forged = "/".join(change(order["finalize"].split("/")))
    assert forged != order["finalize"]
    refused(cl.post(forged, {"csr": b64u(csr([n]))}), "malformed", 404)
    assert cl.post(url, None).json()["status"] == "ready"
    assert cl.finalize(order, csr([n])).status == 200

