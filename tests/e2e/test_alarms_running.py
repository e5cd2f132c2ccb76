"""What a running CA says when something fails under it: each word is caused once, and the CA goes on or ends as it must."""
import contextlib
import glob
import os
import re
import resource
import shutil
import signal
import sqlite3

import pytest

from harness import ilog
from harness.acme import Client, Http01, csr
from harness.proc import wait_for
from harness.x509 import load_chain, serial_hex


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def words(ca):
    return re.findall(r"^\S+ (?:warning|error|notice): [\w]+: ([a-z0-9-]+)", ca.log(), re.M)


def says(ca, word):
    wait_for(f"the word {word}", lambda: word in words(ca))


@contextlib.contextmanager
def database(ca):
    with contextlib.closing(sqlite3.connect(ca.path("store", "tabard.db"))) as db, db:
        yield db


@contextlib.contextmanager
def refusing(ca, what):
    """A database that refuses: "UPDATE ON orders"."""
    with database(ca) as db:
        db.execute(f"CREATE TRIGGER refusing BEFORE {what} BEGIN SELECT RAISE(ABORT, 'refused'); END")
    yield
    with database(ca) as db:
        db.execute("DROP TRIGGER refusing")


def registered(ca):
    c = Client(ca)
    c.register()
    return c


def test_a_request_whose_write_fails(ca):
    c = registered(ca)
    with refusing(ca, "INSERT ON orders"):
        r = c.new_order(["www.example.test"])
        assert r.status == 500 and r.problem == "serverInternal"
        says(ca, "request-failed")
    assert c.new_order(["www.example.test"]).status == 201


def test_a_name_under_which_nobody_could_prove_use(ca):
    """Responder and front say it: no challenge is made."""
    c = Client(ca, directory=ca.profile_url("client"))
    c.register()
    r = c.new_order(["nowhere.test"])
    assert r.status == 400 and r.problem == "rejectedIdentifier"
    says(ca, "token-refused")
    says(ca, "tokens-refused")
    assert "dnssec-off" in words(ca), "its resolver is one of the configuration"


def test_a_proof_that_cannot_be_stored(ca, web):
    c = registered(ca)
    order = c.new_order(["www.example.test"]).json()
    ch = next(x for x in c.post(order["authorizations"][0], None).json()["challenges"] if x["type"] == "http-01")
    web.answers[ch["token"]] = c.key_authorization(ch["token"])
    with refusing(ca, "UPDATE ON authzs"):
        assert c.post(ch["url"], {}).status == 500
        says(ca, "authorization-not-stored")


def test_a_revocation_that_cannot_be_stored_is_made_up_for_at_the_next_start(ca, web):
    chain = load_chain(registered(ca).issue(web, ["www.example.test"]))
    with refusing(ca, "UPDATE ON orders"):
        ca.cli("revoke", serial_hex(chain[0]))
        says(ca, "revocation-not-stored")
    ca.stop()
    ca.start()
    wait_for("the revocation", lambda: ca.cli_json("list")["certificates"][0].get("revoked_at"))


def set_back(ca, web, spoil):
    """The store as it was before the one certificate was issued; spoil(ca) meanwhile."""
    c = registered(ca)
    url, order = c.ready_order(web, ["www.example.test"])
    ca.stop()
    shutil.copytree(ca.path("store"), ca.path("kept"))
    ca.start()
    c.close()
    assert c.finalize(order, csr(["www.example.test"])).status == 200
    c.wait(url, lambda o: o["status"] == "valid")
    ca.stop()
    shutil.rmtree(ca.path("store"))
    os.rename(ca.path("kept"), ca.path("store"))
    spoil(ca)
    ca.start()
    c.close()
    return c, url


def test_an_order_that_the_log_knows_better_is_repaired(ca, web):
    with contextlib.ExitStack() as until:
        c, url = set_back(ca, web, lambda ca: until.enter_context(refusing(ca, "UPDATE ON orders")))
        says(ca, "sync-not-stored")
    ca.stop()
    ca.start()
    c.close()
    says(ca, "order-repaired")
    assert c.wait(url, lambda o: o["status"] == "valid")


def test_an_order_that_cannot_be_read_is_not_repaired(ca, web):
    def spoil(ca):
        with database(ca) as db:
            db.execute("UPDATE orders SET body = x'ff'")

    set_back(ca, web, spoil)
    says(ca, "sync-failed")


def test_the_log_becomes_unreadable_under_the_judge(ca, web):
    registered(ca).issue(web, ["www.example.test"])
    (log,) = glob.glob(ca.path("log", "issuance-*.log"))
    with open(log, "r+b") as f:
        f.seek(ilog.HEADER_LEN)
        f.write(b"\0\0\0\0")
    assert ca.cli("export", check=False).returncode != 0
    says(ca, "log-unreadable")


def test_descriptors_run_out(ca):
    """A word in a second, not one in each turn of the loop, and connections that waited are served afterwards."""
    front = ca.pid_of("front")
    was = resource.prlimit(front, resource.RLIMIT_NOFILE)
    resource.prlimit(front, resource.RLIMIT_NOFILE, (3, was[1]))
    waiting = ca.ns.connect("127.0.0.1", ca.port)
    says(ca, "accept-failed")
    wait_for("the second look", lambda: words(ca).count("accept-failed") > 1)
    assert words(ca).count("accept-failed") < 10
    resource.prlimit(front, resource.RLIMIT_NOFILE, was)
    assert Client(ca).register().status == 201
    waiting.close()


def test_a_process_cannot_be_started_again(ca):
    _, hard = resource.prlimit(ca.parent_pid(), resource.RLIMIT_NOFILE)
    resource.prlimit(ca.parent_pid(), resource.RLIMIT_NOFILE, (3, hard))
    os.kill(ca.pid_of("validator"), signal.SIGKILL)
    says(ca, "spawn")
    assert ca.proc.popen.wait(20) == 1
    ca.proc = None
