"""Validator, judge and keyholder as tabardd runs them, with the test in the place of parent and front."""
import hashlib
import os
import random
import time

from . import wire
from .acme import Http01, Key, b64u, csr, jws
from .ca import Ca, program
from .statement import Statement
from .wire import Child, Edge, Reader, ident, pair, str16, u16, u32, u64, u8, var16, var32


class Result:
    """What the judge answered to a finalize."""

    def __init__(self, body):
        r = Reader(body)
        self.problem, self.detail = r.problem()
        self.cert = None
        if self.problem is None:
            self.seq, self.order, self.made_at, self.issuer = r.u64(), r.u64(), r.u64(), r.u8()
            self.cert = r.var32()
        r.end()


class Account:
    def __init__(self, signer, key=None):
        self.key = key or Key()
        self.url = f"{signer.base}/acme/acct/{b64u(self.key.thumbprint())}"


class Signer:
    PROFILE = "server@2026-11"

    def __init__(self, ns, subdir="ca", name="ca.test", port=14000, edit=None, init=(), http=False):
        self.ns = ns
        self.ca = Ca(ns, name=name, port=port, subdir=subdir, edit=edit, extra=[*([] if http else ["--http", "off"]), *init])  # off: no CRLs unasked
        self.base = f"https://{name}:{port}"
        self.web = None
        self.judge = self.keyholder = self.validator = None
        self.sequence = random.randrange(1 << 20)
        self.start_signer()
        self.start_validator()

    # processes

    def start_signer(self):
        program_path = program("tabardd")
        jk_judge, jk_keyholder = pair()
        front, judge_front = pair()
        self.keyholder = Child(self.ns, program_path, "keyholder", self.ca.config)
        self.keyholder.peer("judge", jk_keyholder)
        self.keyholder.start()
        self.judge = Child(self.ns, program_path, "judge", self.ca.config)
        self.judge.peer("keyholder", jk_judge)
        self.judge.peer("front", judge_front)
        self.to_judge = Edge(front)
        self.judge.start()
        self.hello()

    def hello(self):
        m = self.to_judge.recv()
        assert m is not None and m[0] == wire.JUDGE_HELLO, self.judge.output()
        r = Reader(m[2])
        assert r.u32() == wire.IPC_VERSION
        self.signer, self.epoch, self.last_seq = r.u32(), r.u32(), r.u64()

    def new_front_edge(self):
        """After the judge closed the front's edge: another one, as a restarted front would get."""
        front, judge_front = pair()
        self.to_judge.close()
        self.judge.peer("front", judge_front)
        self.to_judge = Edge(front)
        self.hello()

    def start_validator(self):
        front, validator_front = pair()
        self.validator = Child(self.ns, program("tabardd"), "validator", self.ca.config)
        self.validator.peer("front", validator_front)
        self.to_validator = Edge(front)
        self.validator.start()

    def stop(self):
        for child in (self.judge, self.keyholder, self.validator):
            if child is not None:
                child.kill()
        if self.web:
            self.web.close()

    def restart_signer(self):
        self.judge.kill()
        self.keyholder.kill()
        self.to_judge.close()
        self.start_signer()

    # what an honest front does

    def statement_key(self):
        with open(self.ca.path("keys", "statement-1-1.key"), "rb") as f:
            return f.read()

    def responder_key(self):
        with open(self.ca.path("keys", "responder-statement-1-1.key"), "rb") as f:
            return f.read()

    def order_number(self, at=None):
        self.sequence += 1
        return (int(at if at is not None else time.time()) << 24) | self.sequence

    def finalize_url(self, order, profile=None, signer=None, epoch=None, base=None):
        return (f"{base or self.base}/acme/finalize/{profile or self.PROFILE}/{signer or self.signer}/"
                f"{epoch or self.epoch}/{order}")

    def token(self, account, name, method=wire.HTTP_01, purposes=1 << wire.SERVER_AUTH, lifetime=3600, subtree=False):
        kind, answer = self.to_validator.ask(wire.TOKEN_REQ, self._token_body(account, name, method, purposes, lifetime, subtree))
        assert kind == wire.TOKEN_RSP
        r = Reader(answer)
        problem, detail = r.problem()
        if problem:
            raise AssertionError(f"{problem}: {detail}")
        assert r.u16() == 1
        return r.take(52).decode()

    def _token_body(self, account, name, method, purposes, lifetime, subtree):
        return (str16(account.url) + account.key.thumbprint() + u64(int(time.time()) + lifetime) + u16(1) +
                self.spec(name, method, purposes, subtree))

    @staticmethod
    def spec(name, method, purposes, subtree=False):
        return u8(method) + u32(purposes) + ident(name) + u8(subtree)

    def validate(self, account, name, token, method=wire.HTTP_01, purposes=1 << wire.SERVER_AUTH, subtree=False):
        """(problem or None, [statement blobs])"""
        body = self.spec(name, method, purposes, subtree) + str16(account.url) + account.key.thumbprint() + token.encode()
        kind, answer = self.to_validator.ask(wire.VALIDATE_REQ, body)
        assert kind == wire.VALIDATE_RSP
        r = Reader(answer)
        problem, _ = r.problem()
        if problem:
            return problem, []
        return None, [r.var16() for _ in range(r.u16())]

    def prove(self, account, name, purposes=1 << wire.SERVER_AUTH):
        """Statements of a real http-01 proof of a name."""
        if self.web is None:
            self.web = Http01(self.ns)
        token = self.token(account, name, purposes=purposes)
        self.web.answers[token] = f"{token}.{b64u(account.key.thumbprint())}"
        problem, blobs = self.validate(account, name, token, purposes=purposes)
        assert problem is None, problem
        return blobs

    def request(self, account, url, csr_der, statements, key=None, kid=None, header=None, payload=None, body=None, jwk=None,
                validity=(0, 0)):
        """Body of a finalize message."""
        if body is None:
            body = jws(key or account.key, url, payload if payload is not None else {"csr": b64u(csr_der)},
                       nonce="bm9uY2U", kid=kid or account.url, header=header)
        return (var32(body) + var16(jwk if jwk is not None else account.key.canonical()) + var16(b"") + u64(validity[0]) + u64(validity[1]) +
                u16(len(statements)) + b"".join(var16(s) for s in statements))

    def finalize(self, account, csr_der, statements, order=None, url=None, **more):
        url = url or self.finalize_url(order or self.order_number())
        return self.send_finalize(self.request(account, url, csr_der, statements, **more))

    def send_finalize(self, message):
        kind, body = self.to_judge.ask(wire.FINALIZE_REQ, message)
        assert kind == wire.FINALIZE_RSP
        return Result(body)

    def issued(self):
        """Every certificate in the judge's log, asked from the beginning."""
        out, after = [], 0
        while True:
            kind, body = self.to_judge.ask(wire.SYNC_REQ, u64(after))
            assert kind == wire.SYNC_RSP
            r = Reader(body)
            num = r.u16()
            for _ in range(num):
                after, order = r.u64(), r.u64()
                r.u64(), r.u8()
                out.append((order, r.var32()))
            r.end()
            if num == 0:
                return out


def digest(data):
    return hashlib.sha256(data).digest()


__all__ = ["Signer", "Account", "Result", "Statement", "csr", "digest", "os"]
