"""The front as tabardd runs it, between real validator, judge and keyholder; the test plays parent and responder."""
import json
import queue
import threading
import time

from . import wire
from .acme import Client, Http01, b64u
from .ca import Ca, program
from .statement import USE, Statement
from .wire import Child, Edge, Reader, pair, str16, u16, u8, var16

LISTEN_ACME, LISTEN_METRICS = 1, 2


class Window:
    """A validate-req that the responder got and has not answered."""

    def __init__(self, responder, request, body):
        r = Reader(body)
        self.responder, self.request = responder, request
        self.method, self.purposes, (self.kind, self.name) = r.u8(), r.take(4), r.ident()
        self.scope, self.account, self.thumbprint = r.u8(), r.var16().decode(), r.take(32)
        self.token = r.take(52).decode()
        r.end()

    @staticmethod
    def problem(kind, detail):
        return u8(wire.PROBLEMS.index(kind)) + u16(0) + str16(detail) + u16(0)

    def armed(self):
        self.responder.edge.send(wire.VALIDATE_NOTE, self.problem(None, ""), self.request)
        return self

    def refuse(self, detail, kind="unauthorized"):
        """A connection that was not the right one; ends nothing."""
        self.responder.edge.send(wire.VALIDATE_NOTE, self.problem(kind, detail), self.request)
        return self

    def fail(self, detail, kind="unauthorized"):
        self.responder.edge.send(wire.VALIDATE_RSP, self.problem(kind, detail), self.request)

    def statement(self, der, **changes):
        fields = dict(kind=USE, method=wire.TLS_CLIENT_01, purpose=wire.CLIENT_AUTH, name=self.name, name_kind=self.kind,
                      account=self.account, thumbprint=self.thumbprint, spki=wire_digest(der), egress_kind=1,
                      token=wire_digest(self.token.encode()), peer=b"\0" * 10 + b"\xff\xff\x7f\0\0\1", caa=b"\0\0",
                      made_at=int(time.time()))
        return self.responder.template.but(**{**fields, **changes}).make(self.responder.key)

    def accept(self, spki, **changes):
        """spki: DER of the key that was proved."""
        self.send([self.statement(spki, **changes)])

    def send(self, blobs):
        self.responder.edge.send(wire.VALIDATE_RSP, self.problem(None, "") + u16(len(blobs)) + b"".join(map(var16, blobs)),
                                 self.request)


def wire_digest(data):
    import hashlib
    return hashlib.sha256(data).digest()


class Responder:
    """Answers for tokens by itself; windows wait for the test."""

    def __init__(self, key, template):
        self.key, self.template = key, template
        self.edge = None
        self.count = 0
        self.tokens = True  # False: none are made; else what (type, body) answers a request for so many
        self.ended = threading.Event()
        self.windows = queue.Queue()

    def connect(self):
        """The front's end of a new edge."""
        mine, theirs = pair()
        self.edge = Edge(mine)
        self.ended.clear()
        threading.Thread(target=self._serve, args=(self.edge,), daemon=True).start()
        return theirs

    def _serve(self, edge):
        while True:
            try:
                m = edge.recv(3600)
            except OSError:
                m = None
            if m is None:
                self.ended.set()
                return
            kind, request, body = m
            if kind == wire.TOKEN_REQ:
                self._make_tokens(edge, request, body)
            elif kind == wire.VALIDATE_REQ:
                self.windows.put(Window(self, request, body))

    def _make_tokens(self, edge, request, body):
        r = Reader(body)
        r.var16(), r.take(32), r.u64()
        num, out = r.u16(), b""
        if self.tokens is not True:
            if self.tokens:
                kind, body = self.tokens(request, num)
                edge.send(kind, body, request)
            return
        for _ in range(num):
            self.count += 1
            out += b64u(b"\1" + self.count.to_bytes(38, "big")).encode()
        edge.send(wire.TOKEN_RSP, Window.problem(None, "") + u16(num) + out, request)

    def window(self, timeout=20):
        return self.windows.get(timeout=timeout)


class Front:
    """To a Client it looks like the CA, which it has for its files."""

    def __init__(self, ns, edit=None, port=14000):
        self.ca = Ca(ns, name="ca.test", port=port, edit=edit, extra=["--http", "off", "--responder", "127.0.0.1:14002"])
        self.children = {}
        self.web = Http01(ns)
        validator_front, judge_front, keyholder_judge = pair(), pair(), pair()
        self._child("keyholder", {"judge": keyholder_judge[1]})
        self._child("judge", {"keyholder": keyholder_judge[0], "front": judge_front[1]})
        self._child("validator", {"front": validator_front[1]})
        self.responder = Responder(self._key(), self._template(Edge(validator_front[0])))
        self._child("validator", {"front": (validator_front := pair())[1]})
        self.start_front(validator_front[0], judge_front[0])

    def __getattr__(self, name):
        return getattr(self.__dict__["ca"], name)

    def _key(self):
        with open(self.ca.path("keys", "responder-statement-1-1.key"), "rb") as f:
            return f.read()

    @staticmethod
    def _template(edge):
        """What every statement of this CA has, from one about CAA."""
        kind, body = edge.ask(wire.CAA_REQ, wire.ident("template.example.test"))
        r = Reader(body)
        assert kind == wire.CAA_RSP and r.problem()[0] is None and r.u16() == 1
        blob = r.var16()
        edge.close()
        return Statement.read(blob)

    def _child(self, role, peers):
        child = Child(self.ns, program("tabardd"), role, self.ca.config)
        for name, sock in peers.items():
            child.peer(name, sock)
        self.children.setdefault(role, []).append(child)
        return child.start() if role != "front" else child

    def start_front(self, validator, judge):
        child = self._child("front", {"validator": validator, "judge": judge, "responder": self.responder.connect()})
        listener = self.ns.listen("127.0.0.1", self.port)
        child.edge.send(wire.FD, u8(LISTEN_ACME), fd=listener.fileno())
        listener.close()
        child.start()
        self.front = child

    def restart_front(self, meanwhile=lambda store: None):
        """Killed; what it had is in its store. meanwhile(path of the database)."""
        self.front.kill()
        self.responder.edge.close()
        meanwhile(self.ca.path("store", "tabard.db"))
        validator, judge = pair(), pair()
        self.children["validator"][-1].peer("front", validator[1])
        self.children["judge"][-1].peer("front", judge[1])
        self.start_front(validator[0], judge[0])

    def restart_responder(self):
        self.responder.edge.close()
        self.front.peer("responder", self.responder.connect())

    def client(self, profile=None, **kw):
        c = Client(self, directory=self.ca.profile_url(profile) if profile else None, **kw)
        if c.kid is None:
            c.register()
        return c

    def control(self, **request):
        """What the front answers on the control socket."""
        kind, body = self.front.edge.ask(wire.CONTROL_REQ, json.dumps(request).encode())
        assert kind == wire.CONTROL_RSP
        return json.loads(body)

    def log(self):
        return self.front.output()

    def close(self):
        for children in self.children.values():
            for child in children:
                child.kill()
        self.web.close()
        if self.responder.edge:
            self.responder.edge.close()
