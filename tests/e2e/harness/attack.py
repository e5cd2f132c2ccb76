"""What hostile clients need: a CA that several tests share, JWS made piece by piece, a web server and a DNS server that
do as a test says, and one way to look at a refusal."""
import contextlib
import json
import os
import socket
import ssl
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from .acme import Client, Http01, Key, b64u
from .ca import Ca
from .dns import Knot
from .netns import Namespace
from .x509 import SERVER_AUTH, ekus, is_ca, load_chain, names

ZONES = {"example.test": ["@ A 127.0.0.1", "* A 127.0.0.1"], "test": []}
CANARY = "Canary-7f3a91c2-WhatTheHostSaid"


def refused(r, kind, status=None, nonce=True):
    """r is a refusal as RFC 7807 and RFC 8555 section 6.7 want it; returns its detail."""
    assert r.status >= 400, (r.status, r.body)
    assert r.headers["Content-Type"] == "application/problem+json", (r.status, r.headers.items(), r.body)
    doc = r.json()
    assert doc["type"] == f"urn:ietf:params:acme:error:{kind}", doc
    assert doc["status"] == r.status
    assert status is None or r.status == status, (r.status, doc)
    assert doc["detail"] and doc["detail"].isprintable() and CANARY not in json.dumps(doc)
    if nonce:
        assert r.headers["Replay-Nonce"]
        assert r.headers["Cache-Control"] == "no-store"
    return doc["detail"]


def forge(key, protected, payload=b"", p64=None, y64=None, s64=None, signature=None, more=None):
    """A JWS whose every part may be another than it should: protected: dict or bytes; *64: what stands in the JSON."""
    raw = protected if isinstance(protected, bytes) else json.dumps(protected).encode()
    p64 = b64u(raw) if p64 is None else p64
    y64 = b64u(payload) if y64 is None else y64
    sig = key.sign(f"{p64}.{y64}".encode()) if signature is None else signature
    return json.dumps(dict({"protected": p64, "payload": y64, "signature": b64u(sig) if s64 is None else s64},
                           **(more or {}))).encode()


class Site:
    """Namespace, DNS server, CA, web server, and the promise that all of it still works at the end."""

    def __init__(self, tmp, zones=None, edit=None, own_dns=None, web=True, allow_private=("127.0.0.0/8",)):
        self.ns = Namespace(tmp, hosts=["ca.test"])
        self.knot = None if own_dns else Knot(self.ns, zones or ZONES)
        self.dns = own_dns(self.ns) if own_dns else self.knot
        self.ca = Ca(self.ns, edit=edit, allow_private=allow_private, extra=())
        self.ca.start()
        self.web = Http01(self.ns) if web else None
        self.count = 0

    def client(self, alg="ES256", register=True, **kw):
        c = Client(self.ca, key=Key(alg), **kw)
        if register:
            r = c.register()
            assert r.status == 201, r.body
        return c

    def name(self):
        """A name that nobody asked for yet."""
        self.count += 1
        return f"n{self.count}.example.test"

    def alive(self):
        c = self.client()
        n = self.name()
        chain = load_chain(c.issue(self.web, [n]))
        assert names(chain[0]) == [n] and ekus(chain[0]) == [SERVER_AUTH] and not is_ca(chain[0])
        c.close()

    def silent(self):
        """Nothing in the log that must not be there (row 23)."""
        log = self.ca.log()
        assert CANARY not in log
        assert "PRIVATE KEY" not in log
        for token, authorization in self.web.answers.items():
            assert authorization not in log and token not in log
        for name in os.listdir(self.ca.path("keys")):
            with open(self.ca.path("keys", name), "rb") as f:
                key = f.read()
            assert key.hex() not in log and b64u(key) not in log and repr(key)[2:-1] not in log, name
        return log

    def close(self):
        try:
            self.alive()
            self.silent()
            assert self.ca.stop() == 0, "tabardd did not end cleanly"
        finally:
            if self.ca.proc is not None:
                self.ca.proc.stop()
            self.web.close()
            self.dns.stop()
            self.ns.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    s = Site(tmp_path_factory.mktemp("site"))
    yield s
    s.close()


def parallel(num, work):
    """work(i) in num threads that start together; their results, or the first exception."""
    out, bad = [None] * num, []
    barrier = threading.Barrier(num)

    def one(i):
        try:
            barrier.wait(60)
            out[i] = work(i)
        except BaseException as e:  # noqa: BLE001 - told to the test below
            bad.append(e)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(num)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        raise bad[0]
    return out


class Tls:
    """A connection to the front on which a test writes what it likes."""

    def __init__(self, site, timeout=30):
        context = ssl.create_default_context(cafile=site.ca.root)
        self.sock = context.wrap_socket(site.ns.connect("127.0.0.1", site.ca.port, timeout=timeout),
                                        server_hostname=site.ca.name)
        self.left = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def answer(self):
        """(status, headers, body) of the next answer; None when the server closed without one."""
        while b"\r\n\r\n" not in self.left:
            more = self._recv()
            if not more:
                assert not self.left, self.left
                return None
            self.left += more
        head, rest = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = dict(l.split(": ", 1) for l in lines[1:])
        while len(rest) < int(headers.get("Content-Length", 0)):
            more = self._recv()
            assert more, "a body that ends early"
            rest += more
        n = int(headers.get("Content-Length", 0))
        body, self.left = rest[:n], rest[n:]
        return int(lines[0].split()[1]), headers, body

    def _recv(self):
        try:
            return self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            return b""

    def closed(self):
        """True when nothing more comes before the end."""
        return not self.left and self._recv() == b""

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()


class ScriptedWeb:
    """A web server whose answer to each request is script(host, path, port) -> bytes of a whole answer."""

    def __init__(self, ns, script, address="127.0.0.1", port=80, context=None):
        self.script, self.port, self.context, self.seen, self.heads = script, port, context, [], []
        self.sock = ns.listen(address, port)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        with contextlib.suppress(OSError), conn:
            conn.settimeout(10)
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            data = b""
            while b"\r\n\r\n" not in data:
                more = conn.recv(4096)
                if not more:
                    return
                data += more
            path = data.split(b" ")[1].decode()
            host = next((l[6:] for l in data.decode().split("\r\n") if l.lower().startswith("host: ")), "")
            self.seen.append((host, path))
            self.heads.append(data.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:])
            conn.sendall(self.script(host, path, self.port))
            conn.close()

    def close(self):
        self.sock.close()


def http_answer(status, body=b"", **headers):
    """Bytes of an answer; headers: Location="..." and so on."""
    body = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return (head + "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode() + body


class HostileDns:
    """A resolver that answers from a table {(name, type): rule}. A rule is a list of record texts, or "servfail",
    "refused", "silent", "truncated" (over TCP as well), "garbage", "tcp" (only over TCP), "cname:target", "foreign"
    (data of another name), "nxdomain". What is not in the table has A 127.0.0.1 and nothing else."""

    def __init__(self, ns, address="127.0.0.1", port=53):
        self.rules, self.seen, self.open = {}, [], True
        self.udp = ns.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind((address, port))
        self.tcp = ns.listen(address, port)
        threading.Thread(target=self._udp, daemon=True).start()
        threading.Thread(target=self._tcp, daemon=True).start()

    def set(self, name, kind, rule):
        self.rules[name, kind] = rule

    def reply(self, wire, tcp):
        query = dns.message.from_wire(wire)
        q = query.question[0]
        name, kind = q.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(q.rdtype)
        self.seen.append((name, kind))
        rule = self.rules.get((name, kind), ["127.0.0.1"] if kind == "A" else [])
        r = dns.message.make_response(query, recursion_available=True)
        if rule == "silent":
            return None
        if rule == "garbage":
            return wire[:2] + b"\x84\x00\xff\xff\xff\xff\xff\xff\xff\xff" + b"\xc0\x0c" * 20
        if rule in ("servfail", "refused", "nxdomain"):
            r.set_rcode(dns.rcode.from_text(rule.upper()))
        elif rule == "truncated" or (isinstance(rule, tuple) and rule[0] == "tcp" and not tcp):
            r.flags |= dns.flags.TC
        elif isinstance(rule, str) and rule.startswith("cname:"):
            r.answer.append(dns.rrset.from_text(q.name, 1, "IN", "CNAME", rule[6:] + "."))
        elif rule == "foreign":
            r.answer.append(dns.rrset.from_text("evil.example.org.", 1, "IN", kind, "127.0.0.1"))
        else:
            records = rule[1] if isinstance(rule, tuple) else rule
            if records:
                r.answer.append(dns.rrset.from_text(q.name, 1, "IN", kind, *records))
        return r.to_wire()

    def _udp(self):
        while self.open:
            try:
                wire, peer = self.udp.recvfrom(4096)
                answer = self.reply(wire, False)
                if answer:
                    self.udp.sendto(answer, peer)
            except OSError:
                return
            except dns.exception.DNSException:
                pass

    def _tcp(self):
        while self.open:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._tcp_one, args=(conn,), daemon=True).start()

    def _tcp_one(self, conn):
        with contextlib.suppress(OSError, dns.exception.DNSException), conn:
            conn.settimeout(5)
            while True:
                head = conn.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                answer = self.reply(conn.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL), True)
                if answer:
                    conn.sendall(len(answer).to_bytes(2, "big") + answer)

    def stop(self):
        self.open = False
        for s in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


def certificates_of(site, name):
    """How many certificates the signer's log holds whose SAN has this name."""
    needle = b"\x82" + bytes([len(name)]) + name.encode()
    with open(site.ca.path("log", "issuance-00000001.log"), "rb") as f:
        return f.read().count(needle)
