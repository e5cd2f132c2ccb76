"""Which names are certified: lists of the operator, public suffixes, name constraints of the CA certificates.

The front refuses early and names the rule; the judge refuses whatever the front lets pass.
"""
import ipaddress
import os
import re
import signal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from harness.acme import Client, Http01, csr
from harness.ca import program
from harness.signer import Account, Signer
from harness.statement import Statement

LISTS = """names:
  - allow: [".example.test", "*.example.test", "127.0.0.0/8"]
    deny: [secret.example.test, ".lab.example.test", "127.0.0.9"]
  - profile: shortlived
    allow: ["www.example.test"]
"""


def with_addresses(text):
    """The server profile takes addresses, too."""
    assert "identifiers: [dns, wildcard]" in text
    return text.replace("identifiers: [dns, wildcard]", "identifiers: [dns, wildcard, ip]")


def with_lists(text):
    assert "names: []\n" in text
    return with_addresses(text).replace("names: []\n", LISTS)


def order(client, *names):
    return client.post(client.dir["newOrder"], {"identifiers": [
        {"type": "ip" if n[0].isdigit() else "dns", "value": n} for n in names]})


def test_names_by_the_operators_lists(ns, make_ca):
    ca = make_ca(edit=with_lists).start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    for name, rule in (("secret.example.test", '"secret.example.test" denies'),
                       ("a.lab.example.test", '".lab.example.test" denies'),
                       ("*.lab.example.test", '".lab.example.test" denies'),
                       ("*.example.test", '"secret.example.test" denies'),  # it is one of the wildcard's names
                       ("127.0.0.9", '"127.0.0.9" denies'),
                       ("192.0.2.1", "no rule of the CA allows"),
                       ("example.test", "no rule of the CA allows"),
                       ("evil-example.test", "no rule of the CA allows"),
                       ("www.example.test.evil.test", "no rule of the CA allows")):
        r = order(c, name)
        assert (r.status, r.problem) == (400, "rejectedIdentifier"), (name, r.body)
        assert rule in r.json()["detail"], (name, r.body)
    r = order(c, "www.example.test", "secret.example.test", "example.test")
    assert r.problem == "rejectedIdentifier"
    assert [s["identifier"]["value"] for s in r.json()["subproblems"]] == ["secret.example.test", "example.test"]
    assert '"secret.example.test" denies' in r.json()["subproblems"][0]["detail"]
    r = c.post(c.dir["newAuthz"], {"identifier": {"type": "dns", "value": "secret.example.test"}})
    assert (r.status, r.problem) == (403, "rejectedIdentifier")
    assert c.issue(web, ["www.example.test"])
    assert order(c, "127.0.0.1").status == 201
    short = Client(ca, key=c.key, directory=ca.profile_url("shortlived"))
    short.register()
    assert order(short, "api.example.test").problem == "rejectedIdentifier"
    assert "under profile shortlived" in order(short, "api.example.test").json()["detail"]
    assert order(short, "www.example.test").status == 201
    short.close()
    c.close()
    web.close()


def reason(signer):
    return re.findall(r'finalize-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())[-1]


def test_the_judge_does_not_believe_the_front_about_names(ns, dns):
    signer = Signer(ns, edit=with_lists)
    account = Account(signer)
    # The validator proves what it is asked to prove; that the name may be certified is another question.
    for name, want in (("secret.example.test", "name-denied"), ("example.test", "name-not-allowed")):
        result = signer.finalize(account, csr([name]), signer.prove(account, name))
        assert result.cert is None and result.problem == "rejectedIdentifier"
        assert reason(signer) == want
    blobs = signer.prove(account, "www.example.test")
    both = blobs + signer.prove(account, "secret.example.test")
    assert signer.finalize(account, csr(["www.example.test", "secret.example.test"]), both).cert is None
    assert reason(signer) == "name-denied"
    assert signer.finalize(account, csr(["www.example.test"]), blobs).cert is not None
    signer.stop()


def test_wildcards_below_public_suffixes(ns, make_ca, dns):
    ca = make_ca().start()
    c = Client(ca)
    c.register()
    for name in ("*.com", "*.co.uk", "*.test", "*.kobe.jp"):
        r = order(c, name)
        assert (r.status, r.problem) == (400, "rejectedIdentifier"), name
        assert "public suffix" in r.json()["detail"]
    for name in ("*.example.test", "*.example.co.uk"):
        assert order(c, name).status == 201, name
    c.close()
    ca.stop()

    signer = Signer(ns, subdir="signer")
    account = Account(signer)
    key = signer.statement_key()
    blobs = [Statement.read(b).but(name="*.test").make(key) for b in signer.prove(account, "www.example.test")]
    assert signer.finalize(account, csr(["*.test"]), blobs).cert is None
    assert reason(signer) == "wildcard-public-suffix"
    signer.stop()


def test_a_list_of_suffixes_that_is_named_must_be_there(ns, make_ca):
    ca = make_ca(edit=lambda t: t.replace('public_suffix_list: ""', "public_suffix_list: /nonexistent"))
    p = ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    assert p.returncode == 3 and "public_suffix_list: /nonexistent cannot be read" in p.stdout
    p = ns.run([program("tabardd"), "run", "--config", ca.config], check=False)
    assert p.returncode != 0 and "public_suffix_list" in p.stdout


def test_a_reload_cannot_lose_the_list_of_suffixes(ns, make_ca):
    ca = make_ca().start()
    ca.edit(lambda t: t.replace('public_suffix_list: ""', "public_suffix_list: /nonexistent"))
    os.kill(ca.parent_pid(), signal.SIGHUP)
    ca.proc.wait_output("public_suffix_list: /nonexistent cannot be read")
    c = Client(ca)  # the old configuration goes on
    c.register()
    assert "public suffix" in order(c, "*.com").json()["detail"]
    c.close()


def constrain(path, constraints, key_path):
    """The same CA certificate with name constraints, as an operator's root would sign it."""
    with open(path, "rb") as f:
        old = x509.load_pem_x509_certificate(f.read())
    with open(key_path, "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    new = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(old.public_key())
           .serial_number(x509.random_serial_number()).not_valid_before(old.not_valid_before)
           .not_valid_after(old.not_valid_after))
    for ext in old.extensions:
        new = new.add_extension(ext.value, ext.critical)
    new = new.add_extension(constraints, critical=True).sign(key, hashes.SHA256())
    with open(path, "wb") as f:
        f.write(new.public_bytes(serialization.Encoding.PEM))


CONSTRAINTS = x509.NameConstraints(
    permitted_subtrees=[x509.DNSName("example.test"), x509.DNSName("ca.test"), x509.IPAddress(ipaddress.ip_network("127.0.0.0/30"))],
    excluded_subtrees=[x509.DNSName("secret.example.test")])


@pytest.mark.parametrize("which", ["issuing", "root"])
def test_name_constraints_are_honoured_before_signing(ns, make_ca, which):
    ca = make_ca(edit=with_addresses)
    if which == "issuing":
        constrain(ca.path("issuing-server.pem"), CONSTRAINTS, ca.path("root-keys", "root-server.key"))
    else:
        constrain(ca.path("root-server.pem"), CONSTRAINTS, ca.path("root-keys", "root-server.key"))
    ca.start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    for name in ("www.other.test", "evil-example.test", "a.secret.example.test", "*.example.test", "127.0.0.4"):
        r = order(c, name)
        assert (r.status, r.problem) == (400, "rejectedIdentifier"), (name, r.body)
        assert "name constraints" in r.json()["detail"], (name, r.body)
    assert order(c, "127.0.0.1").status == 201
    leaf = os.path.join(ns.tmp, "leaf.pem")
    with open(leaf, "wb") as f:
        f.write(c.issue(web, ["www.example.test"]))
    # OpenSSL is of the same opinion about what was issued.
    ns.run(["openssl", "verify", "-CAfile", ca.root, "-untrusted", ca.path("issuing-server.pem"), leaf])
    c.close()
    web.close()


def test_the_judge_honours_name_constraints(ns, dns):
    signer = Signer(ns)
    constrain(signer.ca.path("issuing-server.pem"), CONSTRAINTS, signer.ca.path("root-keys", "root-server.key"))
    signer.restart_signer()
    account = Account(signer)
    key = signer.statement_key()
    blobs = signer.prove(account, "www.example.test")
    moved = [Statement.read(b).but(name="a.secret.example.test").make(key) for b in blobs]
    assert signer.finalize(account, csr(["a.secret.example.test"]), moved).cert is None
    assert reason(signer) == "name-constraint"
    assert signer.finalize(account, csr(["www.example.test"]), blobs).cert is not None
    signer.stop()
