"""Peers who never met: beta accepts a connection as alpha's because of the certificate alone. And who tries to be alpha."""
import shutil

import pytest

from harness.internet import World
from harness.service import Service, visit
from harness.tabard import Tabard

NAME = "alpha.test"
CAREFUL, CARELESS = 8443, 8444


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("peers"), {"alpha": (4, 6), "beta": (4, 6), "mallory": (4,)})
    yield w
    w.close()


@pytest.fixture(scope="module")
def service(world):
    """beta's, which knows one name and nobody. The careless one trusts the servers' root for clients, too."""
    t = world.beta.tabard()
    t.get("beta.test")
    made = [Service(world.beta.host, world.ca, t.path("beta.test", "fullchain.pem"), t.path("beta.test", "privkey.pem"),
                    {NAME: "alpha"}, port, more=more) for port, more in ((CAREFUL, []), (CARELESS, [world.ca.root]))]
    yield
    for s in made:
        s.close()


def visit_with(world, org, t, name, port=CAREFUL):
    return visit(org.host, "beta.test", world.ca.root, t.path(name, "fullchain.pem"), t.path(name, "privkey.pem"), port)


def test_a_stolen_server_key_is_no_client(world, service):
    t = world.alpha.tabard()
    t.get(NAME)
    stolen = Tabard(world.mallory.host, world.ca.url, world.ca.root, "stolen")
    shutil.copytree(t.dir, stolen.dir, symlinks=True)
    for org, files in ((world.mallory, stolen), (world.alpha, t)):
        assert "UNKNOWN_CA" in visit_with(world, org, files, NAME)
        assert "UNSUPPORTED_CERTIFICATE" in visit_with(world, org, files, NAME, CARELESS)
