"""Hostile orders: identifiers, profiles, CSR, finalize and races."""
import json
import os
import random
import sqlite3
import subprocess
import threading
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier

from harness.acme import Client, Key, b64u, csr, jws
from harness.attack import certificates_of, parallel, refused, site  # noqa: F401 - site is a fixture
from harness.x509 import SERVER_AUTH, ekus, is_ca, load_chain, names

OURS = {ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS}


@pytest.fixture
def cl(site):
    c = site.client()
    yield c
    c.close()


@pytest.fixture(scope="module")
def proved(site):
    """An account that has proved some names, so that orders for them are ready at once."""
    c = site.client()
    own = ["a.example.test", "b.example.test", "c.example.test"]
    c.ready_order(site.web, own)
    c.own = own
    yield c
    c.close()


def ready(c, wanted):
    r = c.new_order(wanted)
    assert r.status == 201 and r.json()["status"] == "ready", r.body
    return r.location, r.json()


def check_leaf(pem, wanted, public):
    """The certificate holds the proved names, serverAuth, the key, and nothing that says more."""
    leaf = load_chain(pem)[0]
    assert names(leaf) == sorted(wanted)
    assert ekus(leaf) == [SERVER_AUTH]
    assert not is_ca(leaf)
    assert list(leaf.subject) == []
    assert {e.oid for e in leaf.extensions} == OURS
    usage = leaf.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    assert usage.digital_signature and not (usage.key_cert_sign or usage.crl_sign or usage.key_agreement or
                                            usage.content_commitment or usage.key_encipherment or usage.data_encipherment)
    spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    assert leaf.public_key().public_bytes(*spki) == public.public_bytes(*spki)
    return leaf


# identifiers

@pytest.mark.parametrize("value", [
    "", " ", ".", "*", "*.", "*.*", "*.*.example.test", "a.*.example.test", "*a.example.test", "a*.example.test", "**.example.test",
    "example.test.", "*.example.test.", ".example.test", "a..example.test", "-a.example.test", "a-.example.test",
    "a_b.example.test", "a b.example.test", "a.example.test\n", "a\t.example.test", "bücher.example.test", "例え.test",
    "xn--a.example.test", "XN--abc-.example.test", "xn--99999999.test",
    "a.example.test/", "a.example.test:80", "user@example.test", "http://a.example.test", "127.0.0.1", "1.2.3.4", "*.1.2.3.4",
    "::1", "[::1]", "0x7f000001", "2130706433", "a.1", "1", "a" * 64 + ".example.test", ".".join(["a" * 49] * 6), "a." * 127 + "a",
    "a.example.test,b.example.test", "%2e.example.test", "a\\.example.test", "a'.example.test", "<b>.example.test",
    "a.example.test\u200b", "ａ.example.test", "a。example.test"])
def test_invariant_11_values_that_are_no_names(site, cl, value):
    r = cl.new_order([value])
    refused(r, "rejectedIdentifier", 400)
    r = cl.new_order([site.name(), value])  # one bad name spoils the order
    refused(r, "rejectedIdentifier", 400)
    assert len(r.json()["subproblems"]) == 1


@pytest.mark.parametrize("idents", [
    None, {}, "a.example.test", 1, True, [None], [1], ["a.example.test"], [[]], [{}], [{"type": "dns"}],
    [{"value": "a.example.test"}], [{"type": "dns", "value": 1}], [{"type": "dns", "value": None}], [{"type": "dns", "value": ["a"]}],
    [{"type": 1, "value": "a.example.test"}], [{"type": ["dns"], "value": "a.example.test"}]])
def test_invariant_20_identifiers_of_wrong_types(cl, idents):
    r = cl.post(cl.dir["newOrder"], {"identifiers": idents})
    assert r.problem in ("malformed", "rejectedIdentifier"), r.body
    refused(r, r.problem, 400)


def test_invariant_10_an_order_for_nobody(cl):
    refused(cl.post(cl.dir["newOrder"], {"identifiers": []}), "malformed", 400)
    refused(cl.post(cl.dir["newOrder"], {}), "malformed", 400)
    refused(cl.post(cl.dir["newOrder"], b""), "malformed", 400)
    refused(cl.post(cl.dir["newOrder"], b"[]"), "malformed", 400)


@pytest.mark.parametrize("kind", ["ip", "email", "DNS", "dns ", "", "permanent-identifier", "tkauth"])
def test_identifier_types_that_the_profile_does_not_serve(cl, kind):
    value = "127.0.0.1" if kind == "ip" else "a.example.test"
    r = cl.new_order([{"type": kind, "value": value}])
    refused(r, "rejectedIdentifier" if kind == "ip" else "unsupportedIdentifier" if kind else r.problem, 400)


def test_the_largest_order_and_one_more(site, cl):
    many = [f"m{i}.example.test" for i in range(101)]
    refused(cl.new_order(many), "malformed", 400)
    refused(cl.new_order(many[:26], profile="shortlived"), "malformed", 400)
    refused(cl.new_order([many[0]] * 101), "malformed", 400)
    r = cl.new_order(many[:100])
    assert r.status == 201 and len(r.json()["authorizations"]) == 100


def test_invariant_11_case_and_repetition_are_normalised(site, cl):
    n = site.name()
    r = cl.new_order([n.upper(), n, n.capitalize()])
    assert r.status == 201
    assert r.json()["identifiers"] == [{"type": "dns", "value": n}] and len(r.json()["authorizations"]) == 1
    assert cl.authz(r.json())[0]["identifier"]["value"] == n
    cl.prove_http(site.web, r.json())
    key = ec.generate_private_key(ec.SECP256R1())
    assert cl.finalize(r.json(), csr([n.upper()], key)).status == 200
    o = cl.wait(r.location, lambda x: x["status"] == "valid")
    check_leaf(cl.post(o["certificate"], None).body, [n], key.public_key())


def test_a_wildcard_is_proved_by_dns_only(site, cl):
    r = cl.new_order(["*.example.test"])
    a = cl.authz(r.json())[0]
    assert a["wildcard"] is True and a["identifier"]["value"] == "example.test"
    assert [c["type"] for c in a["challenges"]] == ["dns-01"]
    http = a["challenges"][0]["url"].rsplit("/", 1)[0] + "/http-01"
    refused(cl.post(http, {}), "malformed", 404)
    # the proof of the base name does not reach the wildcard, nor its subdomain
    cl.ready_order(site.web, ["example.test"])
    again = cl.new_order(["*.example.test", "sub.example.test"]).json()
    assert again["status"] == "pending" and all(x["status"] == "pending" for x in cl.authz(again))


# profiles and times

@pytest.mark.parametrize("profile, kind", [
    ("peer", "invalidProfile"), ("nothing", "invalidProfile"),
    ("Server", "invalidProfile"), ("server ", "invalidProfile"), ("server@2026-11", "invalidProfile"), ("", "invalidProfile"),
    ("server\x7f", "invalidProfile"), ("A" * 10000, "invalidProfile"), (None, "malformed"), (1, "malformed"), (True, "malformed"),
    (["server"], "malformed"), ({"name": "server"}, "malformed")])
def test_invariant_10_profiles_that_are_not_offered(site, cl, profile, kind):
    n = site.name()
    def rows():
        with sqlite3.connect(f"file:{site.ca.path('store', 'tabard.db')}?mode=ro", uri=True) as db:
            return [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("orders", "authzs")]
    before = rows()
    refused(cl.new_order([n], profile=profile), kind, 400)
    refused(cl.new_order(["not a name", n], profile=profile), kind, 400)
    assert rows() == before, "something was stored for an order that was refused"


@pytest.mark.parametrize("member", ["notBefore", "notAfter"])
@pytest.mark.parametrize("value", ["2030-01-01T00:00:00Z", "", "x", None, 0, {}])
def test_invariant_08_validity_is_the_profiles_own(site, cl, member, value):
    refused(cl.new_order([site.name()], **{member: value}), "malformed", 400)


def test_order_members_that_nobody_asked_for(site, cl):
    r = cl.new_order([site.name()], status="ready", expires="2099-01-01T00:00:00Z", authorizations=[], certificate="x",
                     purposes=["clientAuth"], error={})
    assert r.status == 201 and r.json()["status"] == "pending" and len(r.json()["authorizations"]) == 1
    assert "certificate" not in r.json() and not r.json()["expires"].startswith("2099")


# challenges

def test_an_empty_payload_reads_a_challenge_and_an_object_responds(site, cl):
    r = cl.new_order([site.name()])
    a = cl.authz(r.json())[0]
    ch = next(c for c in a["challenges"] if c["type"] == "http-01")
    for _ in range(3):
        assert cl.post(ch["url"], None).json()["status"] == "pending"
    for bad in (b"null", b"[]", b'"x"', b"{", b"{}{}", b'{"a":1,"a":2}', b"\0"):
        refused(cl.post(ch["url"], bad), "malformed", 400)
    assert not [s for s in site.web.seen if ch["token"] in s], "validated without a response"
    site.web.answers[ch["token"]] = cl.key_authorization(ch["token"])
    assert cl.post(ch["url"], {"keyAuthorization": "x.y", "status": "valid", "type": "dns-01"}).status == 200
    assert cl.wait(r.json()["authorizations"][0], lambda o: o["status"] != "pending")["status"] == "valid"


def test_invariant_06_parallel_responses_make_one_validation(site):
    c = site.client()
    r = c.new_order([site.name()])
    a = c.authz(r.json())[0]
    ch = next(x for x in a["challenges"] if x["type"] == "http-01")
    site.web.answers[ch["token"]] = c.key_authorization(ch["token"])
    clients = [c] + [site.client(register=False) for _ in range(24)]
    for other in clients[1:]:
        other.key, other.kid = c.key, c.kid
        other.take_nonce()
    site.web.delay = 0.5
    try:
        got = parallel(25, lambda i: [clients[i].post(ch["url"], {}) for _ in range(4)])
        assert all(x.status == 200 for four in got for x in four)
        assert c.wait(r.json()["authorizations"][0], lambda o: o["status"] != "pending")["status"] == "valid"
    finally:
        site.web.delay = 0
    for _ in range(5):
        assert c.post(ch["url"], {}).json()["status"] == "valid"
    assert len([s for s in site.web.seen if ch["token"] in s]) == 1
    for other in clients:
        other.close()


def test_invariant_06_a_failed_challenge_stays_failed(site, cl):
    r = cl.new_order([site.name()])
    a = cl.authz(r.json())[0]
    ch = next(c for c in a["challenges"] if c["type"] == "http-01")
    cl.post(ch["url"], {})
    assert cl.wait(r.json()["authorizations"][0], lambda o: o["status"] != "pending")["status"] == "invalid"
    before = len(site.web.seen)
    site.web.answers[ch["token"]] = cl.key_authorization(ch["token"])
    for challenge in a["challenges"]:
        assert cl.post(challenge["url"], {}).status == 200
    assert cl.post(r.json()["authorizations"][0], None).json()["status"] == "invalid"
    assert cl.post(r.location, None).json()["status"] == "invalid"
    assert len(site.web.seen) == before
    refused(cl.finalize(r.json(), csr([r.json()["identifiers"][0]["value"]])), "orderNotReady", 403)


def test_invariant_11_the_proof_of_another_account_or_token_is_none(site, cl):
    n, mallory = site.name(), Key()
    for answer in (lambda t: f"{t}.{b64u(mallory.thumbprint())}", lambda t: t, lambda t: cl.key_authorization("A" * len(t)),
                   lambda t: cl.key_authorization(t) + "x", lambda t: "x" + cl.key_authorization(t),
                   lambda t: cl.key_authorization(t) + "\0", lambda t: cl.key_authorization(t).lower(), lambda t: "A" * 100000,
                   lambda t: cl.key_authorization(t) + "\n" + cl.key_authorization(t)):
        r = cl.new_order([n])
        ch = next(c for c in cl.authz(r.json())[0]["challenges"] if c["type"] == "http-01")
        site.web.answers[ch["token"]] = answer(ch["token"])
        cl.post(ch["url"], {})
        a = cl.wait(r.json()["authorizations"][0], lambda o: o["status"] != "pending")
        assert a["status"] == "invalid", answer(ch["token"])[:80]
        error = next(c for c in a["challenges"] if c["type"] == "http-01")["error"]
        assert error["type"].endswith(":incorrectResponse"), error
        del site.web.answers[ch["token"]]
    assert certificates_of(site, n) == 0


def test_authorizations_given_up(site, cl):
    url, order = cl.ready_order(site.web, [site.name()])
    for bad in ({}, {"status": "valid"}, {"status": 1}, {"status": None}, {"identifier": {}}, []):
        refused(cl.post(order["authorizations"][0], bad), "malformed", 400)
    assert cl.post(order["authorizations"][0], {"status": "deactivated"}).json()["status"] == "deactivated"
    n = order["identifiers"][0]["value"]
    refused(cl.finalize(order, csr([n])), "orderNotReady", 403)
    assert cl.post(url, None).json()["status"] == "invalid"
    assert cl.new_order([n]).json()["status"] == "pending"
    assert certificates_of(site, n) == 0


# the CSR

USAGES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING,
          ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING,
          ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ObjectIdentifier("1.3.6.1.4.1.32473.1")]


def key_usage(**on):
    off = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(**dict(off, **on))


IGNORED = {  # extensions that mean something, and must mean nothing here
    "client": (x509.ExtendedKeyUsage([USAGES[1]]), False),
    "both": (x509.ExtendedKeyUsage(USAGES[:2]), True),
    "any": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False),
    "all": (x509.ExtendedKeyUsage(USAGES), False),
    "ca": (x509.BasicConstraints(True, None), True),
    "ca-0": (x509.BasicConstraints(True, 0), True),
    "sign": (key_usage(key_cert_sign=True, crl_sign=True), True),
    "everything": (key_usage(digital_signature=True, content_commitment=True, key_encipherment=True, key_agreement=True), False),
    "policy": (x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("2.23.140.1.1"), None)]), False),
    "constraints": (x509.NameConstraints([x509.DNSName("test")], None), True),
    "skid": (x509.SubjectKeyIdentifier(b"\1" * 20), False),
    "must-staple": (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
    "no-check": (x509.OCSPNoCheck(), False),
    "unknown": (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.32473.2"), b"\x05\x00"), True),
    "poison": (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.11129.2.4.3"), b"\x05\x00"), True),
}
ATTRIBUTES = [(NameOID.ORGANIZATION_NAME, "Bank of Elsewhere"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Root CA"),
              (NameOID.EMAIL_ADDRESS, "root@elsewhere.test"), (NameOID.COUNTRY_NAME, "DE"), (NameOID.SERIAL_NUMBER, "1"),
              (NameOID.USER_ID, "root"), (NameOID.DOMAIN_COMPONENT, "elsewhere"), (NameOID.GIVEN_NAME, "Admin")]


@pytest.mark.parametrize("what", IGNORED)
def test_invariant_12_extensions_of_the_request_reach_nothing(proved, what):
    n, key = proved.own[0], ec.generate_private_key(ec.SECP256R1())
    url, order = ready(proved, [n])
    r = proved.finalize(order, csr([n], key, extensions=[IGNORED[what]]))
    if r.status != 200:
        refused(r, "badCSR", 400)
        return
    o = proved.wait(url, lambda x: x["status"] == "valid")
    check_leaf(proved.post(o["certificate"], None).body, [n], key.public_key())


REFUSED_SANS = {
    "extra": lambda n: [n, "stranger.example.test"],
    "other": lambda n: ["stranger.example.test"],
    "parent": lambda n: ["example.test"],
    "wildcard": lambda n: [n, "*." + n],
    "email": lambda n: [n, x509.RFC822Name("root@example.test")],
    "uri": lambda n: [n, x509.UniformResourceIdentifier("spiffe://example.test/root")],
    "other-name": lambda n: [n, x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x04root")],
    "directory": lambda n: [n, x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))],
    "registered": lambda n: [n, x509.RegisteredID(ObjectIdentifier("1.2.3"))],
    "ip": lambda n: [n, x509.IPAddress(ip_address("127.0.0.1"))],
    "only-email": lambda n: [x509.RFC822Name("root@example.test")],
    "trailing-dot": lambda n: [n + "."],
    "nul": lambda n: [x509.DNSName(n + "\0.evil.test")],
    "space": lambda n: [n + " "],
    "newline": lambda n: [n + "\n"],
    "empty": lambda n: [n, x509.DNSName("")],
}


@pytest.mark.parametrize("what", REFUSED_SANS)
def test_invariant_12_names_beside_the_orders(site, proved, what):
    n = proved.own[0]
    before = certificates_of(site, n)
    url, order = ready(proved, [n])
    refused(proved.finalize(order, csr(REFUSED_SANS[what](n))), "badCSR", 400)
    assert proved.post(url, None).json()["status"] == "ready"
    assert certificates_of(site, n) == before


def test_invariant_12_a_common_name_that_was_not_ordered(site, proved):
    n = proved.own[0]
    for cn in ("stranger.example.test", "*.example.test", "example.test"):
        url, order = ready(proved, [n])
        refused(proved.finalize(order, csr([n], cn=cn)), "badCSR", 400)
        assert proved.post(url, None).json()["status"] == "ready"
    for cn in ("Bank of Elsewhere", "root", n.upper(), n):
        url, order = ready(proved, [n])
        key = ec.generate_private_key(ec.SECP256R1())
        r = proved.finalize(order, csr([n], key, cn=cn))
        if r.status != 200:
            refused(r, "badCSR", 400)
            continue
        o = proved.wait(url, lambda x: x["status"] == "valid")
        check_leaf(proved.post(o["certificate"], None).body, [n], key.public_key())


def test_invariant_12_fewer_names_than_ordered(proved):
    _, order = ready(proved, proved.own)
    refused(proved.finalize(order, csr(proved.own[:2])), "badCSR", 400)
    refused(proved.finalize(order, csr([])), "badCSR", 400)
    refused(proved.finalize(order, csr([], cn=proved.own[0])), "badCSR", 400)


def test_invariant_16_the_accounts_key_is_not_certified(proved):
    url, order = ready(proved, proved.own[:1])
    refused(proved.finalize(order, csr(proved.own[:1], proved.key.key)), "badCSR", 400)
    assert proved.post(url, None).json()["status"] == "ready"


@pytest.mark.parametrize("alg", ["ES256", "ES384", "EdDSA", "RS256"])
def test_keys_of_other_accounts_are_not_certified(site, proved, alg):
    """RFC 8555 section 11.1; only the key of the account that asked was looked at."""
    other = site.client(alg)
    url, order = ready(proved, proved.own[:1])
    assert "key of an account" in refused(proved.finalize(order, csr(proved.own[:1], other.key.key)), "badCSR", 400)
    stranger = proved.post(order["finalize"], {"csr": b64u(csr(proved.own[:1], other.key.key))}, key=Key())
    refused(stranger, "malformed", 400)  # whoever did not sign learns nothing of keys
    assert proved.post(url, None).json()["status"] == "ready"
    other.close()


@pytest.mark.parametrize("which", ["issuing-server", "issuing-client"])
def test_invariant_16_a_ca_key_is_not_certified(site, proved, which):
    with open(site.ca.path("keys", which + ".key"), "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    url, order = ready(proved, proved.own[:1])
    refused(proved.finalize(order, csr(proved.own[:1], key)), "badCSR", 400)
    assert proved.post(url, None).json()["status"] == "ready"


def weak_keys():
    yield "rsa-1024", lambda: rsa.generate_private_key(65537, 1024)
    yield "rsa-2040", lambda: rsa.generate_private_key(65537, 2040)
    yield "rsa-e3", lambda: rsa.generate_private_key(3, 2048)
    yield "p-192", lambda: ec.generate_private_key(ec.SECP192R1())
    yield "p-224", lambda: ec.generate_private_key(ec.SECP224R1())
    yield "p-521", lambda: ec.generate_private_key(ec.SECP521R1())
    yield "secp256k1", lambda: ec.generate_private_key(ec.SECP256K1())
    yield "brainpool", lambda: ec.generate_private_key(ec.BrainpoolP256R1())
    yield "dsa", lambda: dsa.generate_private_key(1024)
    yield "ed448", lambda: ed448.Ed448PrivateKey.generate()


@pytest.mark.parametrize("what, make", weak_keys(), ids=[k for k, _ in weak_keys()])
def test_keys_that_are_not_certified(proved, what, make):
    n, key = proved.own[0], make()
    url, order = ready(proved, [n])
    b = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(n)]), False)
    der = b.sign(key, None if what == "ed448" else hashes.SHA256()).public_bytes(Encoding.DER)
    r = proved.finalize(order, der)
    assert r.problem in ("badCSR", "badPublicKey"), r.body
    refused(r, r.problem, 400)
    assert proved.post(url, None).json()["status"] == "ready"


def test_invariant_16_signatures_of_requests_that_do_not_verify(proved):
    n = proved.own[0]
    url, order = ready(proved, [n])
    for key in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)):
        good = csr([n], key)
        for at in (-1, -20, len(good) // 2, 40):
            bad = bytearray(good)
            bad[at] ^= 1
            refused(proved.finalize(order, bytes(bad)), "badCSR", 400)
    # SHA-1 is no signature either; the library gives none any more
    weak = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", os.devnull,
                           "-sha1", "-subj", "/", "-addext", "subjectAltName=DNS:" + n, "-outform", "DER"], capture_output=True, check=True)
    assert "signature algorithm" in refused(proved.finalize(order, weak.stdout), "badCSR", 400)
    # the signature of one request under the body of another
    a, b = csr([n]), csr([n])
    refused(proved.finalize(order, a[:-60] + b[-60:]), "badCSR", 400)
    assert proved.post(url, None).json()["status"] == "ready"


def test_invariant_20_requests_that_are_no_der(proved):
    n = proved.own[0]
    url, order = ready(proved, [n])
    good = csr([n])
    pem = x509.load_der_x509_csr(good).public_bytes(Encoding.PEM)
    for bad in (pem, b"", b"\0", good[:-1], good + b"\0", good[1:], b"\x30\x80" + good[4:] + b"\0\0", b"\x30\x84\xff\xff\xff\xff", good + good,
                b"\x30\x00", b"\xff" * 100, b"\x30" * 5000, b"\x30\x82\x4e\x1c" + b"\0" * 19996):
        refused(proved.finalize(order, bad), "badCSR", 400)
    refused(proved.finalize(order, b"A" * 32769), "malformed", 413)
    for payload in ({}, {"csr": None}, {"csr": 1}, {"csr": [b64u(good)]}, {"csr": b64u(good) + "="}, {"csr": b64u(good) + "\n"},
                    {"csr": pem.decode()}, {"CSR": b64u(good)}, {"csr": b64u(good), "x": 1}, [b64u(good)], b"", b64u(good)):
        r = proved.post(order["finalize"], payload)
        assert r.problem in ("malformed", "badCSR"), (payload, r.body)
        refused(r, r.problem, 400)
    assert proved.post(url, None).json()["status"] == "ready"
    assert proved.finalize(order, good).status == 200


def random_csr(rnd, own):
    """(wanted names, DER, key): a request with the order's names and much that nobody proved."""
    wanted = rnd.sample(own, rnd.randrange(1, len(own) + 1))
    san = [x509.DNSName("".join(rnd.choice((c.upper(), c)) for c in n)) for n in wanted + rnd.choices(wanted, k=rnd.randrange(3))]
    rnd.shuffle(san)
    if rnd.random() < 0.15:
        san.insert(rnd.randrange(len(san) + 1), rnd.choice([
            x509.DNSName("stranger.example.test"), x509.DNSName("*.example.test"), x509.RFC822Name("root@example.test"),
            x509.UniformResourceIdentifier("https://example.test/"), x509.IPAddress(ip_address("::1")),
            x509.OtherName(ObjectIdentifier("1.3.6.1.5.2.2"), b"\x0c\x01x")]))
    key = rnd.choice([lambda: ec.generate_private_key(ec.SECP256R1()), lambda: ec.generate_private_key(ec.SECP384R1()),
                      ed25519.Ed25519PrivateKey.generate])()
    subject = [x509.NameAttribute(o, v) for o, v in rnd.sample(ATTRIBUTES, rnd.randrange(4))]
    if rnd.random() < 0.5:
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, rnd.choice(wanted + ["Elsewhere Root CA", "stranger.example.test"])))
    b = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    b = b.add_extension(x509.SubjectAlternativeName(san), rnd.random() < 0.3)
    used = set()
    for what in rnd.sample(sorted(IGNORED), rnd.randrange(5)):
        ext, critical = IGNORED[what]
        if ext.oid not in used:
            used.add(ext.oid)
            b = b.add_extension(ext, critical)
    if rnd.random() < 0.4 and ExtensionOID.EXTENDED_KEY_USAGE not in used:
        b = b.add_extension(x509.ExtendedKeyUsage(rnd.sample(USAGES, rnd.randrange(1, 5))), rnd.random() < 0.5)
    der = b.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()).public_bytes(Encoding.DER)
    if rnd.random() < 0.1:
        der = bytearray(der)
        der[rnd.randrange(len(der))] ^= 1 << rnd.randrange(8)
    return wanted, bytes(der), key


def differential(c, seed, rounds):
    rnd, issued, turned_down = random.Random(seed), 0, 0
    for _ in range(rounds):
        wanted, der, key = random_csr(rnd, c.own)
        url, order = ready(c, wanted)
        r = c.finalize(order, der)
        if r.status == 200:
            o = c.wait(url, lambda x: x["status"] != "processing")
            assert o["status"] == "valid"
            check_leaf(c.post(o["certificate"], None).body, wanted, key.public_key())
            issued += 1
        else:
            refused(r, "badCSR", 400)
            assert c.post(url, None).json()["status"] == "ready"
            turned_down += 1
            assert c.finalize(order, csr(wanted)).status == 200
    assert issued > rounds / 3 and turned_down > rounds / 20


def test_invariant_12_random_requests_never_give_more_than_was_proved(proved):
    differential(proved, 12, 150)


@pytest.mark.slow
def test_invariant_12_many_random_requests(proved):
    differential(proved, 13, 3000)


# finalize

def test_finalize_before_the_order_is_ready(site, cl):
    n = site.name()
    r = cl.new_order([n, "example.test"])
    refused(cl.finalize(r.json(), csr([n, "example.test"])), "orderNotReady", 403)
    cl.prove_http(site.web, dict(r.json(), authorizations=r.json()["authorizations"][:1]))
    refused(cl.finalize(r.json(), csr([n, "example.test"])), "orderNotReady", 403)
    refused(cl.finalize(r.json(), csr([n])), "orderNotReady", 403)
    refused(cl.finalize(r.json(), csr(["example.test"])), "orderNotReady", 403)
    assert certificates_of(site, n) == 0
    refused(cl.post(r.location.replace("/order/", "/cert/"), None), "malformed", 404)


def test_invariant_18_the_same_and_another_finalize_after_the_first(site, cl):
    n = site.name()
    url, order = cl.ready_order(site.web, [n])
    request = csr([n])
    body = jws(cl.key, order["finalize"], {"csr": b64u(request)}, cl.take_nonce(), cl.kid)
    assert cl.post_raw(order["finalize"], body).json()["status"] == "valid"
    o = cl.post(url, None).json()
    first = cl.post(o["certificate"], None).body
    refused(cl.post_raw(order["finalize"], body), "badNonce", 400)
    refused(cl.finalize(order, request), "orderNotReady", 403)
    refused(cl.finalize(order, csr([n])), "orderNotReady", 403)
    assert cl.post(url, None).json() == o
    assert cl.post(o["certificate"], None).body == first
    assert certificates_of(site, n) == 1


def test_invariant_07_finalize_signed_by_a_stranger(site, cl):
    """The front leaves this signature to the judge: a forged request must not harm the order."""
    n = site.name()
    url, order = cl.ready_order(site.web, [n])
    mallory = site.client()
    payload = {"csr": b64u(csr([n]))}
    for body in (jws(mallory.key, order["finalize"], payload, mallory.take_nonce(), cl.kid),
                 jws(Key("ES256"), order["finalize"], payload, mallory.take_nonce(), cl.kid),
                 jws(Key("RS256"), order["finalize"], payload, mallory.take_nonce(), cl.kid),
                 jws(cl.key, order["finalize"], payload, mallory.take_nonce(), mallory.kid),
                 jws(cl.key, order["finalize"], payload, mallory.take_nonce())):
        r = mallory.post_raw(order["finalize"], body)
        assert r.problem in ("malformed", "badSignatureAlgorithm"), r.body
        refused(r, r.problem)
        assert cl.post(url, None).json()["status"] == "ready"
    assert certificates_of(site, n) == 0
    assert cl.finalize(order, csr([n])).status == 200
    mallory.close()


def test_invariant_27_a_hundred_parallel_finalizes_give_one_certificate(site):
    c, n = site.client(), site.name()
    url, order = c.ready_order(site.web, [n])
    clients = []
    for _ in range(50):
        other = Client(site.ca, key=c.key)
        other.kid = c.kid
        other.request("HEAD", other.dir["newNonce"])
        clients.append(other)
    requests = [csr([n]) for _ in range(50)]
    got = parallel(50, lambda i: [clients[i].finalize(order, requests[i]) for _ in range(2)])
    answers = [r for two in got for r in two]
    assert len([r for r in answers if r.status == 200]) >= 1
    for r in answers:
        if r.status != 200:
            assert r.problem in ("orderNotReady", "serverInternal"), r.body
            refused(r, r.problem)
            assert r.problem == "orderNotReady" or (r.status == 503 and r.headers["Retry-After"])
    o = c.wait(url, lambda x: x["status"] != "processing")
    assert o["status"] == "valid"
    assert certificates_of(site, n) == 1
    assert names(load_chain(c.post(o["certificate"], None).body)[0]) == [n]
    for other in clients + [c]:
        other.close()


def test_invariant_28_parallel_orders_of_one_account_all_succeed(site, proved):
    clients = []
    for _ in range(32):
        other = Client(site.ca, key=proved.key)
        other.kid = proved.kid
        other.request("HEAD", other.dir["newNonce"])
        clients.append(other)
    done = threading.Lock()
    pems = []

    def work(i):
        for _ in range(2):
            key = ec.generate_private_key(ec.SECP256R1())
            url, order = ready(clients[i], proved.own)
            r = clients[i].finalize(order, csr(proved.own, key))
            assert r.status == 200, r.body
            o = clients[i].wait(url, lambda x: x["status"] == "valid")
            pem = clients[i].post(o["certificate"], None).body
            check_leaf(pem, proved.own, key.public_key())
            with done:
                pems.append(pem)

    parallel(32, work)
    assert len({load_chain(p)[0].serial_number for p in pems}) == 64
    for other in clients:
        other.close()


def test_invariant_19_what_was_issued_is_listed(site, cl):
    n = site.name()
    serial = load_chain(cl.issue(site.web, [n]))[0].serial_number
    listed = json.dumps(site.ca.cli_json("list"))
    assert f"{serial:032x}" in listed
