"""The applicant's side of tls-client-01 (doc/tls-client-01.md), made piece by piece: for proofs that no client should make."""
import base64
import datetime
import hashlib
import socket
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .x509 import CLIENT_AUTH

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
PROTOCOL = "acme-tls-client/1"


def tag(token):
    return base64.b32encode(hashlib.sha256(token.encode()).digest()[:10]).decode().lower()


def use_digest(key_authorization):
    return hashlib.sha256(b"tls-client-01\0" + key_authorization.encode()).digest()


def alpn_digest(key_authorization):
    return hashlib.sha256(key_authorization.encode()).digest()


def certificate(key, name, digest, ekus=(CLIENT_AUTH,)):
    """Section 4.3, and others: ekus may be empty, digest None."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    subject = x509.Name([])
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
         .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
         .not_valid_after(now + datetime.timedelta(hours=1))
         .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), True))
    if ekus:
        b = b.add_extension(x509.ExtendedKeyUsage(list(ekus)), False)
    if digest:
        b = b.add_extension(x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + digest), True)
    return b.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def key_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Conversation:
    """One connection to a responder. sent: the octets that went out; line: the responder's, or None; error: how it ended."""

    def __init__(self, host, ca, responder, token, cert=None, key=None, alpn=PROTOCOL, source=None):
        self.sent, self.line, self.error = b"", None, None
        context = ssl.create_default_context(cafile=ca.root)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if alpn:
            context.set_alpn_protocols([alpn])
        if cert:
            with tempfile.NamedTemporaryFile(dir=host.tmp) as f:
                f.write(cert + key_pem(key))
                f.flush()
                context.load_cert_chain(f.name)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_hostname=f"{tag(token)}.{responder.rsplit(':', 1)[0]}")
        self.sock = dial(host, ca, responder, source)
        try:
            self._drive(self.tls.do_handshake)
            self.line = self._read().decode() or None
        except (ssl.SSLError, ConnectionError, EOFError) as e:
            self.error = str(e) or type(e).__name__
        finally:
            self.sock.close()

    def _read(self):
        got = b""
        try:
            while more := self._drive(lambda: self.tls.read(256)):
                got += more
        except ssl.SSLZeroReturnError:
            pass
        return got

    def _drive(self, step):
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self.sock.recv(65536)
                if not data:
                    raise EOFError("closed")
                self.inward.write(data)
            except ssl.SSLError:
                self._flush()
                raise

    def _flush(self):
        data = self.outward.read()
        if data:
            self.sent += data
            self.sock.sendall(data)


def dial(host, ca, responder, source=None):
    """The responder is on the CA's host."""
    address = ca.address6 if source and ":" in source else ca.address
    port = int(responder.rsplit(":", 1)[1])
    return host.inside(lambda: socket.create_connection((address, port), timeout=30,
                                                        source_address=(source, 0) if source else None))


def replay(host, ca, responder, octets):
    """What a responder sends to recorded octets, until it closes."""
    got = b""
    with dial(host, ca, responder) as sock:
        try:
            sock.sendall(octets)
            while more := sock.recv(65536):
                got += more
        except ConnectionError:
            pass
    return got


class UseChallenge:
    """A use authorization of an account (harness.acme.Client), made by newAuthz or found in an order."""

    def __init__(self, client, name, url=None, new_authz=None):
        self.client, self.name, self.url = client, name, url
        if url is None:
            r = client.post(new_authz or client.dir["newAuthz"], {"identifier": {"type": "dns", "value": name}, "proves": "use",
                                                     "purposes": ["clientAuth"]})
            assert r.status == 201, r.body
            self.url = r.location
        self.authz = client.post(self.url, None).json()
        self.challenge, = self.authz["challenges"]
        assert self.challenge["type"] == "tls-client-01" and self.authz["proves"] == "use"
        self.token = self.challenge["token"]
        self.responder = self.challenge["responders"][0]

    @property
    def key_authorization(self):
        return self.client.key_authorization(self.token)

    def arm(self):
        r = self.client.post(self.challenge["url"], {})
        assert r.status == 200, r.body
        return r.json()

    def connect(self, host, key, **more):
        """As an honest client would, but for what is given otherwise."""
        cert = more.pop("cert", None) or certificate(key, self.name, more.pop("digest", use_digest(self.key_authorization)),
                                                     more.pop("ekus", (CLIENT_AUTH,)))
        return Conversation(host, self.client.ca, self.responder, self.token, cert, key, **more)

    def status(self):
        return self.client.post(self.url, None).json()["status"]

    def error(self):
        """The refusal that is recorded; it comes a moment after the responder's line."""
        found = self.client.wait(self.url, lambda a: "error" in a["challenges"][0])
        return found["challenges"][0]["error"]

    def ended(self, seconds=30):
        return self.client.wait(self.url, lambda a: a["status"] not in ("pending", "processing"), seconds)["status"]


def new_key():
    return ec.generate_private_key(ec.SECP256R1())
