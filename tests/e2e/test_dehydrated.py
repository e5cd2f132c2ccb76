"""dehydrated as Debian ships it, unmodified: http-01 by webroot, dns-01 by a hook with dynamic updates."""
import os

import pytest
from cryptography import x509

from harness.web import Webroot
from harness.x509 import SERVER_AUTH, ekus, load_chain, names
from test_tls_alpn import TlsAlpn01

CONFIG = """CA="{directory}"
BASEDIR="{base}"
WELLKNOWN="{wellknown}"
CURL_OPTS="--cacert {root}"
KEY_ALGO=prime256v1
"""

DNS_HOOK = """#!/bin/sh
case $1 in
deploy_challenge) op="add _acme-challenge.$2. 1 TXT $4" ;;
clean_challenge) op="del _acme-challenge.$2. TXT" ;;
*) exit 0 ;;
esac
printf 'server 127.0.0.1\\nzone example.test.\\n%s\\nsend\\n' "$op" | knsupdate
"""


class Dehydrated:
    def __init__(self, ca, more=""):
        self.ns = ca.ns
        self.base = os.path.join(ca.ns.tmp, "dehydrated")
        os.makedirs(self.base)
        self.web = Webroot(ca.ns)
        self.config = os.path.join(self.base, "config")
        with open(self.config, "w") as f:
            f.write(CONFIG.format(directory=ca.url, base=self.base, wellknown=self.web.challenges, root=ca.root) + more)
        self.run("--register", "--accept-terms")

    def run(self, *args, check=True):
        return self.ns.run(["dehydrated", "--config", self.config, *args], check=check, timeout=120)

    def cert(self, name, what="fullchain.pem"):
        return os.path.join(self.base, "certs", name, what)


@pytest.fixture
def dehydrated(ca):
    client = Dehydrated(ca)
    yield client
    client.web.stop()


@pytest.mark.interop("dehydrated", "issue by http-01")
@pytest.mark.interop("dehydrated", "renew")
def test_issue_and_renew(dehydrated):
    dehydrated.run("--cron", "--domain", "www.example.test example.test")
    first = load_chain(dehydrated.cert("www.example.test"))[0]
    assert names(first) == ["example.test", "www.example.test"]
    assert ekus(first) == [SERVER_AUTH]
    dehydrated.run("--cron", "--force", "--domain", "www.example.test example.test")
    assert load_chain(dehydrated.cert("www.example.test"))[0].serial_number != first.serial_number


@pytest.mark.interop("dehydrated", "issue by dns-01")
@pytest.mark.interop("dehydrated", "wildcard")
def test_dns_01_wildcard(dehydrated):
    hook = os.path.join(dehydrated.base, "hook")
    with open(hook, "w") as f:
        f.write(DNS_HOOK)
    os.chmod(hook, 0o755)
    dehydrated.run("--cron", "--challenge", "dns-01", "--hook", hook, "--alias", "wild", "--domain", "*.example.test")
    assert names(load_chain(dehydrated.cert("wild"))[0]) == ["*.example.test"]


class FilesAlpn01(TlsAlpn01):
    """Shows the certificate that the client put into a directory."""

    def __init__(self, ns, tmp, path):
        self.path = path
        super().__init__(ns, tmp)

    def _one(self, conn):
        parts = []
        for what in (".crt.pem", ".key.pem"):
            with open(self.path + what, "rb") as f:
                parts.append(f.read())
        self.show(parts)
        super()._one(conn)


@pytest.mark.interop("dehydrated", "issue by tls-alpn-01")
def test_tls_alpn_01(dehydrated, tmp_path):
    responder = FilesAlpn01(dehydrated.ns, tmp_path, os.path.join(dehydrated.base, "alpn-certs", "www.example.test"))
    try:
        dehydrated.run("--cron", "--challenge", "tls-alpn-01", "--domain", "www.example.test")
    finally:
        responder.close()
    assert responder.seen == ["www.example.test"]
    assert names(load_chain(dehydrated.cert("www.example.test"))[0]) == ["www.example.test"]


@pytest.mark.interop("dehydrated", "deactivate the account")
def test_deactivate(dehydrated):
    dehydrated.run("--deactivate")
    assert dehydrated.run("--cron", "--domain", "www.example.test", check=False).returncode != 0
    assert not os.path.exists(dehydrated.cert("www.example.test"))


@pytest.mark.interop("dehydrated", "issue for a CSR")
def test_signcsr(dehydrated):
    key, csr = (os.path.join(dehydrated.base, n) for n in ("own.key", "own.csr"))
    dehydrated.ns.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                       key, "-out", csr, "-subj", "/", "-addext", "subjectAltName=DNS:www.example.test"])
    out = dehydrated.run("--signcsr", csr).stdout
    leaf = x509.load_pem_x509_certificate(out[out.index("-----BEGIN CERTIFICATE"):].encode())
    assert names(leaf) == ["www.example.test"]
