"""An applicant of tls-client-01 that is not ours: certificates good and bad, and a TLS client that shows them."""
import datetime
import hashlib
import ipaddress
import os
import socket
import ssl
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from .responder import PROTOCOL, tag
from .x509 import utc_now

ACME_IDENTIFIER = ObjectIdentifier("1.3.6.1.5.5.7.1.31")
CLIENT_AUTH, SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def use_digest(authorization):
    return hashlib.sha256(b"tls-client-01\0" + authorization.encode()).digest()


def general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def use_cert(name, digest, key=None, signer=None, ekus=(CLIENT_AUTH,), names=None, critical=True, extra=(), subject="c4n4ry",
             issuer=None):
    """(DER, key): what section 4.3 demands, unless told otherwise."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = utc_now()
    b = (x509.CertificateBuilder().subject_name(subject_name)
         .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]) if issuer else subject_name)
         .public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(now)
         .not_valid_after(now + datetime.timedelta(days=1)))
    names = [name] if names is None else names
    if names:
        b = b.add_extension(x509.SubjectAlternativeName([general_name(n) for n in names]), False)
    if ekus:
        b = b.add_extension(x509.ExtendedKeyUsage(list(ekus)), False)
    if digest is not None:
        b = b.add_extension(x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + digest), critical)
    for ext, is_critical in extra:
        b = b.add_extension(ext, is_critical)
    algorithm = None if "Ed25519" in type(key).__name__ else hashes.SHA256()
    return b.sign(signer or key, algorithm).public_bytes(serialization.Encoding.DER), key


def proxy_header(source, port, to="127.0.0.1", to_port=14002, command=0x21, more=b""):
    """PROXY protocol version 2."""
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(to)
    body = a.packed + b.packed + struct.pack(">HH", port, to_port) + more
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, 0x11 if a.version == 4 else 0x21]) + struct.pack(">H", len(body)) + body


def pem(der):
    return ssl.DER_cert_to_PEM_cert(der).encode()


class Applicant:
    """Connects to a responder from the namespace that it is given."""

    def __init__(self, ns, responder, address=None, port=None):
        self.ns = ns
        self.responder = responder
        self.address = address or responder.listen[0]
        self.port = port or responder.listen[1]
        self.num = 0

    def context(self, der=None, key=None, alpn=(PROTOCOL,), chain=(), newest=ssl.TLSVersion.TLSv1_3):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.load_verify_locations(self.responder.ca.root)
        c.minimum_version = ssl.TLSVersion.TLSv1_2
        c.maximum_version = newest
        if alpn:
            c.set_alpn_protocols(list(alpn))
        if der is not None:
            self.num += 1
            path = os.path.join(self.ns.tmp, f"applicant-{id(self)}-{self.num}.pem")
            with open(path, "wb") as f:
                f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
                f.write(pem(der) + b"".join(pem(x) for x in chain))
            c.load_cert_chain(path)
        return c

    def socket(self, source=None, source_port=0, timeout=20):
        return self.ns.inside(lambda: socket.create_connection((self.address, self.port), timeout=timeout,
                                                               source_address=(source, source_port) if source else None))

    def name_of(self, token):
        return f"{tag(token)}.{self.responder.host}"

    def show(self, token, der=None, key=None, source=None, source_port=0, name=None, header=b"", **how):
        """The responder's line without its end; an alert or the end of the connection is an exception."""
        context = self.context(der, key, **how)
        with self.socket(source, source_port) as s:
            for octet in header:  # one by one: a header may come in pieces
                s.sendall(bytes([octet]))
            return self._show(context, s, name or self.name_of(token))

    @staticmethod
    def _show(context, s, name):
        with context.wrap_socket(s, server_hostname=name) as tls:
            text = b""
            while True:
                more = tls.recv(4096)
                if not more:
                    break
                text += more
        assert text.endswith(b"\n") and text.count(b"\n") == 1, text
        return text[:-1].decode()

    def alert(self, token, *args, **how):
        """What the responder said instead of a line."""
        try:
            line = self.show(token, *args, **how)
        except ssl.SSLError as e:
            return e.reason or str(e).upper().replace(" ", "_")  # one that this OpenSSL has no word for
        except ConnectionError as e:
            return type(e).__name__
        raise AssertionError(line)

    def prove(self, account, name, token, **how):
        """A sound proof; what show takes is taken."""
        der, key = use_cert(name, use_digest(account.authorization(token)))
        return self.show(token, der, key, **how), key
