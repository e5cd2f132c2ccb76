"""tabard account and tabard revoke, against our server and against pebble."""
import json
import os
import shutil

import pytest
from harness.pebble import Pebble
from harness.tabard import LOCAL, REFUSED, USAGE, Tabard

NAME = "www.example.test"


@pytest.fixture
def pebble(ns, dns):
    p = Pebble(ns)
    yield Tabard(ns, p.url, p.root)
    p.stop()


def show(t, *args, **kw):
    return json.loads(t.run("account", "show", "--json", *args, **kw))


def test_register_show_update_deactivate(ca):
    t = Tabard(ca.ns, ca.url, ca.root)
    t.run("account", "show", want=LOCAL)  # no key yet, and none is made
    t.run("account", "register", "--contact", "mailto:admin@example.test")
    first = show(t)
    assert first["status"] == "valid" and first["contact"] == ["mailto:admin@example.test"]
    t.run("account", "update")
    assert not show(t).get("contact")
    t.run("account", "deactivate")
    t.run("account", "show", want=REFUSED)
    t.run("account", "explode", want=USAGE)


@pytest.mark.parametrize("server", ["tabardd", "pebble"])
def test_key_change(server, request):
    if server == "tabardd":
        ca = request.getfixturevalue("ca")
        t, key = Tabard(ca.ns, ca.url, ca.root), "ca.test_14000.pem"
    else:
        t, key = request.getfixturevalue("pebble"), "localhost_14500.pem"
    t.get(NAME, "--agree-tos")
    before = show(t)
    shutil.copy(t.path("accounts", key), t.path("old.pem"))
    t.run("account", "key-change")
    after = show(t)
    assert after["url"] == before["url"] and after["thumbprint"] != before["thumbprint"]
    assert os.stat(t.path("accounts", key)).st_mode & 0o7777 == 0o600
    assert os.listdir(t.path("accounts")) == [key]
    t.run("account", "show", "--account-key", t.path("old.pem"), want=REFUSED)
    t.run("renew", "--force", session=False)
    t.check_pair(NAME)


def test_a_key_change_that_was_interrupted_is_completed(ca):
    t = Tabard(ca.ns, ca.url, ca.root)
    key = t.path("accounts", "ca.test_14000.pem")
    t.run("account", "register")
    old = open(key).read()
    t.run("account", "key-change")
    want = show(t)
    os.rename(key, key + ".next")  # as it is when power fails between the server's answer and the rename
    with open(key, "w") as f:
        f.write(old)
    assert "completed a change" in t.run("account", "show")
    assert show(t) == want


@pytest.mark.parametrize("server", ["tabardd", "pebble"])
def test_revoke_by_account_and_by_key(server, request):
    if server == "tabardd":
        ca = request.getfixturevalue("ca")
        t = Tabard(ca.ns, ca.url, ca.root)
    else:
        t = request.getfixturevalue("pebble")
    t.get(NAME, "--agree-tos")
    t.run("revoke", NAME, "--reason", "superseded", session=False)
    assert "alreadyRevoked" in t.run("revoke", NAME, want=REFUSED, session=False)
    t.run("renew", "--force", session=False)
    t.run("revoke", NAME, "--by-key", "--reason", "keyCompromise", "--forget", session=False)
    assert not os.path.exists(t.path("renewal", NAME + ".json"))
    t.check_pair(NAME)
    t.run("revoke", NAME, "--reason", "boredom", want=USAGE, session=False)
    t.run("revoke", "nobody", want=LOCAL, session=False)
