"""Whoever can write the database: rows are changed while the CA is down, old copies are put back.

The store is the front's memory, not the judge's: nothing written there makes a certificate that was not proved.
"""
import os
import shutil
import sqlite3

import pytest

from harness.acme import Client, Http01, Key, csr
from harness.x509 import load_chain, names


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def registered(ca, **kw):
    c = Client(ca, **kw)
    assert c.register().status == 201
    return c


def database(ca):
    return sqlite3.connect(ca.path("store", "tabard.db"))


def again(ca, change):
    """Stop the CA, change its database, start it."""
    assert ca.stop() == 0
    with database(ca) as db:
        change(db)
    db.close()
    ca.start()


def serials(ca):
    return [c["serial"] for c in ca.cli_json("list")["certificates"]]


def test_an_authorization_made_valid_by_hand_proves_nothing(ca, web):
    c = registered(ca)
    order = c.new_order(["www.example.test"])
    again(ca, lambda db: db.execute("UPDATE authzs SET state = 2"))
    c = Client(ca, key=c.key)
    c.register(onlyReturnExisting=True)
    o = c.post(order.location, None).json()
    assert o["status"] == "ready", "the front believes its database"
    r = c.finalize(o, csr(["www.example.test"]))
    assert r.status == 403 and r.problem == "unauthorized"
    assert serials(ca) == []
    assert "control-missing" in ca.refusals()


def test_names_put_into_a_proved_order(ca, web):
    c = registered(ca)
    url, order = c.ready_order(web, ["www.example.test"])

    def change_bytes(db):
        (no, body) = db.execute("SELECT id, body FROM orders").fetchone()
        body = bytes(body).replace(b"www.example.test", b"api.example.test")
        db.execute("UPDATE orders SET body = ? WHERE id = ?", (body, no))

    again(ca, change_bytes)
    c = Client(ca, key=c.key)
    c.register(onlyReturnExisting=True)
    r = c.finalize(order, csr(["api.example.test"]))
    assert r.problem is not None
    assert serials(ca) == []
    assert "statement-other-name" in ca.refusals()


def made_for(body, old, new):
    """The authorization says for which key it was made, behind its statements, which say it under a MAC."""
    head, found, tail = body.rpartition(old.thumbprint())
    assert found
    return head + new.thumbprint() + tail


def test_anothers_authorization_copied_into_ones_own_order(ca, web):
    victim = registered(ca)
    victim.ready_order(web, ["www.example.test"])
    thief = registered(ca)
    order = thief.new_order(["www.example.test"])

    def change(db):
        rows = db.execute("SELECT id, body, state FROM authzs ORDER BY id").fetchall()
        (_, good, state), (mine, bad, _) = rows
        good, bad = bytearray(good), bytes(bad)
        good[1:9] = bad[1:9]  # the account number
        good = made_for(bytes(good), victim.key, thief.key)
        db.execute("UPDATE authzs SET body = ?, state = ? WHERE id = ?", (good, state, mine))

    again(ca, change)
    thief = Client(ca, key=thief.key)
    thief.register(onlyReturnExisting=True)
    o = thief.post(order.location, None).json()
    assert o["status"] == "ready", o
    r = thief.finalize(o, csr(["www.example.test"]))
    assert r.problem == "unauthorized"
    assert serials(ca) == []
    assert "statement-other-account" in ca.refusals()


def test_account_keys_exchanged(ca, web):
    victim = registered(ca)
    url, order = victim.ready_order(web, ["www.example.test"])
    thief_key = Key()

    def change(db):
        (body, account) = db.execute("SELECT body, id FROM accounts").fetchone()
        old = victim.key.canonical()
        new = thief_key.canonical()
        assert len(old) == len(new)
        db.execute("UPDATE accounts SET body = ?, key = ? WHERE id = ?",
                   (bytes(body).replace(old, new), thief_key.thumbprint(), account))
        for row, body in db.execute("SELECT id, body FROM authzs").fetchall():
            db.execute("UPDATE authzs SET body = ? WHERE id = ?", (made_for(bytes(body), victim.key, thief_key), row))

    again(ca, change)
    thief = Client(ca, key=thief_key)
    thief.kid = victim.kid
    r = thief.finalize(order, csr(["www.example.test"]))
    assert r.problem is not None
    assert serials(ca) == []
    assert "account-other-key" in ca.refusals()


def copy_store(ca, to):
    shutil.copytree(ca.path("store"), to)


def restore_store(ca, copy):
    shutil.rmtree(ca.path("store"))
    shutil.copytree(copy, ca.path("store"))


def test_a_restored_database_gives_no_second_certificate(ca, web, ns):
    c = registered(ca)
    url, order = c.ready_order(web, ["www.example.test"])
    assert ca.stop() == 0
    copy = os.path.join(ns.tmp, "copy")
    copy_store(ca, copy)
    ca.start()
    c.close()
    r = c.finalize(order, csr(["www.example.test"]))
    assert r.status == 200
    issued = c.wait(url, lambda o: o["status"] == "valid")
    chain = c.post(issued["certificate"], None).body
    assert ca.stop() == 0
    restore_store(ca, copy)
    ca.start()
    c.close()
    # The judge's log knows more than the database: what was issued is there again, and only that.
    o = c.wait(url, lambda x: x["status"] != "ready")
    assert o["status"] == "valid"
    assert c.post(o["certificate"], None).body == chain
    r = c.finalize(order, csr(["www.example.test"]))
    assert r.problem == "orderNotReady"
    assert len(serials(ca)) == 1
    assert names(load_chain(chain)[0]) == ["www.example.test"]


def test_a_lost_database_loses_no_certificate_of_the_log(ca, web):
    c = registered(ca)
    c.issue(web, ["www.example.test"])
    assert ca.stop() == 0
    shutil.rmtree(ca.path("store"))
    os.mkdir(ca.path("store"), 0o700)
    ca.start()
    c.close()
    c = registered(ca, key=c.key)
    c.issue(web, ["www.example.test"])
    assert len(serials(ca)) == 1
    assert "order-already-used" not in ca.refusals()
