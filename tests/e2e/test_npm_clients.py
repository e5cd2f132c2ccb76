"""ACME clients from npm, unmodified.  They are installed into the build directory when this runs for the first time."""
import fcntl
import os
import shutil
import subprocess

import pytest

from harness.ca import BUILD
from harness.web import Webroot
from harness.x509 import SERVER_AUTH, ekus, load_chain, names

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
def node(ca, modules):
    web = Webroot(ca.ns)

    def run(script, *args, check=True):
        return ca.ns.run(["node", os.path.join(HERE, script), modules, ca.url, web.challenges, ca.ns.tmp, *args], check=check,
                         env={"NODE_EXTRA_CA_CERTS": ca.root}, timeout=120)

    yield run
    web.stop()


def issued(ca):
    leaf = load_chain(os.path.join(ca.ns.tmp, "fullchain.pem"))[0]
    assert names(leaf) == ["www.example.test"]
    assert ekus(leaf) == [SERVER_AUTH]
    return leaf.serial_number


@pytest.mark.interop("acme-client (npm)", "issue by http-01")
@pytest.mark.interop("acme-client (npm)", "renew")
def test_acme_client(ca, node):
    node("acme_client.js", "www.example.test")
    first = issued(ca)
    node("acme_client.js", "www.example.test")
    assert issued(ca) != first


@pytest.mark.interop("@root/acme (npm)", "issue by http-01")
@pytest.mark.interop("@root/acme (npm)", "renew")
def test_root_acme(ca, node):
    node("root_acme.js", "www.example.test")
    first = issued(ca)
    node("root_acme.js", "www.example.test")
    assert issued(ca) != first
