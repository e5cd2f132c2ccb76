"""Hostile clients below ACME: raw bytes over TLS, half-open and slow connections, limits."""
import contextlib
import json
import re
import socket
import ssl
import time

import pytest

from harness.acme import jws
from harness.attack import Site, Tls, refused
from harness.ca import program
from harness.proc import wait_for

REQUEST_S = 2
IDLE_S = 6
CONNECTIONS = 40


def tight(text):
    for key, old, new in [("request_timeout", "30s", f"{REQUEST_S}s"), ("idle_timeout", "1m", f"{IDLE_S}s"), ("connections_max", "4096", str(CONNECTIONS)),
                          ("orders_per_account_pending_max", "300", "5")]:
        assert f"\n  {key}: {old}\n" in text
        text = text.replace(f"\n  {key}: {old}\n", f"\n  {key}: {new}\n")
    return text


@pytest.fixture
def unhurried(tmp_path_factory):
    """One that gives a request the time that it has by default: longer than any flood here takes on a busy machine."""
    s = Site(tmp_path_factory.mktemp("site"), edit=lambda text: tight(text).replace(f"request_timeout: {REQUEST_S}s", "request_timeout: 30s"))
    yield s
    s.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    s = Site(tmp_path_factory.mktemp("site"), edit=tight)
    yield s
    s.close()


@pytest.fixture
def tls(site):
    t = Tls(site)
    yield t
    t.close()


HEAD = b"GET /directory HTTP/1.1\r\nHost: ca.test:14000\r\n"
GOOD = HEAD + b"\r\n"


def problem(answer, status, closes=None):
    """A refusal below ACME: a problem document, constant words, and the end of the connection."""
    assert answer is not None, "closed without an answer"
    got, headers, body = answer
    assert got == status, (got, body)
    assert headers["Content-Type"] == "application/problem+json"
    doc = json.loads(body)
    assert doc["type"].startswith("urn:ietf:params:acme:error:") and doc["status"] == status and doc["detail"]
    if closes is not None:
        assert (headers.get("Connection") == "close") == closes
    return doc


# row 20: HTTP

def post(head, body=b"{}"):
    return b"POST /acme/new-order HTTP/1.1\r\nHost: ca.test\r\nContent-Type: application/jose+json\r\n" + head + b"\r\n" + body


BAD = {
    "bare-lf": (b"GET /directory HTTP/1.1\nHost: ca.test\n\n", 400),
    "lf-in-headers": (b"GET /directory HTTP/1.1\r\nHost: ca.test\nX: y\r\n\r\n", 400),
    "bare-cr": (b"GET /directory HTTP/1.1\r\nHost: ca.test\rX: y\r\n\r\n", 400),
    "fold": (HEAD + b"X: a\r\n b\r\n\r\n", 400),
    "space-before-colon": (HEAD + b"X : a\r\n\r\n", 400),
    "space-before-name": (b"GET /directory HTTP/1.1\r\n Host: ca.test\r\n\r\n", 400),
    "no-colon": (HEAD + b"X\r\n\r\n", 400),
    "empty-name": (HEAD + b": a\r\n\r\n", 400),
    "name-with-nul": (HEAD + b"X\0: a\r\n\r\n", 400),
    "value-with-nul": (HEAD + b"X: a\0b\r\n\r\n", 400),
    "no-host": (b"GET /directory HTTP/1.1\r\n\r\n", 400),
    "two-hosts": (HEAD + b"Host: evil.test\r\n\r\n", 400),
    "empty-host": (b"GET /directory HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "host-with-path": (b"GET /directory HTTP/1.1\r\nHost: ca.test/x\r\n\r\n", 400),
    "http-1.0-two-hosts": (b"GET /directory HTTP/1.0\r\nHost: ca.test\r\nHost: evil.test\r\n\r\n", 400),
    "http-0.9": (b"GET /directory HTTP/0.9\r\nHost: ca.test\r\n\r\n", 505),
    "http-2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "http-9": (b"GET /directory HTTP/9.9\r\nHost: ca.test\r\n\r\n", 505),
    "no-version": (b"GET /directory\r\nHost: ca.test\r\n\r\n", 400),
    "two-spaces": (b"GET  /directory HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "tab": (b"GET\t/directory\tHTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "absolute-form-user": (b"GET https://u@ca.test:14000/directory HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "absolute-form-other": (b"GET file:///directory HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "absolute-form-no-host": (b"GET https://ca.test:14000/directory HTTP/1.1\r\n\r\n", 400),
    "authority-form": (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "fragment": (b"GET /directory#x HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "target-8bit": (b"GET /directory\xff HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "target-nul": (b"GET /directory\0 HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "method-colon": (b"GE:T /directory HTTP/1.1\r\nHost: ca.test\r\n\r\n", 400),
    "get-with-body": (HEAD + b"Content-Length: 2\r\n\r\n{}", 400),
    "chunked": (post(b"Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"), 411),
    "chunked-and-length": (post(b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"), 411),
    "length-and-chunked": (post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"), 411),
    "te-gzip": (post(b"Transfer-Encoding: gzip, chunked\r\n"), 501),
    "te-identity": (post(b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n"), 400),
    "te-folded": (post(b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n"), (400, 501)),
    "te-space": (post(b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n"), 400),
    "two-lengths": (post(b"Content-Length: 2\r\nContent-Length: 2\r\n"), 400),
    "other-lengths": (post(b"Content-Length: 2\r\nContent-Length: 20\r\n"), 400),
    "length-list": (post(b"Content-Length: 2, 2\r\n"), 400),
    "length-plus": (post(b"Content-Length: +2\r\n"), 400),
    "length-minus": (post(b"Content-Length: -2\r\n"), 400),
    "length-hex": (post(b"Content-Length: 0x2\r\n"), 400),
    "length-empty": (post(b"Content-Length:\r\n"), 400),
    "length-word": (post(b"Content-Length: two\r\n"), 400),
    "length-huge": (post(b"Content-Length: 99999999999999999999999\r\n"), 413),
    "length-2-64": (post(b"Content-Length: 18446744073709551618\r\n"), 413),
    "length-65537": (post(b"Content-Length: 65537\r\n"), 413),
    "no-length": (post(b""), 411),
    "two-types": (post(b"Content-Type: text/plain\r\nContent-Length: 2\r\n"), 400),
    "expectation": (post(b"Expect: 200-maybe\r\nContent-Length: 2\r\n"), 417),
    "long-target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: ca.test\r\n\r\n", 414),
    "endless-target": (b"GET /" + b"a" * 15000, 414),
    "long-header": (HEAD + b"X: " + b"a" * 17000 + b"\r\n\r\n", 431),
    "many-headers": (HEAD + b"".join(b"X%d: y\r\n" % i for i in range(65)) + b"\r\n", 431),
    "same-header": (HEAD + b"X: y\r\n" * 3000 + b"\r\n", 431),
    "tls-in-tls": (b"\x16\x03\x01\x00\x05hello\r\n\r\n", 400),
    "zeros": (b"\0" * 1000 + b"\r\n\r\n", 400),
    "smtp": (b"EHLO x\r\n\r\n", 400),
    "empty-lines": (b"\r\n\r\n\r\n\r\n", 400),
}


@pytest.mark.parametrize("what", BAD)
def test_invariant_20_requests_that_are_no_http(site, tls, what):
    data, status = BAD[what]
    answer = tls.send(data + GOOD).answer()  # what follows must not be taken for a request
    assert answer is not None
    problem(answer, status if isinstance(status, int) else answer[0], closes=True)
    assert isinstance(status, int) or answer[0] in status
    assert tls.closed()


def test_a_request_of_http_1_0_is_answered_and_the_connection_ends(site, tls):
    """OpenSSL and some proxies speak it; they refused the CRLs and the directory when it was 505."""
    status, headers, body = tls.send(b"GET /directory HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GOOD).answer()
    assert status == 200 and headers["Connection"] == "close" and json.loads(body)["newNonce"]
    assert tls.closed()


def test_a_target_in_absolute_form_is_taken_on_its_own_kind_of_connection_only(site, tls):
    """RFC 9112 section 3.2.2, RFC 9110 section 7.4."""
    for target, want in ((b"https://ca.test:14000/directory", 200), (b"HTTPS://evil.test/directory", 200), (b"http://ca.test/directory", 421)):
        status, _, body = tls.send(b"GET " + target + b" HTTP/1.1\r\nHost: ca.test\r\n\r\n").answer()
        assert status == want and b"evil" not in body, target
    with site.ns.connect("127.0.0.1", site.ca.port + 1) as plain:
        for target, want in ((b"http://ca.test/aia/issuing-server.cer", b"200"), (b"https://ca.test/aia/issuing-server.cer", b"421")):
            plain.sendall(b"HEAD " + target + b" HTTP/1.1\r\nHost: ca.test\r\n\r\n")
            assert plain.recv(65536).split()[1] == want


def test_an_empty_line_behind_a_body_is_passed_over(site, tls):
    tls.send(post(b"Content-Length: 2\r\n") + b"\r\n" + GOOD)
    assert (tls.answer()[0], tls.answer()[0]) == (400, 200)


def test_every_prefix_of_a_request_waits_and_every_byte_may_come_alone(site, tls):
    for i in range(len(GOOD)):
        tls.send(GOOD[i:i + 1])
    assert tls.answer()[0] == 200


def test_pipelined_requests_are_answered_in_their_order(site, tls):
    c = site.client(register=False)
    new = c.dir["newAccount"]
    body = jws(c.key, new, {"termsOfServiceAgreed": True}, c.take_nonce())
    account = (b"POST /acme/new-acct HTTP/1.1\r\nHost: ca.test\r\nContent-Type: application/jose+json\r\nContent-Length: %d\r\n\r\n"
               % len(body)) + body
    tls.send(GOOD + account + GOOD + account + b"HEAD /acme/new-nonce HTTP/1.1\r\nHost: ca.test\r\n\r\n" + GOOD * 50 + b"GET /x HTTP/1.1\r\n\r\n" + GOOD)
    assert tls.answer()[0] == 200
    status, headers, _ = tls.answer()
    assert status == 201 and headers["Location"].startswith("https://ca.test:14000/acme/acct/")
    assert tls.answer()[0] == 200
    problem(tls.answer(), 400)
    # an answer to HEAD has no body
    while b"\r\n\r\n" not in tls.left:
        tls.left += tls.sock.recv(65536)
    head, tls.left = tls.left.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200") and b"Replay-Nonce" in head
    for _ in range(50):
        assert tls.answer()[0] == 200
    problem(tls.answer(), 400, closes=True)
    assert tls.closed()
    c.close()


def test_a_body_that_holds_a_request_is_a_body(site, tls):
    inner = b"GET /directory HTTP/1.1\r\nHost: ca.test\r\n\r\n"
    tls.send(post(b"Content-Length: %d\r\n" % len(inner), inner) + GOOD)
    problem(tls.answer(), 400)
    assert tls.answer()[0] == 200


def test_host_is_not_believed(site, tls):
    tls.send(b"GET /directory HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: evil.test\r\nForwarded: host=evil.test\r\n\r\n")
    status, _, body = tls.answer()
    assert status in (200, 400, 421) and b"evil" not in body


def test_answers_hold_no_line_that_a_client_wrote(site, tls):
    tls.send(b"GET /x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: ca.test\r\nOrigin: https://evil.test\r\n\r\n")
    status, headers, body = tls.answer()
    assert status == 404 and "Set-Cookie" not in headers and b"Set-Cookie" not in body and "evil" not in str(headers)


# row 26: time and number

def test_invariant_26_a_slow_head_is_cut(site, tls):
    start = time.monotonic()
    data = HEAD + b"X: " + b"a" * 4000
    with contextlib.suppress(OSError):
        for i in range(len(data)):
            tls.send(data[i:i + 1])
            time.sleep(0.05)
            if time.monotonic() - start > REQUEST_S + 3:
                break
            if select_readable(tls):
                break
    seconds = time.monotonic() - start
    assert REQUEST_S - 0.5 < seconds < REQUEST_S + 2
    problem(tls.answer(), 408, closes=True)
    assert tls.closed()


def select_readable(t):
    t.sock.settimeout(0)
    try:
        more = t.sock.recv(65536)
        t.left += more
        return True
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    finally:
        t.sock.settimeout(30)


def test_invariant_26_a_slow_body_is_cut(site, tls):
    start = time.monotonic()
    tls.send(post(b"Content-Length: 5000\r\n", b""))
    while time.monotonic() - start < REQUEST_S + 3 and not select_readable(tls):
        with contextlib.suppress(OSError):
            tls.send(b"a")
        time.sleep(0.1)
    assert REQUEST_S - 0.5 < time.monotonic() - start < REQUEST_S + 2
    problem(tls.answer(), 408, closes=True)


def test_invariant_26_who_does_not_read_is_cut(site):
    """Told by the server's side: behind a window of nothing the client's kernel may never learn of the end.

    When the server's buffer is full the request time-out ends it; when the peer's silence comes first, the idle one.
    """
    raw = site.ns.connect("127.0.0.1", site.ca.port)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    port = raw.getsockname()[1]
    t = ssl.create_default_context(cafile=site.ca.root).wrap_socket(raw, server_hostname="ca.test")
    t.settimeout(1)

    def is_open():
        return site.ns.run(["ss", "-Htn", "state", "established", "sport", "=", f":{site.ca.port}", "and",
                            "dport", "=", f":{port}"]).stdout.strip() != ""

    assert is_open()
    with contextlib.suppress(OSError):
        while True:
            t.sendall(GOOD * 100)
    wait_for("the server to end a connection that nobody reads", lambda: not is_open(), REQUEST_S + IDLE_S + 4, 0.1)
    t.close()


def test_invariant_26_silent_connections_end(site):
    quiet = [site.ns.connect("127.0.0.1", site.ca.port) for _ in range(5)]  # no handshake: 10 s
    kept = Tls(site)  # a handshake and no request: the idle time
    kept.send(GOOD)
    assert kept.answer()[0] == 200
    start = time.monotonic()
    assert kept.closed()
    assert 3 < time.monotonic() - start < 9
    for s in quiet:
        s.settimeout(12)
        assert s.recv(1) == b""
        s.close()
    assert time.monotonic() - start < 13


def test_invariant_26_a_thousand_half_open_connections_do_not_stop_a_client(site):
    half = [site.ns.connect("127.0.0.1", site.ca.port) for _ in range(500)]
    for s in half[:250]:
        s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")  # the beginning of a ClientHello
    start = time.monotonic()
    site.alive()
    half += [site.ns.connect("127.0.0.1", site.ca.port) for _ in range(500)]
    site.alive()
    assert time.monotonic() - start < 15
    for s in half:
        s.close()


def front_sockets(site):
    """Connections that the front holds, as the kernel counts them."""
    out = site.ns.run(["cat", "/proc/net/tcp"]).stdout.split("\n")[1:]
    port = f":{site.ca.port:04X}"
    front = site.ca.pid_of("front")
    links = site.ns.run(["sh", "-c", f"ls -l /proc/{front}/fd"]).stdout
    mine = set(re.findall(r"socket:\[(\d+)\]", links))
    return len([l for l in out if l.split() and l.split()[1].endswith(port) and l.split()[3] == "01" and l.split()[9] in mine])


def test_invariant_24_no_more_connections_than_configured(site):
    held = []
    for _ in range(CONNECTIONS * 3):
        with contextlib.suppress(OSError):
            held.append(Tls(site, timeout=5))
            assert front_sockets(site) <= CONNECTIONS
    wait_for("the number of connections", lambda: front_sockets(site) <= CONNECTIONS)
    site.alive()  # whoever waited longest without a request made room
    for t in held:
        t.close()


def test_invariant_26_busy_connections_are_not_displaced(unhurried):
    site = unhurried
    busy = [Tls(site) for _ in range(10)]
    for t in busy:
        t.send(HEAD)
    last = Tls(site)
    assert last.send(GOOD).answer()[0] == 200  # what was sent before it has been read as well
    flood = [site.ns.connect("127.0.0.1", site.ca.port) for _ in range(CONNECTIONS * 4)]
    for t in busy:
        t.send(b"\r\n")
        assert t.answer()[0] == 200
    for t in busy + flood + [last]:
        t.close()
    site.alive()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_invariant_26_old_protocols_and_none(site):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.create_default_context(cafile=site.ca.root)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(site.ns.connect("127.0.0.1", site.ca.port), server_hostname="ca.test")
    raw = site.ns.connect("127.0.0.1", site.ca.port)
    raw.sendall(GOOD)  # plain HTTP
    raw.settimeout(12)
    with contextlib.suppress(ConnectionResetError):
        assert b"HTTP/1.1" not in raw.recv(4096)
    raw.close()


def test_invariant_24_pending_orders_of_one_account(site):
    c = site.client()
    made = [c.new_order([f"p{i}.example.test"]) for i in range(5)]
    assert all(r.status == 201 for r in made)
    r = c.new_order(["p6.example.test"])
    refused(r, "rateLimited", 429)
    assert int(r.headers["Retry-After"]) > 0
    other = site.client()
    assert other.new_order(["p6.example.test"]).status == 201  # another account is not bound
    # a limit that was reached is no lock: an order that ends makes room
    assert c.post(made[0].json()["authorizations"][0], {"status": "deactivated"}).status == 200
    assert c.post(made[0].location, None).json()["status"] == "invalid"
    c.close()
    other.close()


def test_invariant_26_new_accounts_of_all_clients(make_ca):
    from harness.acme import Client, Key
    ca = make_ca(edit=lambda t: t.replace("accounts_per_minute_max: 600", "accounts_per_minute_max: 3")).start()
    c = Client(ca)
    got = []
    for _ in range(8):
        c.key = Key()
        got.append(c.register())
    assert [r.status for r in got].count(201) in (3, 6)  # a minute may have begun meanwhile
    for r in got:
        if r.status != 201:
            refused(r, "rateLimited", 429)
            assert int(r.headers["Retry-After"]) > 0
    c.close()


@pytest.mark.parametrize("key", ["connections_max", "request_timeout", "idle_timeout", "orders_per_account_pending_max", "order_lifetime",
                                 "authz_pending", "authz_valid", "validations_max", "validation_timeout", "accounts_per_minute_max", "lifetime",
                                 "names_max", "control_age", "caa_age"])
def test_invariant_24_zero_is_no_limit_that_can_be_configured(site, tmp_path, key):
    with open(site.ca.config) as f:
        text = f.read()
    zero = "0" if key.endswith("_max") else "0s"
    changed, num = re.subn(rf"(?m)^(\s+{key}: ).*$", rf"\g<1>{zero}", text)
    assert num >= 1
    path = tmp_path / "tabard.yaml"
    path.write_text(changed)
    p = site.ns.run([program("tabardd"), "check-config", "--config", path], check=False)
    assert p.returncode != 0 and key in p.stdout, p.stdout
