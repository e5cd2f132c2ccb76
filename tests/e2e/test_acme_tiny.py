"""acme-tiny as Debian ships it, unmodified: a CSR in, a chain out."""
import os

import pytest
from cryptography import x509

from harness.web import Webroot
from harness.x509 import SERVER_AUTH, ekus, names


@pytest.fixture
def web(ca):
    server = Webroot(ca.ns)
    yield server
    server.stop()


def make_csr(ns, name):
    key, csr = os.path.join(ns.tmp, "tiny.key"), os.path.join(ns.tmp, "tiny.csr")
    ns.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/", "-addext",
            f"subjectAltName=DNS:{name}"])
    return csr


@pytest.mark.interop("acme-tiny", "issue by http-01")
@pytest.mark.interop("acme-tiny", "renew")
def test_issue_and_renew(ca, web):
    account = os.path.join(ca.ns.tmp, "tiny-account.key")
    ca.ns.run(["openssl", "genrsa", "-out", account, "2048"])
    argv = ["acme-tiny", "--quiet", "--account-key", account, "--csr", make_csr(ca.ns, "www.example.test"), "--acme-dir",
            web.challenges, "--directory-url", ca.url, "--disable-check"]
    chains = [ca.ns.run(argv, env={"SSL_CERT_FILE": ca.root}).stdout for _ in range(2)]
    leaves = [x509.load_pem_x509_certificate(c[c.index("-----BEGIN"):].encode()) for c in chains]
    assert [names(leaf) for leaf in leaves] == [["www.example.test"]] * 2
    assert [ekus(leaf) for leaf in leaves] == [[SERVER_AUTH]] * 2
    assert leaves[0].serial_number != leaves[1].serial_number
