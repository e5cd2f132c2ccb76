#!/usr/bin/env python3
"""Seeds of the vcert target, with fresh keys: fuzz/vcert_seeds.py (from the root of the tree)."""
import datetime
import os
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

OUT = 'fuzz/corpus/vcert'
CHAINS = ('sound', 'akid-mismatch', 'critical-unknown', 'nc-outside', 'nc-excluded', 'cross-sign-two-roots')


def write(name, der):
    with open(os.path.join(OUT, name), 'wb') as f:
        f.write(der)


def extensions(key):
    yield x509.BasicConstraints(True, 1), True
    yield x509.KeyUsage(True, False, False, False, False, True, True, False, False), True
    yield x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), False
    yield x509.SubjectAlternativeName([x509.DNSName('a.example.test'), x509.RFC822Name('a@example.test')]), False
    yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False
    uri = x509.UniformResourceIdentifier('http://ca.example/0.crl')
    yield x509.CRLDistributionPoints([x509.DistributionPoint([uri], None, None, None)]), False


def mint(key, digest, with_extensions=True):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'fuzz')])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
               .serial_number(0x1234567890).not_valid_before(datetime.datetime(2026, 1, 1))
               .not_valid_after(datetime.datetime(2046, 1, 1)))
    for ext, critical in extensions(key) if with_extensions else ():
        builder = builder.add_extension(ext, critical)
    return builder.sign(key, digest).public_bytes(Encoding.DER)


def swap(der, old, new):
    assert old in der and len(old) == len(new)
    return der.replace(old, new, 1)


def main():
    os.makedirs(OUT, exist_ok=True)
    for chain in CHAINS:
        path = f'tests/objects/chains/{chain}.pem'
        if os.path.exists(path):
            with open(path, 'rb') as f:
                blocks = re.findall(b'-----BEGIN CERT.*?-----END CERTIFICATE-----', f.read(), re.S)
            for i, block in enumerate(blocks[:2]):
                write(f'{chain}-{i}', x509.load_pem_x509_certificate(block).public_bytes(Encoding.DER))
    p256 = ec.generate_private_key(ec.SECP256R1())
    r2048 = rsa.generate_private_key(65537, 2048)
    good = mint(p256, hashes.SHA256())
    write('p256', good)
    write('p384', mint(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()))
    write('p521-openssl-reads', mint(ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()))
    write('rsa2048', mint(r2048, hashes.SHA256()))
    write('rsa2048-sha512', mint(r2048, hashes.SHA512()))
    write('ed25519', mint(ed25519.Ed25519PrivateKey.generate(), None))
    write('ed448-openssl-reads', mint(ed448.Ed448PrivateKey.generate(), None))
    write('no-extensions', mint(p256, hashes.SHA256(), False))
    write('hostile-empty', b'')
    write('hostile-truncated', good[:-1])
    write('hostile-trailing', good + b'\0')
    x = p256.public_key().public_numbers().x.to_bytes(32, 'big')
    write('hostile-off-curve', swap(good, x, bytes([x[0] ^ 1]) + x[1:]))
    write('hostile-critical-false', swap(good, bytes.fromhex('0603551d130101ff'), bytes.fromhex('0603551d13010100')))
    write('hostile-nul-in-san', swap(good, b'a.example.test', b'a\0example.test'))
    write('hostile-negative-serial', swap(good, bytes.fromhex('020512'), bytes.fromhex('0205ff')))
    write('hostile-version-4', swap(good, bytes.fromhex('a003020102'), bytes.fromhex('a003020103')))


if __name__ == '__main__':
    main()
