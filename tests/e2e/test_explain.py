"""tabard ca explain: what an order would meet, and that it is what the order meets then."""
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.acme import Client, Http01, csr
from harness.dns import Knot
from harness.ca import Ca
from test_external_account import add, register
from test_weak_keys import close_rsa, rsa_of

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
    assert code == 0 and answer["csr"] == {"key": "P-256", "asks_for": "clientAuth", "csr_eku": "ignore",
                                           "gets": "serverAuth", "signer": "takes the key"}
    code, answer = ask(["www.example.test", "api.example.test"], "www.example.test")
    assert code == 3 and "api.example.test" in answer["csr"]["refused"]
    code, answer = ask(["www.example.test"], "www.example.test", "api.example.test")
    assert code == 3 and "does not name api.example.test" in answer["csr"]["refused"]
    code, answer = ask(["www.example.test"], "www.example.test", key=close_rsa())
    assert code == 3 and "close together" in answer["csr"]["refused"]
    with open(path, "wb") as f:
        f.write(b"nothing of the kind")
    code, answer = explain(ca, "www.example.test", "--csr", path)
    assert code == 3 and answer["csr"]["type"] == "badCSR"


def test_the_longest_request_with_its_names(ns, ca):
    names = [f"{i:03}." + ".".join(["a" * 60] * 3 + ["b" * 45]) + ".example.test" for i in range(100)]
    assert max(map(len, names)) == 245
    path = os.path.join(ns.tmp, "request.pem")
    request = csr(names, key=rsa.generate_private_key(65537, 4096))
    assert len(request) > 25000
    with open(path, "wb") as f:
        f.write(x509.load_der_x509_csr(request).public_bytes(serialization.Encoding.PEM))
    code, answer = explain(ca, *[f"--name={n}" for n in names], "--csr", path)
    assert answer["csr"]["signer"] == "takes the key" and answer["csr"]["key"] == "RSA", answer["csr"]
    assert len(answer["names"]) == 100 and (code, answer["verdict"]) == (0, "proofs-missing")


def test_usages_by_the_mode_of_the_profile(ns, dns):
    ca = Ca(ns, edit=lambda t: t.replace("csr_eku: ignore", "csr_eku: narrow", 1).replace(
        "csr_eku: ignore", "csr_eku: reject", 1)).start()
    path = os.path.join(ns.tmp, "request.der")
    asks = []
    for oids in ([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]):
        with open(path, "wb") as f:
            f.write(csr(["www.example.test"], extensions=[(x509.ExtendedKeyUsage(oids), False)]))
        asks += [explain(ca, "--name", "www.example.test", "--profile", p, "--csr", path)
                 for p in ("server", "shortlived")]
    says = [(code, a["csr"]["csr_eku"], a["csr"].get("gets"), a["csr"].get("type")) for code, a in asks]
    assert says == [(0, "narrow", "serverAuth", None), (3, "reject", None, "badCSR"),
                    (3, "narrow", None, "badCSR"), (3, "reject", None, "badCSR")]
    assert ca.stop() == 0


def issuing_key(ca):
    with open(ca.path("keys", "issuing-client.key"), "rb") as f:
        return serialization.load_pem_private_key(f.read(), None)


def test_keys_that_the_signer_refuses(ns, ca):
    path = os.path.join(ns.tmp, "request.der")

    def ask(key, *args):
        with open(path, "wb") as f:
            f.write(csr(["www.example.test"], key=key))
        code, answer = explain(ca, "--name", "www.example.test", "--csr", path, *args)
        return code, answer["verdict"], answer["csr"].get("refused", ""), answer["csr"].get("signer")

    web = Http01(ns)
    c = Client(ca)
    account = c.register().location
    ordinary = ec.generate_private_key(ec.SECP256R1())
    assert ask(ordinary, "--account", account)[0] == 0
    code, verdict, why, _ = ask(c.key.key, "--account", account)
    assert (code, verdict) == (3, "refused") and "account's key" in why
    assert ask(c.key.key)[0] == 0, "nobody's account is meant"

    code, verdict, why, signer = ask(issuing_key(ca))
    assert (code, verdict, signer) == (3, "refused", "refuses the key") and "key of this CA" in why

    a, b = (rsa.generate_private_key(65537, 2048).private_numbers() for _ in range(2))
    first = rsa_of(a.p, a.q)
    assert ask(first)[0] == 0
    assert c.issue(web, ["www.example.test"], key=first)
    assert ask(first)[0] == 0, "a key that is used again"
    code, verdict, why, signer = ask(rsa_of(a.p, b.q))
    assert (code, verdict, signer) == (3, "refused", "refuses the key") and "factor in common" in why
    c.close()
    web.close()


def test_external_account_binding_is_told(ns, dns):
    ca = Ca(ns, edit=lambda t: t.replace("external_account: off", "external_account: required")).start()
    code, answer = explain(ca, "--name", "www.example.test")
    assert code == 0 and answer["external_account"] == "required"
    eab = add(ca, names=("--name", ".example.test"), profiles=("--profile", "server"))
    c = Client(ca)
    account = register(c, eab).location
    for args, want, why in ((["--name", "www.example.test"], 0, None),
                            (["--name", "example.test"], 3, "does not allow this name"),
                            (["--name", "www.example.test", "--profile", "shortlived"], 3, "this profile")):
        code, answer = explain(ca, *args, "--account", account)
        assert code == want, answer
        refusals = [answer.get("account", {}).get("refused", ""), answer["names"][0].get("refused", "")]
        assert why is None or why in "".join(refusals), answer
    assert ca.stop() == 0


def test_questions_that_are_none(ns, ca):
    for args, status in (((), 2), (("a.test", "--profile", "nonesuch"), 1), (("a.test", "--profile", "peer"), 1),
                         (("a.test", "--account", "https://ca.test:14000/acme/acct/x"), 1),
                         (("a.test", "--csr", "/nonexistent"), 1), (("a" * 90000 + ".test",), 1),
                         (("--csr", "/etc/hostname"), 2), (tuple(["--name=a.test"] * 101), 2),
                         (("a.test", "--csr", "/dev/zero"), 1)):
        assert ca.cli("explain", *args, check=False).returncode == status, args
    out = ca.cli("explain", "www.example.test").stdout
    assert "proofs-missing" in out
    assert "\ncontrol:\n  http-01: the key authorization at " in out and "\n  dns-01: a TXT record at " in out


def test_without_a_validator_the_rest_is_told(ns, ca):
    import signal
    pid = ca.pid_of("validator")
    os.kill(pid, signal.SIGSTOP)
    code, verdict, name = one(ca, "www.example.test")
    assert (code, verdict) == (0, "proofs-missing") and "does not answer" in name["caa"]
    os.kill(pid, signal.SIGCONT)
