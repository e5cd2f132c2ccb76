"""The responder as tabardd runs it, with the test in the place of parent and front."""
import base64
import hashlib
import time

from . import wire
from .acme import Key, b64u
from .ca import Ca, program
from .proc import wait_for
from .statement import Statement
from .wire import Child, Edge, Reader, ident, pair, str16, u16, u32, u64, u8

CLIENT = 1 << wire.CLIENT_AUTH
PROTOCOL = "acme-tls-client/1"


class Account:
    def __init__(self, base, key=None):
        self.key = key or Key()
        self.url = f"{base}/acme/acct/{b64u(self.key.thumbprint())}"

    def authorization(self, token):
        return f"{token}.{b64u(self.key.thumbprint())}"


def tag(token):
    return base64.b32encode(hashlib.sha256(token.encode()).digest()[:10]).decode().lower()


class Responder:
    """listen: (address, port) in the namespace; more goes to the CA."""

    def __init__(self, ns, name="ca.test", listen=("127.0.0.1", 14002), extra=(), **more):
        self.ns = ns
        self.listen = listen
        text = f"[{listen[0]}]:{listen[1]}" if ":" in listen[0] else f"{listen[0]}:{listen[1]}"
        self.ca = Ca(ns, name=name, extra=["--http", "off", "--responder", text, *extra], **more)
        self.host = name
        self.base = f"https://{name}:14000"
        self.child = None
        self.notes = {}
        self.answers = {}
        self.start()

    def start(self):
        front, theirs = pair()
        self.child = Child(self.ns, program("tabardd"), "responder", self.ca.config)
        self.child.peer("front", theirs)
        with self.ns.listen(*self.listen) as s:
            s.setblocking(False)
            self.child.edge.send(wire.FD, u8(4), fd=s.fileno())
        self.front = Edge(front)
        self.child.start()

    def restart(self):
        self.stop()
        self.start()

    def stop(self):
        self.child.kill()
        self.front.close()

    def account(self, key=None):
        return Account(self.base, key)

    # what a front does

    def _collect(self, kind, request, body):
        if kind == wire.VALIDATE_NOTE:
            r = Reader(body)
            self.notes.setdefault(request, []).append(r.problem())
            r.end()
        elif kind == wire.VALIDATE_RSP:
            r = Reader(body)
            problem, detail = r.problem()
            blobs = [r.var16() for _ in range(r.u16())] if problem is None else []
            r.end()
            self.answers[request] = (problem, detail, blobs)
        else:
            raise AssertionError(f"message {kind}")

    def ask_token(self, account, name, kind=wire.DNS, method=wire.TLS_CLIENT_01, purposes=CLIENT, lifetime=3600, subtree=0):
        """(token, None) or (None, problem)"""
        spec = u8(method) + u32(purposes) + ident(name, kind) + u8(subtree)
        request = self.front.send(wire.TOKEN_REQ, str16(account.url) + account.key.thumbprint() +
                                  u64(int(time.time()) + lifetime) + u16(1) + spec)
        while True:
            m = self.front.recv()
            assert m is not None, self.child.output()
            if m[0] == wire.TOKEN_RSP and m[1] == request:
                break
            self._collect(*m)
        r = Reader(m[2])
        problem, detail = r.problem()
        if problem:
            return None, (problem, detail)
        assert r.u16() == 1
        token = r.take(52).decode()
        r.end()
        return token, None

    def ask(self, account, name, token, kind=wire.DNS, method=wire.TLS_CLIENT_01, purposes=CLIENT, subtree=0):
        """Asks for a proof; the number of the request."""
        body = (u8(method) + u32(purposes) + ident(name, kind) + u8(subtree) + str16(account.url) +
                account.key.thumbprint() + token.encode())
        return self.front.send(wire.VALIDATE_REQ, body)

    def next_note(self, request):
        """(problem or None, detail) of a note; the first says that it is armed."""
        while not self.notes.get(request):
            assert request not in self.answers, self.answers[request]
            m = self.front.recv()
            assert m is not None, self.child.output()
            self._collect(*m)
        return self.notes[request].pop(0)

    def answer(self, request, timeout=20):
        """(problem or None, detail, [statement blobs])"""
        while request not in self.answers:
            m = self.front.recv(timeout)
            assert m is not None, self.child.output()
            self._collect(*m)
        return self.answers.pop(request)

    def arm(self, account, name, kind=wire.DNS):
        """(token, request) of a proof that clients may now make."""
        token, problem = self.ask_token(account, name, kind)
        assert token, problem
        request = self.ask(account, name, token, kind)
        assert self.next_note(request) == (None, "")
        return token, request

    def refused(self, account, name, kind=wire.DNS):
        """Problem and detail of a proof that is not armed."""
        token, problem = self.ask_token(account, name, kind)
        assert token, problem
        problem, detail, blobs = self.answer(self.ask(account, name, token, kind))
        assert problem is not None and not blobs
        return problem, detail

    def statement(self, blob):
        """Of a blob whose MAC is the responder's."""
        with open(self.ca.path("keys", "responder-statement-1-1.key"), "rb") as f:
            key = f.read()
        s = Statement.read(blob)
        assert s.make(key) == blob
        return s

    def accepted(self, num):
        """Counters, as soon as it has taken so many connections from the kernel."""
        wait_for(f"{num} connections", lambda: self.stats()["responder_connections_total"] >= num)
        return self.stats()

    def memory(self, what="VmRSS"):
        """Octets of memory that it has."""
        with open(f"/proc/{self.child.proc.popen.pid}/status") as f:
            return next(int(l.split()[1]) << 10 for l in f if l.startswith(what))

    def sanitized(self):
        """A sanitizer's shadow is terabytes, and it keeps what was freed."""
        return self.memory("VmSize") > 1 << 40

    def stats(self):
        kind, body = self.front.ask(wire.STATS_REQ)
        assert kind == wire.STATS_RSP
        r = Reader(body)
        return {r.var16().decode(): r.u64() for _ in range(r.u16())}

