"""What the judge changes, and what it writes down of it."""
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from harness import ilog
from harness.acme import Client, Http01, Key, csr, jws
from test_external_account import add, ca_with, register, tabard
from test_revoke import JwsKey, hex_serial, leaf, revoke

NAME = "www.example.test"


class World:
    """One CA, and what the steps below leave for each other."""

    def __init__(self, ns):
        self.ca = ca_with(ns, "optional")
        self.web = Http01(ns)
        self.cl = Client(self.ca)
        self.cl.register()
        self.key = ec.generate_private_key(ec.SECP256R1())

    def records(self):
        return [r[0] for r in ilog.records(self.ca.dir)]

    def issue(self, **more):
        self.cert = leaf(self.cl.issue(self.web, [NAME], **more))

    def close(self):
        self.web.close()
        self.ca.stop()


def issues(w):
    w.issue(key=w.key)


def issues_no_bad_csr(w):
    _, order = w.cl.ready_order(w.web, [NAME])
    assert w.cl.finalize(order, csr(["api.example.test"])).problem == "badCSR"


def strangers_revoke_nothing(w):
    other = Client(w.ca)
    other.register()
    assert revoke(other, w.cert).problem == "unauthorized"
    other.close()


def revokes(w):
    assert revoke(w.cl, w.cert, 4).status == 200


def revokes_once(w):
    assert revoke(w.cl, w.cert, 5).problem == "alreadyRevoked"


def learns_of_the_compromise(w):
    assert revoke(w.cl, w.cert, 1, key=JwsKey(w.key), use_jwk=True).status == 200


def takes_no_compromised_key(w):
    _, order = w.cl.ready_order(w.web, [NAME])
    assert w.cl.finalize(order, csr([NAME], w.key)).problem == "badCSR"


def operator_revokes(w):
    w.ca.cli("revoke", hex_serial(w.cert), "--reason", "privilegeWithdrawn")


def changes_the_key(w):
    new = Key()
    inner = jws(new, w.cl.dir["keyChange"], {"account": w.cl.kid, "oldKey": w.cl.key.jwk()})
    assert w.cl.post(w.cl.dir["keyChange"], inner).status == 200
    w.cl.key = new


def deactivates(w):
    assert w.cl.post(w.cl.kid, {"status": "deactivated"}).status == 200


def operator_adds_a_key(w):
    w.eab = add(w.ca)


def binds(w):
    w.bound = Client(w.ca)
    assert register(w.bound, w.eab).status == 201


def binds_once(w):
    other = Client(w.ca)
    assert register(other, w.eab).problem == "unauthorized"
    other.close()


def operator_revokes_a_key(w):
    tabard(w.ca, "revoke", w.eab["kid"])


STEPS = [
    (issues, [ilog.ISSUANCE]), (issues_no_bad_csr, []), (strangers_revoke_nothing, []), (revokes, [ilog.REVOCATION]),
    (revokes_once, []), (learns_of_the_compromise, [ilog.REVOCATION]), (takes_no_compromised_key, []),
    (World.issue, [ilog.ISSUANCE]), (operator_revokes, [ilog.REVOCATION]), (operator_revokes, []),
    (operator_adds_a_key, [ilog.EAB]), (binds, [ilog.ACCOUNT]), (binds_once, []), (operator_revokes_a_key, [ilog.EAB]),
    (changes_the_key, [ilog.ACCOUNT]), (World.issue, [ilog.ISSUANCE]), (deactivates, [ilog.ACCOUNT]),
]


@pytest.fixture
def world(ns, dns):
    w = World(ns)
    yield w
    w.close()


def test_invariant_31_every_change_of_the_judge_is_one_record_and_a_refusal_is_none(world):
    before = world.records()
    assert set(before) <= {ilog.PROFILE}
    for step, want in STEPS:
        step(world)
        now = world.records()
        assert (now[:len(before)], now[len(before):]) == (before, want), step.__name__
        before = now
    assert {kind for _, want in STEPS for kind in want} | {ilog.PROFILE} == {1, 2, 3, 4, 5}, "every type of record"
