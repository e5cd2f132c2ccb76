"""Revocation from the front's place: what a conquered front can have revoked, keep back, replay, and not take back."""
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from harness import ilog, wire
from harness.acme import Key, b64u, csr, jws
from harness.signer import Account, Signer
from harness.statement import CONTROL, Statement
from harness.wire import Reader, u16, u64, var16, var32

NAME = "www.example.test"
NEVER = (1 << 64) - 1


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns)
    yield s
    s.stop()


@pytest.fixture
def proved(signer):
    account = Account(signer)
    return account, signer.prove(account, NAME)


def issue(signer, proved, key=None):
    r = signer.finalize(proved[0], csr([NAME], key), proved[1])
    assert r.problem is None, r.detail
    return r


def revoke_jws(signer, account, cert, reason=0, key=None, kid=None, url=None, jwk=False):
    return jws(key or account.key, url or signer.base + "/acme/revoke-cert", {"certificate": b64u(cert), "reason": reason},
               nonce="bm9uY2U", kid=None if jwk else (kid or account.url))


def revoke(signer, body, seq, account=None, statements=(), jwk=None):
    """(problem or None) of a revoke request; news that come unasked are passed over."""
    if jwk is None:
        jwk = account.key.canonical() if account else b""
    kind, answer = signer.to_judge.ask(wire.REVOKE_REQ, var32(body) + var16(jwk) + var16(b"") + u64(seq) +
                                       u16(len(statements)) + b"".join(var16(s) for s in statements))
    assert kind == wire.REVOKE_RSP
    r = Reader(answer)
    problem, _ = r.problem()
    r.end()
    return problem


def reason(signer):
    found = re.findall(r'revocation-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())
    return found[-1] if found else None


def revoked(signer, after=0):
    """(seq, serial, reason) that the judge tells."""
    kind, answer = signer.to_judge.ask(wire.REVOKED_REQ, u64(after))
    assert kind == wire.REVOKED_RSP
    r = Reader(answer)
    out = []
    for _ in range(r.u16()):
        seq, _issuer, serial = r.u64(), r.u8(), r.take(16)
        r.u64()
        out.append((seq, serial, r.u8()))
    r.end()
    return out


def serial(cert):
    return x509.load_der_x509_certificate(cert).serial_number.to_bytes(16, "big")


def test_another_account_revokes_nothing(signer, proved):
    mallory, got = Account(signer), issue(signer, proved)
    cert, seq = got.cert, got.seq
    body = revoke_jws(signer, mallory, cert)
    assert revoke(signer, body, seq, mallory) == "unauthorized" and reason(signer) == "no-proofs"
    # the owner's own statements, and such that are authentic but not about this account's current key
    assert revoke(signer, body, seq, mallory, proved[1]) == "unauthorized" and reason(signer) == "statement-other-account"
    control = [Statement.read(s) for s in proved[1] if Statement.read(s).kind == CONTROL][0]
    key = signer.statement_key()
    for wrong, why in (({"account": mallory.url}, "statement-other-account-key"),
                       ({"account": mallory.url, "thumbprint": mallory.key.thumbprint(), "made_at": 1000}, "statement-expired"),
                       ({"account": mallory.url, "thumbprint": mallory.key.thumbprint(), "name": "api.example.test"},
                        "statement-other-name"),
                       ({"account": mallory.url, "thumbprint": mallory.key.thumbprint(), "purpose": 2},
                        "statement-other-purpose")):
        assert revoke(signer, body, seq, mallory, [control.but(**wrong).make(key)]) == "unauthorized", wrong
        assert reason(signer) == why
    # the owner's URL over mallory's signature, with either key beside it
    body = revoke_jws(signer, mallory, cert, kid=proved[0].url)
    assert revoke(signer, body, seq, mallory) == "unauthorized" and reason(signer) == "account-other-key"
    assert revoke(signer, body, seq, proved[0]) == "malformed" and reason(signer) == "jws-signature"
    assert revoked(signer) == [] and ilog.revocations(signer.ca.dir) == []


def test_invariant_33_a_key_that_is_not_the_certificates_revokes_nothing(signer, proved):
    """Row 33."""
    subject = ec.generate_private_key(ec.SECP256R1())
    got, other = issue(signer, proved, subject), issue(signer, proved)
    stranger, own = Key(), Key()
    own.key = subject
    assert revoke(signer, revoke_jws(signer, None, got.cert, key=stranger, jwk=True), got.seq) == "unauthorized"
    assert reason(signer) == "other-key"
    # the right key for another certificate; its record beside a certificate that is not in it
    assert revoke(signer, revoke_jws(signer, None, other.cert, key=own, jwk=True), other.seq) == "unauthorized"
    assert revoke(signer, revoke_jws(signer, None, other.cert, key=own, jwk=True), got.seq) == "malformed"
    assert reason(signer) == "certificate-unknown"
    forged = bytearray(got.cert)
    forged[-1] ^= 1
    assert revoke(signer, revoke_jws(signer, None, bytes(forged), key=own, jwk=True), got.seq) == "malformed"
    assert revoked(signer) == []
    assert revoke(signer, revoke_jws(signer, None, got.cert, key=own, jwk=True), got.seq) is None
    assert [s for _, s, _ in revoked(signer)] == [serial(got.cert)]


def test_the_hint_is_checked_not_believed(signer, proved):
    got, other = issue(signer, proved), issue(signer, proved)
    body = revoke_jws(signer, proved[0], got.cert)
    for hint in (0, 1, other.seq, got.seq + 100, NEVER):
        assert revoke(signer, body, hint, proved[0]) == "malformed", hint
        assert reason(signer) == "certificate-unknown"
    assert revoked(signer) == []


def test_a_jws_made_for_something_else_revokes_nothing(signer, proved):
    got = issue(signer, proved)
    for url in (signer.base + "/acme/new-order", signer.finalize_url(signer.order_number()),
                "https://other.test:14000/acme/revoke-cert", signer.base + "/acme/revoke-cert?", "/acme/revoke-cert"):
        assert revoke(signer, revoke_jws(signer, proved[0], got.cert, url=url), got.seq, proved[0]) is not None, url
    assert revoked(signer) == []


def test_a_revocation_stays(signer, proved):
    """Row 30, the judge's half: no replay, no restart, no later request changes or ends it."""
    got = issue(signer, proved)
    body = revoke_jws(signer, proved[0], got.cert, 4)
    assert revoke(signer, body, got.seq, proved[0]) is None
    told = revoked(signer)
    assert [(s, r) for _, s, r in told] == [(serial(got.cert), 4)]
    for again in (body, revoke_jws(signer, proved[0], got.cert, 1), revoke_jws(signer, proved[0], got.cert, 0)):
        assert revoke(signer, again, got.seq, proved[0]) == "alreadyRevoked"
    for lifted in (6, 8):
        assert revoke(signer, revoke_jws(signer, proved[0], got.cert, lifted), got.seq, proved[0]) == "badRevocationReason"
    signer.restart_signer()
    assert revoke(signer, body, got.seq, proved[0]) == "alreadyRevoked"
    assert revoked(signer) == told and len(ilog.revocations(signer.ca.dir)) == 1


def test_a_hundred_at_once_are_one_record_and_all_are_answered(signer, proved):
    got = issue(signer, proved)
    body = revoke_jws(signer, proved[0], got.cert)
    message = (var32(body) + var16(proved[0].key.canonical()) + var16(b"") + u64(got.seq) + u16(0))
    ids = {signer.to_judge.send(wire.REVOKE_REQ, message) for _ in range(100)}
    problems = []
    while ids:
        kind, number, answer = signer.to_judge.recv()
        if kind == wire.REVOKE_RSP:
            ids.remove(number)
            problems.append(Reader(answer).problem()[0])
    assert problems.count(None) == 1
    assert set(problems) <= {None, "alreadyRevoked", "rateLimited"}
    assert len(ilog.revocations(signer.ca.dir)) == 1


def test_what_was_acknowledged_is_there_after_kill_9(signer, proved):
    done = []
    for _ in range(5):
        got = issue(signer, proved)
        assert revoke(signer, revoke_jws(signer, proved[0], got.cert), got.seq, proved[0]) is None
        done.append(serial(got.cert))
        signer.restart_signer()
    assert [s for _, s, _ in revoked(signer)] == done


def test_malformed_messages_end_the_edge(signer, proved):
    for bad in (b"", var32(b"x"), var32(b"x") + var16(b"") + var16(b"") + u64(1) + u16(801)):
        signer.to_judge.send(wire.REVOKE_REQ, bad)
        while (m := signer.to_judge.recv()) is not None:
            assert m[0] != wire.REVOKE_RSP
        signer.new_front_edge()
    got = issue(signer, proved)
    assert revoke(signer, revoke_jws(signer, proved[0], got.cert), got.seq, proved[0]) is None
