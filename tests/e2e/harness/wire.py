"""The messages between tabardd's processes, written and read by a hand that is not the project's."""
import array
import os
import socket
import struct
import time

(CONFIG, FD, PEER, START, DRAIN, CONTROL_REQ, READY, CONTROL_RSP, TOKEN_REQ, TOKEN_RSP, VALIDATE_REQ, VALIDATE_RSP,
 CAA_REQ, CAA_RSP, JUDGE_HELLO, FINALIZE_REQ, FINALIZE_RSP, SYNC_REQ, SYNC_RSP, SIGN_REQ, SIGN_RSP, STATS_REQ,
 STATS_RSP, ACCOUNT_REQ, ACCOUNT_RSP, CRL_SIGN_REQ, CRL_SIGN_RSP,
 CRL, REVOKE_REQ, REVOKE_RSP, REVOKED, REVOKED_REQ, REVOKED_RSP,
 VALIDATE_NOTE) = range(1, 35)
ROLES = {"parent": 1, "front": 2, "validator": 3, "responder": 4, "judge": 5, "keyholder": 6}
IPC_VERSION = 3
DNS, IP = 1, 2
SERVER_AUTH, CLIENT_AUTH = 1, 2
HTTP_01, DNS_01, TLS_ALPN_01 = 1, 2, 3
TLS_CLIENT_01 = 6
PROBLEMS = [None, "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey",
            "badRevocationReason", "badSignatureAlgorithm", "caa", "compound", "connection", "dns",
            "externalAccountRequired", "incorrectResponse", "invalidContact", "invalidProfile", "malformed",
            "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls", "unauthorized",
            "unsupportedContact", "unsupportedIdentifier", "userActionRequired"]


def u8(v):
    return struct.pack(">B", v)


def u16(v):
    return struct.pack(">H", v)


def u32(v):
    return struct.pack(">I", v)


def u64(v):
    return struct.pack(">Q", v)


def var16(b):
    return u16(len(b)) + b


def var32(b):
    return u32(len(b)) + b


def str16(s):
    return var16(s.encode())


def ident(name, kind=DNS):
    wildcard = name.startswith("*.")
    return u8(kind) + u8(wildcard) + str16(name[2:] if wildcard else name)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, n):
        assert n <= len(self.data), "short message"
        out, self.data = self.data[:n], self.data[n:]
        return out

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def u64(self):
        return struct.unpack(">Q", self.take(8))[0]

    def var16(self):
        return self.take(self.u16())

    def var32(self):
        return self.take(self.u32())

    def ident(self):
        kind, wildcard = self.u8(), self.u8()
        return kind, ("*." if wildcard else "") + self.var16().decode()

    def problem(self):
        """(type word or None, detail)"""
        kind, _status, detail, num = self.u8(), self.u16(), self.var16().decode(), self.u16()
        for _ in range(num):
            self.u8()
            if self.u8():
                self.ident()
            self.var16()
        return PROBLEMS[kind], detail

    def end(self):
        assert not self.data, f"{len(self.data)} bytes left"


class Edge:
    """One end of a socket pair between two processes."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.next_id = 1

    def send(self, kind, body=b"", request=None, fd=None):
        if request is None:
            request = self.next_id
            self.next_id += 1
        frame = u32(6 + len(body)) + u16(kind) + u32(request) + body
        if fd is None:
            self.sock.sendall(frame)
        else:
            sent = self.sock.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
            self.sock.sendall(frame[sent:])
        return request

    def send_raw(self, data):
        self.sock.sendall(data)

    def recv(self, timeout=20):
        """(type, request, body); None when the other end closed."""
        self.sock.settimeout(timeout)
        while True:
            if len(self.buffer) >= 4:
                n = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + n:
                    frame, self.buffer = self.buffer[4:4 + n], self.buffer[4 + n:]
                    kind, request = struct.unpack(">HI", frame[:6])
                    return kind, request, frame[6:]
            try:
                more = self.sock.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.buffer += more

    def ask(self, kind, body=b"", timeout=20):
        request = self.send(kind, body)
        while True:
            m = self.recv(timeout)
            if m is None:
                raise ConnectionError("the other end closed")
            if m[1] == request:
                return m[0], m[2]

    def close(self):
        self.sock.close()


def pair():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for s in (a, b):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return a, b


class Child:
    """A process of tabardd with the test as its parent."""

    def __init__(self, ns, program, role, config):
        mine, theirs = pair()
        self.role = role
        self.edge = Edge(mine)
        fd = theirs.fileno()
        from .proc import Proc
        shell = f"exec 3<&{fd} && exec {fd}<&- && exec '{program}' -R {role}" if fd != 3 else f"exec '{program}' -R {role}"
        self.log = os.path.join(ns.tmp, f"{role}-{time.monotonic_ns()}.log")
        self.proc = Proc(ns.enter() + ["bash", "-c", shell], self.log, pass_fds=(fd,))
        theirs.close()
        with open(config, "rb") as f:
            text = f.read()
        self.edge.send(CONFIG, u32(IPC_VERSION) + u8(0) + str16(config) + var32(text))

    def peer(self, role, sock):
        """Gives an edge to the process; the test's own copy is closed."""
        self.edge.send(PEER, u8(ROLES[role]), fd=sock.fileno())
        sock.close()

    def start(self):
        self.edge.send(START)
        m = self.edge.recv(60)
        assert m is not None and m[0] == READY, self.proc.output()
        return self

    def kill(self):
        self.proc.popen.kill()
        self.proc.popen.wait()
        self.edge.close()

    def output(self):
        return self.proc.output()
