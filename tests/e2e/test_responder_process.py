"""The responder among the processes of a CA: there when it is configured, in its sandbox, restarted, reloaded."""
import os
import re
import signal
import socket

import pytest

from harness.ca import program
from harness.proc import wait_for


def role(ca, name):
    return next((p for p in ca.cli_json("status")["processes"] if p["role"] == name), None)


def answers(ca):
    """Does somebody accept connections where the responder listens?"""
    try:
        ca.ns.connect("127.0.0.1", ca.port + 2, timeout=10).close()
        return True
    except ConnectionRefusedError:
        return False


def reload(ca, change):
    was = ca.log().count("parent: ready ")
    ca.edit(change)
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the new set", lambda: ca.log().count("parent: ready ") > was)


def test_it_runs_in_its_sandbox_and_comes_back(ca):
    first = role(ca, "responder")
    assert first["ready"] and first["sandbox"] == role(ca, "validator")["sandbox"] != []
    assert answers(ca)
    ca.kill("responder")
    wait_for("a responder", lambda: role(ca, "responder")["ready"])
    again = role(ca, "responder")
    assert again["pid"] != first["pid"] and again["restarts"] == 1
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(ca.path("control.sock"))
        s.sendall(b'{"cmd":"responder"}\n')
        text = s.makefile().read()
    assert '"responder_connections_total":' in text and '"error":' not in text


def test_it_is_there_only_when_it_is_configured(make_ca):
    ca = make_ca(extra=["--responder", "off"]).start()
    assert role(ca, "responder") is None and not answers(ca)
    assert ca.pid_of("responder") is None
    ca.stop()


def test_a_reload_takes_it_away_and_brings_it_back(ca):
    with open(ca.config) as f:
        address = re.search(r"^responder: (.*)$", f.read(), re.M).group(1)
    reload(ca, lambda text: text.replace(f"responder: {address}", "responder: off"))
    assert role(ca, "responder") is None and not answers(ca)
    reload(ca, lambda text: text.replace("responder: off", f"responder: {address}"))
    assert role(ca, "responder")["ready"] and answers(ca)


@pytest.mark.parametrize("name", ["responder.key", "responder-token.key", "responder-statement-1-1.key"])
def test_it_does_not_start_without_its_keys(make_ca, name):
    ca = make_ca()
    os.unlink(ca.path("keys", name))
    for command in ("run", "check-config"):
        p = ca.ns.run([program("tabardd"), command, "--config", ca.config], check=False, timeout=60)
        assert p.returncode == 3 and name in p.stdout and "tabardd add responder" in p.stdout, p.stdout
