"""Statements taken apart and made again: what somebody with a statement key could do."""
import hashlib
import hmac

from .wire import Reader, ident, str16, u16, u32, u64, u8

DOMAIN = b"tabard statement\0"
CONTROL, USE, CAA = 1, 2, 3


class Statement:
    FIELDS = ["version", "perspective", "ca_id", "directory", "policy", "kind", "method", "purpose", "name_kind", "name",
              "subtree", "account", "thumbprint", "spki", "token", "peer", "egress_kind", "egress_prefix", "dnssec", "caa",
              "made_at"]

    @classmethod
    def read(cls, blob):
        s = cls()
        r = Reader(blob[:-32])
        s.version, s.perspective = r.u8(), r.u16()
        s.ca_id, s.directory, s.policy = r.take(16), r.var16().decode(), r.take(32)
        s.kind, s.method, s.purpose = r.u8(), r.u8(), r.u8()
        s.name_kind, s.name = r.ident()
        s.subtree, s.account = r.u8(), r.var16().decode()
        s.thumbprint, s.spki, s.token = r.take(32), r.take(32), r.take(32)
        s.peer, s.egress_kind, s.egress_prefix, s.dnssec = r.take(16), r.u8(), r.u8(), r.u8()
        unrestricted, grants = r.u8(), r.u8()
        s.caa = bytes([unrestricted, grants])
        for _ in range(grants):
            has = r.u8()
            s.caa += u8(has)
            if has & 1:
                s.caa += str16(r.var16().decode())
            if has & 2:
                s.caa += r.take(4)
            if has & 4:
                s.caa += r.take(4)
        s.made_at = r.u64()
        r.end()
        return s

    def fields(self):
        return (u8(self.version) + u16(self.perspective) + self.ca_id + str16(self.directory) + self.policy +
                u8(self.kind) + u8(self.method) + u8(self.purpose) + ident(self.name, self.name_kind) + u8(self.subtree) +
                str16(self.account) + self.thumbprint + self.spki + self.token + self.peer + u8(self.egress_kind) +
                u8(self.egress_prefix) + u8(self.dnssec) + self.caa + u64(self.made_at))

    def make(self, key):
        body = self.fields()
        return body + hmac.new(key, DOMAIN + body, hashlib.sha256).digest()

    def but(self, **changes):
        s = Statement()
        s.__dict__.update(self.__dict__)
        for name, value in changes.items():
            assert name in self.FIELDS
            setattr(s, name, value)
        return s
