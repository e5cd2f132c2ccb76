"""tls-alpn-01, addresses as identifiers and dns-account-01, by clients and responders that are not ours."""
import base64
import datetime
import hashlib
import ipaddress
import os
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from harness.acme import Client, Http01, b64u, csr
from harness.clients import Lego
from harness.x509 import load_chain, names, utc_now

ACME_IDENTIFIER = ObjectIdentifier("1.3.6.1.5.5.7.1.31")


def acme_cert(name, digest, critical=True, extra=(), oid=ACME_IDENTIFIER):
    """(certificate, key) as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "c4n4ry")])
    try:
        san = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    now = utc_now()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([san, *extra]), False)
            .add_extension(x509.UnrecognizedExtension(oid, b"\x04\x20" + digest), critical)
            .sign(key, hashes.SHA256()))
    return (cert.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()))


class TlsAlpn01:
    """Shows one certificate to whoever offers acme-tls/1; a thread per test."""

    def __init__(self, ns, tmp, address="127.0.0.1", port=443):
        self.tmp = str(tmp)
        self.context = None
        self.seen = []
        self.sock = ns.listen(address, port)
        threading.Thread(target=self._serve, daemon=True).start()

    def show(self, cert_and_key, alpn="acme-tls/1", newest=ssl.TLSVersion.TLSv1_3):
        path = os.path.join(self.tmp, f"alpn-{len(os.listdir(self.tmp))}.pem")
        with open(path, "wb") as f:
            f.write(b"".join(cert_and_key))
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if newest < ssl.TLSVersion.TLSv1_2:
            c.set_ciphers("ALL:@SECLEVEL=0")
            c.minimum_version = newest
        c.maximum_version = newest
        c.load_cert_chain(path)
        if alpn:
            c.set_alpn_protocols([alpn])
        c.sni_callback = lambda sock, name, ctx: self.seen.append(name)
        self.context = c

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        conn.settimeout(10)
        try:
            with self.context.wrap_socket(conn, server_side=True) as tls:
                tls.recv(1)
        except OSError:
            pass

    def close(self):
        self.sock.close()


@pytest.fixture
def responder(ns, tmp_path):
    r = TlsAlpn01(ns, tmp_path)
    yield r
    r.close()


@pytest.fixture
def client(ca):
    c = Client(ca)
    assert c.register().status == 201
    yield c
    c.close()


def challenge_of(client, order, kind):
    url = order["authorizations"][0]
    authz = client.post(url, None).json()
    return url, next(c for c in authz["challenges"] if c["type"] == kind)


def digest_of(client, ch):
    return hashlib.sha256(client.key_authorization(ch["token"]).encode()).digest()


def respond(client, authz_url, ch):
    """The challenge as it ended."""
    client.post(ch["url"], {})
    authz = client.wait(authz_url, lambda o: o["status"] not in ("pending", "processing"))
    return next(c for c in authz["challenges"] if c["url"] == ch["url"])


def finish(client, r, idents):
    done = client.finalize(client.post(r.location, None).json(), csr(idents))
    assert done.status == 200, done.body
    order = client.wait(r.location, lambda o: o["status"] != "processing")
    return load_chain(client.post(order["certificate"], None).body)[0]


@pytest.mark.interop("lego", "issue by tls-alpn-01")
def test_lego_by_tls(ca):
    lego = Lego(ca)
    lego.run("--domains", "www.example.test", "--tls", "run")
    assert names(load_chain(lego.cert("www.example.test"))[0]) == ["www.example.test"]
    assert 'method="tls-alpn-01"' in ca.log() or "method=tls-alpn-01" in ca.log()


def test_a_raw_responder(client, responder):
    r = client.new_order(["www.example.test"])
    url, ch = challenge_of(client, r.json(), "tls-alpn-01")
    responder.show(acme_cert("www.example.test", digest_of(client, ch)))
    assert respond(client, url, ch)["status"] == "valid"
    assert responder.seen == ["www.example.test"]
    assert names(finish(client, r, ["www.example.test"])) == ["www.example.test"]


OLD_TLS = {"newest": ssl.TLSVersion.TLSv1_1}

WRONG = {
    "digest": ("incorrectResponse", lambda d: acme_cert("www.example.test", bytes(32)), {}),
    "name": ("unauthorized", lambda d: acme_cert("example.test", d), {}),
    "extra-san": ("unauthorized", lambda d: acme_cert("www.example.test", d, extra=[x509.DNSName("example.test")]), {}),
    "not-critical": ("unauthorized", lambda d: acme_cert("www.example.test", d, critical=False), {}),
    "obsolete-oid": ("unauthorized",
                     lambda d: acme_cert("www.example.test", d, oid=ObjectIdentifier("1.3.6.1.5.5.7.1.30.1")), {}),
    "no-alpn": ("unauthorized", lambda d: acme_cert("www.example.test", d), {"alpn": None}),
    "other-alpn": ("unauthorized", lambda d: acme_cert("www.example.test", d), {"alpn": "h2"}),
    "old-tls": ("tls", lambda d: acme_cert("www.example.test", d), OLD_TLS),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", sorted(WRONG))
def test_invariant_02_tls_alpn_refusals(ca, client, responder, case):
    kind, make, how = WRONG[case]
    r = client.new_order(["www.example.test"])
    url, ch = challenge_of(client, r.json(), "tls-alpn-01")
    responder.show(make(digest_of(client, ch)), **how)
    ended = respond(client, url, ch)
    assert ended["status"] == "invalid"
    assert ended["error"]["type"].endswith(":" + kind), ended
    assert "c4n4ry" not in str(ended) and "c4n4ry" not in ca.log()


def ordinary_cert(name):
    """What a host shows to everybody, for every name and protocol."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = utc_now()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(key, hashes.SHA256()))
    return (cert.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()))


class Echo(dict):
    """Answers of a host that gives for every path what the path ends in, as a page for what is not there may do."""

    def __init__(self, tail=""):
        super().__init__()
        self.tail = tail

    def get(self, token, default=None):
        return token + self.tail


def test_invariant_03_a_default_virtual_host_proves_nothing(ns, client, responder):
    """A certificate for the name without acmeIdentifier, and a page that repeats what was asked for, are no answers."""
    r = client.new_order(["www.example.test"])
    url, ch = challenge_of(client, r.json(), "tls-alpn-01")
    responder.show(ordinary_cert("www.example.test"))
    assert respond(client, url, ch)["error"]["type"].endswith(":unauthorized")
    web = Http01(ns)
    for tail in ("", ".", "." + "A" * 43):
        web.answers = Echo(tail)
        r = client.new_order(["www.example.test"])
        url, ch = challenge_of(client, r.json(), "http-01")
        assert respond(client, url, ch)["error"]["type"].endswith(":incorrectResponse")
    web.close()


def test_invariant_03_nothing_is_looked_at_before_the_client_says_so(ns, client):
    """An answer that lies there proves nothing by itself."""
    web = Http01(ns)
    r = client.new_order(["www.example.test"])
    url, ch = challenge_of(client, r.json(), "http-01")
    web.answers[ch["token"]] = client.key_authorization(ch["token"])
    other = client.new_order(["api.example.test"])
    assert respond(client, *challenge_of(client, other.json(), "http-01"))["status"] == "invalid"
    assert client.post(url, None).json()["status"] == "pending"
    assert [ch["token"] in path for path in web.seen] == [False]
    assert respond(client, url, ch)["status"] == "valid"
    web.close()


@pytest.fixture
def short(ca):
    c = Client(ca, directory=ca.profile_url("shortlived"))
    assert c.register().status == 201
    yield c
    c.close()


def ip_order(client, *addresses):
    r = client.new_order([{"type": "ip", "value": a} for a in addresses])
    assert r.status == 201, r.body
    return r


# Debian's lego sends addresses as type dns, so the client here is the raw one.
def test_an_address_by_tls(short, responder):
    r = ip_order(short, "127.0.0.1")
    assert r.json()["identifiers"] == [{"type": "ip", "value": "127.0.0.1"}]
    url, ch = challenge_of(short, r.json(), "tls-alpn-01")
    authz = short.post(url, None).json()
    assert sorted(c["type"] for c in authz["challenges"]) == ["http-01", "tls-alpn-01"]
    responder.show(acme_cert("127.0.0.1", digest_of(short, ch)))
    assert respond(short, url, ch)["status"] == "valid"
    assert responder.seen == ["1.0.0.127.in-addr.arpa"]
    leaf = finish(short, r, [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    assert names(leaf) == ["127.0.0.1"]


def test_an_ipv6_address_by_http(ns, make_ca):
    ca = make_ca(allow_private=("127.0.0.0/8", "::1/128")).start()
    web = Http01(ns, address="::1")
    c = Client(ca, directory=ca.profile_url("shortlived"))
    assert c.register().status == 201
    r = ip_order(c, "::1")
    assert c.prove_http(web, r.json())[0]["status"] == "valid"
    assert names(finish(c, r, [x509.IPAddress(ipaddress.ip_address("::1"))])) == ["::1"]
    c.close()
    web.close()


def test_addresses_that_are_refused(client, short):
    r = client.new_order([{"type": "ip", "value": "127.0.0.1"}])
    assert (r.status, r.problem) == (400, "rejectedIdentifier"), r.body  # the server profile has names only
    for bad in ("127.0.0.01", "::ffff:127.0.0.1", "fe80::1%lo", "[::1]", "127.1", "example.test"):
        r = short.new_order([{"type": "ip", "value": bad}])
        assert r.problem == "rejectedIdentifier", (bad, r.body)
    r = ip_order(short, "10.0.0.1")  # no zone opens it
    url, ch = challenge_of(short, r.json(), "http-01")
    assert respond(short, url, ch)["error"]["type"].endswith(":connection")


def test_a_csr_for_another_address_is_refused(short, responder):
    r = ip_order(short, "127.0.0.1")
    url, ch = challenge_of(short, r.json(), "tls-alpn-01")
    responder.show(acme_cert("127.0.0.1", digest_of(short, ch)))
    assert respond(short, url, ch)["status"] == "valid"
    order = short.post(r.location, None).json()
    other = [x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
    assert short.finalize(order, csr(other)).problem == "badCSR"


def test_dns_account_01(ns, dns, make_ca):
    ca = make_ca(edit=lambda t: t.replace("methods: [http-01,", "methods: [dns-account-01, http-01,")).start()
    c = Client(ca)
    assert c.register().status == 201
    r = c.new_order(["*.example.test"])
    url, ch = challenge_of(c, r.json(), "dns-account-01")
    label = base64.b32encode(hashlib.sha256(c.kid.encode()).digest()[:10]).decode().lower()
    dns.update("example.test", f"add _{label}._acme-challenge.example.test. 1 TXT {b64u(digest_of(c, ch))}")
    assert respond(c, url, ch)["status"] == "valid"
    assert names(finish(c, r, ["*.example.test"])) == ["*.example.test"]
    c.close()
