"""Attacks on a responder from the network: floods, connections that go nowhere, and what was recorded."""
import ssl
import sys
import time

import pytest

from harness import flood, wire
from harness.applicant import Applicant, proxy_header, use_cert, use_digest
from harness.responder import Responder

NAME = "www.example.test"
SETS, SLOTS, STRANGERS = 64, 8, 64
STRANGER = [f"127.0.1.{i}" for i in range(1, 201)]


@pytest.fixture
def responder(ns, dns):
    r = Responder(ns)
    yield r
    r.stop()


@pytest.fixture
def applicant(ns, responder):
    return Applicant(ns, responder)


def prove(responder, applicant):
    account = responder.account()
    token, request = responder.arm(account, NAME)
    assert applicant.prove(account, NAME, token, source="127.0.0.1")[0] == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None


def test_proofs_succeed_in_a_flood_of_strangers(ns, responder, applicant, record_property, capsys):
    prove(responder, applicant)
    before = responder.memory()
    began, was = time.monotonic(), responder.stats()["responder_connections_total"]
    running = [ns.start([sys.executable, flood.__file__, "127.0.0.1", "14002", responder.host, "6", ",".join(STRANGER)], f"flood-{i}")
               for i in range(2)]
    proofs = 0
    while any(p.alive() for p in running):
        prove(responder, applicant)
        proofs += 1
        assert responder.stats()["responder_connections"] <= STRANGERS + SETS * SLOTS
    seconds = time.monotonic() - began
    stats = responder.stats()
    rate = (stats["responder_connections_total"] - was) / seconds
    # Said, not judged: it is the machine's.
    record_property("connections a second", round(rate))
    with capsys.disabled():
        print(f"\nflood: {rate:.0f} connections a second, {proofs / seconds:.1f} proofs a second, "
              f"{(responder.memory() - before) >> 10} KiB more memory", end=" ")
    assert proofs > 0 and stats["responder_proved_total"] == proofs + 1
    assert stats["responder_unknown_tag_total"] > 100 and stats["responder_displaced_expected_total"] == 0
    assert responder.sanitized() or responder.memory() - before < 64 << 20
    assert all("connections " in p.output() for p in running)


def test_connections_that_say_nothing_cost_nobody_anything(responder, applicant):
    """A thousand from strangers, and twenty from the peer's own address, silent or stopped in the middle of a hello."""
    half = flood.hello(responder.host)[:100]
    held = []
    for i in range(1000):
        held.append(applicant.socket(source=STRANGER[i % len(STRANGER)]))
        if i % 2:
            held[-1].send(half)
    for i in range(20):
        held.append(applicant.socket(source="127.0.0.1"))
    assert responder.accepted(1020)["responder_connections"] <= STRANGERS
    for _ in range(3):
        prove(responder, applicant)
    # While it is expected, its own silent ones give way, too.
    account = responder.account()
    token, request = responder.arm(account, NAME)
    held += [applicant.socket(source="127.0.0.1") for _ in range(20)]
    assert applicant.prove(account, NAME, token, source="127.0.0.1")[0] == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None
    # And all of them end.
    for s in held:
        s.settimeout(30)
        try:
            assert s.recv(1) == b""
        except ConnectionResetError:
            pass
    assert responder.stats()["responder_connections"] == 0


def test_one_stranger_does_not_displace_another(responder, applicant):
    other = applicant.socket(source="127.0.2.1")
    held = [applicant.socket(source="127.0.2.2") for _ in range(200)]
    assert responder.accepted(201)["responder_connections"] == 1 + 8
    other.settimeout(0.01)
    with pytest.raises(TimeoutError):
        other.recv(1)
    assert len(held) == 200


class Recorder:
    """A TLS client over two buffers, so that what it sends is kept."""

    def __init__(self, applicant, token, der, key):
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = applicant.context(der, key).wrap_bio(self.inward, self.outward, server_hostname=applicant.name_of(token))
        self.sent = []

    def run(self, s):
        text = b""
        handshaken = False
        while True:
            try:
                if not handshaken:
                    self.tls.do_handshake()
                    handshaken = True
                more = self.tls.read(4096)
                if not more:
                    return text
                text += more
            except ssl.SSLWantReadError:
                self.flush(s)
                data = s.recv(65536)
                if not data:
                    return text
                self.inward.write(data)
            except ssl.SSLZeroReturnError:
                return text

    def flush(self, s):
        data = self.outward.read()
        if data:
            self.sent.append(data)
            s.sendall(data)


def test_a_recorded_handshake_is_worth_nothing(responder, applicant):
    account = responder.account()
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    client = Recorder(applicant, token, der, key)
    with applicant.socket() as s:
        assert client.run(s) == b"ok 127.0.0.1\n"
    assert responder.answer(request)[0] is None and len(client.sent) >= 2
    # The same token, armed again: everything that the client said is still right, but for the responder's own random value.
    request = responder.ask(account, NAME, token)
    assert responder.next_note(request) == (None, "")
    with applicant.socket() as s:
        s.sendall(client.sent[0])
        s.recv(65536)
        for data in client.sent[1:]:
            s.sendall(data)
        s.settimeout(20)
        try:
            while s.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert responder.next_note(request)[0] == "tls"
    assert responder.stats()["responder_proved_total"] == 1


def test_one_account_does_not_take_every_window(responder):
    account, other = responder.account(), responder.account()
    for i in range(256):
        responder.arm(account, "127.0.0.1", wire.IP)
    problem, detail = responder.refused(account, "127.0.0.1", wire.IP)
    assert problem == "rateLimited" and "256 proofs of use of this account" in detail
    responder.arm(other, "127.0.0.1", wire.IP)


def test_a_low_source_port_when_the_zone_demands_one(ns, dns):
    responder = Responder(ns, edit=lambda text: text.replace("low_source_port: false", "low_source_port: true", 1))
    try:
        applicant, account = Applicant(ns, responder), responder.account()
        token, request = responder.arm(account, NAME)
        assert applicant.prove(account, NAME, token, source="127.0.0.1", source_port=1024)[0] == "refused port 127.0.0.1"
        assert "from port 1024 of 127.0.0.1; expected one below 1024" in responder.next_note(request)[1]
        assert applicant.prove(account, NAME, token, source="127.0.0.1", source_port=1023)[0] == "ok 127.0.0.1"
    finally:
        responder.stop()


@pytest.fixture
def proxied(ns, dns):
    def edit(text):
        return (text.replace("responder_proxies: []", 'responder_proxies: ["127.0.9.0/24"]')
                .replace("low_source_port: false", "low_source_port: true", 1))
    r = Responder(ns, edit=edit)
    yield r
    r.stop()


def test_a_configured_proxy_says_who_comes(ns, proxied):
    applicant, account = Applicant(ns, proxied), proxied.account()
    token, request = proxied.arm(account, NAME)

    def come(source, header):
        return applicant.prove(account, NAME, token, source=source, source_port=0, header=header)[0]

    assert come("127.0.9.1", proxy_header("192.0.2.7", 1000)) == "refused address 192.0.2.7"
    assert come("127.0.9.1", proxy_header("2001:db8::7", 1000, "::1")) == "refused address 2001:db8::7"
    assert come("127.0.9.1", proxy_header("127.0.0.1", 1024)) == "refused port 127.0.0.1"
    assert come("127.0.9.1", proxy_header("::ffff:127.0.0.1", 1023, "::1", more=b"\x04\0\x01x")) == "ok 127.0.0.1"
    s = proxied.statement(proxied.answer(request)[2][0])
    assert s.peer == b"\0" * 10 + b"\xff\xff\x7f\0\0\1"


def test_nobody_else_says_who_comes(ns, proxied):
    """A header from elsewhere is no TLS, and a proxy without a header is nobody."""
    applicant, account = Applicant(ns, proxied), proxied.account()
    token, request = proxied.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    for source, header in (("127.0.8.1", proxy_header("127.0.0.1", 1000)), ("127.0.9.1", b""),
                           ("127.0.9.1", b"PROXY TCP4 127.0.0.1 127.0.0.1 1000 14002\r\n"),
                           ("127.0.9.1", proxy_header("127.0.0.1", 1000, command=0x20))):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            applicant.show(token, der, key, source=source, header=header)
    assert request not in proxied.answers and proxied.stats()["responder_proved_total"] == 0
    # Silent proxies hold places of their own, and not for long.
    held = [applicant.socket(source="127.0.9.2") for _ in range(200)]
    assert proxied.accepted(204)["responder_connections"] <= 64
    assert len(held) == 200


@pytest.mark.slow
def test_a_window_is_open_for_a_minute(responder, applicant):
    account = responder.account()
    idle, tried = responder.arm(account, NAME), responder.arm(account, NAME)
    began = time.monotonic()
    der, key = use_cert(NAME, use_digest("somebody else"))
    assert applicant.show(tried[0], der, key) == "refused digest 127.0.0.1"
    problem, detail, _ = responder.answer(idle[1], 90)
    assert time.monotonic() - began > 59
    assert problem == "connection" and "nobody connected to ca.test:14002" in detail
    problem, detail, _ = responder.answer(tried[1], 30)
    assert problem == "incorrectResponse" and "digest" in detail
    der, key = use_cert(NAME, use_digest(account.authorization(idle[0])))
    assert applicant.alert(idle[0], der, key) == "TLSV1_UNRECOGNIZED_NAME"

