"""kill -9 of each process at each step of an order.

Afterwards every order is valid (its applicant does everything right, so nothing else is allowed), what was acknowledged
is there, no order has two certificates, each certificate in the judge's log was asked for by a JWS of its applicant
after the proofs, and all processes run.
"""
import datetime
import itertools
import json
import os
import random
import signal
import threading
import time

import pytest

from harness import ilog
from harness.acme import Http01
from harness.patient import Lost, Patient
from harness.proc import Timeout, children, wait_for

ROLES = ["front", "responder", "validator", "judge", "keyholder"]
VICTIMS = ROLES + ["parent"]
STEPS = ["account", "order", "challenge", "finalize", "certificate"]
MOMENTS = ["before", "during", "after"]
RESTARTS_MAX = 5  # of one role within a minute, tabardd(8); one more ends the CA
SEED = int(os.environ.get("SEED", "20260"))


def state_of(pid):
    """As proc(5) has it; X when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def gone(pid):
    return state_of(pid) in "ZX"


def stamp():
    """The time, as the CA's log writes it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Lab:
    """A CA, its killer, and the checks that hold after each kill."""

    def __init__(self, ca, web, seed):
        self.ca = ca
        self.web = web
        self.random = random.Random(seed)
        self.killed = dict.fromkeys(ROLES, 0)  # since the last start of tabardd
        self.kills = 0
        self.disturbed = 0  # when the last kill or start was
        self.numbers = itertools.count(1)
        self.clients = []
        self.logs = []
        print(f"seed {seed}")

    def name(self):
        return f"k{next(self.numbers)}.example.test"

    def stranger(self):
        return Patient(self.ca, self.web, disturbed=lambda: self.disturbed)

    def client(self):
        c = self.stranger()
        c.register()
        self.clients.append(c)
        return c

    # killing

    def pid(self, role):
        return wait_for(f"a {role}", lambda: self.ca.pid_of(role), every=0.005)

    def make_room(self, role):
        """Before a kill that the parent would answer with its own end."""
        if role in ROLES and self.killed[role] == RESTARTS_MAX:
            self.healthy()
            self.logs.append(self.ca.proc.log)
            assert self.ca.stop() == 0
            self.started()

    def started(self):
        self.ca.start()
        self.killed = dict.fromkeys(ROLES, 0)
        self.disturbed = time.monotonic()

    def strike(self, role, pid):
        """Each kill is told: what a test that failed printed is all that is left of it."""
        self.kills += 1
        self.disturbed = time.monotonic()
        if role in ROLES:
            self.killed[role] += 1
        print(f"{stamp()} kill {self.kills}: {role} {pid}, {os.path.basename(self.ca.proc.log)}")
        os.kill(pid, signal.SIGKILL)

    def kill(self, role):
        if role == "parent":
            self.kill_parent()
        else:
            self.strike(role, self.pid(role))

    def kill_parent(self):
        """The children end by themselves; who starts tabardd again need not look for them."""
        parent = self.ca.parent_pid()
        # Stopped, it starts no child behind the back of who counts them.
        os.kill(parent, signal.SIGSTOP)
        wait_for("the parent to stop", lambda: state_of(parent) == "T", every=0.0005)
        pids = children(parent)
        self.logs.append(self.ca.proc.log)
        self.strike("parent", parent)
        self.ca.proc.popen.wait()
        wait_for("the children's end", lambda: all(gone(p) for p in pids), 5)
        self.started()

    def during(self, role):
        """A hook that kills while a request is under way, at once or a moment later."""
        pid = self.pid(role) if role in ROLES else None
        delay = self.random.choice([0, 0, 0.0005, 0.001, 0.002, 0.004, 0.008])

        def hook():
            time.sleep(delay)
            if pid is None:
                self.kill(role)
            else:
                self.strike(role, pid)
        return hook

    # checks

    def healthy(self):
        said = []

        def well():
            p = self.ca.cli("status", "--json", check=False)
            said[:] = [p.stdout]
            if p.returncode != 0:
                return False
            s = json.loads(p.stdout)
            return isinstance(s["front"], dict) and len(s["processes"]) == len(ROLES) and all(q["ready"] for q in s["processes"])
        try:
            wait_for("a healthy CA", well, 20, every=0.05)
        except Timeout as e:
            raise AssertionError(f"{stamp()} after kill {self.kills} it does not become healthy: {said}") from e

    def check_log(self, complete=False):
        records = ilog.read(self.ca.dir)
        numbers = [r.order for r in records]
        assert len(numbers) == len(set(numbers)), "two certificates for one order"
        assert len({r.serial for r in records}) == len(records), "a serial number was used twice"
        orders = {o.number: (c, o) for c in self.clients for o in c.orders}
        for r in records:
            c, o = orders[r.order]
            assert r.names == sorted(o.names) and ilog.common_fields_agree(r)
            assert r.account_url == c.kid and r.thumbprint == c.key.thumbprint()
            assert r.jws_digest in o.jws_digests, "a certificate that its applicant did not ask for"
            assert len(o.valid_authz) == len(o.authz), "a certificate without the proofs"
        if complete:
            valid = {n for n, (_, o) in orders.items() if o.status == "valid"}
            assert valid == set(orders) == set(numbers)
            self.check_chains(records, orders)

    def check_chains(self, records, orders):
        from cryptography.hazmat.primitives.serialization import Encoding
        from harness.x509 import load_chain
        for r in records:
            leaf = load_chain(orders[r.order][1].chain)[0]
            assert leaf.public_bytes(Encoding.DER) == r.certificate, "the certificate is not the logged one"

    def check_list(self):
        """The operator's view is that of the log."""
        shown = self.ca.cli_json("list")["certificates"]
        logged = {r.order: r for r in ilog.read(self.ca.dir)}
        assert len(shown) == min(50, len(logged))
        for s in shown:
            assert logged[s["order"]].serial.hex() == s["serial"] and logged[s["order"]].names == s["names"]

    def check_all(self):
        self.healthy()
        for c in self.clients:
            c.check_kept()
        self.check_log(complete=True)
        self.check_list()
        self.logs.append(self.ca.proc.log)
        assert errors(self.logs) == []


def errors(logs):
    """What the CA itself calls an error, but for the ends that the test made."""
    out = []
    for path in dict.fromkeys(logs):
        with open(path, errors="replace") as f:
            out += [f"{os.path.basename(path)}: {line}" for line in f if " error: " in line and "process-ended" not in line]
    return out


@pytest.fixture
def lab(ca, ns):
    web = Http01(ns)
    made = []

    def make(seed):
        made.append(Lab(ca, web, seed))
        return made[-1]
    yield make
    web.close()
    for one in made:
        print(f"{one.kills} kills, {sum(len(c.orders) for c in one.clients)} orders, "
              f"{sum(c.losses for c in one.clients)} requests without an answer")


def one_order(lab, step, moment, victim):
    """A whole issuance with one kill in it."""
    lab.make_room(victim)
    c = lab.stranger() if step == "account" else lab.clients[0] if lab.clients else lab.client()

    def at(now):
        """The hook for the request of this step, or what is done before it."""
        if now != step:
            return None
        if moment == "before":
            lab.kill(victim)
        return lab.during(victim) if moment == "during" else None

    def after(now):
        if now == step and moment == "after":
            lab.kill(victim)

    if c not in lab.clients:
        lab.clients.append(c)
        c.register(at("account"))
        after("account")
    o = c.order([lab.name()], at("order"))
    after("order")
    c.answer(o, *c.http_challenge(o), at("challenge"))
    after("challenge")
    c.look(o)
    c.finish(o, sent=at("finalize"))
    after("finalize")
    c.download(o, at("certificate"))
    after("certificate")
    c.check_kept([o])
    lab.check_log()


def validation_in_flight(lab, victim, acknowledged):
    """The web server of the applicant answers late: the kill comes when it was asked, or after the POST's answer."""
    lab.make_room(victim)
    c = lab.clients[0] if lab.clients else lab.client()
    o = c.order([lab.name()])
    url, ch = c.http_challenge(o)
    path = "/.well-known/acme-challenge/" + ch["token"]
    strike = lab.during(victim)

    def sent():
        wait_for("the validation", lambda: path in lab.web.seen, every=0.002)
        strike()
    lab.web.delay = 1.4 if acknowledged else 0.3
    try:
        if acknowledged:
            r = c.post(ch["url"], {})
            assert r.status == 200 and r.json()["status"] == "processing"
            strike()
            # Nothing is posted again: it was acknowledged, so it is carried out.
            end = time.monotonic() + 30
            while c.see_authz(o, url)["status"] != "valid":
                assert time.monotonic() < end, "an acknowledged validation was forgotten"
                time.sleep(0.05)
        else:
            c.answer(o, url, ch, sent)
    finally:
        lab.web.delay = 0
    c.look(o)
    c.finish(o)
    c.download(o)
    lab.check_log()


def stopped_then_killed(lab, victim, step):
    """The request reaches a process that does not run any more; the one that follows answers it, on the same connection."""
    lab.make_room(victim)
    c = lab.clients[0] if lab.clients else lab.client()
    o = c.order([lab.name()])
    todo = c.http_challenge(o)

    def stop():
        pid = lab.pid(victim)
        os.kill(pid, signal.SIGSTOP)

        def sent():
            time.sleep(0.05)
            lab.strike(victim, pid)
        return sent
    before = c.losses
    c.answer(o, *todo, stop() if step == "challenge" else None)
    c.look(o)
    c.finish(o, sent=stop() if step == "finalize" else None)
    assert victim == "front" or c.losses == before, "the client noticed"
    c.download(o)
    c.check_kept([o])
    lab.check_log()


def killed_while_signing(lab, victim):
    """The keyholder holds the request for a signature while the process before it dies; then it signs."""
    lab.make_room(victim)
    c = lab.clients[0] if lab.clients else lab.client()
    o = c.order([lab.name()])
    c.prove(o)
    c.look(o)
    keyholder, pid = lab.pid("keyholder"), lab.pid(victim)

    def sent():
        time.sleep(0.05)
        lab.strike(victim, pid)
        os.kill(keyholder, signal.SIGCONT)
    os.kill(keyholder, signal.SIGSTOP)
    c.finish(o, sent=sent)
    c.download(o)
    c.check_kept([o])
    lab.check_log()


def test_invariant_29_some_kills(lab):
    """A part of each kind, at every run."""
    lab = lab(SEED)
    for n, (step, victim) in enumerate(itertools.product(STEPS, VICTIMS)):
        one_order(lab, step, MOMENTS[(n + SEED) % 3], victim)
    for victim in ["validator", "front"]:
        validation_in_flight(lab, victim, acknowledged=False)
    validation_in_flight(lab, "front", acknowledged=True)
    stopped_then_killed(lab, "validator", "challenge")
    for victim in ["judge", "keyholder"]:
        stopped_then_killed(lab, victim, "finalize")
    for victim in ["judge", "front"]:
        killed_while_signing(lab, victim)
    lab.kill("parent")
    lab.check_all()
    assert lab.kills >= 30


def test_clients_wait_for_the_judge_of_a_new_front(lab):
    """A front that starts while the judge is busy knows no epoch: it takes nobody until the judge has spoken."""
    lab = lab(SEED)
    c = lab.client()
    o = c.order([lab.name()])
    c.prove(o)
    judge = lab.pid("judge")
    answers = []

    def read():
        while not answers:
            try:
                r = c.once(o.url, None)
            except Lost:
                time.sleep(0.03)
                continue
            if r.problem != "badNonce":
                answers.append(r)

    reader = threading.Thread(target=read, daemon=True)
    os.kill(judge, signal.SIGSTOP)
    try:
        lab.kill("front")
        reader.start()
        reader.join(1.5)
        assert not answers, answers[0].body
    finally:
        os.kill(judge, signal.SIGCONT)
    reader.join(30)
    assert answers and answers[0].status == 200, answers
    c.look(o)
    c.finish(o)
    c.download(o)
    lab.check_all()


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1])
def test_invariant_29_each_step_and_victim(lab, part):
    """Everything once in random order, twice with different delays and orders."""
    lab = lab(SEED + 1 + part)
    cases = [(one_order, c) for c in itertools.product(STEPS, MOMENTS, VICTIMS)]
    cases += [(validation_in_flight, c) for c in itertools.product(VICTIMS, [False, True])]
    cases += [(stopped_then_killed, c) for c in [("validator", "challenge"), ("front", "challenge"), ("judge", "finalize"),
                                                 ("keyholder", "finalize"), ("front", "finalize")]]
    cases += [(killed_while_signing, (v,)) for v in ["judge", "front", "judge", "front"]]
    lab.random.shuffle(cases)
    for n, (what, args) in enumerate(cases):
        print(f"{stamp()} case {n}: {what.__name__}{args}")
        try:
            what(lab, *args)
        except Exception as e:
            raise AssertionError(f"kill {lab.kills}, case {n}: {what.__name__}{args}") from e
        if n % 10 == 0:
            lab.healthy()
    lab.check_all()
    assert lab.kills == len(cases)


@pytest.mark.slow
def test_invariant_29_kills_under_load(lab):
    """Four applicants order all the time while processes die at any moment, also while they start."""
    lab = lab(SEED + 100)
    stop = threading.Event()
    failures = []

    def applicant(c):
        try:
            while not failures and (not stop.is_set() or len(c.orders) <= 3):
                c.whole([lab.name() for _ in range(3)])
        except BaseException as e:  # noqa: B902: to the test's own thread
            failures.append(e)
            stop.set()
    threads = [threading.Thread(target=applicant, args=(lab.client(),)) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        while lab.kills < 60 and not stop.is_set():
            time.sleep(lab.random.choice([0.02, 0.1, 0.3, 0.6]))
            victims = [v for v in ROLES if lab.killed[v] < RESTARTS_MAX]
            lab.kill(lab.random.choice(victims) if victims and lab.random.random() > 0.05 else "parent")
    finally:
        stop.set()
        for t in threads:
            t.join(90)
    if failures:
        raise failures[0]
    assert not any(t.is_alive() for t in threads), "an applicant gets nowhere"
    lab.check_all()
