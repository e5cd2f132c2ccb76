"""Clients that know no tls-client-01, unmodified, under client-preproved: tabard proves the key with their account first."""
import glob
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.ca import program
from harness.clients import Certbot, Lego
from harness.web import Webroot
from harness.x509 import CLIENT_AUTH, ekus, names
from test_dehydrated import CONFIG
from test_uacme import Uacme

NAME = "www.example.test"
SPKI = Encoding.DER, PublicFormat.SubjectPublicKeyInfo


class Client:
    """account: file of its account key. order(csr): how it ended; told: what it told its user; certificate(): PEM."""

    def __init__(self, ca):
        self.ca, self.ns = ca, ca.ns
        self.directory = ca.profile_url("client-preproved")
        self.dir = os.path.join(ca.ns.tmp, type(self).__name__)
        os.makedirs(self.dir, exist_ok=True)
        self.web = None
        self.setup()

    def setup(self):
        pass

    def path(self, name):
        return os.path.join(self.dir, name)

    def certificate(self):
        with open(self.path("cert.pem")) as f:
            return f.read()

    def told(self, p):
        return p.stdout

    def close(self):
        if self.web:
            self.web.stop()


class OfCertbot(Client):
    def setup(self):
        self.bot = Certbot(self.ca, directory=self.directory)
        self.bot.run("register")
        (self.account,) = glob.glob(f"{self.bot.dir}/etc/accounts/*/*/*/*/private_key.json")

    def order(self, csr):
        return self.bot.run("certonly", "--standalone", "--csr", csr, "--cert-path", self.path("cert.pem"), "--chain-path",
                            self.path("chain.pem"), "--fullchain-path", self.path("fullchain.pem"), check=False)


    def told(self, p):
        """As Debian 12 has it, it loses the server's words on their way to the terminal ("can't set attribute")."""
        with open(f"{self.bot.dir}/log/letsencrypt.log") as f:
            return f.read()


class OfLego(Client):
    def setup(self):
        Lego(self.ca).run("--domains", NAME, "--http", "run")  # its account comes with a first certificate
        self.lego = Lego(self.ca, directory=self.directory)
        (self.account,) = glob.glob(f"{self.lego.dir}/accounts/*/*/keys/*.key")
        os.unlink(self.lego.cert(NAME))

    def order(self, csr):
        return self.lego.run("--csr", csr, "--http", "run", check=False)

    def certificate(self):
        with open(self.lego.cert(NAME)) as f:
            return f.read()


class OfUacme(Client):
    def setup(self):
        self.uacme = Uacme(self.ca, self.directory)
        self.web = self.uacme.web
        self.uacme.run("new")
        self.account = os.path.join(self.uacme.conf, "private", "key.pem")

    def order(self, csr):
        self.csr = csr
        return self.uacme.run("issue", csr, check=False)

    def certificate(self):
        with open(os.path.splitext(self.csr)[0] + "-cert.pem") as f:
            return f.read()


class OfDehydrated(Client):
    def setup(self):
        self.web = Webroot(self.ns)
        with open(self.path("config"), "w") as f:
            f.write(CONFIG.format(directory=self.directory, base=self.dir, wellknown=self.web.challenges, root=self.ca.root))
        self._run("--register", "--accept-terms")
        (self.account,) = glob.glob(self.path("accounts/*/account_key.pem"))

    def _run(self, *args):
        return self.ns.run(["dehydrated", "--config", self.path("config"), *args], check=False, timeout=120)

    def order(self, csr):
        p = self._run("--signcsr", csr)
        self.said = p.stdout
        return p

    def certificate(self):
        return self.said[self.said.index("-----BEGIN CERTIFICATE"):]


class OfAcmeTiny(Client):
    def setup(self):
        self.web = Webroot(self.ns)
        self.account = self.path("account.key")
        self.ns.run(["openssl", "genrsa", "-out", self.account, "2048"])

    def order(self, csr):
        p = self.ns.run(["acme-tiny", "--account-key", self.account, "--csr", csr, "--acme-dir", self.web.challenges,
                         "--directory-url", self.directory, "--disable-check"], env={"SSL_CERT_FILE": self.ca.root}, check=False)
        self.said = p.stdout
        return p

    certificate = OfDehydrated.certificate


def prove(client, *args, ok=True):
    """tabard prove with the client's account; the request."""
    key, csr = client.path("new.key"), client.path("new.csr")
    argv = ["prove", NAME, "--new-key", key, "--csr-out", csr, "--account-key", client.account]
    p = client.ns.run([program("tabard"), *argv, "--server", client.directory, "--ca", client.ca.root, *args], check=False)
    assert (p.returncode == 0) == ok, p.stdout
    return csr


def rows(program):
    return pytest.mark.interop(program, "client certificate for a CSR proved before")


@pytest.mark.parametrize("kind", [pytest.param(OfCertbot, marks=rows("certbot")), pytest.param(OfLego, marks=rows("lego")),
                                  pytest.param(OfUacme, marks=rows("uacme")),
                                  pytest.param(OfDehydrated, marks=rows("dehydrated")),
                                  pytest.param(OfAcmeTiny, marks=rows("acme-tiny"))])
def test_a_client_certificate_for_a_csr_that_was_proved(ca, kind):
    client = kind(ca)
    try:
        key, csr = client.path("other.key"), client.path("other.csr")
        client.ns.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                       "-out", csr, "-subj", "/", "-addext", f"subjectAltName=DNS:{NAME}"])
        p = client.order(csr)
        assert p.returncode != 0, p.stdout
        assert f"tabard prove {NAME}" in client.told(p), "the refusal tells the command"
        proved = prove(client, "--agree-tos")
        p = client.order(csr)
        assert p.returncode != 0, "a certificate for a key that was not proved"
        assert "was not proved under this name" in client.told(p), p.stdout
        p = client.order(proved)
        assert p.returncode == 0, p.stdout
        leaf = x509.load_pem_x509_certificate(client.certificate().encode())
        assert names(leaf) == [NAME] and ekus(leaf) == [CLIENT_AUTH]
        with open(proved, "rb") as f:
            request = x509.load_pem_x509_csr(f.read())
        assert leaf.public_key().public_bytes(*SPKI) == request.public_key().public_bytes(*SPKI)
        assert leaf.subject.rfc4514_string() == f"CN={NAME}"
    finally:
        client.close()
