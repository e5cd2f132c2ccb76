"""ACME clients from npm, unmodified.  They are installed into the build directory when this runs for the first time."""
import fcntl
import os
import shutil
import subprocess

import pytest

from harness.ca import BUILD
from harness.web import Webroot
from harness.x509 import SERVER_AUTH, ekus, load_chain, names
from test_external_account import add, ca_with

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def modules():
    where = os.path.join(BUILD, "npm")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(where, "done")):
            shutil.copy(os.path.join(HERE, "package.json"), where)
            subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=where,
                           check=True, timeout=300, stdin=subprocess.DEVNULL)
            with open(os.path.join(where, "done"), "w"):
                pass
    return os.path.join(where, "node_modules")


@pytest.fixture
def node(ns, dns, modules):
    web = Webroot(ns)

    def run(ca, script, *args, check=True):
        return ns.run(["node", os.path.join(HERE, script), modules, ca.url, web.challenges, ns.tmp, *args], check=check,
                      env={"NODE_EXTRA_CA_CERTS": ca.root}, timeout=120)

    yield run
    web.stop()


@pytest.fixture
def bound(ns, dns):
    c = ca_with(ns, "required")
    yield c
    c.stop()


def issued(ca):
    leaf = load_chain(os.path.join(ca.ns.tmp, "fullchain.pem"))[0]
    assert names(leaf) == ["www.example.test"]
    assert ekus(leaf) == [SERVER_AUTH]
    return leaf.serial_number


def account_key(ca):
    with open(os.path.join(ca.ns.tmp, "account.pem")) as f:
        return f.read()


@pytest.mark.interop("acme-client (npm)", "issue by http-01")
@pytest.mark.interop("acme-client (npm)", "renew")
def test_acme_client(ca, node):
    node(ca, "acme_client.js", "www.example.test")
    first = issued(ca)
    node(ca, "acme_client.js", "www.example.test")
    assert issued(ca) != first


@pytest.mark.interop("@root/acme (npm)", "issue by http-01")
@pytest.mark.interop("@root/acme (npm)", "renew")
def test_root_acme(ca, node):
    node(ca, "root_acme.js", "www.example.test")
    first = issued(ca)
    node(ca, "root_acme.js", "www.example.test")
    assert issued(ca) != first


@pytest.mark.interop("acme-client (npm)", "revoke by account")
def test_acme_client_revokes(ca, node):
    node(ca, "acme_client.js", "www.example.test", "revoke")
    assert ca.cli_json("show", f"{issued(ca):032x}")["reason"] == "superseded"


@pytest.mark.interop("acme-client (npm)", "account key rollover")
def test_acme_client_changes_the_account_key(ca, node):
    node(ca, "acme_client.js", "www.example.test")
    first, old = issued(ca), account_key(ca)
    node(ca, "acme_client.js", "www.example.test", "new-key")
    assert account_key(ca) != old
    node(ca, "acme_client.js", "www.example.test")
    assert issued(ca) != first and ca.cli_json("status")["front"]["accounts"] == 1


@pytest.mark.interop("acme-client (npm)", "external account binding")
def test_acme_client_binds(bound, node):
    assert node(bound, "acme_client.js", "www.example.test", check=False).returncode != 0
    eab = add(bound)
    node(bound, "acme_client.js", "www.example.test", eab["kid"], eab["hmac_key"])
    issued(bound)
