#!/usr/bin/env python3
"""Seeds of the targets statement, token, caa, txt and url, written into fuzz/corpus. Formats: doc/formats.md."""
import hashlib
import hmac
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = bytes([1, 2, 3, 4]) + bytes(28)
NOW = 1795472160
BASE = "https://ca.example:14000"
ACCOUNT = BASE + "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"


def put(target, name, data):
    path = os.path.join(HERE, "corpus", target)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def str16(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">H", len(s)) + s


def ident(kind=1, wildcard=0, value="www.example.org"):
    return bytes([kind, wildcard]) + str16(value)


def fields(kind, method=0, purpose=0, name=ident(), subtree=0, account="", thumb=0, spki=0, token=0, peer=0,
           egress=0, prefix=0, dnssec=2, caa=b"\0\0", version=1, directory=BASE, made=NOW):
    return (bytes([version, 0, 1]) + b"\xca" * 16 + str16(directory) + b"\xdd" * 32 + bytes([kind, method, purpose])
            + name + bytes([subtree]) + str16(account) + bytes([thumb]) * 32 + bytes([spki]) * 32
            + bytes([token]) * 32 + bytes([peer]) * 16 + bytes([egress, prefix, dnssec]) + caa
            + struct.pack(">Q", made))


def control(**kw):
    return fields(**{**dict(kind=1, method=1, purpose=1, account=ACCOUNT, thumb=1, token=3, peer=4), **kw})


def use(**kw):
    return fields(**{**dict(kind=2, method=6, purpose=2, account=ACCOUNT, thumb=1, spki=2, token=3, peer=4, egress=2,
                            prefix=24), **kw})


def grant(account=None, methods=None, purposes=None):
    has = (account is not None) | (methods is not None) << 1 | (purposes is not None) << 2
    return (bytes([has]) + (str16(account) if account is not None else b"")
            + (struct.pack(">I", methods) if methods is not None else b"")
            + (struct.pack(">I", purposes) if purposes is not None else b""))


def caa(body=b"\1\0", **kw):
    return fields(kind=3, caa=body, **kw)


def statements():
    signed = control()
    signed += hmac.new(KEY, b"tabard statement\0" + signed, hashlib.sha256).digest()
    for name, data in {
        "good-control": control(), "good-use": use(), "good-caa-free": caa(),
        "good-caa-nobody": caa(b"\0\0"), "good-caa-not-asked": caa(b"\2\0"), "hostile-caa-other-octet": caa(b"\3\0"),
        "good-caa-granted": caa(b"\0\2" + grant(account=ACCOUNT) + grant(methods=4, purposes=2)),
        "good-wildcard": control(method=2, name=ident(1, 1, "example.org")),
        "good-address": control(name=ident(2, 0, "2001:db8::1")),
        "good-with-mac": signed, "good-subtree": control(method=2, subtree=1),
        "hostile-subtree-of-wildcard": control(method=2, subtree=1, name=ident(1, 1, "example.org")),
        "hostile-subtree-of-address": control(subtree=1, name=ident(2, 0, "192.0.2.1")),
        "hostile-subtree-of-use": use(subtree=1), "hostile-caa-of-subtree": caa(subtree=1),
        "hostile-version": control(version=2), "hostile-kind": control(kind=0),
        "hostile-purpose": control(purpose=5), "hostile-purposes-any": use(purpose=0),
        "hostile-name-not-normal": control(name=ident(value="WWW.example.org")),
        "hostile-nul-in-name": control(name=ident(value="www\0.example.org")),
        "hostile-nul-in-account": control(account="a\0b"),
        "hostile-use-as-control": use(kind=1), "hostile-caa-with-account": caa(account=ACCOUNT),
        "hostile-nine-grants": caa(b"\0\x09" + grant() * 9),
        "hostile-unknown-method": caa(b"\0\1" + grant(methods=1)),
        "hostile-trailing": control() + b"\0", "hostile-truncated": control()[:-1],
        "hostile-time": control(made=1 << 63), "hostile-long-directory": control(directory="d" * 256),
    }.items():
        put("statement", name, data)


def tokens():
    def context(method=2, purposes=2, expiry=NOW, account=ACCOUNT, name=ident()):
        return bytes([method]) + struct.pack(">IQ", purposes, expiry) + str16(account) + name

    for name, data in {
        "text-forged": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYn",
        "text-51": "A" * 51, "text-53": "A" * 53, "text-padded": "AQ" + "A" * 49 + "=",
        "text-empty": "", "text-foreign": "AQ" + "A" * 49 + "+", "text-version-2": "Ag" + "A" * 50,
        "context-dns": context(), "context-wildcard": context(name=ident(1, 1, "example.org")),
        "context-address": context(1, name=ident(2, 0, "192.0.2.1")), "context-no-purposes": context(purposes=0),
        "context-no-method": context(method=0), "context-method-255": context(method=255),
        "context-expiry-max": context(expiry=(1 << 48) - 1), "context-expiry-over": context(expiry=1 << 48),
        "context-expiry-negative": context(expiry=(1 << 64) - 1), "context-no-account": context(account=""),
    }.items():
        put("token", name, data)


def caa_sets():
    def rec(tag, value, flags=0):
        tag, value = tag.encode(), value.encode()
        return bytes([flags, len(tag)]) + tag + value

    def records(*rdata, wild=0):
        return bytes([wild]) + b"".join(str16(r) for r in rdata)

    ca = "ca1.example.net"
    for name, data in {
        "none": records(), "issue": records(rec("issue", ca)), "nobody": records(rec("issue", ";")),
        "two-issuers": records(rec("issue", ca), rec("issue", "ca2.example.org")),
        "parameters": records(rec("issue", ca + "; account=230123; policy=ev")),
        "account-uri": records(rec("issue", ca + "; accounturi=u")),
        "account-uri-twice": records(rec("issue", ca + "; accounturi=u; AccountURI=u")),
        "methods": records(rec("issue", ca + "; validationmethods=dns-01,ca-x")),
        "methods-empty": records(rec("issue", ca + "; validationmethods=")),
        "methods-empty-item": records(rec("issue", ca + "; validationmethods=dns-01,,http-01")),
        "purposes": records(rec("issue", ca + "; purposes=serverAuth,clientAuth")),
        "purposes-unknown": records(rec("issue", ca + "; purposes=any")),
        "wild-instead-of-issue": records(rec("issue", "other.example"), rec("issuewild", ca), wild=1),
        "wild-forbidden": records(rec("issue", ca), rec("issuewild", ";"), wild=1),
        "malformed-value": records(rec("issue", "%%%%%")), "semicolon-at-the-end": records(rec("issue", ca + "; a=1;")),
        "critical-unknown": records(rec("issue", ca), rec("tbs", "Unknown", 128)),
        "reserved-flags": records(rec("issue", ca, 127)), "empty-tag": records(b"\0\0x"),
        "tag-length-lies": records(b"\0\xffissue"), "truncated": records(b"\0"), "nul": records(rec("issue", ca + "\0")),
        "long-value": records(rec("issue", ca + "; a=" + "x" * 1024)),
        "ten-grants": records(*[rec("issue", ca)] * 10), "other-kinds": records(rec("issuemail", ";"), rec("iodef", "x")),
    }.items():
        put("caa", name, data)


def txts():
    for name, data in {
        "none": b"", "empty": b"\0", "one": b"\5hello", "three": b"\2ab\0\1c", "cut": b"\5hell", "only-a-length": b"\xff",
        "digest": b"\x2b" + b"A" * 43, "max": (b"\xff" + b"x" * 255) * 4 + b"\4xxxx",
        "above-max": (b"\xff" + b"x" * 255) * 4 + b"\5xxxxx", "nuls": b"\3\0\0\0", "many-empty": b"\0" * 300,
    }.items():
        put("txt", name, data)


def urls():
    for name, data in {
        "account": "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA", "account-whole": ACCOUNT,
        "account-left-over-bits": "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB",
        "account-long": "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAA",
        "account-padded": "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy=",
        "finalize": "/acme/finalize/server@2026-11/1/1/30122776166072321",
        "finalize-max": "/acme/finalize/server@2026-11/4294967295/4294967295/9223372036854775807",
        "finalize-over": "/acme/finalize/server@2026-11/4294967296/1/9223372036854775808",
        "finalize-zero": "/acme/finalize/server@2026-11/0/0/0", "finalize-leading-zero": "/acme/finalize/a@1/01/1/1",
        "finalize-trailing": "/acme/finalize/a@1/1/1/1/", "finalize-query": "/acme/finalize/a@1/1/1/1?x",
        "finalize-dots": "/acme/finalize/../finalize/a@1/1/1/1", "other-host": "https://ca.example:14000.evil/acme/acct/A",
        "ref": "client-preproved@2026-11", "ref-two-signs": "a@b@c", "ref-nul": "a\0@1", "empty": "",
    }.items():
        put("url", name, data)


if __name__ == "__main__":
    statements()
    tokens()
    caa_sets()
    txts()
    urls()
