"""Start, stop, reload, the restart limit, and the operator's commands."""
import os
import re
import signal
import socket
import stat
import threading
import time

import pytest

from harness.acme import Client, Http01, csr
from harness.ca import program
from harness.patient import Patient
from harness.proc import children, wait_for
from harness.x509 import lifetime, load_chain, serial_hex

NAMES = ["www.example.test", "a.example.test", "b.example.test"]
ROLES = ["front", "responder", "validator", "judge", "keyholder"]


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def pids(ca):
    return {r: ca.pid_of(r) for r in ROLES}


def ready_times(ca):
    return ca.log().count("parent: ready ")


def reload(ca):
    """SIGHUP, and wait for the new set of processes."""
    before, was = ready_times(ca), pids(ca)
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the end of the reload", lambda: ready_times(ca) > before)
    now = pids(ca)
    assert not set(was.values()) & set(now.values()) and None not in now.values()


def reload_refused(ca):
    """SIGHUP that changes nothing; what the log says about it."""
    was, at = pids(ca), len(ca.log())
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the refusal", lambda: "reload-failed" in ca.log()[at:])
    assert pids(ca) == was and ca.proc.alive()
    assert Client(ca).dir["newOrder"]
    return ca.log()[at:]


def days(cert):
    """In days; both ends belong to it (RFC 5280 section 4.1.2.5)."""
    return lifetime(cert).total_seconds() / 86400 + 1 / 86400


def later(seconds, what):
    t = threading.Timer(seconds, what)
    t.start()
    return t


# stop


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_stop(ca, sig):
    kids = children(ca.parent_pid())
    assert len(kids) == len(ROLES)
    assert ca.stop(sig) == 0
    assert not any(os.path.exists(f"/proc/{k}") for k in kids)
    assert not os.path.exists(ca.path("control.sock"))


def test_stop_answers_a_validation_that_is_under_way(ca, web):
    c = Client(ca)
    c.register()
    order = c.new_order(["www.example.test"]).json()
    url = order["authorizations"][0]
    ch = next(x for x in c.post(url, None).json()["challenges"] if x["type"] == "http-01")
    web.answers[ch["token"]] = c.key_authorization(ch["token"])
    web.delay = 0.7
    later(0.2, lambda: os.kill(ca.parent_pid(), signal.SIGTERM))
    r = c.post(ch["url"], {})
    assert r.status == 200 and r.json()["status"] == "valid"
    assert r.headers["Connection"] == "close"
    assert ca.stop() == 0
    ca.start()
    assert c.post(url, None).json()["status"] == "valid"


def test_stop_hands_out_a_certificate_that_is_being_signed(ca, web):
    c = Client(ca)
    c.register()
    url, order = c.ready_order(web, ["www.example.test"])
    keyholder = ca.pid_of("keyholder")
    os.kill(keyholder, signal.SIGSTOP)
    later(0.2, lambda: os.kill(ca.parent_pid(), signal.SIGTERM))
    later(0.5, lambda: os.kill(keyholder, signal.SIGCONT))
    r = c.finalize(order, csr(["www.example.test"]))
    assert r.status == 200 and r.json()["status"] == "valid"
    assert ca.stop() == 0
    ca.start()
    assert load_chain(c.post(c.post(url, None).json()["certificate"], None).body)


def test_stop_with_idle_connections_does_not_wait_for_them(ca):
    clients = [Client(ca) for _ in range(5)]
    raw = ca.ns.connect("127.0.0.1", ca.port)  # says nothing at all
    start = time.monotonic()
    assert ca.stop() == 0
    assert time.monotonic() - start < 6, "an idle connection held the stop up to the limit"
    raw.close()
    for c in clients:
        c.close()


# start


def test_start_is_quick_and_tells_when_it_is_ready(make_ca):
    ca = make_ca()
    start = time.monotonic()
    ca.start()
    assert time.monotonic() - start < 5
    assert f"tabardd: ready: {ca.url}\n" in ca.log()
    assert Client(ca).dir["newNonce"]


def test_processes_do_not_drive_each_other_from_the_processor(make_ca):
    ca = make_ca().start()
    for role in ROLES:
        pid = ca.pid_of(role)
        for task in os.listdir(f"/proc/{pid}/task"):
            assert os.sched_getscheduler(int(task)) == os.SCHED_BATCH, role


def test_service_manager_is_told(make_ca, ns):
    ca = make_ca()
    path = os.path.join(ns.tmp, "notify")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    sock.settimeout(20)
    ca.proc = ns.start([program("tabardd"), "run", "--config", ca.config], "notified", env={"NOTIFY_SOCKET": path})
    first = sock.recv(4096).decode().split("\n")
    assert first[0] == "READY=1" and ca.url in first[1]
    assert Client(ca).dir["newNonce"], "ready means that it serves"
    for kid in children(ca.parent_pid()):
        with open(f"/proc/{kid}/environ", "rb") as f:
            assert b"NOTIFY_SOCKET" not in f.read()
    os.kill(ca.parent_pid(), signal.SIGHUP)
    told = sock.recv(4096).decode().split("\n")
    assert told[0] == "RELOADING=1" and re.fullmatch(r"MONOTONIC_USEC=\d+", told[1])
    assert sock.recv(4096).startswith(b"READY=1")
    os.kill(ca.parent_pid(), signal.SIGTERM)
    assert sock.recv(4096).decode().startswith("STOPPING=1")
    assert ca.stop() == 0
    sock.close()


def test_one_tabardd_for_a_state_directory(ca):
    p = ca.ns.run([program("tabardd"), "run", "--config", ca.config], check=False)
    assert p.returncode == 1 and "another tabardd runs on it" in p.stdout
    assert Client(ca).dir["newNonce"], "the first one goes on"
    assert ca.cli_json("status")["front"]


# the operator's commands


def test_control_socket_is_the_owners(ca):
    st = os.stat(ca.path("control.sock"))
    assert stat.S_ISSOCK(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o600


def test_commands(ca, web):
    assert ca.cli("list").stdout == "no certificates\n"
    assert ca.cli_json("list") == {"certificates": []}
    c = Client(ca)
    c.register()
    chains = [load_chain(c.issue(web, names)) for names in (NAMES[:1], NAMES[1:])]
    serials = [serial_hex(chain[0]) for chain in chains]

    s = ca.cli_json("status")
    assert s["pid"] == ca.parent_pid() and s["allow_weak_sandbox"] is False
    assert {p["role"]: p["pid"] for p in s["processes"]} == pids(ca)
    assert all(p["ready"] and not p["weak"] and p["restarts"] == 0 for p in s["processes"])
    assert s["front"]["issued"] == s["front"]["orders"] == 2 and s["front"]["accounts"] == 1
    text = ca.cli("status").stdout
    assert all(re.search(rf"^{r} +{p} +yes ", text, re.M) for r, p in pids(ca).items()) and "\nissued: 2\n" in text

    listed = ca.cli_json("list")["certificates"]
    assert [x["serial"] for x in listed] == serials[::-1], "newest first"
    assert listed[0]["names"] == NAMES[1:] and listed[0]["profile"] == "server"
    text = ca.cli("list").stdout.splitlines()
    assert len(text) == 3 and text[0].startswith("serial") and serials[1] in text[1] and "www.example.test" in text[2]

    for serial in (serials[0], serials[0].upper()):
        shown = ca.cli_json("show", serial)
        assert shown["serial"] == serials[0] and load_chain(shown["pem"].encode()) == chains[0]
    text = ca.cli("show", serials[0]).stdout
    assert f"serial: {serials[0]}\n" in text and load_chain(text[text.index("-----BEGIN"):].encode()) == chains[0]


def test_commands_that_fail(ca):
    none = ca.cli("show", "7f" * 16, check=False)
    assert none.returncode == 1 and "no certificate" in none.stdout
    none = ca.cli("show", "7f" * 16, "--json", check=False)
    assert none.returncode == 1 and "error" in none.stdout
    assert ca.cli("show", "xyz", check=False).returncode == 2
    assert ca.cli("dance", check=False).returncode == 2
    ca.stop()
    gone = ca.cli("status", check=False)
    assert gone.returncode == 1 and "does tabardd run" in gone.stdout


def test_status_without_a_front(ca):
    """The parent knows what runs even while the front does not answer."""
    front = ca.pid_of("front")
    os.kill(front, signal.SIGSTOP)
    try:
        s = ca.cli_json("status")
        assert s["front"] is None and len(s["processes"]) == len(ROLES)
    finally:
        os.kill(front, signal.SIGCONT)
    assert ca.cli_json("status")["front"]


# reload


def test_reload_takes_a_changed_zone(ca, web, ns):
    c = Client(ca)
    c.register()
    c.issue(web, ["www.example.test"])
    ca.edit(lambda text: text.replace("http_port: 80\n", "http_port: 8080\n"))
    reload(ca)
    other = Http01(ns, port=8080)
    # The policy is another one: what was proved under the old one is proved again.
    order = c.new_order(["www.example.test"]).json()
    assert order["status"] == "pending"
    chain = load_chain(c.issue(other, ["www.example.test"]))
    assert chain and len(other.seen) == 1 and len(web.seen) == 1
    assert len(ca.cli_json("list")["certificates"]) == 2
    other.close()


def test_reload_refuses_no_connection(ca):
    """Connections that come while no front runs wait for the next one."""
    stop = threading.Event()
    times, failures = [], []

    def knock():
        while not stop.is_set():
            start = time.monotonic()
            try:
                c = Client(ca)
                assert c.dir["newNonce"]
                c.close()
            except Exception as e:  # noqa: B902: to the test's own thread
                failures.append(e)
                return
            times.append(time.monotonic() - start)
    threads = [threading.Thread(target=knock) for _ in range(3)]
    for t in threads:
        t.start()
    for _ in range(5):
        reload(ca)
    stop.set()
    for t in threads:
        t.join(60)
    assert failures == [] and len(times) > 20
    assert max(times) < 15, "a client waited too long"


def test_reload_under_load(ca, web):
    """Orders go on over reloads; nothing that was acknowledged is lost."""
    stop = threading.Event()
    clients, failures = [Patient(ca, web) for _ in range(3)], []

    def applicant(c):
        try:
            c.register()
            while not stop.is_set():
                c.whole([f"r{clients.index(c)}-{len(c.orders)}.example.test"])
        except BaseException as e:  # noqa: B902: to the test's own thread
            failures.append(e)
    threads = [threading.Thread(target=applicant, args=(c,)) for c in clients]
    for t in threads:
        t.start()
    for _ in range(4):
        time.sleep(0.3)
        reload(ca)
    stop.set()
    for t in threads:
        t.join(60)
    assert failures == []
    for c in clients:
        assert len(c.orders) > 2
        c.check_kept()
    assert "restarts=" not in ca.log() and all(p["restarts"] == 0 for p in ca.cli_json("status")["processes"])


def test_hangups_and_a_stop_at_once(ca):
    for _ in range(3):
        os.kill(ca.parent_pid(), signal.SIGHUP)
    os.kill(ca.parent_pid(), signal.SIGHUP)
    time.sleep(0.05)
    assert ca.stop() == 0


BROKEN = {
    # what is done to the file: words that the log must say, beside file and line of the word
    "an unknown key": ("http_port: 80\n", "http_prot: 80\n", ["http_prot"]),
    "a key twice": ("signer: 1\n", "signer: 1\nsigner: 1\n", ["signer"]),
    "a number out of range": ("http_port: 80\n", "http_port: 65536\n", ["http_port", "65535"]),
    "a duration without a unit": ("lifetime: 45d\n", "lifetime: 45\n", ["lifetime"]),
    "an unknown purpose": ("purposes: [clientAuth]\n", "purposes: [clientAuthentication]\n", ["purposes"]),
    "no YAML": ("zones:\n", "zones: [\n", []),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_a_broken_file_changes_nothing(make_ca, what):
    old, new, words = BROKEN[what]
    ca = make_ca().start()
    with open(ca.config) as f:
        good = f.read()
    assert old in good
    ca.edit(lambda text: text.replace(old, new, 1))
    line = good[:good.index(old)].count("\n") + 1 + (1 if what == "a key twice" else 0)
    said = reload_refused(ca)
    for word in words + [ca.config]:
        assert word in said, said
    if words:
        assert f"{ca.config}:{line}" in said, said
    check = ca.ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    assert check.returncode == 3 and ca.config in check.stdout
    # The same file does not start either, and the good one does.
    assert ca.stop() == 0
    p = ca.ns.run([program("tabardd"), "run", "--config", ca.config], check=False)
    assert p.returncode == 3 and ca.config in p.stdout, p.stdout
    ca.edit(lambda text: good)
    ca.start()
    reload(ca)
    assert ca.stop() == 0


def test_a_profile_keeps_its_body_under_its_version(make_ca, web):
    ca = make_ca().start()
    c = Client(ca)
    c.register()
    first = load_chain(c.issue(web, ["www.example.test"]))[0]
    assert days(first) == 45
    ca.edit(lambda text: text.replace("lifetime: 45d", "lifetime: 44d"))
    said = reload_refused(ca)
    assert "server@2026-11" in said and "new version" in said, said
    second = load_chain(c.issue(web, ["www.example.test"]))[0]
    assert days(second) == 45
    # Nor does a start take it: the issuance log remembers.
    assert ca.stop() == 0
    p = ca.ns.run([program("tabardd"), "run", "--config", ca.config], check=False)
    assert p.returncode == 1 and "profile-changed" in p.stdout and 'profile="server"' in p.stdout, p.stdout
    # Under another version it is another profile.
    ca.edit(lambda text: text.replace('version: "2026-11"', 'version: "2026-12"', 1))
    ca.start()
    third = load_chain(c.issue(web, ["www.example.test"]))[0]
    assert days(third) == 44
    assert ca.stop() == 0


def test_another_ca_is_no_reload(make_ca):
    ca = make_ca().start()
    ca.edit(lambda text: re.sub(r'ca_id: "..', 'ca_id: "00' if 'ca_id: "00' not in text else 'ca_id: "01', text))
    assert "another CA" in reload_refused(ca)
    assert ca.stop() == 0


def test_a_taken_address_is_no_reload(make_ca, ns):
    ca = make_ca().start()
    taken = ns.listen("127.0.0.1", 14009)
    ca.edit(lambda text: text.replace("metrics: off", 'metrics: "127.0.0.1:14009"'))
    said = reload_refused(ca)
    assert "listen socket=" in said and "127.0.0.1:14009" in said and "in use" in said, said
    taken.close()
    reload(ca)
    with ns.connect("127.0.0.1", 14009) as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: ca.test\r\nConnection: close\r\n\r\n")
        assert s.recv(64).startswith(b"HTTP/1.1 200 ")
    assert ca.stop() == 0


# restart limit


@pytest.mark.parametrize("role", ROLES)
def test_a_process_that_keeps_dying_ends_the_ca(make_ca, role):
    ca = make_ca().start()
    for n in range(1, 6):
        ca.kill(role)
        wait_for("all processes", lambda: all(p["ready"] for p in ca.cli_json("status")["processes"]))
        counts = {p["role"]: p["restarts"] for p in ca.cli_json("status")["processes"]}
        assert counts == dict(dict.fromkeys(ROLES, 0), **{role: n})
    assert Client(ca).dir["newNonce"]
    os.kill(ca.pid_of(role), signal.SIGKILL)
    assert ca.proc.popen.wait(30) == 1
    said = ca.log()
    assert f'restart-limit process="{role}" restarts=5 seconds=60' in said, said
    assert said.count(f'process-ended process="{role}"') == 6 and 'signal="KILL"' in said
    assert said.rstrip().endswith("parent: end status=1")
    ca.proc = None
    # The cause is for the operator; the state is sound.
    ca.start()
    assert ca.stop() == 0


def test_a_first_start_that_fails_ends(make_ca):
    """A process that cannot start is not tried again and again."""
    ca = make_ca()
    os.rename(ca.path("keys", "issuing-server.key"), ca.path("keys", "away"))
    p = ca.ns.run([program("tabardd"), "run", "--config", ca.config], check=False, timeout=30)
    assert p.returncode == 1 and "issuing-server.key" in p.stdout and "tabardd: ready" not in p.stdout
    assert p.stdout.count('process="keyholder"') == 1, p.stdout
