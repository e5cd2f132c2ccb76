"""tabard check HOST:PORT: plain TLS and the protocols that begin in the clear, honest servers and others."""
import json
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness.ca import program
from harness.pki import NINE, Chain
from harness.proc import Proc

PROTOCOLS = ("smtp", "imap", "xmpp", "postgres", "ldap")


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    return Chain(tmp_path_factory.mktemp("live"), "server", NINE["server"])


def check(address, *args):
    return subprocess.run([program("tabard"), "check", address, *args], capture_output=True, text=True, timeout=60)


def read_until(conn, end):
    data = b""
    while not data.endswith(end):
        octet = conn.recv(1)
        if not octet:
            raise ConnectionError("closed")
        data += octet
    return data


def speak_smtp(conn):
    conn.sendall(b"220-mx.test\r\n220 ESMTP\r\n")
    assert read_until(conn, b"\r\n").startswith(b"EHLO ")
    conn.sendall(b"250-mx.test\r\n250-PIPELINING\r\n250-starttls\r\n250 8BITMIME\r\n")
    assert read_until(conn, b"\r\n") == b"STARTTLS\r\n"
    conn.sendall(b"220 go\r\n")


def speak_imap(conn):
    conn.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n")
    tag = read_until(conn, b"\r\n").split()[0]
    conn.sendall(b"* untagged\r\n" + tag + b" OK go\r\n")


def speak_xmpp(conn):
    read_until(conn, b"version='1.0'>")
    conn.sendall(b"<?xml version='1.0'?><stream:stream id='1' xmlns='jabber:client' "
                 b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>"
                 b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>")
    read_until(conn, b"xmpp-tls'/>")
    conn.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


def speak_postgres(conn):
    assert conn.recv(8, socket.MSG_WAITALL) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
    conn.sendall(b"S")


def speak_ldap(conn):
    assert conn.recv(31, socket.MSG_WAITALL)[-22:] == b"1.3.6.1.4.1.1466.20037"
    conn.sendall(b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00")


SPEAK = dict(smtp=speak_smtp, imap=speak_imap, xmpp=speak_xmpp, postgres=speak_postgres, ldap=speak_ldap)


class Stub:
    """One connection, served by a function, with TLS afterwards when a chain is given."""

    def __init__(self, speak, chain=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.speak, self.chain, self.error = speak, chain, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        conn, _ = self.listener.accept()
        try:
            self.speak(conn)
            if self.chain is not None:
                ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                ctx.load_cert_chain(self.chain.chain_file, self.chain.key_file)
                conn = ctx.wrap_socket(conn, server_side=True)
        except (OSError, ConnectionError):
            pass
        except AssertionError as e:
            self.error = e
        finally:
            conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.thread.join(30)
        self.listener.close()
        assert not self.thread.is_alive() and self.error is None, self.error


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_starttls(chain, protocol):
    with Stub(SPEAK[protocol], chain) as stub:
        r = check(stub.address, "--starttls", protocol, "--anchors", chain.root_file, "--name", "localhost", "--json")
    doc = json.loads(r.stdout)
    roles = doc["results"][0]["roles"]
    assert r.returncode == 0 and doc["results"][0]["kind"] == "live"
    assert roles["server"]["verdict"] == "accepted"
    assert roles["client"]["verdict"] == "refused" and roles["client"]["fault"]["depth"] == 0


def refuse(answers):
    """Say each answer after something was read; None: only read."""
    def speak(conn):
        for greeting, answer in answers:
            if greeting:
                conn.sendall(greeting)
            if answer is not None:
                conn.recv(4096)
                conn.sendall(answer)
    return speak


def endless(conn):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        conn.sendall(b"250-" + b"a" * 4096)


def lines_for_ever(conn):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        conn.sendall(b"220-a\r\n* OK a\r\n<a>" * 100)


@pytest.mark.parametrize("protocol,speak,why", [
    ("smtp", refuse([(b"220 hi\r\n", b"250-a\r\n250 SIZE\r\n")]), "does not offer TLS"),
    ("smtp", refuse([(b"220 hi\r\n", b"250 STARTTLS\r\n"), (b"", b"454 not now\r\n")]), "does not offer TLS"),
    ("smtp", refuse([(b"554 no\r\n", None)]), "does not offer TLS"),
    ("smtp", refuse([(b"hello\r\n", None)]), "malformed"),
    ("imap", refuse([(b"* OK hi\r\n", b"t1 BAD no\r\n")]), "does not offer TLS"),
    ("imap", refuse([(b"* BYE\r\n", None)]), "malformed"),
    ("xmpp", refuse([(b"", b"<stream:stream><stream:features><bind/></stream:features>")]), "does not offer TLS"),
    ("xmpp", refuse([(b"", b"<stream:stream></stream:stream>")]), "does not offer TLS"),
    ("postgres", refuse([(b"", b"N")]), "does not offer TLS"),
    ("postgres", refuse([(b"", b"x")]), "malformed"),
    ("ldap", refuse([(b"", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")]), "does not offer TLS"),
    ("ldap", refuse([(b"", b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01")]), "limit"),
    ("ldap", refuse([(b"", b"\x30\x02\x02\x01")]), "malformed"),
    ("ldap", refuse([(b"", b"\x31\x02\x02\x01")]), "malformed"),
    ("ldap", refuse([(b"", b"\x30\x85\x00\x00\x00\x00\x02ab")]), "malformed"),
    ("smtp", refuse([]), ""),
    ("imap", refuse([]), ""),
    ("xmpp", refuse([]), ""),
    ("postgres", refuse([]), ""),
    ("ldap", refuse([]), ""),
    ("smtp", endless, ""),
    ("imap", lines_for_ever, ""),
    ("xmpp", lines_for_ever, ""),
    ("smtp", lines_for_ever, ""),
])
def test_starttls_that_does_not_happen(protocol, speak, why):
    start = time.monotonic()
    with Stub(speak) as stub:
        r = check(stub.address, "--starttls", protocol)
    assert r.returncode == 2 and f": {protocol}: " in r.stderr, r
    assert why in r.stderr, r.stderr
    assert time.monotonic() - start < 25


def test_tls_that_does_not_happen():
    with Stub(refuse([(b"SSH-2.0-x\r\n", None)])) as stub:
        r = check(stub.address)
    assert r.returncode == 2 and "no certificate came" in r.stderr


@pytest.fixture
def s_server(chain, tmp_path):
    made = []

    def start(*args):
        proc = Proc(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", chain.leaf_file, "-cert_chain",
                     chain.ca_file, "-key", chain.key_file, *args], os.path.join(str(tmp_path), "log"),
                    stdin=subprocess.PIPE)
        made.append(proc)
        proc.wait_output("ACCEPT")
        return proc.output().split("ACCEPT ")[1].split()[0].rsplit(":", 1)[1]

    yield start
    for proc in made:
        proc.popen.stdin.close()
        proc.stop()


def test_live_server(chain, s_server):
    port = s_server()
    r = check(f"localhost:{port}", "--anchors", chain.root_file, "--role", "server")
    assert r.returncode == 0 and r.stdout.startswith("server: accepted by OpenSSL")
    r = check(f"127.0.0.1:{port}", "--anchors", chain.root_file, "--role", "server")
    assert r.returncode == 1 and '"127.0.0.1" was asked for' in r.stdout
    r = check(f"localhost:{port}", "--role", "server")
    assert r.returncode == 1


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_live_server_that_wants_a_client_certificate(chain, s_server, version):
    port = s_server("-Verify", "5", "-verify_return_error", "-CAfile", chain.root_file, version)
    r = check(f"localhost:{port}", "--anchors", chain.root_file, "--role", "server")
    assert r.returncode == 0, r
    assert "The server asks for a client certificate" in r.stdout
