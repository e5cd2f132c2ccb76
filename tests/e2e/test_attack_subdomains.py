"""Subtree scope from the front's place: what was proved for one name never becomes a domain with all names below it."""
import hashlib
import re

import pytest

from harness import wire
from harness.acme import b64u, csr
from harness.dns import Knot
from harness.signer import Account, Signer
from harness.statement import CAA, CONTROL, Statement
from harness.wire import Reader, ident

RULES = "names:\n  - ancestors: [corp.test, test]\n"
ZONES = {"corp.test": ["@ A 127.0.0.1", "* A 127.0.0.1"], "evilcorp.test": ["@ A 127.0.0.1", "* A 127.0.0.1"], "test": []}
CHILD = "a.corp.test"


@pytest.fixture
def dns(ns):
    server = Knot(ns, ZONES)
    yield server
    server.stop()


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns, edit=lambda text: text.replace("names: []\n", RULES))
    yield s
    s.stop()


def publish(dns, account, name, token):
    """The TXT record that answers the challenge, and nothing else there."""
    name = name.removeprefix("*.")
    zone = next(z for z in ZONES if name == z or name.endswith("." + z))
    txt = b64u(hashlib.sha256(f"{token}.{b64u(account.key.thumbprint())}".encode()).digest())
    dns.update(zone, f"del _acme-challenge.{name}. TXT", f"add _acme-challenge.{name}. 1 TXT {txt}")


def prove(signer, dns, account, name, subtree, purposes=1 << wire.SERVER_AUTH):
    token = signer.token(account, name, wire.DNS_01, purposes, subtree=subtree)
    publish(dns, account, name, token)
    problem, blobs = signer.validate(account, name, token, wire.DNS_01, purposes, subtree)
    assert problem is None, problem
    return [b for b in blobs if Statement.read(b).kind == CONTROL]


def caa(signer, name):
    kind, answer = signer.to_validator.ask(wire.CAA_REQ, ident(name))
    assert kind == wire.CAA_RSP
    r = Reader(answer)
    assert r.problem()[0] is None and r.u16() == 1
    blob = r.var16()
    assert Statement.read(blob).kind == CAA and Statement.read(blob).name == name
    return [blob]


def refused(signer, account, blobs, reason, name=CHILD):
    r = signer.finalize(account, csr([name]), blobs)
    assert r.cert is None and r.problem is not None
    assert re.findall(r'finalize-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())[-1] == reason, r.detail


def test_the_honest_way_works(signer, dns):
    account = Account(signer)
    wide = prove(signer, dns, account, "corp.test", True)
    (s,) = map(Statement.read, wide)
    assert s.subtree == 1 and s.name == "corp.test" and s.method == wire.DNS_01
    for name in (CHILD, "corp.test", "*.corp.test", "x.y.z.corp.test"):
        r = signer.finalize(account, csr([name]), wide + caa(signer, name))
        assert r.problem is None, (name, r.detail)
    refused(signer, account, wide, "caa-missing")
    refused(signer, account, wide + caa(signer, "corp.test"), "statement-other-name")


def test_a_statement_of_one_name_serves_no_name_below(signer, dns):
    account = Account(signer)
    narrow = prove(signer, dns, account, "corp.test", False)
    refused(signer, account, narrow + caa(signer, CHILD), "statement-other-name")
    # The bit turned, by somebody without the key.
    forged = [Statement.read(b).but(subtree=1).fields() + b[-32:] for b in narrow]
    assert [len(b) for b in forged] == [len(b) for b in narrow]
    refused(signer, account, forged + caa(signer, CHILD), "statement-forged")
    star = prove(signer, dns, account, "*.corp.test", False) + caa(signer, CHILD)
    refused(signer, account, star, "statement-other-name")
    wide = prove(signer, dns, account, "corp.test", True)
    back = [Statement.read(b).but(subtree=0).fields() + b[-32:] for b in wide]
    refused(signer, account, back + caa(signer, "corp.test"), "statement-forged", "corp.test")
    assert signer.issued() == []


def test_a_token_is_of_its_scope(signer, dns):
    account = Account(signer)
    for made, used in ((False, True), (True, False)):
        token = signer.token(account, "corp.test", wire.DNS_01, subtree=made)
        publish(dns, account, "corp.test", token)
        problem, blobs = signer.validate(account, "corp.test", token, wire.DNS_01, subtree=used)
        assert problem == "unauthorized" and blobs == []
        assert signer.validate(account, "corp.test", token, wire.DNS_01, subtree=made)[0] is None


def test_no_method_but_dns_makes_such_a_token(signer):
    account = Account(signer)
    for method in (wire.HTTP_01, wire.TLS_ALPN_01):
        with pytest.raises(AssertionError, match="rejectedIdentifier.*names below"):
            signer.token(account, "corp.test", method, subtree=True)
    # Of a wildcard it is not even a message.
    with pytest.raises(ConnectionError):
        signer.token(account, "*.corp.test", wire.DNS_01, subtree=True)
    assert signer.validator.proc.alive()


def test_of_another_account_or_purpose(signer, dns):
    owner, thief = Account(signer), Account(signer)
    wide = prove(signer, dns, owner, "corp.test", True)
    refused(signer, thief, wide + caa(signer, CHILD), "statement-other-account")
    other = prove(signer, dns, owner, "corp.test", True, purposes=1 << wire.CLIENT_AUTH)
    refused(signer, owner, other + caa(signer, CHILD), "statement-other-purpose")
    assert signer.issued() == []


def test_beside_and_above(signer, dns):
    account = Account(signer)
    wide = prove(signer, dns, account, "corp.test", True)
    for name in ("evilcorp.test", "a.evilcorp.test"):
        refused(signer, account, wide + caa(signer, name), "statement-other-name", name)
    # The validator proves what it is asked; whom it may stand for is the judge's matter.
    evil = prove(signer, dns, account, "evilcorp.test", True)
    refused(signer, account, evil + caa(signer, "a.evilcorp.test"), "statement-subtree", "a.evilcorp.test")
    top = [Statement.read(b).but(name="test").make(signer.statement_key()) for b in wide]
    refused(signer, account, top + caa(signer, CHILD), "statement-subtree")
    assert signer.issued() == []
