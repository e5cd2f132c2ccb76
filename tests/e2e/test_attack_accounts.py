"""Key change and deactivation from the front's place: what a conquered front can keep back, replay and forge."""
import hashlib
import hmac
import re

import pytest

from harness import wire
from harness.acme import Key, csr, jws
from harness.signer import Account, Result, Signer
from harness.wire import Reader, str16, u16, u32, u64, u8, var16, var32

NAME = "www.example.test"
DOMAIN = b"tabard account statement\0"


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns)
    yield s
    s.stop()


@pytest.fixture
def account(signer):
    return Account(signer)


class Answer:
    def __init__(self, body):
        r = Reader(body)
        self.problem, self.detail = r.problem()
        self.statement = r.var16() if self.problem is None else None
        r.end()


def send(signer, key, body):
    kind, answer = signer.to_judge.ask(wire.ACCOUNT_REQ, var32(body) + var16(key.canonical()))
    assert kind == wire.ACCOUNT_RSP
    return Answer(answer)


def key_change_jws(signer, account, new):
    url = signer.base + "/acme/key-change"
    inside = jws(new, url, {"account": account.url, "oldKey": account.key.jwk()})
    return jws(account.key, url, inside, nonce="bm9uY2U", kid=account.url)


def change(signer, account, new):
    """An honest change; the account has the new key afterwards, and its statement."""
    a = send(signer, account.key, key_change_jws(signer, account, new))
    assert a.problem is None, a.detail
    account.key = new
    return a.statement


def deactivation_jws(account, **payload):
    return jws(account.key, account.url, payload or {"status": "deactivated"}, nonce="bm9uY2U", kid=account.url)


def finalize(signer, account, blobs, statement=b"", key=None):
    key = key or account.key
    body = jws(key, signer.finalize_url(signer.order_number()), {"csr": _csr()}, nonce="bm9uY2U", kid=account.url)
    return signer.send_finalize(var32(body) + var16(key.canonical()) + var16(statement) + u64(0) + u64(0) + u16(len(blobs)) +
                                b"".join(var16(b) for b in blobs))


def _csr():
    from harness.acme import b64u
    return b64u(csr([NAME]))


def reason(signer, event="finalize"):
    found = re.findall(event + r'-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())
    return found[-1] if found else None


def refused(signer, result, why):
    assert result.cert is None, "a certificate came out"
    assert reason(signer) == why, (reason(signer), result.detail)


def read_statement(blob):
    r = Reader(blob)
    out = {"version": r.u8(), "ca_id": r.take(16), "signer": r.u32(), "url": r.var16().decode(), "thumbprint": r.take(32),
           "standing": r.u8(), "kid": r.var16(), "seq": r.u64(), "made_at": r.u64(), "mac": r.take(32)}
    r.end()
    return out


def make_statement(s, key):
    fields = (u8(s["version"]) + s["ca_id"] + u32(s["signer"]) + str16(s["url"]) + s["thumbprint"] + u8(s["standing"]) +
              var16(s["kid"]) + u64(s["seq"]) + u64(s["made_at"]))
    return fields + hmac.new(key, DOMAIN + fields, hashlib.sha256).digest()


def account_key(signer):
    with open(signer.ca.path("keys", "account.key"), "rb") as f:
        return f.read()


def test_a_retired_key_never_again(signer, account):
    old, blobs_of_old = account.key, signer.prove(account, NAME)
    assert finalize(signer, account, blobs_of_old).cert is not None
    statement = change(signer, account, Key())
    assert read_statement(statement)["thumbprint"] == account.key.thumbprint()
    second = account.key
    for _ in range(2):  # before and after a restart
        refused(signer, finalize(signer, account, blobs_of_old, key=old), "account-key-retired")
        refused(signer, finalize(signer, account, blobs_of_old, statement), "statement-other-account-key")
        assert finalize(signer, account, signer.prove(account, NAME), statement).cert is not None
        assert finalize(signer, account, signer.prove(account, NAME)).cert is not None  # withheld: the log knows
        signer.restart_signer()
    # Changing back, and an account of its own for a key that was in between.
    back = send(signer, account.key, key_change_jws(signer, account, old))
    assert back.problem == "malformed" and reason(signer, "account") == "new-key-in-use"
    change(signer, account, Key())
    alone = Account(signer, second)
    refused(signer, finalize(signer, alone, signer.prove(alone, NAME)), "account-key-of-another")
    own = send(signer, second, deactivation_jws(alone))
    assert own.problem == "unauthorized" and reason(signer, "account") == "account-key-of-another"
    stolen = send(signer, account.key, key_change_jws(signer, account, second))
    assert stolen.problem == "malformed" and reason(signer, "account") == "new-key-in-use"


def test_replayed_and_forged_account_statements(signer, account):
    stranger = Account(signer)
    older = change(signer, account, Key())
    newest = change(signer, account, Key())
    blobs = signer.prove(account, NAME)
    refused(signer, finalize(signer, account, blobs, older), "account-statement-not-newest")
    s, key = read_statement(newest), account_key(signer)
    assert make_statement(s, key) == newest
    changes = {
        "account-statement-forged": [make_statement(s, b"\0" * 32), newest[:-1] + bytes([newest[-1] ^ 1]), newest[1:], b"x"],
        # What nobody without the key can make: authentic, and still wrong.
        "account-statement-other": [make_statement({**s, "url": stranger.url}, key),
                                    make_statement({**s, "signer": 2}, key),
                                    make_statement({**s, "ca_id": b"\7" * 16}, key)],
        "account-statement-not-newest": [make_statement({**s, "seq": s["seq"] + 1}, key)],
    }
    for why, blobs_wrong in changes.items():
        for b in blobs_wrong:
            refused(signer, finalize(signer, account, blobs, b), why)
    refused(signer, finalize(signer, stranger, signer.prove(stranger, NAME), make_statement({**s, "url": stranger.url}, key)),
            "account-statement-not-newest")
    assert finalize(signer, account, blobs, newest).cert is not None


def test_a_deactivated_account_never_issues_again(signer, account):
    valid = change(signer, account, Key())
    blobs = signer.prove(account, NAME)
    assert send(signer, account.key, deactivation_jws(account, status="valid")).problem == "malformed"
    a = send(signer, account.key, deactivation_jws(account))
    assert a.problem is None and read_statement(a.statement)["standing"] == 2
    again = send(signer, account.key, deactivation_jws(account))
    assert again.statement == a.statement
    for _ in range(2):
        for statement in (b"", valid, a.statement):
            refused(signer, finalize(signer, account, blobs, statement), "account-deactivated")
        r = send(signer, account.key, key_change_jws(signer, account, Key()))
        assert r.problem == "unauthorized" and reason(signer, "account") == "account-deactivated"
        alone = Account(signer, account.key)
        refused(signer, finalize(signer, alone, signer.prove(alone, NAME)), "account-key-of-another")
        signer.restart_signer()


def test_requests_that_others_signed(signer, account):
    stranger = Account(signer)
    new = Key()
    good = key_change_jws(signer, account, new)
    assert send(signer, stranger.key, good).problem == "malformed"  # the key that goes along is another one
    forged = jws(stranger.key, account.url, {"status": "deactivated"}, nonce="bm9uY2U", kid=account.url)
    assert send(signer, stranger.key, forged).problem == "unauthorized"
    assert reason(signer, "account") == "account-other-key"
    # A deactivation is not a key change, and what was signed for another URL is neither.
    elsewhere = jws(account.key, signer.base + "/acme/new-order", {"status": "deactivated"}, nonce="bm9uY2U", kid=account.url)
    assert send(signer, account.key, elsewhere).problem == "unauthorized" and reason(signer, "account") == "url-form"
    assert finalize(signer, account, signer.prove(account, NAME)).cert is not None
    # The answer was lost: the same request gives the same statement, and is logged once.
    first = send(signer, account.key, good)
    assert first.problem is None
    assert send(signer, account.key, good).statement == first.statement
    signer.restart_signer()
    assert send(signer, account.key, good).statement == first.statement
    account.key = new
    newer = change(signer, account, Key())
    assert send(signer, stranger.key, good).problem == "malformed"
    assert read_statement(newer)["seq"] == read_statement(first.statement)["seq"] + 1  # logged once
    assert isinstance(finalize(signer, account, []), Result)


def test_killed_at_once_it_is_as_answered(signer, account):
    """kill -9 after the answer: what was told holds; before it: the client asks again."""
    for _ in range(5):
        change(signer, account, Key())
        signer.restart_signer()
    blobs = signer.prove(account, NAME)
    for _ in range(5):
        old, new = account.key, Key()
        body = key_change_jws(signer, account, new)
        signer.to_judge.send(wire.ACCOUNT_REQ, var32(body) + var16(old.canonical()))
        signer.restart_signer()
        assert send(signer, old, body).problem is None
        account.key = new
        refused(signer, finalize(signer, account, blobs, key=old), "account-key-retired")
    assert finalize(signer, account, signer.prove(account, NAME)).cert is not None
