"""tabardd add: a responder, or the hierarchy for peers, for a CA that was made without."""
import difflib
import os
import re
import shutil
import signal
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from harness.acme import Client
from harness.ca import program
from harness.proc import wait_for
from harness.tabard import Tabard
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, lifetime, load_chain, names

from test_renew_own import NEW, back_to, check_config, files, kept_copy, killed, shown, steps

NAME = "www.example.test"
RESPONDER = {"responder.pem", "keys/responder.key", "keys/responder-token.key", "keys/responder-statement-1-1.key"}
PEER = {"root-peer.pem", "root-peer.crl", "issuing-peer.pem", "keys/issuing-peer.key", "root-keys/root-peer.key"}


def add(ca, part, *args, want=0):
    p = ca.ns.run([program("tabardd"), "add", part, "--config", ca.config, *args], check=False)
    assert p.returncode == want, p.stdout
    return p.stdout


def run_refused(ca, want=3):
    p = ca.ns.run([program("tabardd"), "run", "--config", ca.config], check=False, timeout=30)
    assert p.returncode == want and "tabardd: ready" not in p.stdout, p.stdout
    return p.stdout


def changed(before, after):
    """(new, other content or mode or owner)"""
    assert not before.keys() - after.keys()
    return after.keys() - before.keys(), {n for n in before if before[n] != after[n]}


def lines_changed(before, after):
    """(lines gone, lines come) of the configuration"""
    a, b = (f["tabard.yaml"][0].decode().splitlines() for f in (before, after))
    diff = [d for d in difflib.ndiff(a, b) if d[:2] in ("- ", "+ ")]
    return [d[2:] for d in diff if d[0] == "-"], [d[2:] for d in diff if d[0] == "+"]


def profiles(ca):
    c = Client(ca)
    offered = set(c.dir["meta"]["profiles"])
    c.close()
    return offered


def without_responder(ca):
    """What an init of before there was a responder has left."""
    for name in RESPONDER:
        os.unlink(ca.path(*name.split("/")))


def without_newer_keys(text):
    """A configuration of that time: none of the keys, and no profile of issuer peer."""
    text = re.sub(r"^(responder|responder_address|responder_proxies|peer_hierarchy):.*\n", "", text, flags=re.M)
    return re.sub(r"^  - name: \"?peer\"?\n(    .*\n)*", "", text, flags=re.M)


# the responder


def test_switched_on_by_hand_the_ca_says_what_makes_its_files(make_ca):
    """run and check-config name the command; after it the CA runs and proves."""
    ca = make_ca()
    without_responder(ca)
    before = files(ca)
    remedy = f"tabardd add responder --config {ca.config}"
    log = run_refused(ca)
    assert re.search(rf'parent: state file=".*/keys/responder-token.key" reason="is missing" remedy="{remedy}"', log), log
    assert f'"{remedy}" makes what is missing' in check_config(ca, want=3)
    said = add(ca, "responder")
    after = files(ca)
    assert changed(before, after) == (RESPONDER, set())
    assert all(f"{ca.path(n)}: made" in said for n in RESPONDER)
    assert all(stat.S_IMODE(after[n][1]) == (0o600 if n.startswith("keys/") else 0o644) for n in RESPONDER)
    leaf = load_chain(ca.path("responder.pem"))[0]
    assert sorted(names(leaf)) == ["*.ca.test", "ca.test"] and 397 <= lifetime(leaf).days <= 398
    check_config(ca)
    ca.start()
    out = Tabard(ca.ns, ca.url, ca.root).get(NAME, "--profile", "client")
    assert "responder ca.test saw 127.0.0.1" in out


@pytest.mark.parametrize("lost", sorted(RESPONDER))
def test_only_what_is_missing_is_made(make_ca, lost):
    ca = make_ca()
    os.rename(ca.path(lost), ca.path("x"))
    assert f'file="{ca.path(lost)}" reason="is missing"' in run_refused(ca)
    before = files(ca)
    if lost in ("responder.pem", "keys/responder.key"):
        assert f"{ca.path(lost)}: is missing; remove" in add(ca, "responder", want=3)
        assert files(ca) == before
        return
    add(ca, "responder")
    assert changed(before, files(ca)) == ({lost}, set())
    check_config(ca)


def test_a_second_call_changes_nothing(make_ca):
    ca = make_ca(extra=["--peer"])
    before = files(ca)
    for part in ("responder", "peer"):
        assert f"{part}: is there already, nothing was changed" in add(ca, part, "--reload")
    assert files(ca) == before


def test_a_reload_that_lacks_files_leaves_the_ca_as_it_is(make_ca):
    """Switched on in the file of a running CA; then added, with --reload."""
    ca = make_ca(extra=["--responder", "off"])
    for name in RESPONDER:
        if os.path.exists(ca.path(name)):
            os.unlink(ca.path(name))
    ca.start()
    ca.edit(lambda t: t.replace("responder: off", "responder: 127.0.0.1:14002"))
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the refusal", lambda: "reload-failed" in ca.log())
    assert "tabardd add responder" in ca.log() and profiles(ca) == {"server", "shortlived"}
    assert ca.cli_json("status")["reloads_failed"] == 1
    add(ca, "responder", "--reload")
    assert "client" in profiles(ca) and ca.cli_json("status")["reloads"] == 1
    Tabard(ca.ns, ca.url, ca.root).get(NAME, "--profile", "client")


@pytest.mark.parametrize("old", [False, True])
def test_switched_on_by_the_command(make_ca, old):
    """One line becomes another, or is added where an older file has none; comments and all else stay."""
    ca = make_ca(extra=["--responder", "off"])
    for name in RESPONDER:
        if os.path.exists(ca.path(name)):
            os.unlink(ca.path(name))
    if old:
        ca.edit(without_newer_keys)
    else:
        ca.edit(lambda t: t.replace("responder: off\n", "responder:   off   # until autumn\n"))
    before = files(ca)
    assert "responder is off; give --responder ADDR:PORT" in add(ca, "responder", want=1)
    assert "usage: tabardd add" in add(ca, "responder", "--root-passphrase-file", "x", want=2)
    assert "is not ADDRESS:PORT" in add(ca, "responder", "--responder", "14002", want=2)
    assert "is not HOST:PORT" in add(ca, "responder", "--responder", "127.0.0.1:14002", "--responder-address", "x:1", want=2)
    assert "would be refused" in add(ca, "responder", "--responder", "127.0.0.1:14000", want=3)
    assert files(ca) == before
    args = [] if old else ["--responder-address", "use.ca.test:14002"]
    add(ca, "responder", "--responder", "127.0.0.1:14002", *args)
    after = files(ca)
    assert changed(before, after) == (RESPONDER, {"tabard.yaml"})
    assert after["tabard.yaml"][1:] == before["tabard.yaml"][1:]
    assert lines_changed(before, after) == (
        ([], ["", 'responder: "127.0.0.1:14002"']) if old else
        (["responder:   off   # until autumn", 'responder_address: ""'],
         ['responder:   "127.0.0.1:14002"   # until autumn', 'responder_address: "use.ca.test:14002"']))
    check_config(ca)
    assert "change its addresses there" in add(ca, "responder", "--responder", "127.0.0.1:14003", want=1)
    ca.start()
    assert "client" in profiles(ca)


def test_a_ca_that_is_an_address_needs_a_name_for_it(make_ca):
    ca = make_ca(name="127.0.0.1")
    before = files(ca)
    assert "clients need a DNS name" in add(ca, "responder", "--responder", "127.0.0.1:14002", want=3)
    assert files(ca) == before
    add(ca, "responder", "--responder", "127.0.0.1:14002", "--responder-address", "ca.test:14002")
    check_config(ca)


# the hierarchy for peers


@pytest.mark.parametrize("old", [False, True])
def test_the_hierarchy_comes_to_a_running_ca(make_ca, old):
    """Keys offline, clients served before and after, a certificate for both roles at the end."""
    ca = make_ca()
    if old:
        ca.edit(without_newer_keys)
        ca.edit(lambda t: t + "responder: 127.0.0.1:14002\n")
    os.rename(ca.path("root-keys"), ca.dir + ".offline")
    os.mkdir(ca.path("root-keys"))
    before = files(ca)
    os.rmdir(ca.path("root-keys"))
    ca.start()
    was = shown(ca)
    assert "peer" not in profiles(ca)
    said = add(ca, "peer")
    assert f"kill -HUP {ca.parent_pid()}" in said and "Give " in said and "root-peer.pem to relying parties" in said
    assert "peer" not in profiles(ca)
    after = files(ca)
    assert changed(before, after) == (PEER, {"tabard.yaml"})
    gone, come = lines_changed(before, after)
    assert "peer_hierarchy: true" in come and [line.strip() for line in come].count("offered: true") == 1
    assert gone == ([] if old else ["peer_hierarchy: false", "    offered: false"])
    assert all(stat.S_IMODE(after[n][1]) == (0o600 if "keys/" in n else 0o644) for n in PEER)
    assert stat.S_IMODE(os.stat(ca.path("root-keys")).st_mode) == 0o700
    assert "not offered" not in check_config(ca)
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the reload", lambda: ca.cli_json("status")["reloads"] == 1)
    assert "peer" in profiles(ca) and shown(ca) == was
    t = Tabard(ca.ns, ca.profile_url("peer"), ca.root)
    t.get(NAME)
    leaf = t.check_pair(NAME)
    assert sorted(u.dotted_string for u in ekus(leaf)) == sorted(u.dotted_string for u in (SERVER_AUTH, CLIENT_AUTH))
    assert t.chain(NAME)[1] == load_chain(ca.path("issuing-peer.pem"))[0]
    ca.stop()
    ca.start()


def test_it_is_what_init_makes(make_ca, ns):
    """But for keys, serials, dates and signatures."""
    made, added = make_ca(extra=["--peer"]), make_ca(subdir="added", port=15000)
    add(added, "peer")
    for name in ("root-peer.pem", "issuing-peer.pem"):
        a, b = (load_chain(ca.path(name))[0] for ca in (made, added))
        assert lifetime(a) == lifetime(b)
        assert [(e.oid, e.critical) for e in a.extensions] == [(e.oid, e.critical) for e in b.extensions]
        cut = [c.subject.rfc4514_string()[:-8] for c in (a, b)]  # the rest is the CA's number
        assert cut[0] == cut[1] and len(b.subject.rfc4514_string()) > 20
    with open(added.config) as f:
        assert re.search(rf'^ca_id: "{load_chain(added.path("root-peer.pem"))[0].subject.rfc4514_string()[-8:]}', f.read(), re.M)


def test_a_passphrase_enciphers_the_roots_key(make_ca):
    ca = make_ca()
    before = files(ca)
    assert "No such file" in add(ca, "peer", "--root-passphrase-file", ca.path("none"), want=1)
    assert "expected a first line" in add(ca, "peer", "--root-passphrase-file", "/dev/null", want=2)
    assert files(ca) == before
    with open(ca.dir + ".pass", "w") as f:
        f.write("tr0ub4dor\n")
    add(ca, "peer", "--root-passphrase-file", ca.dir + ".pass")
    with open(ca.path("root-keys", "root-peer.key"), "rb") as f:
        key = load_pem_private_key(f.read(), b"tr0ub4dor")
    assert key.public_key().public_numbers() == load_chain(ca.path("root-peer.pem"))[0].public_key().public_numbers()
    check_config(ca)


def test_switched_on_by_hand_the_hierarchys_files_are_made(make_ca):
    ca = make_ca()
    ca.edit(lambda t: t.replace("peer_hierarchy: false", "peer_hierarchy: true"))
    assert f'remedy="tabardd add peer --config {ca.config}"' in run_refused(ca)
    before = files(ca)
    add(ca, "peer")
    assert changed(before, files(ca)) == (PEER, set()), "which profile is offered is the operator's business now"
    check_config(ca)
    ca.start()


def test_a_hierarchy_that_was_switched_off_is_never_made_again(make_ca):
    """Relying parties know its root: only the line changes."""
    ca = make_ca(extra=["--peer"])
    ca.edit(lambda t: t.replace("peer_hierarchy: true", "peer_hierarchy: false"))
    shutil.rmtree(ca.path("root-keys"))
    os.mkdir(ca.path("root-keys"))
    before = files(ca)
    add(ca, "peer")
    assert changed(before, files(ca)) == (set(), {"tabard.yaml"})
    check_config(ca)


@pytest.mark.parametrize("lost", sorted(PEER - {"root-keys/root-peer.key"}))
def test_a_hierarchy_of_which_a_part_is_lost_stays_as_it_is(make_ca, lost):
    ca = make_ca(extra=["--peer"])
    os.unlink(ca.path(lost))
    before = files(ca)
    assert f"{ca.path(lost)}: is missing, and what belongs to it is there" in add(ca, "peer", want=1)
    assert files(ca) == before


# what is in the way


def test_a_line_that_is_written_otherwise_is_the_operators(make_ca):
    """Told with its number and what to write; nothing was changed."""
    ca = make_ca()
    ca.edit(lambda t: t.replace("peer_hierarchy: false", "peer_hierarchy:\n  false"))
    before = files(ca)
    said = add(ca, "peer", want=1)
    with open(ca.config) as f:
        line = f.read().split("\n").index("peer_hierarchy:") + 2
    assert f'{ca.config}:{line}: this line is yours; write "peer_hierarchy: true"' in said, said
    assert files(ca) == before
    ca.edit(lambda t: t.replace("peer_hierarchy:\n  false", "peer_hierarchy: true"))
    add(ca, "peer")
    check_config(ca)


def test_a_configuration_behind_a_link_stays(make_ca):
    ca = make_ca()
    os.rename(ca.config, ca.dir + ".yaml")
    os.symlink(ca.dir + ".yaml", ca.config)
    before = files(ca)
    assert f"{ca.config}: is a link" in add(ca, "peer", want=1)
    assert files(ca) == before and os.path.islink(ca.config)


def test_the_command_line(make_ca):
    ca = make_ca()
    for args in (["add"], ["add", "wings", "--config", ca.config], ["add", "peer"], ["add", "peer", "--config", ca.config, "x"],
                 ["add", "peer", "--config", ca.config, "--responder", "127.0.0.1:1"],
                 ["add", "peer", "--config", ca.config, "--config", ca.config]):
        p = ca.ns.run([program("tabardd"), *args], check=False)
        assert p.returncode == 2 and "usage: tabardd add" in p.stdout, args
    for args in (["add", "--help"], ["add", "peer", "--help"]):
        assert ca.ns.run([program("tabardd"), *args]).stdout.startswith("usage: tabardd add")
    ca.edit(lambda t: t + "unknown: 1\n")
    assert f"{ca.config}:" in add(ca, "peer", want=3)


def test_a_full_disk_makes_nothing(make_ca):
    ca = make_ca()
    mounted = ca.dir + ".full"
    ca.ns.run(["sh", "-c", f"mkdir '{mounted}' && mount -t tmpfs -o size=256k tmpfs '{mounted}' && cp -a '{ca.dir}/.' '{mounted}/' && "
                           f"{{ dd if=/dev/zero of='{mounted}/ballast' bs=4096 2>/dev/null || :; }}"])
    p = ca.ns.run([program("tabardd"), "add", "peer", "--config", f"{mounted}/tabard.yaml"], check=False)
    assert p.returncode == 1 and "No space left on device" in p.stdout, p.stdout
    assert "peer" not in ca.ns.run(["sh", "-c", f"cd '{mounted}' && ls . keys root-keys"]).stdout
    ca.ns.run(["rm", f"{mounted}/ballast"])
    ca.ns.run([program("tabardd"), "add", "peer", "--config", f"{mounted}/tabard.yaml"])
    ca.ns.run([program("tabardd"), "check-config", "--config", f"{mounted}/tabard.yaml"])


# killed


@pytest.mark.parametrize("part", ["responder", "peer"])
def test_killed_anywhere_the_next_call_ends_it(make_ca, part):
    """The CA starts after each, as it was or with all of the part; nothing half-made is left in the end."""
    ca = make_ca(extra=["--responder", "off"]) if part == "responder" else make_ca()
    for name in RESPONDER:
        if part == "responder" and os.path.exists(ca.path(name)):
            os.unlink(ca.path(name))
    args = ["--responder", "127.0.0.1:14002"] if part == "responder" else []
    argv = ["add", part, "--config", ca.config, *args]
    before, kept = files(ca), kept_copy(ca)
    calls = steps(ca, *argv)
    assert len(calls) >= 24
    complete = 0
    for n in calls:
        back_to(ca, kept)
        killed(ca, *n, *argv)
        with open(ca.config) as f:
            done = "peer_hierarchy: true" in f.read() if part == "peer" else "responder: off" not in open(ca.config).read()
        complete += done
        check_config(ca)
        if n[0] in ("renameat", "write"):  # where something differs
            ca.start()
            assert ("peer" if part == "peer" else "client") in profiles(ca) if done else True
            assert ca.stop() == 0
        made = files(ca)
        add(ca, part, *([] if done else args))
        after = files(ca)
        assert changed(before, after) == (PEER if part == "peer" else RESPONDER, {"tabard.yaml"}), n
        finals = {x for x in made if x not in before and not x.endswith(NEW)}
        assert all(made[x] == after[x] for x in finals), "a key that has its name is not made twice"
        check_config(ca)
    assert 0 < complete < len(calls)
