"""The judge is conquered: what its place at the keyholder's socket is worth.

The test speaks as judge. TBS are made with a library that is not ours; whatever lies beyond the keyholder's ceiling must
be refused, with a reason in the log.
"""
import contextlib
import datetime
import itertools
import os
import random
import re
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier

from harness import wire
from harness.ca import Ca, program
from harness.netns import Namespace
from harness.proc import wait_for
from harness.proofs_told import ARC, with_arc
from harness.wire import Child, Edge, Reader, pair, u8, var32
from harness.x509 import utc_now, validity

SERVER, CLIENT, PEER = 1, 2, 3
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
SUBJECT_KEY = ec.generate_private_key(ec.SECP256R1())
DUMMY = {256: ec.generate_private_key(ec.SECP256R1()), 384: ec.generate_private_key(ec.SECP384R1())}
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)


class Keyholder:
    """The process, and the end of its socket that belongs to the judge."""

    def __init__(self, ns, **ca):
        self.ns = ns
        self.ca = Ca(ns, **ca)
        self.start()

    def start(self):
        mine, theirs = pair()
        self.child = Child(self.ns, program("tabardd"), "keyholder", self.ca.config)
        self.child.peer("judge", theirs)
        self.child.start()
        self.edge = Edge(mine)

    def restart(self):
        self.close()
        self.start()

    def close(self):
        self.edge.close()
        self.child.kill()

    def cert(self, issuer):
        with open(self.ca.path("issuing-" + {SERVER: "server", CLIENT: "client", PEER: "peer"}[issuer] + ".pem"), "rb") as f:
            return x509.load_pem_x509_certificate(f.read())

    def key(self, which):
        with open(self.ca.path(which), "rb") as f:
            return serialization.load_pem_private_key(f.read(), None)

    @staticmethod
    def read(body):
        """(signature or None, problem)"""
        r = Reader(body)
        problem, detail = r.problem()
        if problem:
            r.end()
            return None, detail
        sig = r.var16()
        r.end()
        return sig, None

    def sign(self, tbs, issuer=SERVER):
        kind, body = self.edge.ask(wire.SIGN_REQ, u8(issuer) + var32(tbs))
        assert kind == wire.SIGN_RSP
        return self.read(body)

    def sign_crl(self, tbs, issuer=SERVER):
        kind, body = self.edge.ask(wire.CRL_SIGN_REQ, u8(issuer) + var32(tbs))
        assert kind == wire.CRL_SIGN_RSP
        return self.read(body)

    def refuses_crl(self, tbs, reason, issuer=SERVER):
        before = len(self.reasons())
        sig, detail = self.sign_crl(tbs, issuer)
        assert sig is None, f"signed: {reason}"
        assert self.reasons()[before:] == [reason] and reason in detail

    def signs_crl(self, tbs, issuer=SERVER):
        sig, detail = self.sign_crl(tbs, issuer)
        assert sig is not None, detail
        self.cert(issuer).public_key().verify(sig, tbs, ec.ECDSA(hashes.SHA256()))

    def reasons(self):
        return re.findall(r"sign-refused.*?reason=\"?([a-z0-9-]+)", self.child.output())

    def refuses(self, tbs, reason, issuer=SERVER):
        before = len(self.reasons())
        sig, detail = self.sign(tbs, issuer)
        assert sig is None, f"signed: {reason}"
        told = self.reasons()[before:]
        assert told == [reason] if isinstance(reason, str) else len(told) == 1 and told[0] in reason, told
        assert told[0] in detail

    def signs(self, tbs, issuer=SERVER):
        sig, detail = self.sign(tbs, issuer)
        assert sig is not None, detail
        self.cert(issuer).public_key().verify(sig, tbs, ec.ECDSA(hashes.SHA256()))
        return sig


@pytest.fixture(scope="module")
def kh(tmp_path_factory):
    ns = Namespace(tmp_path_factory.mktemp("kh"), hosts=["ca.test"])
    k = Keyholder(ns)
    yield k
    try:
        k.signs(Tbs(k).der())  # after all of it
    finally:
        k.close()
        ns.close()


def usage(**on):
    off = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(**dict(off, **on))


class Tbs:
    """A TBS as this CA makes it; attributes say where it differs."""

    def __init__(self, kh, issuer=SERVER, **change):
        ca = kh.cert(issuer)
        now = utc_now().replace(microsecond=0)
        self.issuer_name = ca.subject
        self.aki = ca.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER).value.digest
        self.serial = random.randrange(1 << 120, 1 << 127)
        self.not_before, self.not_after = now - HOUR, now - HOUR + 45 * DAY - SECOND
        self.subject = []
        self.names = ["www.example.test", "*.example.test"]
        self.san_critical = True
        self.key = SUBJECT_KEY.public_key()
        self.ekus = [SERVER_AUTH if issuer == SERVER else CLIENT_AUTH]
        self.eku_critical = False
        self.basic, self.basic_critical = x509.BasicConstraints(False, None), True
        self.usage, self.usage_critical = usage(digital_signature=True), True
        self.more = []
        self.bits = 256
        self.hash = hashes.SHA256()
        for k, v in change.items():
            assert hasattr(self, k), k
            setattr(self, k, v)

    def der(self):
        b = (x509.CertificateBuilder().serial_number(self.serial).issuer_name(self.issuer_name).not_valid_before(self.not_before)
             .not_valid_after(self.not_after).subject_name(x509.Name(self.subject)).public_key(self.key))
        if self.usage:
            b = b.add_extension(self.usage, self.usage_critical)
        if self.names:
            b = b.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) if isinstance(n, str) else n for n in self.names]),
                                self.san_critical)
        if self.basic:
            b = b.add_extension(self.basic, self.basic_critical)
        if self.aki:
            b = b.add_extension(x509.AuthorityKeyIdentifier(self.aki, None, None), False)
        if self.ekus:
            b = b.add_extension(x509.ExtendedKeyUsage(self.ekus), self.eku_critical)
        for ext, critical in self.more:
            b = b.add_extension(ext, critical)
        return b.sign(DUMMY[self.bits], self.hash).tbs_certificate_bytes


def cn(text):
    return [x509.NameAttribute(NameOID.COMMON_NAME, text)]


def test_what_is_within_the_ceiling_is_signed(kh):
    kh.signs(Tbs(kh).der())
    kh.signs(Tbs(kh, CLIENT).der(), CLIENT)
    kh.signs(Tbs(kh, subject=cn("www.example.test"), san_critical=False).der())
    kh.signs(Tbs(kh, key=ed25519.Ed25519PrivateKey.generate().public_key()).der())
    kh.signs(Tbs(kh, key=rsa.generate_private_key(65537, 2048).public_key()).der())
    kh.signs(Tbs(kh, names=[f"n{i}.example.test" for i in range(100)]).der())


ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
OTHERS = [ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.TIME_STAMPING,
          ExtendedKeyUsageOID.OCSP_SIGNING, ObjectIdentifier("1.3.6.1.4.1.32473.1"), ObjectIdentifier("1.3.6.1.5.2.3.5")]


@pytest.mark.parametrize("issuer", [SERVER, CLIENT])
def test_invariant_15_usages_outside_the_issuers_set(kh, issuer):
    own, other = (SERVER_AUTH, CLIENT_AUTH) if issuer == SERVER else (CLIENT_AUTH, SERVER_AUTH)
    for ekus in [[other], [own, other], [other, own], [own, ANY], [ANY], [], *[[o] for o in OTHERS], *[[own, o] for o in OTHERS],
                 [own, other, ANY, *OTHERS]]:
        kh.refuses(Tbs(kh, issuer, ekus=ekus).der(), "extended-key-usage", issuer)
    kh.refuses(Tbs(kh, issuer, ekus=[own, own]).der(), "tbs-form", issuer)
    kh.refuses(Tbs(kh, issuer, ekus=[own], eku_critical=True).der(), "tbs-form", issuer)
    kh.signs(Tbs(kh, issuer).der(), issuer)


def test_invariant_15_a_tbs_under_the_other_issuer(kh):
    kh.refuses(Tbs(kh, SERVER).der(), "issuer-name", CLIENT)
    kh.refuses(Tbs(kh, CLIENT).der(), "issuer-name", SERVER)
    server, client = Tbs(kh, SERVER), Tbs(kh, CLIENT)
    kh.refuses(Tbs(kh, SERVER, issuer_name=client.issuer_name).der(), "authority-key-id", CLIENT)
    kh.refuses(Tbs(kh, SERVER, issuer_name=client.issuer_name, aki=client.aki).der(), "extended-key-usage", CLIENT)
    kh.refuses(Tbs(kh, CLIENT, issuer_name=server.issuer_name, aki=server.aki).der(), "extended-key-usage", SERVER)


def test_certificates_that_could_sign(kh):
    for basic in (x509.BasicConstraints(True, None), x509.BasicConstraints(True, 0), x509.BasicConstraints(True, 5), None):
        kh.refuses(Tbs(kh, basic=basic).der(), "basic-constraints")
    kh.refuses(Tbs(kh, basic_critical=False).der(), "tbs-form")
    for on in ({"key_cert_sign": True}, {"crl_sign": True}, {"digital_signature": True, "key_cert_sign": True},
               {"digital_signature": True, "crl_sign": True}, {"key_encipherment": True}, {"key_agreement": True},
               {"digital_signature": True, "content_commitment": True}, {"digital_signature": True, "key_encipherment": True}):
        kh.refuses(Tbs(kh, usage=usage(**on)).der(), "key-usage")
    kh.refuses(Tbs(kh, usage=None).der(), "key-usage")
    kh.refuses(Tbs(kh, usage_critical=False).der(), "tbs-form")
    kh.refuses(Tbs(kh, basic=x509.BasicConstraints(True, None), usage=usage(key_cert_sign=True), ekus=[],
                   names=[], subject=cn("Root CA")).der(), "basic-constraints")


def test_lifetimes_beyond_the_ceiling(kh):
    now = utc_now().replace(microsecond=0)
    start = now - HOUR
    kh.signs(Tbs(kh, not_before=start, not_after=start + 100 * DAY - SECOND).der())
    for end in (start + 100 * DAY, start + 100 * DAY + SECOND, start + 400 * DAY, datetime.datetime(2049, 12, 31),
                datetime.datetime(2050, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)):
        kh.refuses(Tbs(kh, not_before=start, not_after=end).der(), "lifetime")
    for begin in (now - 3 * HOUR, now - DAY, now - 400 * DAY, now + HOUR, now + DAY, datetime.datetime(1951, 1, 1),
                  now + 4000 * DAY):
        kh.refuses(Tbs(kh, not_before=begin, not_after=begin + DAY).der(), "not-before")
    # the library does not write an end before the beginning
    good = Tbs(kh).der()
    t = Tbs(kh)
    first, last = (x.strftime("%y%m%d%H%M%SZ").encode() for x in (t.not_before, t.not_after))
    swapped = t.der().replace(first, b"\0" * 13).replace(last, first).replace(b"\0" * 13, last)
    assert len(swapped) == len(good)
    kh.refuses(swapped, ("not-before", "lifetime"))


def test_other_issuers(kh):
    good = Tbs(kh)
    for name in (x509.Name([]), x509.Name(cn("Root CA")), kh.cert(CLIENT).subject, x509.Name(list(good.issuer_name) + cn("x")),
                 x509.Name(list(good.issuer_name)[:-1]), x509.Name([x509.NameAttribute(a.oid, a.value.upper()) for a in good.issuer_name])):
        if name != good.issuer_name:
            kh.refuses(Tbs(kh, issuer_name=name).der(), "issuer-name")
    for aki in (None, kh.cert(CLIENT).extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER).value.digest,
                good.aki[:-1], good.aki + b"\0", b"\0" * 20):
        kh.refuses(Tbs(kh, aki=aki).der(), "authority-key-id")
    kh.refuses(Tbs(kh, aki=b"\0" * 200).der(), "tbs-form")
    kh.refuses(Tbs(kh, bits=384, hash=hashes.SHA384()).der(), "signature-algorithm")
    kh.refuses(Tbs(kh, hash=hashes.SHA512()).der(), "tbs-form")


@pytest.mark.parametrize("oid, der", [
    ("1.3.6.1.4.1.32473.2", b"\x05\x00"), ("2.5.29.30", b"\x30\x00"), ("2.5.29.32", b"\x30\x06\x30\x04\x06\x02\x2a\x03"),
    ("2.5.29.33", b"\x30\x00"), ("2.5.29.36", b"\x30\x00"), ("2.5.29.54", b"\x02\x01\x00"), ("2.5.29.14", b"\x04\x14" + b"\1" * 20),
    ("2.5.29.18", b"\x30\x00"), ("2.5.29.9", b"\x30\x00"), ("1.3.6.1.5.5.7.1.3", b"\x30\x00"),
    ("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00"), ("2.16.840.1.113730.1.1", b"\x03\x02\x00\xff")])
def test_extensions_that_this_ca_does_not_use(kh, oid, der):
    for critical in (False, True):
        more = [(x509.UnrecognizedExtension(ObjectIdentifier(oid), der), critical)]
        kh.refuses(Tbs(kh, more=more).der(), "unknown-extension")


def test_pointers_of_other_shapes(kh):
    uri = x509.UniformResourceIdentifier
    points = x509.CRLDistributionPoints([x509.DistributionPoint([uri("http://a.test/"), uri("http://b.test/")], None, None, None)])
    access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri("http://a.test/"))])
    long = x509.CRLDistributionPoints([x509.DistributionPoint([uri("http://" + "a" * 300)], None, None, None)])
    for ext in (points, access, long):
        kh.refuses(Tbs(kh, more=[(ext, False)]).der(), "tbs-form")


def test_invariant_10_a_certificate_for_nobody(kh):
    kh.refuses(Tbs(kh, names=[]).der(), "no-names")
    kh.refuses(Tbs(kh, names=[], subject=cn("www.example.test")).der(), "no-names")
    kh.refuses(Tbs(kh, san_critical=False).der(), "subject")


def test_names_that_are_none(kh):
    for bad in ("a.example.test.", "A.example.test", "a..example.test", "*.*.example.test", "a.*.test", "a_b.example.test", "a.1", "*",
                "", " a.example.test", "a.example.test\0.evil.test", "0x7f000001"):
        kh.refuses(Tbs(kh, names=["www.example.test", x509.DNSName(bad)]).der(), "tbs-form")
    for other in (x509.RFC822Name("root@example.test"), x509.UniformResourceIdentifier("spiffe://example.test/root"),
                  x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x04root"), x509.RegisteredID(ObjectIdentifier("1.2.3")),
                  x509.DirectoryName(x509.Name(cn("root")))):
        kh.refuses(Tbs(kh, names=["www.example.test", other]).der(), "tbs-form")
        kh.refuses(Tbs(kh, names=[other]).der(), "tbs-form")
    kh.refuses(Tbs(kh, names=[f"n{i}.example.test" for i in range(101)]).der(), "tbs-form")


def test_subjects_that_say_more_than_the_names(kh):
    for text in ("other.example.test", "example.test", "Root CA", "WWW.example.test", "www.example.test ", "www.example.test\0"):
        kh.refuses(Tbs(kh, subject=cn(text), san_critical=False).der(), "subject")
    long = "a" * 60 + ".example.test"
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, "www.example.test")
    object.__setattr__(attribute, "_value", long)
    kh.refuses(Tbs(kh, names=[long], subject=[attribute], san_critical=False).der(), "subject")
    for oid, value in ((NameOID.ORGANIZATION_NAME, "Bank"), (NameOID.EMAIL_ADDRESS, "root@example.test"), (NameOID.COUNTRY_NAME, "DE"),
                       (NameOID.ORGANIZATIONAL_UNIT_NAME, "www.example.test")):
        extra = x509.NameAttribute(oid, value)
        kh.refuses(Tbs(kh, subject=[extra], san_critical=False).der(), "tbs-form")
        kh.refuses(Tbs(kh, subject=cn("www.example.test") + [extra], san_critical=False).der(), "tbs-form")
    kh.refuses(Tbs(kh, subject=cn("www.example.test") * 2, san_critical=False).der(), "tbs-form")


def test_serial_numbers(kh):
    good = Tbs(kh)
    sig = kh.signs(good.der())
    assert sig
    for change in ({"names": ["other.example.test"]}, {"not_after": good.not_after - SECOND}, {"key": DUMMY[256].public_key()}):
        kh.refuses(Tbs(kh, **dict({"serial": good.serial, "not_before": good.not_before, "not_after": good.not_after}, **change)).der(),
                   "serial-used")
    kh.signs(good.der())  # the judge may ask again for the very same
    for serial in (1, 127, 128, 255, 1 << 63, (1 << 119) - 1, 1 << 127, (1 << 128) - 1, (1 << 158)):
        kh.refuses(Tbs(kh, serial=serial).der(), "serial")
    der = Tbs(kh, serial=1).der()
    for value in (b"\x02\x01\x00", b"\x02\x01\xff", b"\x02\x00"):
        patched = der.replace(b"\x02\x01\x01", value, 1)
        if len(patched) == len(der):
            kh.refuses(patched, ("tbs-form", "serial"))
    negative = Tbs(kh, serial=1 << 126).der().replace((1 << 126).to_bytes(16, "big"), b"\x80" + b"\0" * 15, 1)
    kh.refuses(negative, ("tbs-form", "serial"))
    padded = Tbs(kh, serial=1 << 126).der().replace((1 << 126).to_bytes(16, "big"), b"\0\1" + b"\0" * 14, 1)
    kh.refuses(padded, ("tbs-form", "serial"))


def test_invariant_16_keys_of_the_ca_are_not_certified(kh):
    for which in ("keys/issuing-server.key", "keys/issuing-client.key"):
        for issuer in (SERVER, CLIENT):
            kh.refuses(Tbs(kh, issuer, key=kh.key(which).public_key()).der(), "subject-key", issuer)


def test_subject_keys_that_are_weak(kh):
    for key in (rsa.generate_private_key(65537, 1024), rsa.generate_private_key(3, 2048), ec.generate_private_key(ec.SECP224R1()),
                ec.generate_private_key(ec.SECP521R1()), ec.generate_private_key(ec.SECP256K1())):
        kh.refuses(Tbs(kh, key=key.public_key()).der(), ("tbs-form", "subject-key"))
    point = b"\x04" + SUBJECT_KEY.public_key().public_numbers().x.to_bytes(32, "big")
    for form in (b"\x02", b"\x03", b"\x06", b"\x00", b"\xff"):
        kh.refuses(Tbs(kh).der().replace(point, form + point[1:]), "tbs-form")


def test_an_issuer_without_a_key(kh):
    kh.refuses(Tbs(kh).der(), "issuer", PEER)


def unanswered(kh, kind, body):
    """The edge ends with the message, and a good request behind it finds nobody."""
    kh.edge.send(kind, body)
    with contextlib.suppress(BrokenPipeError):
        kh.edge.send(wire.SIGN_REQ, u8(SERVER) + var32(Tbs(kh).der()))
    assert kh.edge.recv(10) is None, "answered"
    wait_for("a line in the log", lambda: re.search(r"bad-message|edge-closed", kh.child.output()))


@pytest.mark.parametrize("body", [
    b"", b"\x01", b"\x01\0\0\0\0", b"\x00" + var32(b"x"), b"\x04" + var32(b"x"), b"\xff" + var32(b"x"), b"\x01\xff\xff\xff\xff",
    b"\x01" + var32(b"x") + b"y", b"\x01\0\0\0\x05abc", b"\x01" + var32(b"\0" * 40001)],
    ids=lambda b: f"{len(b)}-bytes-{b[:6].hex()}")
def test_invariant_17_messages_that_are_none(kh, body):
    """Not a request at all: no answer, the edge or the process ends, and both say why."""
    kh.restart()
    unanswered(kh, wire.SIGN_REQ, body)
    kh.restart()
    kh.signs(Tbs(kh).der())


@pytest.mark.parametrize("kind", [k for k in range(0, 40) if k not in (wire.SIGN_REQ, wire.CRL_SIGN_REQ)] + [255, 65535])
def test_invariant_17_other_messages(kh, kind):
    kh.restart()
    unanswered(kh, kind, u8(SERVER) + var32(Tbs(kh).der()))
    kh.restart()


def within_the_ceiling(kh, tbs, issuer=SERVER):
    """Our own judgement of a TBS that was signed."""
    sig = b"\x30\x06\x02\x01\x01\x02\x01\x01"
    alg = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
    body = tbs + alg + b"\x03" + bytes([len(sig) + 1]) + b"\0" + sig
    cert = x509.load_der_x509_certificate(b"\x30\x82" + len(body).to_bytes(2, "big") + body)
    ca = kh.cert(issuer)
    assert cert.issuer == ca.subject
    get = cert.extensions.get_extension_for_oid
    assert list(get(ExtensionOID.EXTENDED_KEY_USAGE).value) == [SERVER_AUTH if issuer == SERVER else CLIENT_AUTH]
    assert not get(ExtensionOID.BASIC_CONSTRAINTS).value.ca
    assert get(ExtensionOID.KEY_USAGE).value == usage(digital_signature=True)
    begin, end = validity(cert)
    assert end - begin < 100 * DAY
    now = utc_now()
    assert now - 2 * HOUR - 60 * SECOND <= begin <= now + HOUR
    assert {e.oid for e in cert.extensions} <= {
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_DISTRIBUTION_POINTS, ExtensionOID.AUTHORITY_INFORMATION_ACCESS}
    assert list(get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value)
    assert list(cert.subject) == []


def mutant(rnd, good):
    bad = bytearray(good)
    for _ in range(rnd.choice((1, 1, 1, 2, 5))):
        at, how = rnd.randrange(len(bad)), rnd.randrange(6)
        if how == 0:
            bad[at] ^= 1 << rnd.randrange(8)
        elif how == 1:
            bad[at] = rnd.choice((0, 1, 0x7f, 0x80, 0xff, 0x30, 0x31, 0x02, 0x05, 0x06))
        elif how == 2:
            del bad[at:at + rnd.randrange(1, 9)]
        elif how == 3:
            bad[at:at] = rnd.randbytes(rnd.randrange(1, 9))
        elif how == 4:
            other = rnd.randrange(len(bad))
            n = rnd.randrange(1, 40)
            bad[at:at + n] = bad[other:other + n]
        else:
            n = rnd.randrange(1, 40)
            bad[at:at] = bad[at:at + n]
        if not bad:
            bad = bytearray(b"\0")
    return bytes(bad[:39000])


def free(good, t):
    """Where a TBS may change and stay what this CA signs: serial, names, times, and the point of the key, which the judge
    has checked with the request's signature."""
    key = SUBJECT_KEY.public_key().public_numbers()
    places = [t.serial.to_bytes(16, "big"), *(n.encode() for n in t.names), key.x.to_bytes(32, "big"), key.y.to_bytes(32, "big")]
    places += [x.strftime("%y%m%d%H%M%SZ").encode() for x in (t.not_before, t.not_after)]
    out = set()
    for p in places:
        at = good.index(p)
        out |= set(range(at, at + len(p)))
    return out


def mutate(kh, seed, rounds):
    rnd = random.Random(seed)
    t = Tbs(kh)
    good = t.der()
    may = free(good, t)
    kh.signs(good)
    refused = signed = sent = 0
    before = len(kh.reasons())
    while sent < rounds:
        batch = []
        while len(batch) < 64:
            bad = mutant(rnd, good)
            if bad != good:
                batch.append(bad)
                kh.edge.send(wire.SIGN_REQ, u8(SERVER) + var32(bad))
        for bad in batch:
            kind, _, body = kh.edge.recv()
            assert kind == wire.SIGN_RSP
            sig, _ = kh.read(body)
            if sig is None:
                refused += 1
                continue
            signed += 1
            assert len(bad) == len(good), bad.hex()
            changed = {i for i in range(len(good)) if good[i] != bad[i]}
            assert changed <= may, (sorted(changed - may), bad.hex())
            within_the_ceiling(kh, bad)
        sent += len(batch)
    assert refused > rounds * 0.9 and signed < rounds * 0.1
    assert len(kh.reasons()) - before == refused, "a refusal without its reason in the log"
    return signed


def test_twenty_thousand_mutants_of_a_good_tbs(kh):
    mutate(kh, 1, 20000)


@pytest.mark.slow
def test_many_mutants_of_a_good_tbs(kh):
    for seed in range(2, 12):
        mutate(kh, seed, 50000)


def test_random_bytes_are_not_signed(kh):
    rnd = random.Random(3)
    for n in (1, 2, 16, 100, 1000, 39000):
        for _ in range(20):
            kh.refuses(rnd.randbytes(n), "tbs-form")
    for tbs in (b"\x30\x00", b"\x30\x80\0\0", b"-----BEGIN CERTIFICATE-----", os.urandom(40000)):
        kh.refuses(tbs, "tbs-form")


def test_every_truncation_of_a_good_tbs(kh):
    good = Tbs(kh).der()
    for n in range(1, len(good)):
        sig, _ = kh.sign(good[:n])
        assert sig is None
    for extra in (b"\0", b"\x30\x00", good):
        kh.refuses(good + extra, "tbs-form")


def test_a_whole_certificate_or_its_like_is_not_a_tbs(kh):
    with open(kh.ca.path("issuing-server.pem"), "rb") as f:
        ca = x509.load_pem_x509_certificate(f.read())
    whole = ca.public_bytes(serialization.Encoding.DER)
    kh.refuses(whole, "tbs-form")
    kh.refuses(ca.tbs_certificate_bytes, ("tbs-form", "issuer-name"))
    with open(kh.ca.path("root-server.crl"), "rb") as f:
        data = f.read()
    crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
    kh.refuses(crl.tbs_certlist_bytes, "tbs-form")


class Crl:
    """A TBSCertList as this CA makes it; attributes say where it differs."""

    numbers = itertools.count(int(time.time() * 10**6))

    def __init__(self, kh, issuer=SERVER, **change):
        ca = kh.cert(issuer)
        now = utc_now().replace(microsecond=0)
        word = {SERVER: "server", CLIENT: "client"}[issuer]
        self.issuer_name = ca.subject
        self.aki = ca.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER).value.digest
        self.last, self.next = now, now + DAY
        self.number = next(Crl.numbers)
        self.uri = f"http://{kh.ca.name}:{kh.ca.port + 1}/crl/{word}/5.crl"
        self.user, self.authority, self.indirect, self.reasons = True, False, False, None
        self.idp, self.idp_critical = True, True
        self.entries = [((1 << 120) + 5, 1), ((1 << 121) + 5, None), ((1 << 122) + 21, 4)]
        self.date = now - HOUR
        self.more = []
        self.hash = hashes.SHA256()
        for k, v in change.items():
            assert hasattr(self, k), k
            setattr(self, k, v)

    def der(self):
        flags = {None: None, 1: x509.ReasonFlags.key_compromise, 4: x509.ReasonFlags.superseded,
                 6: x509.ReasonFlags.certificate_hold, 8: x509.ReasonFlags.remove_from_crl}
        b = (x509.CertificateRevocationListBuilder().issuer_name(self.issuer_name).last_update(self.last)
             .next_update(self.next))
        for serial, reason in self.entries:
            e = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self.date)
            if reason is not None:
                e = e.add_extension(x509.CRLReason(flags[reason]), False)
            b = b.add_revoked_certificate(e.build())
        if self.aki:
            b = b.add_extension(x509.AuthorityKeyIdentifier(self.aki, None, None), False)
        if self.number is not None:
            b = b.add_extension(x509.CRLNumber(self.number), False)
        if self.idp:
            names = [x509.UniformResourceIdentifier(self.uri)] if isinstance(self.uri, str) else self.uri
            b = b.add_extension(x509.IssuingDistributionPoint(
                full_name=names, relative_name=None, only_contains_user_certs=self.user,
                only_contains_ca_certs=self.authority, only_some_reasons=self.reasons, indirect_crl=self.indirect,
                only_contains_attribute_certs=False), self.idp_critical)
        for ext, critical in self.more:
            b = b.add_extension(ext, critical)
        return b.sign(DUMMY[256], self.hash).tbs_certlist_bytes


def test_a_crl_within_the_ceiling_is_signed(kh):
    kh.signs_crl(Crl(kh).der())
    kh.signs_crl(Crl(kh, CLIENT).der(), CLIENT)
    kh.signs_crl(Crl(kh, entries=[]).der())
    kh.signs_crl(Crl(kh, entries=[((1 << 120) + 16 * i + 5, None) for i in range(5000)]).der())


def test_crls_that_speak_for_others(kh):
    client = Crl(kh, CLIENT)
    kh.refuses_crl(Crl(kh).der(), "crl-issuer-name", CLIENT)
    kh.refuses_crl(Crl(kh, issuer_name=client.issuer_name).der(), "crl-issuer-name")
    kh.refuses_crl(Crl(kh, issuer_name=x509.Name([])).der(), "crl-issuer-name")
    kh.refuses_crl(Crl(kh, aki=client.aki).der(), "crl-authority-key-id")
    with open(kh.ca.path("root-server.pem"), "rb") as f:
        root = x509.load_pem_x509_certificate(f.read())
    kh.refuses_crl(Crl(kh, issuer_name=root.subject).der(), "crl-issuer-name")
    good = Crl(kh).uri
    for uri in (client.uri, good.replace("/5.", "/16."), good.replace("/5.", "/05."), good.replace("http:", "https:"), good + "?",
                good.upper(), good.replace("ca.test", "ca.test.evil.test"), good.replace("ca.test:", "ca.test@evil.test:"),
                "http://evil.test/crl/server/5.crl"):
        kh.refuses_crl(Crl(kh, uri=uri).der(), "crl-distribution-point")
    kh.refuses_crl(Crl(kh, uri=good.replace("/5.", "/6.")).der(), "crl-entries")


def test_crls_that_outlive_a_day_or_lie_elsewhere_in_time(kh):
    now = utc_now().replace(microsecond=0)
    for end in (DAY + SECOND, 2 * DAY, 400 * DAY):
        kh.refuses_crl(Crl(kh, last=now, next=now + end).der(), "crl-lifetime")
    for begin in (now - HOUR, now - 10 * DAY, now + HOUR, now + DAY):
        kh.refuses_crl(Crl(kh, last=begin, next=begin + DAY).der(), "crl-this-update")
    kh.refuses_crl(Crl(kh, date=now + DAY).der(), "crl-entries")


def test_crl_numbers_only_grow(kh):
    first = Crl(kh)
    kh.signs_crl(first.der())
    for number in (first.number, first.number - 1, 0, 1):
        kh.refuses_crl(Crl(kh, number=number).der(), "crl-number")
    for number in ((int(time.time()) + 3600) * 10**6, (1 << 63) - 1):
        kh.refuses_crl(Crl(kh, number=number).der(), "crl-number")
    kh.refuses_crl(Crl(kh, number=1 << 64).der(), "crl-form")
    kh.signs_crl(Crl(kh).der())


def test_crls_of_another_shape(kh):
    serials = [(1 << 120) + 5, (1 << 121) + 5]
    for change in ({"idp": False}, {"idp_critical": False}, {"number": None}, {"aki": None}, {"user": False},
                   {"user": False, "authority": True}, {"user": False, "indirect": True},
                   {"reasons": frozenset([x509.ReasonFlags.key_compromise])},
                   {"uri": [x509.UniformResourceIdentifier("http://a.test/"), x509.UniformResourceIdentifier("http://b.test/")]},
                   {"uri": [x509.DNSName("ca.test")]}, {"more": [(x509.DeltaCRLIndicator(1), True)]},
                   {"more": [(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"x"), False)]},
                   {"entries": [(serials[0], 6)]}, {"entries": [(serials[0], 8)]},
                   {"entries": [(serials[1], None), (serials[0], None)]}, {"entries": [(serials[0], 1), (serials[0], 4)]},
                   {"entries": [(5, None)]}, {"entries": [((1 << 128) + 5, None)]}):
        kh.refuses_crl(Crl(kh, **change).der(), "crl-form")
    kh.refuses_crl(Crl(kh, hash=hashes.SHA384()).der(), "crl-signature-algorithm")
    good = Crl(kh).der()
    for n in range(1, len(good), 7):
        assert kh.sign_crl(good[:n])[0] is None
    kh.refuses_crl(good + b"\0", "crl-form")
    kh.refuses_crl(Tbs(kh).der(), "crl-form")
    kh.signs_crl(good)


def test_pointers_lead_only_to_this_ca(kh):
    def crl(url):
        return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])

    def aia(url):
        return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS,
                                                                       x509.UniformResourceIdentifier(url))])

    base = f"http://{kh.ca.name}:{kh.ca.port + 1}"
    serial = (random.randrange(1 << 120, 1 << 127) & ~15) | 9
    kh.signs(Tbs(kh, serial=serial, more=[(aia(f"{base}/aia/issuing-server.cer"), False),
                                          (crl(f"{base}/crl/server/9.crl"), False)]).der())
    for url in (f"{base}/crl/server/8.crl", f"{base}/crl/client/9.crl", "http://evil.test/crl/server/9.crl", f"{base}/crl/server/9.crl?"):
        kh.refuses(Tbs(kh, serial=serial - 16, more=[(crl(url), False)]).der(), "crl-pointer")
    for url in (f"{base}/aia/issuing-client.cer", "http://evil.test/aia/issuing-server.cer"):
        kh.refuses(Tbs(kh, more=[(aia(url), False)]).der(), "issuer-pointer")


# What certificates tell of proofs.

HTTP, DNS = 1, 2


def told(policies, *names, arc=ARC, oid=None):
    """Both extensions; names: for each a list of (purpose, control, use or None)."""
    def seq(*parts):
        body = b"".join(parts)
        return b"\x30" + bytes([len(body)]) + body
    def claim(numbers):
        return seq(*(b"\x02\x01" + bytes([n]) for n in numbers if n is not None))
    evidence = seq(*(seq(*map(claim, name)) for name in names))
    oids = [ObjectIdentifier(f"{arc}.{p}") for p in policies]
    info = x509.CertificatePolicies([x509.PolicyInformation(o, None) for o in oids])
    return [(info, False), (x509.UnrecognizedExtension(ObjectIdentifier(oid or arc + ".3"), evidence), False)]


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """A keyholder of a CA with an arc and the peer hierarchy."""
    ns = Namespace(tmp_path_factory.mktemp("telling"), hosts=["ca.test"])
    k = Keyholder(ns, edit=with_arc, extra=["--peer"])
    yield k
    k.close()
    ns.close()


def test_proofs_are_told_of_what_is_there_and_without_contradiction(telling):
    kh = telling
    server, client = [(1, HTTP, None)], [(2, DNS, 6)]

    def tbs(more, issuer=SERVER, ekus=(SERVER_AUTH,), names=("www.example.test", "api.example.test")):
        return Tbs(kh, issuer, ekus=list(ekus), names=list(names), more=more).der()
    names = 2
    kh.signs(tbs(told(["2.2"], *[server] * names)))
    kh.signs(tbs(told(["1.1", "1.3.2", "2.3"], *[[(1, DNS, None)]] * names)))
    kh.signs(tbs(told(["1.2", "2.2"], *[client] * names), CLIENT, [CLIENT_AUTH]), CLIENT)
    kh.signs(tbs(told(["2.1", "2.2"], *[server + client] * names), PEER, [SERVER_AUTH, CLIENT_AUTH]), PEER)
    # A method that cannot prove the name.
    kh.signs(tbs(told(["2.2"], [(1, DNS, None)], server), names=["*.example.test", "www.example.test"]))
    kh.refuses(tbs(told(["2.2"], server, server), names=["*.example.test", "www.example.test"]), "proofs")
    # Nothing, or one of the two.
    whole = told(["2.2"], *[server] * names)
    for part in ([], whole[:1], whole[1:]):
        kh.refuses(tbs(part), "proofs")
    # Of other names or usages.
    for claims in ([server] * (names + 1), [client] * names, [server + client] * names):
        kh.refuses(tbs(told(["2.2"], *claims)), "proofs")
    # What contradicts the methods or itself.
    for policies, claims in ((["1.1", "2.2"], server), (["1.2", "2.2"], server), (["2.1", "2.2"], server), (["1.3.2", "2.2"], server),
                             (["1.3.3"], server), (["2.3"], server), (["1.1", "2.2", "2.4"], [(1, DNS, None)])):
        kh.refuses(tbs(told(policies, *[claims] * names)), "proofs")
    for policies in (["2.2"], ["1.2", "2.1", "2.2"]):
        kh.refuses(tbs(told(policies, *[client] * names), CLIENT, [CLIENT_AUTH]), "proofs", CLIENT)
    # Policies that are not assigned, doubled, in another order, of another arc, with anyPolicy.
    for policies in (["1.4", "2.2"], ["2.2", "2.2"], ["2.3", "2.2"], ["2.2", "2.5"], ["1.3.5", "2.2"], ["2.2.1"]):
        kh.refuses(tbs(told(policies, *[server] * names)), "proofs")
    elsewhere = told(["2.2"], *[server] * names, arc="1.3.6.1.4.1.32474", oid=ARC + ".3")
    kh.refuses(tbs(elsewhere), "proofs")
    any_policy = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("2.5.29.32.0"), None)])
    kh.refuses(tbs([(any_policy, False), whole[1]]), "proofs")
    # Evidence of another form, or under another name; either of them critical.
    for claim in ([(1, 6, None)], [(1, 0, None)], [(5, HTTP, None)], [(1, HTTP, 6)], [], [(1, HTTP, None), (1, HTTP, None)]):
        kh.refuses(tbs(told(["2.2"], *[claim] * names)), "tbs-form")
    kh.refuses(tbs(told(["2.2"], *[server] * names, oid=ARC + ".4")), "unknown-extension")
    for i in (0, 1):
        critical = [(e, k == i) for k, (e, _) in enumerate(whole)]
        kh.refuses(tbs(critical), "unknown-extension")


def test_without_an_arc_nothing_is_told(kh):
    for more in (told(["2.2"], [(1, HTTP, None)]), told(["2.2"], [(1, HTTP, None)])[:1], told(["2.2"], [(1, HTTP, None)])[1:]):
        kh.refuses(Tbs(kh, more=more).der(), "unknown-extension")
