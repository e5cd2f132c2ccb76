"""Alternate chains (RFC 8555 section 7.4.2): the issuing CA, certified by another CA too."""
import datetime
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from harness.acme import Client, Http01, csr
from harness.attack import refused
from harness.ca import program
from harness.clients import Certbot, Lego
from harness.x509 import load_chain, utc_now

NAME = "www.example.test"
OTHER = "Another Root"


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def ca_cert(subject, key, issuer, issuer_key, like=None, days=30, extensions=None):
    now = utc_now()
    b = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - datetime.timedelta(days=40),
                                now + datetime.timedelta(days=days))
    if like is not None:
        for e in like.extensions if extensions is None else extensions:
            if e.oid != x509.AuthorityKeyIdentifier.oid:
                b = b.add_extension(e.value, e.critical)
    else:
        b = b.add_extension(x509.BasicConstraints(True, None), True)
        b = b.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    return b.sign(issuer_key, hashes.SHA256())


class World:
    """A CA with another root, and cross certificates made as wanted."""

    def __init__(self, ca):
        self.ca = ca
        self.issuing = load_chain(ca.path("issuing-server.pem"))[0]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = ca_cert(name(OTHER), self.key.public_key(), name(OTHER), self.key)

    def cross(self, **kw):
        kw = {"subject": self.issuing.subject, "key": self.issuing.public_key(), "like": self.issuing, **kw}
        return ca_cert(issuer=self.root.subject, issuer_key=self.key, **kw)

    def use(self, *certs, raw=None):
        with open(self.ca.path("cross.pem"), "wb") as f:
            f.write(raw if raw is not None else b"".join(c.public_bytes(Encoding.PEM) for c in certs))

    def check(self):
        return self.ca.ns.run([program("tabardd"), "check-config", "--config", self.ca.config], check=False)


@pytest.fixture
def world(make_ca):
    return World(make_ca(edit=lambda t: re.sub(r"(?m)^alternate_chains:.*$",
                                               "alternate_chains:\n  - issuer: server\n    file: cross.pem", t)))


def alternates(r):
    return re.findall(r'<([^>]*)>;rel="alternate"', ", ".join(r.headers.get_all("Link")))


def test_every_chain_names_the_others(world, web):
    world.use(world.cross(), world.root)
    world.ca.start()
    cl = Client(world.ca)
    cl.register()
    url, order = cl.ready_order(web, [NAME])
    cert = cl.finalize(order, csr([NAME])).json()["certificate"]
    first = cl.post(cert, None)
    assert alternates(first) == [cert + "/1"]
    second = cl.post(cert + "/1", None)
    assert second.headers["Content-Type"] == "application/pem-certificate-chain"
    assert alternates(second) == [cert]
    a, b = load_chain(first.body), load_chain(second.body)
    assert a[0] == b[0] and [c.issuer for c in b[1:]] == [world.root.subject] * 2 and a[1] == world.issuing
    for bad in ("0", "2", "9", "10", "01", "-1", "x", "1/1", ""):
        r = cl.post(f"{cert}/{bad}", None)
        refused(r, "malformed", 404)
        assert alternates(r) == []
    other = Client(world.ca)
    other.register()
    refused(other.post(cert + "/1", None), "malformed", 404)
    other.close()
    cl.close()


def test_certbot_and_lego_choose_by_issuer(world):
    world.use(world.cross(), world.root)
    world.ca.start()
    for bot in (Certbot(world.ca), Certbot(world.ca, name="certbot2")):
        more = () if bot.dir.endswith("2") else ("--preferred-chain", OTHER)
        bot.run("certonly", "--standalone", "-d", NAME, *more)
        chain = load_chain(bot.live(NAME))
        assert (chain[1].issuer == world.root.subject) == bool(more)
    lego = Lego(world.ca)
    lego.run("--domains", NAME, "--http", "run", "--preferred-chain", OTHER)
    assert load_chain(lego.cert(NAME))[1].issuer == world.root.subject


def test_a_chain_that_is_none_stops_the_start(world):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    good = world.cross()
    world.use(good, world.root)
    assert world.check().returncode == 0, world.check().stdout
    bad = {
        "another subject": [world.cross(subject=name("x"))],
        "another key": [world.cross(key=key)],
        "other extended key usages": [world.cross(extensions=[e for e in world.issuing.extensions
                                                              if e.oid != x509.ExtendedKeyUsage.oid])],
        "did not sign the one before": [good, world.issuing],
        "not valid now": [world.cross(days=-1)],
        "more than 4": [good, world.root, world.root, world.root, world.root],
    }
    for why, certs in bad.items():
        world.use(*certs)
        p = world.check()
        assert p.returncode != 0 and why in p.stdout, (why, p.stdout)
    for raw in (b"", b"x", good.public_bytes(Encoding.PEM) + b"x", good.public_bytes(Encoding.DER)):
        world.use(raw=raw)
        assert world.check().returncode != 0, raw[:20]
    p = world.ca.ns.run([program("tabardd"), "run", "--config", world.ca.config], check=False, timeout=30)
    assert p.returncode != 0 and "cross.pem" in p.stdout
