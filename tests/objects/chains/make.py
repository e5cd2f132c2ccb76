#!/usr/bin/env python3
"""Make the chains of this directory anew: one PEM file a case, leaf first, and index.txt, which says what the strict
rule answers for each role.  roots.pem holds the anchors.  Needs python3-cryptography and openssl."""
import datetime as dt
import ipaddress
import os
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as E, NameOID, ObjectIdentifier as Oid

HERE = os.path.dirname(os.path.abspath(__file__))
START = dt.datetime(2026, 1, 1)
END = dt.datetime(2046, 1, 1)
CLIENT, SERVER, ANY, MAIL = E.CLIENT_AUTH, E.SERVER_AUTH, E.ANY_EXTENDED_KEY_USAGE, E.EMAIL_PROTECTION
index = []


def der(tag, body):
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(size)]) + size + body


def san(*names):
    """Raw GeneralNames: text is a DNS name, an ipaddress an address, (tag, bytes) anything."""
    body = b''
    for n in names:
        if isinstance(n, str):
            body += der(0x82, n.encode())
        elif isinstance(n, bytes):
            body += der(0x82, n)
        elif isinstance(n, tuple):
            body += der(*n)
        else:
            body += der(0x87, n.packed)
    return der(0x30, body)


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]) if cn else x509.Name([])


class Cert:
    """One certificate and its key; issuer None is self-signed."""

    def __init__(self, cn, issuer=None, key=None, ca=False, eku=None, names=None, pathlen=None, start=START, end=END,
                 ku=None, extra=(), constraints=None, sign_key=None, basic=True, akid=None, skid=True, subject=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.subject = subject or name(cn)
        up = issuer or self
        b = x509.CertificateBuilder(issuer_name=up.subject, subject_name=self.subject, public_key=self.key.public_key(),
                                    serial_number=x509.random_serial_number(), not_valid_before=start,
                                    not_valid_after=end)
        if basic:
            b = b.add_extension(x509.BasicConstraints(ca, pathlen if ca else None), True)
        if ku is None and ca:
            ku = dict(sign=True, crl=True)
        if ku is not None:
            b = b.add_extension(x509.KeyUsage(ku.get('dig', False), False, False, False, False, ku.get('sign', False),
                                              ku.get('crl', False), False, False), True)
        if eku is not None:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), False)
        if names is not None:
            b = b.add_extension(x509.UnrecognizedExtension(Oid('2.5.29.17'), names), False)
        if skid:
            b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        if akid is not None:
            b = b.add_extension(x509.AuthorityKeyIdentifier(akid, None, None), False)
        if constraints is not None:
            b = b.add_extension(constraints, True)
        for oid, value, crit in extra:
            b = b.add_extension(x509.UnrecognizedExtension(Oid(oid), value), crit)
        self.cert = b.sign(sign_key or up.key, hashes.SHA256())
        self.der = self.cert.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()


def write(file, *certs):
    with open(os.path.join(HERE, file), 'w', encoding='ascii') as f:
        f.write(''.join(c if isinstance(c, str) else c.pem for c in certs))


def case(file, client, server, *certs):
    write(file + '.pem', *certs)
    index.append(f'{file} {client} {server}')


def leaf(issuer, names=san('a.example.test'), eku=(CLIENT, SERVER), cn='leaf', **kw):
    return Cert(cn, issuer, eku=list(eku) if eku is not None else None, names=names, **kw)


def purposes(root, issuing, issuing_server, root_server):
    kinds = {'none': (None, 'eku-absent', 'eku-absent'), 'server': ([SERVER], 'eku-other', 'chain-sound'),
             'client': ([CLIENT], 'chain-sound', 'eku-other'), 'both': ([SERVER, CLIENT], 'chain-sound', 'chain-sound'),
             'any': ([ANY], 'eku-any', 'eku-any'), 'any-and-both': ([ANY, CLIENT, SERVER], 'eku-any', 'eku-any'),
             'email': ([MAIL], 'eku-email-only', 'eku-email-only'),
             'email-and-client': ([MAIL, CLIENT], 'chain-sound', 'eku-other'),
             'codesign': ([E.CODE_SIGNING], 'eku-other', 'eku-other')}
    for kind, (eku, client, server) in kinds.items():
        case('eku-' + kind, client, server, leaf(issuing, eku=eku), issuing)
    case('eku-both-under-server', 'eku-issuer', 'chain-sound', leaf(issuing_server), issuing_server)
    case('eku-client-under-server', 'eku-issuer', 'eku-other', leaf(issuing_server, eku=[CLIENT]), issuing_server)
    i = Cert('Issuing any', root, ca=True, eku=[ANY])
    case('eku-under-any', 'eku-issuer-any', 'eku-issuer-any', leaf(i), i)
    i = Cert('Issuing without EKU', root, ca=True)
    case('eku-under-none', 'chain-sound', 'chain-sound', leaf(i), i)
    middle = Cert('Middle server', root, ca=True, eku=[SERVER])
    low = Cert('Low both', middle, ca=True, eku=[SERVER, CLIENT])
    case('eku-missing-in-intermediate', 'eku-issuer', 'chain-sound', leaf(low), low, middle)
    i = Cert('Under server root', root_server, ca=True, eku=[CLIENT, SERVER])
    case('eku-client-under-server-root', 'eku-anchor', 'eku-other', leaf(i, eku=[CLIENT]), i)


def names_cases(issuing):
    def one(file, reason, value):
        case('san-' + file, reason, reason, leaf(issuing, names=value), issuing)

    one('nul', 'san-nul', san(b'good.example.test\0.evil.test'))
    one('trailing-dot', 'san-trailing-dot', san('a.example.test.'))
    one('empty-label', 'san-empty-label', san('a..example.test'))
    one('leading-dot', 'san-empty-label', san('.example.test'))
    one('empty', 'san-empty-label', san(b''))
    one('star', 'san-wildcard', san('*'))
    one('star-com', 'san-wildcard', san('*.com'))
    one('star-inside', 'san-wildcard', san('f*o.example.test'))
    one('star-prefix', 'san-wildcard', san('*a.example.test'))
    one('star-two', 'san-wildcard', san('*.*.example.test'))
    one('star-second', 'san-wildcard', san('a.*.example.test'))
    one('star-good', 'chain-sound', san('*.example.test'))
    one('u-label', 'san-not-ascii', san('b\u00fccher.example.test'))
    one('homograph-raw', 'san-not-ascii', san('\u0430.example.test'))
    one('homograph', 'chain-sound', san('xn--80a.example.test'))
    one('space', 'san-malformed', san('a .example.test'))
    one('underscore', 'san-malformed', san('a_b.example.test'))
    one('label-64', 'san-malformed', san('a' * 64 + '.example.test'))
    one('label-63', 'chain-sound', san('a' * 63 + '.example.test'))
    one('ip-5', 'san-malformed', san((0x87, b'12345')))
    one('ip-mapped', 'san-malformed', san(ipaddress.ip_address('::ffff:192.0.2.1')))
    one('ip', 'chain-sound', san(ipaddress.ip_address('192.0.2.1'), ipaddress.ip_address('2001:db8::1')))
    one('uri', 'chain-sound', san((0x86, b'spiffe://example.test/orders')))
    one('uri-nul', 'san-nul', san((0x86, b'spiffe://example.test/orders\0x')))
    one('uri-relative', 'san-malformed', san((0x86, b'orders')))
    one('email-nul', 'san-nul', san('a.example.test', (0x81, b'a\0@example.test')))
    one('good-and-nul', 'san-nul', san('a.example.test', b'x\0y'))
    one('upper-case', 'chain-sound', san('A.Example.TEST'))
    one('max', 'chain-sound', san(*[f'n{i}.example.test' for i in range(100)]))
    one('too-many', 'san-too-many', san(*[f'n{i}.example.test' for i in range(101)]))
    one('no-names', 'san-absent', san())
    case('san-absent', 'san-absent', 'san-absent', leaf(issuing, names=None, cn='a.example.test'), issuing)
    many = [f'n{i}.example.test' for i in range(5)] + ['b.example.test']
    one('order-1', 'chain-sound', san(*many))
    one('order-2', 'chain-sound', san(*reversed(many)))
    one('two-accounts-1', 'chain-sound', san('a.example.test', 'b.example.test'))
    one('two-accounts-2', 'chain-sound', san('b.example.test', 'a.example.test'))


def path_cases(root, root_b, issuing):
    stranger = Cert('Stranger root', ca=True)
    case('no-issuer', 'no-issuer', 'no-issuer', leaf(stranger))
    case('issuer-missing', 'no-issuer', 'no-issuer', leaf(issuing))
    case('untrusted-root', 'self-signed', 'self-signed', leaf(stranger), stranger)
    case('self-signed-leaf', 'self-signed', 'self-signed', leaf(None))
    case('root-in-chain', 'chain-sound', 'chain-sound', leaf(issuing), issuing, root)
    case('wrong-order', 'chain-sound', 'chain-sound', leaf(issuing), root, stranger, issuing)
    case('other-ca', 'chain-sound', 'chain-sound', leaf(root_b), )
    forged = leaf(issuing, sign_key=stranger.key)
    case('signature-forged', 'signature', 'signature', forged, issuing)
    fake = Cert('Issuing', root, ca=True, eku=[CLIENT, SERVER], sign_key=stranger.key)
    case('intermediate-forged', 'signature', 'signature', leaf(fake), fake)
    # Two CAs certify each other, and nobody else certifies them.
    one, two = Cert('Loop one', ca=True), Cert('Loop two', ca=True)
    a = Cert('Loop one', two, key=one.key, ca=True)
    b = Cert('Loop two', one, key=two.key, ca=True)
    case('loop', 'path-loop', 'path-loop', leaf(one), a, b)
    # ... and here a way out of the loop exists.
    way = Cert('Loop two', root, key=two.key, ca=True)
    case('loop-with-way-out', 'chain-sound', 'chain-sound', leaf(one), a, b, way)
    # A cross-signed CA: one way ends nowhere, the other in an anchor.
    cross = Cert('Cross', ca=True)
    bad, good = Cert('Cross', stranger, key=cross.key, ca=True), Cert('Cross', root, key=cross.key, ca=True)
    case('cross-sign-bad-first', 'chain-sound', 'chain-sound', leaf(cross), bad, good, stranger)
    case('cross-sign-good-first', 'chain-sound', 'chain-sound', leaf(cross), good, stranger, bad)
    case('cross-sign-two-roots', 'chain-sound', 'chain-sound', leaf(cross), good,
         Cert('Cross', root_b, key=cross.key, ca=True))
    expired = Cert('Cross', root, key=cross.key, ca=True, end=dt.datetime(2026, 2, 1))
    case('cross-sign-one-expired', 'chain-sound', 'chain-sound', leaf(cross), expired, good)
    case('cross-sign-expired', 'expired', 'expired', leaf(cross), expired)
    # Same name, different keys: only the signature tells.
    same = [Cert('Same name', root, ca=True, skid=False) for _ in range(15)]
    case('same-name-15', 'chain-sound', 'chain-sound', leaf(same[7], skid=False), *same)
    # One name, fifteen keys, each certified by the next: every step tries all of them.
    ring_keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(15)]
    ring = [Cert('Ring', ca=True, key=ring_keys[i], sign_key=ring_keys[(i + 1) % 15], skid=False) for i in range(15)]
    case('ring-15', 'path-too-costly', 'path-too-costly', leaf(ring[0], skid=False), *ring)
    case('chain-17', 'chain-too-long', 'chain-too-long', leaf(issuing), issuing, *same)
    # All of one key and one name: every order is a path that ends nowhere.
    knots = [Cert(f'Knot {i}', ca=True, key=ec.generate_private_key(ec.SECP256R1())) for i in range(4)]
    mesh = [Cert(f'Knot {i}', knots[j], key=knots[i].key, ca=True) for i in range(4) for j in range(4) if i != j]
    case('mesh', 'path-loop', 'path-loop', leaf(knots[0]), *mesh)
    for n in (8, 9):
        chain = [Cert('Deep 0', root, ca=True)]
        for i in range(1, n):
            chain.append(Cert(f'Deep {i}', chain[-1], ca=True))
        want = 'chain-sound' if n == 8 else 'path-too-deep'
        case(f'deep-{n}', want, want, leaf(chain[-1]), *reversed(chain))
    case('akid-mismatch', 'no-issuer', 'no-issuer', leaf(issuing, akid=b'\1' * 20), issuing)


def rule_cases(root, issuing):
    old = dict(start=dt.datetime(2026, 1, 1), end=dt.datetime(2026, 2, 1))
    late = dict(start=dt.datetime(2040, 1, 1))
    case('expired-leaf', 'expired', 'expired', leaf(issuing, **old), issuing)
    case('future-leaf', 'not-yet-valid', 'not-yet-valid', leaf(issuing, **late), issuing)
    i = Cert('Old issuing', root, ca=True, **old)
    case('expired-intermediate', 'expired', 'expired', leaf(i), i)
    i = Cert('Not a CA', root, ca=False, ku=dict(dig=True))
    case('not-a-ca', 'not-a-ca', 'not-a-ca', leaf(i), i)
    i = Cert('No basic', root, ca=False, basic=False)
    case('no-basic-constraints', 'not-a-ca', 'not-a-ca', leaf(i), i)
    i = Cert('No certSign', root, ca=True, ku=dict(dig=True, crl=True))
    case('no-cert-sign', 'key-usage', 'key-usage', leaf(i), i)
    case('leaf-is-ca', 'leaf-is-ca', 'leaf-is-ca', leaf(issuing, ca=True), issuing)
    case('leaf-key-usage', 'key-usage', 'key-usage', leaf(issuing, ku=dict(crl=True)), issuing)
    p0 = Cert('Pathlen 0', root, ca=True, pathlen=0)
    below = Cert('Below pathlen 0', p0, ca=True)
    case('pathlen-0', 'chain-sound', 'chain-sound', leaf(p0), p0)
    case('pathlen-0-broken', 'path-length', 'path-length', leaf(below), below, p0)
    again = Cert('Pathlen 0', p0, ca=True)
    case('pathlen-self-issued', 'chain-sound', 'chain-sound', leaf(again), again, p0)
    case('critical-unknown', 'critical-extension', 'critical-extension',
         leaf(issuing, extra=[('1.3.6.1.4.1.55555.1', b'\5\0', True)]), issuing)
    case('uncritical-unknown', 'chain-sound', 'chain-sound',
         leaf(issuing, extra=[('1.3.6.1.4.1.55555.1', b'\5\0', False)]), issuing)
    case('policy-constraints', 'critical-extension', 'critical-extension',
         leaf(issuing, extra=[('2.5.29.36', bytes.fromhex('3003800100'), True)]), issuing)
    case('key-usage-malformed', 'extension-malformed', 'extension-malformed',
         leaf(issuing, extra=[('2.5.29.15', b'\x30\0', True)]), issuing)
    case('eku-malformed', 'extension-malformed', 'extension-malformed',
         leaf(issuing, eku=None, extra=[('2.5.29.37', b'\x30\x02\x06\x05', False)]), issuing)
    case('eku-empty', 'extension-malformed', 'extension-malformed',
         leaf(issuing, eku=None, extra=[('2.5.29.37', b'\x30\0', False)]), issuing)
    case('key-rsa-1024', 'key-weak', 'key-weak', leaf(issuing, key=weak_rsa()), issuing)
    case('key-p192', 'key-weak', 'key-weak', leaf(issuing, key=ec.generate_private_key(ec.SECP192R1())), issuing)
    case('signature-sha1', 'signature-weak', 'signature-weak', sha1(issuing), issuing)
    case('version-1', 'version', 'version', sha1(issuing, '-sha256'), issuing)


def weak_rsa():
    pem = subprocess.run(['openssl', 'genrsa', '1024'], check=True, capture_output=True).stdout
    return serialization.load_pem_private_key(pem, None)


def sha1(issuing, digest='-sha1'):
    """By openssl: the library signs no SHA-1, and makes no version 1."""
    with tempfile.TemporaryDirectory() as d:
        for file, data in (('ca.pem', issuing.pem), ('key.pem', issuing.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()).decode()),
                ('ext', 'subjectAltName=DNS:a.example.test\nextendedKeyUsage=clientAuth,serverAuth\n')):
            with open(os.path.join(d, file), 'w', encoding='ascii') as f:
                f.write(data)
        run = lambda *a: subprocess.run(a, check=True, capture_output=True, cwd=d).stdout.decode()
        run('openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'k',
            '-out', 'r', '-subj', '/CN=leaf')
        ext = ['-extfile', 'ext'] if digest == '-sha1' else []
        out = run('openssl', 'x509', '-req', '-in', 'r', '-CA', 'ca.pem', '-CAkey', 'key.pem', '-days', '7000', digest,
                  '-set_serial', '77', *ext)
        # Its clock says the start of validity; the tests ask about a later time.
        return out


def constraint_cases(root):
    dns = x509.DNSName
    inside = x509.NameConstraints([dns('example.test')], None)
    c = Cert('Constrained', root, ca=True, constraints=inside)
    case('nc-inside', 'chain-sound', 'chain-sound', leaf(c), c)
    case('nc-outside', 'name-constraint', 'name-constraint', leaf(c, names=san('a.other.test')), c)
    case('nc-second-outside', 'name-constraint', 'name-constraint',
         leaf(c, names=san('a.example.test', 'a.other.test')), c)
    case('nc-suffix-trick', 'name-constraint', 'name-constraint', leaf(c, names=san('badexample.test')), c)
    low = Cert('Below constrained', c, ca=True)
    case('nc-two-above', 'name-constraint', 'name-constraint', leaf(low, names=san('a.other.test')), low, c)
    out = Cert('Excluding', root, ca=True, constraints=x509.NameConstraints(None, [dns('secret.example.test')]))
    case('nc-excluded', 'name-constraint', 'name-constraint', leaf(out, names=san('x.secret.example.test')), out)
    case('nc-excluded-wildcard', 'name-constraint', 'name-constraint', leaf(out, names=san('*.example.test')), out)
    case('nc-not-excluded', 'chain-sound', 'chain-sound', leaf(out), out)
    net = x509.NameConstraints([x509.IPAddress(ipaddress.ip_network('192.0.2.0/24'))], None)
    c = Cert('Constrained IP', root, ca=True, constraints=net)
    case('nc-ip-inside', 'chain-sound', 'chain-sound', leaf(c, names=san(ipaddress.ip_address('192.0.2.9'))), c)
    case('nc-ip-outside', 'name-constraint', 'name-constraint',
         leaf(c, names=san(ipaddress.ip_address('198.51.100.9'))), c)
    c = Cert('Constrained unknown', root, ca=True, constraints=x509.NameConstraints(
        [x509.RegisteredID(Oid('1.2.3.4'))], None))
    case('nc-unknown-form', 'name-constraint-unknown', 'name-constraint-unknown',
         leaf(c, names=san('a.example.test', (0x88, bytes.fromhex('2a0304')))), c)


def crl(file, issuer, serials, this=dt.datetime(2026, 12, 1), until=dt.datetime(2027, 6, 1), key=None):
    b = x509.CertificateRevocationListBuilder(issuer_name=issuer.subject, last_update=this, next_update=until)
    for s in serials:
        b = b.add_revoked_certificate(x509.RevokedCertificateBuilder(s, dt.datetime(2026, 12, 1)).build())
    out = b.sign(key or issuer.key, hashes.SHA256())
    with open(os.path.join(HERE, file), 'wb') as f:
        f.write(out.public_bytes(serialization.Encoding.PEM))


def main():
    for f in os.listdir(HERE):
        if f.endswith('.pem') or f.endswith('.crl'):
            os.unlink(os.path.join(HERE, f))
    root, root_b = Cert('Root A', ca=True), Cert('Root B', ca=True)
    root_server = Cert('Root of servers', ca=True, eku=[SERVER])
    root_old = Cert('Root expired', ca=True, end=dt.datetime(2026, 2, 1))
    write('roots.pem', root, root_b, root_server, root_old)
    issuing = Cert('Issuing', root, ca=True, eku=[CLIENT, SERVER], pathlen=0)
    issuing_server = Cert('Issuing server', root, ca=True, eku=[SERVER])
    purposes(root, issuing, issuing_server, root_server)
    names_cases(issuing)
    path_cases(root, root_b, issuing)
    rule_cases(root, issuing)
    constraint_cases(root)
    case('expired-root', 'expired', 'expired', leaf(root_old))
    listed = leaf(issuing)
    case('revoked', 'chain-sound', 'chain-sound', listed, issuing)
    write('issuing.pem', issuing)
    crl('fresh.crl', issuing, [listed.cert.serial_number])
    crl('stale.crl', issuing, [], until=dt.datetime(2026, 12, 2))
    crl('future.crl', issuing, [], this=dt.datetime(2027, 5, 1))
    crl('forged.crl', issuing, [], key=root.key)
    crl('root.crl', root, [])
    with open(os.path.join(HERE, 'index.txt'), 'w', encoding='ascii') as f:
        f.write('# file, reason as client, reason as server; made by make.py\n' + '\n'.join(index) + '\n')


if __name__ == '__main__':
    main()
