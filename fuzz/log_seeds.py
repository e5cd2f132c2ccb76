#!/usr/bin/env python3
"""Make the seeds of fuzz/corpus/log from the format in doc/log.md, independently of the C code."""
import hashlib
import pathlib
import struct

OUT = pathlib.Path(__file__).parent / "corpus" / "log"


def str16(s):
    return struct.pack(">H", len(s)) + s.encode()


def header(epoch=1, first=1, magic=b"TABARDIL", version=1):
    h = magic + struct.pack(">H", version) + bytes(range(16)) + struct.pack(">IIQQ", 1, epoch, 1800000000, first) + bytes(32)
    return h + hashlib.sha256(h).digest()


def record(before, kind, seq, time, body):
    r = struct.pack(">IBQQ", 17 + len(body), kind, seq, time) + body
    return r + hashlib.sha256(before[-32:] + r).digest()


def profile(name="server", version="2026-01"):
    return str16(name) + str16(version) + bytes(32)


def ident(value, kind=1, wildcard=0):
    return bytes([kind, wildcard]) + str16(value)


def evidence(name=0, purpose=1, kind=1, method=1):
    return struct.pack(">HBBBHQ", name, purpose, kind, method, 1, 1800000000) + bytes(32)


def issue(names, proofs, cert=b"certificate"):
    return (struct.pack(">Q", 1800000000 << 24 | 1) + bytes(32) + str16("server") + str16("2026-01")
            + struct.pack(">II", 1, 1) + str16("https://ca.example/acme/acct/x") + bytes(32) + b"\x01" + bytes(16)
            + struct.pack(">H", len(names)) + b"".join(names) + struct.pack(">H", len(proofs)) + b"".join(proofs)
            + struct.pack(">I", len(cert)) + cert)


def revoke(reason=1, who=1, issuance=2, account="https://ca.example/acme/acct/x", jws=b"\x01" * 32, issuer=1):
    return (bytes([issuer]) + b"\x01" * 16 + struct.pack(">QBBQ", 1800600000, reason, who, issuance) + b"\x02" * 32
            + str16(account) + jws)


h = header()
p = record(h, 1, 1, 1800000000, profile())
one = issue([ident("a.example")], [evidence(purpose=0, kind=3, method=0), evidence()])
two = issue([ident("a.example"), ident("a.example", wildcard=1), ident("192.0.2.1", 2)],
            [evidence(0), evidence(1, method=2), evidence(2)])
i1 = record(h + p, 2, 2, 1800000001, one)
i2 = record(h + p + i1, 2, 3, 1800000002, two)
r3 = record(h + p + i1 + i2, 3, 4, 1800000003, revoke())
r4 = record(h + p + i1 + i2 + r3, 3, 5, 1800000004, revoke(reason=0, who=4, issuance=3, account="", jws=bytes(32)))
jwk = b'{"crv":"Ed25519","kty":"OKP","x":"AA"}'
changed = b"\1" + bytes(32) + hashlib.sha256(jwk).digest() + bytes(32) + struct.pack(">H", len(jwk)) + jwk
flipped = bytearray(h + p + i1 + i2)
flipped[len(h + p) + 30] ^= 1
longer = bytearray(h + p + i1)
longer[len(h + p) + 2] += 1
seeds = {
    "header-only": h,
    "second-epoch": header(2, 1000) + record(header(2, 1000), 1, 1000, 5, profile()),
    "profile-and-two-issuances": h + p + i1 + i2,
    "two-revocations": h + p + i1 + i2 + r3 + r4,
    "torn-revocation": (h + p + i1 + i2 + r3)[:-33],
    "body-revocation-by-account": revoke(),
    "body-revocation-by-key": revoke(who=3, account=""),
    "body-revocation-by-operator": revoke(reason=9, who=4, account="", jws=bytes(32)),
    "body-revocation-hold": revoke(reason=6),
    "body-revocation-remove-from-crl": revoke(reason=8),
    "body-revocation-by-nobody": revoke(who=0),
    "body-revocation-of-nothing": revoke(issuance=0),
    "body-revocation-account-without-url": revoke(account=""),
    "torn-tail": (h + p + i1 + i2)[:-40],
    "tail-of-zeros": h + p + bytes(100),
    "flipped-bit-in-the-middle": bytes(flipped),
    "length-of-last-record-too-large": bytes(longer),
    "wrong-magic": header(magic=b"TABARDXX"),
    "unknown-format": header(version=2),
    "sequence-gap": h + record(h, 1, 2, 5, profile()),
    "time-falls": h + p + record(h + p, 1, 2, 1799999999, profile("x")),
    "unknown-record-type": h + record(h, 9, 1, 5, b""),
    "record-missing": h + p + i2,
    "body-issue": one,
    "body-profile": profile(),
    "body-evidence-of-a-name-that-is-not-there": issue([ident("a.example")], [evidence(name=1)]),
    "body-key-changed": changed,
    "body-bound": b"\3" + bytes(96) + str16("kid"),
    "body-bound-without-kid": b"\3" + bytes(96) + str16(""),
    "body-eab-added": b"\1" + str16("kid") + str16("label") + struct.pack(">IQ", 1, 5) + b"\1\0\1\0",
    "body-eab-revoked": b"\2" + str16("kid"),
    "body-eab-for-no-account": b"\1" + str16("kid") + str16("") + struct.pack(">IQ", 0, 5) + b"\1\0\1\0",
    "body-deactivated": b"\2" + bytes(96),
    "body-key-changed-other-thumbprint": changed[:33] + bytes(32) + changed[65:],
    "body-account-event-unknown": b"\4" + bytes(96),
    "profile-and-account-events": h + p + record(h + p, 4, 2, 1800000001, changed),
    "body-no-names": issue([], [evidence()]),
    "body-name-not-normal": issue([ident("A.Example")], [evidence()]),
}
OUT.mkdir(exist_ok=True)
for name, data in seeds.items():
    (OUT / name).write_bytes(data)
