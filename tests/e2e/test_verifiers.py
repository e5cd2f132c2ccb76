"""What other people's verifiers make of our certificates.

Each parses them, accepts them for serverAuth under the root for servers, and refuses them for clientAuth, under the root
for clients, and for another name.
"""
import os

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.acme import Client, Http01
from harness.ca import Ca
from harness.dns import Knot
from harness.netns import Namespace
from harness.x509 import SERVER_AUTH, ekus, load_chain, names

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["www.example.test", "api.example.test"]
# What the certificates differ in: profile and kind of key.
CASES = {"server": ("server", lambda: ec.generate_private_key(ec.SECP256R1())),
         "shortlived": ("shortlived", lambda: ec.generate_private_key(ec.SECP384R1())),
         "server-rsa": ("server", lambda: rsa.generate_private_key(65537, 2048))}


class Lab:
    """One CA for the file; a certificate for each profile; the programs, compiled once."""

    def __init__(self, tmp):
        self.ns = Namespace(tmp, hosts=["ca.test"])
        self.tmp = str(tmp)
        self.dns = Knot(self.ns, {"example.test": ["* A 127.0.0.1"], "test": []})
        self.ca = Ca(self.ns).start()
        web = Http01(self.ns)
        self.client_root = self.ca.path("root-client.pem")
        for case, (profile, make) in CASES.items():
            self.obtain(web, case, profile, make())
        web.close()
        self.programs = {}

    def file(self, name, text=None):
        path = os.path.join(self.tmp, name)
        if text is not None:
            with open(path, "wb") as f:
                f.write(text)
        return path

    def obtain(self, web, case, profile, key):
        c = Client(self.ca, directory=self.ca.profile_url(profile))
        c.register()
        chain = load_chain(c.issue(web, NAMES, key))
        pem = [cert.public_bytes(serialization.Encoding.PEM) for cert in chain]
        assert len(pem) == 2 and names(chain[0]) == sorted(NAMES) and ekus(chain[0]) == [SERVER_AUTH]
        self.file(case + ".pem", pem[0])
        self.file(case + "-issuing.pem", pem[1])
        self.file(case + "-chain.pem", pem[0] + pem[1])
        self.file(case + ".key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                      serialization.NoEncryption()))

    def run(self, *argv, env=None):
        """(exit status 0?, output)"""
        p = self.ns.run(argv, check=False, env=env, timeout=240)
        return p.returncode == 0, p.stdout

    def made(self, what, make):
        if what not in self.programs:
            self.programs[what] = make()
        return self.programs[what]

    def close(self):
        assert self.ca.stop() == 0
        self.dns.stop()
        self.ns.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    one = Lab(tmp_path_factory.mktemp("verifiers"))
    yield one
    one.close()


# Each verifier: (lab, case, root, name, "server" or "client") -> (accepted?, output)


def openssl(lab, case, root, name, role):
    return lab.run("openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", root, "-untrusted",
                   lab.file(case + "-issuing.pem"), "-purpose", "ssl" + role, "-verify_hostname", name,
                   lab.file(case + ".pem"))


def gnutls(lab, case, root, name, role):
    purpose = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2"}[role]
    ok, out = lab.run("certtool", "--verify", "--load-ca-certificate", root, "--verify-purpose", purpose,
                      "--verify-hostname", name, "--infile", lab.file(case + "-chain.pem"))
    assert ok == ("Chain verification output: Verified" in out), out
    return ok, out


def nss(lab, case, root, name, role):
    """A database for each anchor, in which it may vouch for servers and for clients."""
    def database():
        path = lab.file(f"nss-{case}-{os.path.basename(root)}")
        os.makedirs(path)
        for argv in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "CT,,", "-i", root],
                     ["-A", "-n", "issuing", "-t", ",,", "-i", lab.file(case + "-issuing.pem")],
                     ["-A", "-n", "leaf", "-t", ",,", "-i", lab.file(case + ".pem")]):
            ok, out = lab.run("certutil", *argv, "-d", "sql:" + path)
            assert ok, out
        return path
    path = lab.made(("nss", case, root), database)
    ok, out = lab.run("certutil", "-V", "-n", "leaf", "-u", {"server": "V", "client": "C"}[role], "-e", "-d", "sql:" + path)
    assert ok == ("certificate is valid" in out), out
    return ok, out


def go(lab, case, root, name, role):
    def build():
        program = lab.file("verify-go")
        ok, out = lab.run("go", "build", "-o", program, os.path.join(HERE, "verifiers", "verify.go"),
                          env={"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOCACHE": lab.file("go-cache")})
        assert ok, out
        return program
    ok, out = lab.run(lab.made("go", build), root, lab.file(case + "-issuing.pem"), lab.file(case + ".pem"), name, role)
    assert ok == ("accepted" in out) and "panic" not in out, out
    return ok, out


def java(lab, case, root, name, role):
    def compiled():
        ok, out = lab.run("javac", "-d", lab.file("java"), os.path.join(HERE, "verifiers", "Verify.java"))
        assert ok, out
        return lab.file("java")

    def keystore():
        path = lab.file(case + ".p12")
        ok, out = lab.run("openssl", "pkcs12", "-export", "-inkey", lab.file(case + ".key"), "-in",
                          lab.file(case + "-chain.pem"), "-out", path, "-passout", "pass:public", "-name", "leaf")
        assert ok, out
        return path
    ok, out = lab.run("java", "-cp", lab.made("java", compiled), "Verify", root, lab.made(("p12", case), keystore), name, role)
    assert ok == ("accepted" in out) and (ok or "refused: " in out), out
    return ok, out


# verifier, does it check the purpose?, does it check the name?, words of its refusals
VERIFIERS = [
    (openssl, True, True, {"purpose": "unsuitable certificate purpose", "root": "unable to get local issuer certificate",
                           "name": "hostname mismatch"}),
    (gnutls, True, True, {"purpose": "purpose", "root": "issuer is unknown", "name": "does not match the expected"}),
    (nss, True, False, {"purpose": "Certificate type not approved for application", "root": "issuer is not recognized"}),
    (go, True, True, {"purpose": "incompatible key usage", "root": "signed by unknown authority", "name": "not ftp.example.test"}),
    (java, True, True, {"purpose": "Extended key usage does not permit use for TLS client authentication",
                        "root": "unable to find valid certification path", "name": "No subject alternative DNS name matching"}),
]
by_verifier = pytest.mark.parametrize("verify,purposes,hosts,words", VERIFIERS, ids=[v[0].__name__ for v in VERIFIERS])
by_case = pytest.mark.parametrize("case", sorted(CASES))

PARSERS = {
    "openssl": (["openssl", "x509", "-noout", "-text", "-in"], "TLS Web Server Authentication"),
    "gnutls": (["certtool", "--certificate-info", "--infile"], "TLS WWW Server"),
    "nss": (["certutil", "-L", "-n", "leaf"], "TLS Web Server Authentication"),
}


# NSS's certutil wants keyEncipherment of an RSA key, for the key transport of TLS 1.2 and before that nobody is to use: our
# leaves say digitalSignature alone. (What browsers do with NSS asks for digitalSignature.)
NSS_RSA = "key usage inadequate"


def refused(answer, word):
    accepted, out = answer
    assert not accepted, out
    assert word.lower() in out.lower(), out


@by_verifier
@by_case
def test_serverauth_is_accepted(lab, verify, purposes, hosts, words, case):
    if verify is nss and case == "server-rsa":
        refused(verify(lab, case, lab.ca.root, NAMES[0], "server"), NSS_RSA)
        return
    for name in NAMES:
        accepted, out = verify(lab, case, lab.ca.root, name, "server")
        assert accepted, out


@by_verifier
@by_case
def test_clientauth_is_refused(lab, verify, purposes, hosts, words, case):
    if purposes:
        refused(verify(lab, case, lab.ca.root, NAMES[0], "client"), words["purpose"])
    else:
        assert verify(lab, case, lab.ca.root, NAMES[0], "client")[0], "the table is out of date"


@by_verifier
@by_case
def test_the_root_for_clients_does_not_vouch(lab, verify, purposes, hosts, words, case):
    for role in ("server", "client"):
        accepted, out = verify(lab, case, lab.client_root, NAMES[0], role)
        assert not accepted, out
        if role == "server" and not (verify is nss and case == "server-rsa"):
            assert words["root"].lower() in out.lower(), out


@by_verifier
@by_case
def test_another_name_is_refused(lab, verify, purposes, hosts, words, case):
    answer = verify(lab, case, lab.ca.root, "ftp.example.test", "server")
    if hosts:
        refused(answer, words["name"])
    elif case == "server-rsa":
        refused(answer, NSS_RSA)
    else:
        assert answer[0], "the table is out of date"


@by_case
def test_what_is_read_is_what_was_issued(lab, case):
    """Names and usage as each parser prints them; Go and Java print theirs while they verify."""
    for verifier, (argv, usage) in PARSERS.items():
        if verifier == "nss":
            nss(lab, case, lab.ca.root, NAMES[0], "server")
        where = ["-d", "sql:" + lab.programs[("nss", case, lab.ca.root)]] if verifier == "nss" else [lab.file(case + ".pem")]
        ok, out = lab.run(*argv, *where)
        assert ok and usage in out and all(n in out for n in NAMES), out
        assert "Client" not in out, out
    for verify in (go, java):
        _, out = verify(lab, case, lab.ca.root, NAMES[0], "server")
        assert all(n in out.split("names:")[1].splitlines()[0] for n in NAMES), out
