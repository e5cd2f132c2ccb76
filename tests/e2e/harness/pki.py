"""Chains for the tests of verifiers: root, issuing CA and leaf, each with the extended key usages that are asked for."""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
from cryptography.x509.oid import NameOID

SERVER, CLIENT, ANY, EMAIL = Eku.SERVER_AUTH, Eku.CLIENT_AUTH, Eku.ANY_EXTENDED_KEY_USAGE, Eku.EMAIL_PROTECTION

# name: (leaf, issuing CA, root)
NINE = {
    "none": (None, None, None),
    "server": ([SERVER], None, None),
    "client": ([CLIENT], None, None),
    "both": ([SERVER, CLIENT], None, None),
    "any": ([ANY], None, None),
    "email": ([EMAIL], None, None),
    "both-under-server-ca": ([SERVER, CLIENT], [SERVER], None),
    "client-under-server-ca": ([CLIENT], [SERVER], None),
    "client-under-server-root": ([CLIENT], None, [SERVER]),
}
MORE = {
    "client-under-any-ca": ([CLIENT], [ANY], None),
    "server-under-client-ca": ([SERVER], [CLIENT], None),
    "server-under-email-ca": ([SERVER], [EMAIL], None),
    "server-under-client-root": ([SERVER], None, [CLIENT]),
}


class Pair:
    def __init__(self, cert, key):
        self.cert, self.key = cert, key

    def pem(self):
        return self.cert.public_bytes(Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make(subject, issuer=None, ekus=None, ca=False, names=("localhost",), days=(-1, 30), aki=False):
    """Self-signed without issuer. subject is a CN or an x509.Name; the names are critical when it is empty."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = subject if isinstance(subject, x509.Name) else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    builder = (x509.CertificateBuilder().subject_name(name)
               .issuer_name(issuer.cert.subject if issuer else name).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=days[0]))
               .not_valid_after(now + datetime.timedelta(days=days[1]))
               .add_extension(x509.BasicConstraints(ca, None), True)
               .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if ekus:
        builder = builder.add_extension(x509.ExtendedKeyUsage(ekus), False)
    if aki:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer or Pair(None, key)).key.public_key()), False)
    if not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), not list(name))
    return Pair(builder.sign((issuer or Pair(None, key)).key, hashes.SHA256()), key)


class Chain:
    """Files of one chain in a directory of its own."""

    def __init__(self, tmp, name, shape, days=(-1, 30)):
        leaf, issuing, root = shape
        self.name = name
        self.root = make(f"root of {name}", None, root, True)
        self.ca = make(f"ca of {name}", self.root, issuing, True)
        self.leaf = make(f"leaf of {name}", self.ca, leaf, days=days)
        self.dir = os.path.join(str(tmp), name)
        os.makedirs(self.dir)
        self.chain_file = self._write("chain.pem", self.leaf.pem() + self.ca.pem())
        self.root_file = self._write("root.pem", self.root.pem())
        self.ca_file = self._write("ca.pem", self.ca.pem())
        self.leaf_file = self._write("leaf.pem", self.leaf.pem())
        self.key_file = self._write("key.pem", self.leaf.key_pem())

    def _write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path
