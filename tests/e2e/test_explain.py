"""tabard ca explain: what an order would meet, and that it is what the order meets then."""
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.acme import Client, Http01, csr
from harness.dns import Knot
from harness.ca import Ca

LISTS = """names:
  - deny: [secret.example.test]
"""


@pytest.fixture
def dns(ns):
    server = Knot(ns, {"example.test": ["@ A 127.0.0.1", "www A 127.0.0.1", "api A 127.0.0.1", "secret A 127.0.0.1",
                                        'bound CAA 0 issue "ca.test; validationmethods=dns-01"',
                                        'mine CAA 0 issue "ca.test; accounturi=https://ca.test:14000/acme/acct/x"',
                                        'none CAA 0 issue "other.test"'], "test": []})
    yield server
    server.stop()


@pytest.fixture
def ca(ns, dns):
    def edit(text):
        return text.replace("names: []\n", LISTS).replace('caa_identities: []', "caa_identities: [ca.test]")

    c = Ca(ns, edit=edit).start()
    yield c
    assert c.stop() == 0


def explain(ca, *args):
    import json
    p = ca.cli("explain", *args, "--json", check=False)
    return p.returncode, json.loads(p.stdout[p.stdout.index("{"):])


def one(ca, name, *args):
    code, answer = explain(ca, name, *args)
    return code, answer["verdict"], answer["names"][0]


def test_what_an_order_would_meet(ns, ca):
    web = Http01(ns)
    c = Client(ca)
    account = c.register().location
    code, verdict, name = one(ca, "www.example.test", "--account", account)
    assert (code, verdict, name["authorization"]) == (0, "proofs-missing", "missing")
    assert "http://www.example.test/.well-known/acme-challenge/" in name["control"]["http-01"]
    assert "_acme-challenge.www.example.test" in name["control"]["dns-01"]
    assert name["caa"] == "no record restricts this name"
    assert c.issue(web, ["www.example.test"])
    code, verdict, name = one(ca, "www.example.test", "--account", account)
    assert (code, verdict, name["authorization"]) == (0, "ready", "valid")

    # Every refusal is the one that the order meets.
    for bad in ("secret.example.test", "*.com", "*.example.test", "192.0.2.1", "a_b.example.test"):
        kind = "ip" if bad[0] == "1" else "dns"
        r = c.post(c.dir["newOrder"], {"identifiers": [{"type": kind, "value": bad}]})
        code, verdict, name = one(ca, bad)
        assert (code, verdict) == (3, "refused"), bad
        assert (name["type"], name["refused"]) == (r.problem, r.json()["detail"]), bad

    code, verdict, name = one(ca, "none.example.test")
    assert (code, verdict) == (3, "refused") and "do not name this CA" in name["caa"]
    code, verdict, name = one(ca, "bound.example.test")
    assert code == 0 and list(name["caa_allows"]) == ["dns-01"]
    code, verdict, name = one(ca, "mine.example.test", "--account", account)
    assert (code, verdict) == (3, "refused")
    code, verdict, name = one(ca, "mine.example.test")
    assert code == 0 and set(name["caa_allows"].values()) == {"to the account it names"}
    code, verdict, name = one(ca, "www.nowhere.invalid")
    assert code == 3 and verdict == "refused" and name["caa"], name

    code, answer = explain(ca, "--profile", "shortlived", "www.example.test", "secret.example.test")
    assert code == 3 and answer["profile"].startswith("shortlived@")
    assert "refused" not in answer["names"][0] and "refused" in answer["names"][1]
    c.close()
    web.close()


def test_requests_for_certificates(ns, ca):
    path = os.path.join(ns.tmp, "request.der")

    def ask(names, *args, **more):
        with open(path, "wb") as f:
            f.write(csr(names, **more))
        return explain(ca, *args, "--csr", path)

    code, answer = ask(["www.example.test"], "www.example.test",
                       extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    assert code == 0 and answer["csr"] == {"key": "P-256", "asks_for": "clientAuth"}
    code, answer = ask(["www.example.test", "api.example.test"], "www.example.test")
    assert code == 3 and "api.example.test" in answer["csr"]["refused"]
    code, answer = ask(["www.example.test"], "www.example.test", "api.example.test")
    assert code == 3 and "does not name api.example.test" in answer["csr"]["refused"]
    from test_weak_keys import close_rsa
    code, answer = ask(["www.example.test"], "www.example.test", key=close_rsa())
    assert code == 3 and "close together" in answer["csr"]["refused"]
    with open(path, "wb") as f:
        f.write(b"nothing of the kind")
    code, answer = explain(ca, "www.example.test", "--csr", path)
    assert code == 3 and answer["csr"]["type"] == "badCSR"


def test_questions_that_are_none(ns, ca):
    for args, status in (((), 2), (("a.test", "--profile", "nonesuch"), 1), (("a.test", "--profile", "peer"), 1),
                         (("a.test", "--account", "https://ca.test:14000/acme/acct/x"), 1),
                         (("a.test", "--csr", "/nonexistent"), 1), (("a" * 5000 + ".test",), 1)):
        assert ca.cli("explain", *args, check=False).returncode == status, args
    out = ca.cli("explain", "www.example.test").stdout
    assert "proofs-missing" in out and "http-01" in out


def test_without_a_validator_the_rest_is_told(ns, ca):
    import signal
    pid = ca.pid_of("validator")
    os.kill(pid, signal.SIGSTOP)
    code, verdict, name = one(ca, "www.example.test")
    assert (code, verdict) == (0, "proofs-missing") and "does not answer" in name["caa"]
    os.kill(pid, signal.SIGCONT)
