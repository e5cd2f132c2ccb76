"""Whoever owns the front end: every byte that the judge and the validator get is the attacker's choice.

The test stands in the front's place, beside the real validator, judge and keyholder, and also holds what an attacker
would not have (the statement key), to make statements that are authentic but must not count. No certificate beyond
the proved one may come out, and each refusal must be in the log with its own reason.
"""
import json
import os
import random
import re
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness import wire
from harness.acme import b64u, csr, jws, unb64u
from harness.ca import Ca
from harness.signer import Account, Result, Signer
from harness.statement import CAA, CONTROL, USE, Statement
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, is_ca, names

NAME = "www.example.test"


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns)
    yield s
    s.stop()


@pytest.fixture
def proved(signer):
    """An account that really proved NAME, and the statements of it."""
    account = Account(signer)
    return account, signer.prove(account, NAME)


def reason(signer):
    """The reason of the newest refusal in the judge's log."""
    found = re.findall(r'finalize-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())
    return found[-1] if found else None


def refused(signer, result, *reasons):
    assert result.cert is None, "a certificate came out"
    assert result.problem is not None
    assert reason(signer) in reasons, (reason(signer), result.detail)


def changed(signer, blobs, which=CONTROL, **changes):
    """The statements with one kind of them made again, authentically, with other content."""
    key = signer.statement_key()
    out = []
    for b in blobs:
        s = Statement.read(b)
        out.append(s.but(**changes).make(key) if s.kind == which else b)
    return out


def test_the_honest_way_works(signer, proved):
    account, blobs = proved
    r = signer.finalize(account, csr([NAME]), blobs)
    assert r.problem is None, r.detail
    cert = x509.load_der_x509_certificate(r.cert)
    assert names(cert) == [NAME]
    assert ekus(cert) == [SERVER_AUTH]
    assert not is_ca(cert)
    assert [c for _, c in signer.issued()] == [r.cert]


def test_statements_are_what_the_test_believes(signer, proved):
    account, blobs = proved
    key = signer.statement_key()
    assert sorted(Statement.read(b).kind for b in blobs) == [CONTROL, CAA]
    for b in blobs:
        assert Statement.read(b).make(key) == b


AUTHENTIC_BUT_WRONG = {
    "expired": (CONTROL, lambda s, a: {"made_at": int(time.time()) - 7 * 86400 - 60}, "statement-expired"),
    "expired caa": (CAA, lambda s, a: {"made_at": int(time.time()) - 8 * 3600 - 60}, "statement-expired"),
    "of the year 1970": (CONTROL, lambda s, a: {"made_at": 0}, "statement-expired"),
    "future": (CONTROL, lambda s, a: {"made_at": int(time.time()) + 600}, "statement-future"),
    "future caa": (CAA, lambda s, a: {"made_at": int(time.time()) + 600}, "statement-future"),
    "other account": (CONTROL, lambda s, a: {"account": Account(s).url}, "statement-other-account"),
    "other account key": (CONTROL, lambda s, a: {"thumbprint": b"\1" * 32}, "statement-other-account-key"),
    "other purpose": (CONTROL, lambda s, a: {"purpose": wire.CLIENT_AUTH}, "statement-other-purpose"),
    "other name": (CONTROL, lambda s, a: {"name": "api.example.test"}, "statement-other-name"),
    "name below": (CONTROL, lambda s, a: {"name": "example.test"}, "statement-other-name"),
    "wildcard for the base": (CONTROL, lambda s, a: {"name": "*." + NAME}, "statement-other-name"),
    "caa of another name": (CAA, lambda s, a: {"name": "api.example.test"}, "statement-other-name"),
    "caa of the wildcard": (CAA, lambda s, a: {"name": "*." + NAME}, "statement-other-name"),
    "subtree scope": (CONTROL, lambda s, a: {"subtree": 1}, "statement-method"),
    "subtree scope of the parent": (CONTROL, lambda s, a: {"subtree": 1, "name": "example.test", "method": wire.DNS_01},
                                    "statement-subtree"),
    "use of a subtree": (CONTROL, lambda s, a: {"kind": USE, "spki": b"\1" * 32, "egress_kind": 1, "peer": b"\1" * 16,
                                                "subtree": 1}, "statement-malformed"),
    "caa of a subtree": (CAA, lambda s, a: {"subtree": 1}, "statement-malformed"),
    "other directory": (CONTROL, lambda s, a: {"directory": "https://other.test:14000"}, "statement-other-audience"),
    "other directory by suffix": (CONTROL, lambda s, a: {"directory": s.base + "/x"}, "statement-other-audience"),
    "other policy": (CONTROL, lambda s, a: {"policy": b"\0" * 32}, "statement-other-audience"),
    "other CA id": (CONTROL, lambda s, a: {"ca_id": b"\7" * 16}, "statement-other-audience"),
    "other perspective": (CONTROL, lambda s, a: {"perspective": 2}, "statement-unknown-perspective"),
    "method that was not allowed": (CONTROL, lambda s, a: {"method": 7},
                                    ("statement-method", "statement-beyond-capability")),
    "use in place of control": (CONTROL, lambda s, a: {"kind": USE, "spki": b"\1" * 32, "egress_kind": 1,
                                                       "peer": b"\1" * 16},
                                ("statement-beyond-capability", "statement-other-purpose", "statement-method")),
    "caa that forbids": (CAA, lambda s, a: {"caa": b"\0\0"}, "caa-forbids"),
    "caa for another account": (CAA, lambda s, a: {"caa": b"\0\1\1" + wire.str16(a.url + "x")}, "caa-forbids"),
    "caa for another method": (CAA, lambda s, a: {"caa": b"\0\1\2" + wire.u32(1 << wire.DNS_01)}, "caa-forbids"),
    "caa for another purpose": (CAA, lambda s, a: {"caa": b"\0\1\4" + wire.u32(1 << wire.CLIENT_AUTH)}, "caa-forbids"),
    "caa with control's fields": (CAA, lambda s, a: {"account": a.url}, "statement-malformed"),
    "control with caa's fields": (CONTROL, lambda s, a: {"caa": b"\1\0"}, "statement-malformed"),
    "unknown kind": (CONTROL, lambda s, a: {"kind": 9}, "statement-malformed"),
    "unknown version": (CONTROL, lambda s, a: {"version": 2},
                        ("statement-malformed", "statement-unknown-perspective")),
}


def test_authentic_statements_that_do_not_fit(signer, proved):
    account, blobs = proved
    for what, (kind, change, want) in AUTHENTIC_BUT_WRONG.items():
        bad = changed(signer, blobs, kind, **change(signer, account))
        r = signer.finalize(account, csr([NAME]), bad)
        assert r.cert is None, what
        assert reason(signer) in ((want,) if isinstance(want, str) else want), (what, reason(signer))
    assert signer.issued() == []


def test_forged_statements(signer, proved):
    account, blobs = proved
    for blob_index in range(len(blobs)):
        blob = blobs[blob_index]
        for at in list(range(0, len(blob), 7)) + [len(blob) - 1]:
            bad = list(blobs)
            bad[blob_index] = blob[:at] + bytes([blob[at] ^ 0x40]) + blob[at + 1:]
            refused(signer, signer.finalize(account, csr([NAME]), bad), "statement-forged",
                    "statement-unknown-perspective", "statement-malformed")
        for length in (0, 1, 32, 33, len(blob) - 1):
            bad = list(blobs)
            bad[blob_index] = blob[:length]
            refused(signer, signer.finalize(account, csr([NAME]), bad), "statement-forged", "statement-malformed",
                    "statement-unknown-perspective")
    foreign = [Statement.read(b).make(b"\0" * 32) for b in blobs]
    refused(signer, signer.finalize(account, csr([NAME]), foreign), "statement-forged")
    assert signer.issued() == []


def test_missing_statements(signer, proved):
    account, blobs = proved
    kinds = {Statement.read(b).kind: b for b in blobs}
    refused(signer, signer.finalize(account, csr([NAME]), []), "no-proofs")
    refused(signer, signer.finalize(account, csr([NAME]), [kinds[CONTROL]]), "caa-missing")
    refused(signer, signer.finalize(account, csr([NAME]), [kinds[CAA]]), "control-missing")
    refused(signer, signer.finalize(account, csr([NAME]), [kinds[CAA]] * 50), "control-missing")
    refused(signer, signer.finalize(account, csr([NAME, "api.example.test"]), blobs), "control-missing", "caa-missing")
    assert signer.issued() == []


def test_a_newer_caa_refusal_is_not_hidden_by_an_older_permission(signer, proved):
    account, blobs = proved
    later = changed(signer, blobs, CAA, caa=b"\0\0", made_at=int(time.time()) + 30)
    both = blobs + [b for b in later if Statement.read(b).kind == CAA]
    refused(signer, signer.finalize(account, csr([NAME]), both), "caa-forbids")


def test_statements_of_a_sibling_ca(signer, proved, ns):
    """Same name, same port, same URLs: only its keys and its id are its own."""
    account, blobs = proved
    sibling = Ca(ns, subdir="sibling")
    with open(sibling.path("keys", "statement-1-1.key"), "rb") as f:
        key = f.read()
    with open(sibling.config) as f:
        ca_id = bytes.fromhex(re.search(r"^ca_id: *\"?([0-9a-f]{32})", f.read(), re.M).group(1))
    assert ca_id != Statement.read(blobs[0]).ca_id
    refused(signer, signer.finalize(account, csr([NAME]), [Statement.read(b).make(key) for b in blobs]), "statement-forged")
    moved = [Statement.read(b).but(ca_id=ca_id).make(key) for b in blobs]
    refused(signer, signer.finalize(account, csr([NAME]), moved), "statement-forged")
    keys_mixed_up = [Statement.read(b).but(ca_id=ca_id).make(signer.statement_key()) for b in blobs]
    refused(signer, signer.finalize(account, csr([NAME]), keys_mixed_up), "statement-other-audience")
    assert signer.issued() == []


def test_another_csr_under_the_same_signature(signer, proved):
    account, blobs = proved
    url = signer.finalize_url(signer.order_number())
    honest = json.loads(jws(account.key, url, {"csr": b64u(csr([NAME]))}, nonce="bm9uY2U", kid=account.url))
    honest["payload"] = b64u(json.dumps({"csr": b64u(csr([NAME]))}).encode())
    message = signer.request(account, url, None, blobs, body=json.dumps(honest).encode())
    refused(signer, signer.send_finalize(message), "jws-signature")
    assert signer.issued() == []


def test_another_accounts_finalize(signer, proved):
    victim, blobs = proved
    thief = Account(signer)
    url = signer.finalize_url(signer.order_number())
    der = csr([NAME])
    # The thief's own request with the victim's statements.
    refused(signer, signer.finalize(thief, der, blobs), "statement-other-account")
    # Signed by the thief in the name of the victim's account, with either key beside it.
    body = jws(thief.key, url, {"csr": b64u(der)}, nonce="bm9uY2U", kid=victim.url)
    refused(signer, signer.send_finalize(signer.request(thief, url, None, blobs, body=body)), "account-other-key")
    refused(signer, signer.send_finalize(signer.request(victim, url, None, blobs, body=body)), "jws-signature")
    # The victim's request with the thief's key beside it.
    body = jws(victim.key, url, {"csr": b64u(der)}, nonce="bm9uY2U", kid=victim.url)
    refused(signer, signer.send_finalize(signer.request(thief, url, None, blobs, body=body)), "account-other-key")
    assert signer.issued() == []


def test_account_url_swap(signer, proved):
    account, blobs = proved
    for kid in (account.url + "x", account.url[:-1], account.url.replace("/acme/acct/", "/acme/acct//"),
                account.url.replace("https://", "http://"), account.url + "?a", account.url.replace("14000", "14001"),
                signer.base + "/acme/acct/", Account(signer).url):
        r = signer.finalize(account, csr([NAME]), blobs, kid=kid)
        refused(signer, r, "kid-form", "account-other-key")
    refused(signer, signer.finalize(account, csr([NAME]), blobs, header={"kid": None, "jwk": account.key.jwk()}),
            "jws-without-kid")
    assert signer.issued() == []


def test_account_statement_of_nobody(signer, proved):
    account, blobs = proved
    url = signer.finalize_url(signer.order_number())
    body = jws(account.key, url, {"csr": b64u(csr([NAME]))}, nonce="bm9uY2U", kid=account.url)
    message = (wire.var32(body) + wire.var16(account.key.canonical()) + wire.var16(b"anything") +
               wire.u64(0) + wire.u64(0) +
               wire.u16(len(blobs)) + b"".join(wire.var16(b) for b in blobs))
    refused(signer, signer.send_finalize(message), "account-statement-forged")


def test_a_token_serves_only_what_it_was_made_for(signer, proved):
    account, _ = proved
    other = Account(signer)
    token = signer.token(account, NAME)
    for key in (account, other):
        signer.web.answers[token] = f"{token}.{b64u(key.key.thumbprint())}"
        if key is not account:
            assert signer.validate(key, NAME, token)[0] is not None
    signer.web.answers[token] = f"{token}.{b64u(account.key.thumbprint())}"
    assert signer.validate(account, "api.example.test", token)[0] is not None
    assert signer.validate(account, NAME, token, purposes=1 << wire.CLIENT_AUTH)[0] is not None
    assert signer.validate(account, NAME, token, purposes=(1 << wire.CLIENT_AUTH) | (1 << wire.SERVER_AUTH))[0] is not None
    assert signer.validate(account, NAME, token, method=wire.DNS_01)[0] is not None
    assert signer.validate(account, "*." + NAME, token)[0] is not None
    for at in range(0, len(token), 5):
        bad = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
        signer.web.answers[bad] = f"{bad}.{b64u(account.key.thumbprint())}"
        assert signer.validate(account, NAME, bad)[0] is not None
    problem, blobs = signer.validate(account, NAME, token)
    assert problem is None
    assert {Statement.read(b).account for b in blobs if Statement.read(b).kind == CONTROL} == {account.url}
    # A claim without purpose is not even a message.
    with pytest.raises(ConnectionError):
        signer.validate(account, NAME, token, purposes=0)
    assert signer.validator.proc.alive()


def test_an_expired_token_is_none(signer, proved):
    account, _ = proved
    token = signer.token(account, NAME, lifetime=1)
    signer.web.answers[token] = f"{token}.{b64u(account.key.thumbprint())}"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if int(time.time()) % 60 and signer.validate(account, NAME, token)[0] is not None:
            return
        time.sleep(0.25)
    raise AssertionError("the token still serves")


def test_the_same_jws_under_another_order_number(signer, proved):
    account, blobs = proved
    first, second = signer.order_number(), signer.order_number()
    body = jws(account.key, signer.finalize_url(first), {"csr": b64u(csr([NAME]))}, nonce="bm9uY2U", kid=account.url)
    assert signer.send_finalize(signer.request(account, None, None, blobs, body=body)).problem is None
    outer = json.loads(body)
    protected = json.loads(unb64u(outer["protected"]))
    protected["url"] = signer.finalize_url(second)
    outer["protected"] = b64u(json.dumps(protected).encode())
    refused(signer, signer.send_finalize(signer.request(account, None, None, blobs, body=json.dumps(outer).encode())),
            "jws-signature")
    assert len(signer.issued()) == 1


def test_one_order_one_certificate(signer, proved):
    account, blobs = proved
    order = signer.order_number()
    message = signer.request(account, signer.finalize_url(order), csr([NAME]), blobs)
    first = signer.send_finalize(message)
    assert first.problem is None
    assert signer.send_finalize(message).cert == first.cert
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=order), "order-already-used")
    signer.restart_signer()
    assert signer.send_finalize(message).cert == first.cert
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=order), "order-already-used")
    assert signer.issued() == [(order, first.cert)]


def test_a_hundred_requests_for_one_order_at_once(signer, proved):
    account, blobs = proved
    order = signer.order_number()
    url = signer.finalize_url(order)
    messages = [signer.request(account, url, csr([NAME]), blobs) for _ in range(100)]
    ids = [signer.to_judge.send(wire.FINALIZE_REQ, m) for m in messages]
    answers = {}
    while len(answers) < 100:
        kind, request, body = signer.to_judge.recv()
        assert kind == wire.FINALIZE_RSP
        answers[request] = body
    certs = {Result(answers[i]).cert for i in ids} - {None}
    assert len(certs) == 1
    assert [c for _, c in signer.issued()] == list(certs)
    # The same request a hundred times at once is one certificate, a hundred times.
    message = signer.request(account, signer.finalize_url(signer.order_number()), csr([NAME]), blobs)
    ids = [signer.to_judge.send(wire.FINALIZE_REQ, message) for _ in range(100)]
    results = [Result(signer.to_judge.recv()[2]) for _ in ids]
    assert len({r.cert for r in results} - {None}) == 1
    # So many may wait for one signature; the others are told to come again.
    assert {r.problem for r in results} <= {None, "rateLimited"}
    assert len(signer.issued()) == 2


def test_orders_outside_their_window(signer, proved):
    account, blobs = proved
    now = time.time()
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=signer.order_number(now - 48 * 3600 - 60)),
            "order-too-old")
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=signer.order_number(now + 600)), "order-in-future")
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=1), "order-too-old")
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=2**63 - 1), "order-in-future")
    # Within the window, but from before this log began: whether it was used is not known here.
    refused(signer, signer.finalize(account, csr([NAME]), blobs, order=signer.order_number(now - 47 * 3600)),
            "order-before-epoch")


def test_url_relabelled(signer, proved):
    account, blobs = proved
    order = signer.order_number()
    good = signer.finalize_url(order)
    cases = {
        signer.finalize_url(order, profile="client@2026-11"): ("statement-other-purpose",),
        signer.finalize_url(order, profile="peer@2026-11"): ("profile-not-offered",),
        signer.finalize_url(order, profile="server@2026-10"): ("profile-unknown",),
        signer.finalize_url(order, profile="nothing@1"): ("profile-unknown",),
        signer.finalize_url(order, profile="server"): ("url-form",),
        signer.finalize_url(order, signer=2): ("other-signer",),
        signer.finalize_url(order, epoch=2): ("other-epoch",),
        signer.finalize_url(order, base="https://other.test:14000"): ("url-form",),
        signer.finalize_url(order, base=signer.base + "/x"): ("url-form",),
        good + "/": ("url-form",),
        good + "?x": ("url-form",),
        good.replace(f"/{order}", f"/0{order}"): ("url-form",),
        good.replace(f"/{order}", f"/+{order}"): ("url-form",),
        good.replace(f"/{order}", f"/{order + 2**64}"): ("url-form",),
        good.replace("/acme/finalize/", "/acme/new-order/"): ("url-form",),
        account.url: ("url-form",),
    }
    for url, want in cases.items():
        refused(signer, signer.finalize(account, csr([NAME]), blobs, url=url), *want)
    assert signer.issued() == []


CSR_TRICKS = {
    "clientAuth": dict(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True)]),
    "any usage": dict(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)]),
    "both usages": dict(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH,
                                                            ExtendedKeyUsageOID.CLIENT_AUTH]), False)]),
    "a CA": dict(extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)]),
    "certificate signing": dict(extensions=[(x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)]),
    "an organization": dict(attributes=[x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Evil Corp")]),
    "an address": dict(attributes=[x509.NameAttribute(NameOID.EMAIL_ADDRESS, "root@example.test")]),
    "a policy": dict(extensions=[(x509.CertificatePolicies([x509.PolicyInformation(
        x509.ObjectIdentifier("2.23.140.1.1"), None)]), False)]),
    "the name as CN": dict(cn=NAME),
}


def test_nothing_of_the_csr_but_key_and_names(signer, proved):
    account, blobs = proved
    for what, more in CSR_TRICKS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        r = signer.finalize(account, csr([NAME], key, **more), blobs)
        assert r.problem is None, (what, r.detail)
        cert = x509.load_der_x509_certificate(r.cert)
        assert names(cert) == [NAME], what
        assert ekus(cert) == [SERVER_AUTH], what
        assert not is_ca(cert), what
        assert cert.subject.rfc4514_string() in ("", f"CN={NAME}"), what
        assert cert.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is False
        assert {e.oid.dotted_string for e in cert.extensions} <= {"2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.35",
                                                                  "2.5.29.17"}, what
        assert cert.public_key().public_numbers() == key.public_key().public_numbers()
        assert CLIENT_AUTH not in ekus(cert)


def test_names_beyond_the_proved_ones(signer, proved):
    account, blobs = proved
    beyond = {
        "another SAN": csr([NAME, "api.example.test"]),
        "the parent": csr(["example.test"]),
        "its wildcard": csr(["*." + NAME]),
        "a CN beside": csr([NAME], cn="api.example.test"),
        "CN alone": csr([], cn="api.example.test"),
        "nothing": csr([]),
        "an address": csr([NAME, x509.RFC822Name("root@example.test")]),
        "a URI": csr([NAME, x509.UniformResourceIdentifier("https://api.example.test/")]),
        "an IP": csr([NAME, x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))]),
        "a directory name": csr([NAME, x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]))]),
        "another type": csr([NAME, x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5"), b"\x0c\x01x")]),
    }
    for what, der in beyond.items():
        r = signer.finalize(account, der, blobs)
        assert r.cert is None, what
        assert r.problem is not None, what
    assert signer.issued() == []


def test_keys_that_are_never_certified(signer, proved):
    account, blobs = proved
    refused(signer, signer.finalize(account, csr([NAME], account.key.key), blobs), "csr-account-key")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    for path in (("keys", "issuing-server.key"), ("keys", "issuing-client.key"), ("keys", "https.key"), ("keys", "responder.key")):
        with open(signer.ca.path(*path), "rb") as f:
            key = load_pem_private_key(f.read(), None)
        refused(signer, signer.finalize(account, csr([NAME], key), blobs), "csr-ca-key")
    assert signer.issued() == []


def test_unknown_and_misdirected_messages_cost_the_front_its_edge(signer, proved):
    account, blobs = proved
    message = signer.request(account, signer.finalize_url(signer.order_number()), csr([NAME]), blobs)
    bad = [(99, b""), (0, b""), (wire.SIGN_REQ, b"\1" + wire.var32(b"x")), (wire.CONFIG, b""), (wire.START, b""),
           (wire.VALIDATE_REQ, b""), (wire.FINALIZE_RSP, b""), (wire.FINALIZE_REQ, message[:-1]),
           (wire.FINALIZE_REQ, message + b"x"), (wire.FINALIZE_REQ, b""), (wire.SYNC_REQ, b"\0" * 9),
           (wire.PEER, b"\2")]
    for kind, body in bad:
        signer.to_judge.send(kind, body)
        answer = signer.to_judge.recv()
        assert answer is None, (kind, answer)
        assert signer.judge.proc.alive()
        signer.new_front_edge()
    signer.to_judge.send_raw(b"\xff\xff\xff\xff" + b"x" * 100)
    assert signer.to_judge.recv() is None
    signer.new_front_edge()
    assert signer.send_finalize(message).problem is None


def mutations(rng, message, count):
    """Byte flips, cuts, doublings, exchanged and inserted pieces of a good request."""
    for _ in range(count):
        m = bytearray(message)
        for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
            at = rng.randrange(len(m))
            how = rng.randrange(6)
            if how == 0:
                m[at] ^= 1 << rng.randrange(8)
            elif how == 1:
                m[at] = rng.randrange(256)
            elif how == 2:
                del m[at:at + rng.randrange(1, 40)]
            elif how == 3:
                m[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 8)))
            elif how == 4:
                b = rng.randrange(len(m))
                m[at:at + 16], m[b:b + 16] = m[b:b + 16], m[at:at + 16]
            else:
                m[at:at] = m[at:at + rng.randrange(1, 200)]
            if not m:
                m = bytearray(b"\0")
        if bytes(m) != message:
            yield bytes(m)


def run_mutations(signer, proved, count):
    account, blobs = proved
    seed = int(os.environ.get("TABARD_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    print("TABARD_SEED=%d" % seed)
    rng = random.Random(seed)
    order = signer.order_number()
    message = signer.request(account, signer.finalize_url(order), csr([NAME]), blobs)
    sent = 0
    certs = set()
    for m in mutations(rng, message, count):
        signer.to_judge.send(wire.FINALIZE_REQ, m)
        answer = signer.to_judge.recv()
        sent += 1
        if answer is None:
            assert signer.judge.proc.alive()
            signer.new_front_edge()
            continue
        r = Result(answer[2])
        if r.cert is not None:
            certs.add(r.cert)
    # What is still the same signed request with the same proofs may be granted: once.
    assert len(certs) <= 1
    issued = signer.issued()
    assert [o for o, _ in issued] in ([], [order])
    assert {c for _, c in issued} == certs
    for cert in certs:
        assert names(x509.load_der_x509_certificate(cert)) == [NAME]
    assert sent > count * 0.99
    return sent


def test_mutated_requests(signer, proved):
    run_mutations(signer, proved, 3000)


@pytest.mark.slow
def test_a_hundred_thousand_mutated_requests(signer, proved):
    assert run_mutations(signer, proved, 102000) >= 100000
