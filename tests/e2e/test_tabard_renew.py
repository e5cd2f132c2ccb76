"""tabard renew: when, with what, and what stays when it fails."""
import json
import os
import ssl
import time

import pytest
from harness.attack import ScriptedWeb, http_answer
from harness.pebble import Pebble
from harness.pki import SERVER, Chain, make
from harness.tabard import DEPLOY, LOCAL, OK, PROOF, REFUSED, UNREACHABLE, Tabard

NAME = "www.example.test"


@pytest.fixture
def tabard(ca):
    t = Tabard(ca.ns, ca.url, ca.root)
    t.get(NAME)
    return t


def renew(t, *args, want=OK):
    return t.run("renew", *args, want=want, session=False)


def make_due(t, name=NAME, **more):
    """Its time has come, and the server's renewal information was asked for not long ago."""
    t.set(name, renew_at_s=1, ari_next_s=int(time.time()) + 3600, **more)


def version(t, name=NAME):
    return os.path.basename(os.readlink(t.path(name)))


def test_not_due_then_due_by_the_servers_window(tabard):
    assert "not due" in renew(tabard)
    assert version(tabard) == "0001"
    s = tabard.settings(NAME)
    assert s["ari_next_s"] > time.time(), "the server's renewal information was asked for"
    assert time.time() + 20 * 86400 < s["renew_at_s"] < time.time() + 45 * 86400
    tabard.set(NAME, renew_at_s=int(time.time()) + 600)
    assert "renewed" in renew(tabard), "what comes due before the next start is renewed now"
    assert version(tabard) == "0002"
    tabard.check_pair(NAME)
    assert "not due" in renew(tabard)


def test_the_instant_is_kept(tabard):
    renew(tabard)
    first = tabard.settings(NAME)["renew_at_s"]
    tabard.set(NAME, ari_next_s=0)
    renew(tabard)
    assert tabard.settings(NAME)["renew_at_s"] == first


def test_no_renewal_information_is_asked_for_after_expiry(tabard, ns, tmp_path):
    """RFC 9773 section 4.3: the server is spoken to once, for the renewal, and not before about the window."""
    pki = Chain(tmp_path, "pki", ([SERVER], None, None))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.chain_file, pki.key_file)
    web = ScriptedWeb(ns, lambda host, path, port: http_answer(404), port=443, context=context)
    for days, asked in (((-30, -1), 1), ((-1, 30), 2)):
        with open(tabard.path(NAME, "fullchain.pem"), "wb") as f:
            f.write(make(NAME, names=[NAME], days=days, aki=True).pem())
        web.seen.clear()
        tabard.set(NAME, server="https://localhost/directory", ca=pki.root_file, renew_at_s=1, ari_next_s=0, next_try_s=0)
        renew(tabard, want=REFUSED)
        assert [path for _, path in web.seen] == ["/directory"] * asked
    web.close()


def test_an_instant_outside_the_window_is_chosen_anew(tabard):
    """RFC 9773, section 4.2: a server that moved its window is followed."""
    tabard.set(NAME, renew_at_s=1)
    assert "not due" in renew(tabard)
    assert tabard.settings(NAME)["renew_at_s"] > time.time()


def test_force_and_list(tabard):
    renew(tabard, "--force", NAME)
    assert version(tabard) == "0002"
    line = json.loads(tabard.run("list", "--json", session=False))
    assert line["name"] == NAME and line["usages"] == "serverAuth" and line["lastError"] == ""
    assert NAME in tabard.run("list", session=False)


def test_dry_run_changes_nothing(tabard):
    before = tabard.settings(NAME)
    renew(tabard, "--force", "--dry-run")
    assert version(tabard) == "0001" and tabard.settings(NAME) == before


def test_a_failure_waits_and_keeps_the_certificate(tabard, ca):
    make_due(tabard)
    ca.stop()
    out = renew(tabard, want=UNREACHABLE)
    assert "no connection" in out
    s = tabard.settings(NAME)
    assert s["failures"] == 1 and s["next_try_s"] >= time.time() + 50 and "no connection" in s["last_error"]
    assert "waits after a failure" in renew(tabard), "no second try before the back-off has passed"
    assert version(tabard) == "0001"
    tabard.check_pair(NAME)
    ca.start()
    tabard.set(NAME, next_try_s=0)
    assert "renewed" in renew(tabard)
    assert tabard.settings(NAME)["failures"] == 0 and tabard.settings(NAME)["last_error"] == ""


def test_one_that_fails_does_not_keep_the_others(tabard):
    tabard.get("ca.example.test")
    make_due(tabard, "ca.example.test", names=["nowhere.invalid"])
    make_due(tabard)
    renew(tabard, want=PROOF)
    assert version(tabard) == "0002" and version(tabard, "ca.example.test") == "0001"


def test_a_deploy_hook_that_failed_is_run_again(tabard, tmp_path):
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs; exit $(cat {tmp_path}/status)\n")
    hook.chmod(0o755)
    (tmp_path / "status").write_text("1")
    tabard.get(NAME, "--deploy-hook", str(hook), want=DEPLOY)
    (tmp_path / "status").write_text("0")
    assert "renewed" in renew(tabard)
    assert version(tabard) == "0002" and (tmp_path / "runs").read_text().count("run") == 2
    assert "not due" in renew(tabard)


def test_a_predecessor_that_has_nothing_in_common_is_left_out(tabard):
    tabard.get("ca.example.test", "--name", NAME)
    assert version(tabard) == "0002"
    tabard.check_pair(NAME)


def test_files_of_others_are_refused_and_named(tabard):
    with open(tabard.path("renewal", NAME + ".json"), "w") as f:
        f.write("{}")
    assert NAME + ".json cannot be used" in renew(tabard, want=LOCAL)


def test_an_account_is_never_made_by_renew(tabard):
    os.unlink(tabard.path("accounts", "ca.test_14000.pem"))
    assert "does not know this account key" in renew(tabard, "--force", want=REFUSED)


def test_killed_between_key_and_certificate_the_pair_stays(tabard, tmp_path):
    """The hook of a challenge stands between them: there the whole client is killed, again and again."""
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    for _ in range(3):
        before = tabard.check_pair(NAME).serial_number
        argv = [os.path.join(os.environ.get("BUILD", "build"), "cli", "tabard"), "get", NAME, "other.example.test", "--name", NAME,
                "--server", tabard.server, "--ca", tabard.root, "--dir", tabard.dir, "--dns-hook", str(hook)]
        assert tabard.ns.run(argv, check=False).returncode in (-9, 137)
        assert os.path.exists(tabard.path("archive", NAME, "next", "privkey.pem")), "it was killed in between"
        assert tabard.check_pair(NAME).serial_number == before
    assert "renewed" in renew(tabard, "--force")
    assert tabard.check_pair(NAME).serial_number != before
    assert not os.path.exists(tabard.path("archive", NAME, "next"))


def test_against_pebble(ns, dns):
    p = Pebble(ns)
    try:
        t = Tabard(ns, p.url, p.root)
        t.get(NAME, "--agree-tos")
        renew(t, "--force")
        assert version(t) == "0002"
        t.check_pair(NAME)
    finally:
        p.stop()
