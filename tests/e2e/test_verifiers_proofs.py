"""Other people's verifiers over the profiles with clientAuth, and over what certificates tell of their proofs.

Each accepts what it should and refuses the rest, whatever stands in policies and evidence; and each parses the golden
bytes of every profile, alone, with pointers, and with pointers and proofs.
"""
import os
import re
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.dns import Knot
from harness.netns import Namespace
from harness.proofs_told import evidence, policies, with_arc
from harness.signer import Signer
from harness.wire import DNS_01
from harness.x509 import names

from test_proofs_told import DECLARED, issue, stated
from test_attack_use import Proofs
from test_verifiers import HERE, NAMES, Lab, go, gnutls, java, nss, openssl

ROLES = {"server": "server", "client": "client", "client-preproved": "client", "peer": "both"}
WORDS = {  # of a refusal for the other role
    openssl: "unsuitable certificate purpose", gnutls: "purpose", nss: "Certificate type not approved for application",
    go: "incompatible key usage", java: "Extended key usage does not permit use for TLS"}
by_verifier = pytest.mark.parametrize("verify", list(WORDS), ids=[v.__name__ for v in WORDS])
by_case = pytest.mark.parametrize("case", sorted(ROLES))


class ProofLab(Lab):
    """A certificate of each profile, under a configuration with an arc; two names, proved by different methods."""

    def __init__(self, tmp):
        self.ns = Namespace(tmp, hosts=["ca.test"])
        self.tmp = str(tmp)
        self.dns = Knot(self.ns, {"example.test": ["* A 127.0.0.1"], "test": []})
        self.signer = Signer(self.ns, init=["--peer"], edit=with_arc, http=True)
        self.ca = self.signer.ca
        first = Proofs(self.signer, NAMES[0])
        second = Proofs(self.signer, NAMES[1], first.account, first.key)
        blobs = stated(first, control=DNS_01) + stated(second, use=DECLARED)
        for case in ROLES:
            self.keep(case, issue(first, case, blobs, names=NAMES), first.key)
        self.programs = {}

    def keep(self, case, cert, key):
        assert names(cert) == sorted(NAMES) and policies(cert) and evidence(cert)
        assert x509.ExtensionOID.CRL_DISTRIBUTION_POINTS in {e.oid for e in cert.extensions}
        issuer = "peer" if case == "peer" else case.split("-")[0]
        with open(self.ca.path(f"issuing-{issuer}.pem"), "rb") as f:
            issuing = f.read()
        pem = cert.public_bytes(serialization.Encoding.PEM)
        self.file(case + ".pem", pem)
        self.file(case + "-issuing.pem", issuing)
        self.file(case + "-chain.pem", pem + issuing)
        self.file(case + ".key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                   serialization.NoEncryption()))

    def root(self, case):
        return self.ca.path(f"root-{'peer' if case == 'peer' else case.split('-')[0]}.pem")

    def close(self):
        self.signer.stop()
        self.dns.stop()
        self.ns.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    one = ProofLab(tmp_path_factory.mktemp("proofs"))
    yield one
    one.close()


@by_verifier
@by_case
def test_each_role_and_no_other(lab, verify, case):
    for role in ("server", "client"):
        accepted, out = verify(lab, case, lab.root(case), NAMES[0], role)
        if ROLES[case] in (role, "both"):
            assert accepted, (role, out)
        else:
            assert not accepted and WORDS[verify].lower() in out.lower(), (role, out)


@by_verifier
def test_no_root_vouches_for_another_profile(lab, verify):
    for case in ("server", "client", "peer"):
        for other in {"server", "client", "peer"} - {case}:
            role = "client" if case == "client" else "server"
            accepted, out = verify(lab, case, lab.root(other), NAMES[0], role)
            assert not accepted, (case, other, out)


def test_openssl_finds_each_policy_valid(lab):
    """RFC 5280 section 6.1 with a policy that is wanted: the issuing CA's anyPolicy lets it through."""
    for case in ROLES:
        for policy, good in (("1.3.6.1.4.1.32473.7.2.2", True), ("1.3.6.1.4.1.32473.7.1.1", False)):
            ok, out = lab.run("openssl", "verify", "-CAfile", lab.root(case), "-untrusted", lab.file(case + "-issuing.pem"),
                              "-policy", policy, "-explicit_policy", lab.file(case + ".pem"))
            assert ok == good, (case, policy, out)


# The golden bytes.

GOLDEN = os.path.join(HERE, "..", "golden")
FILES = sorted(f[:-len(".tbs.inc")] for f in os.listdir(GOLDEN) if f.endswith(".tbs.inc"))
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def der(tag, content):
    n = len(content)
    return bytes([tag]) + (bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")) + content


def signed(path):
    """A certificate out of golden bytes, under a key of the moment: nobody asks here who signed it."""
    with open(path) as f:
        tbs = bytes.fromhex("".join(re.findall(r'"([0-9a-f]+)"', f.read())))
    signature = ec.generate_private_key(ec.SECP256R1()).sign(tbs, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(der(0x30, tbs + ECDSA_SHA256 + der(3, b"\0" + signature)))


@pytest.fixture(scope="module")
def goldens(lab):
    out = {}
    for name in FILES:
        cert = signed(os.path.join(GOLDEN, name + ".tbs.inc"))
        out[name] = (cert, lab.file("golden-" + name + ".pem", cert.public_bytes(serialization.Encoding.PEM)))
    return out


def test_there_are_goldens_of_every_profile(goldens):
    profiles = ["server", "shortlived", "client", "client-preproved", "peer"]
    assert FILES == sorted(p + k for p in profiles for k in ("", "-pointers", "-proofs"))
    arc = "1.3.6.1.4.1.32473"
    for name, (cert, _) in goldens.items():
        told = name.endswith("-proofs")
        assert (policies(cert, arc) is not None) == told and (evidence(cert, arc) is not None) == told


def parse_nss(lab, path):
    db = lab.file("nss-parse")
    shutil.rmtree(db, ignore_errors=True)
    os.makedirs(db)
    for argv in (["-N", "--empty-password"], ["-A", "-n", "leaf", "-t", ",,", "-i", path]):
        ok, out = lab.run("certutil", *argv, "-d", "sql:" + db)
        if not ok:
            return ok, out
    return lab.run("certutil", "-L", "-n", "leaf", "-d", "sql:" + db)


def parse_go(lab, path):
    go(lab, "server", lab.root("server"), NAMES[0], "server")  # compiles it, the first time
    return lab.run(lab.programs["go"], path)


PARSERS = {
    "openssl": (lambda lab, path: lab.run("openssl", "x509", "-noout", "-text", "-in", path), "Policy: 1.3.6.1.4.1.32473.2.2"),
    "gnutls": (lambda lab, path: lab.run("certtool", "--certificate-info", "--infile", path), "1.3.6.1.4.1.32473.2.2"),
    "nss": (parse_nss, "OID.1.3.6.1.4.1.32473.2.2"),
    "go": (parse_go, "1.3.6.1.4.1.32473.2.2"),
    "java": (lambda lab, path: lab.run("keytool", "-printcert", "-v", "-file", path), "1.3.6.1.4.1.32473.2.2"),
}


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_the_golden_bytes_are_parsed(lab, goldens, parser):
    parse, policy = PARSERS[parser]
    for name, (cert, path) in goldens.items():
        ok, out = parse(lab, path)
        assert ok, (name, out)
        assert "example.org" in out and (policy in out) == name.endswith("-proofs"), (name, out)
        assert not re.search(r"(?i)error|malformed|could not|unhandled", out), (name, out)
