"""dns-01 by dynamic update against Knot, which checks the TSIG."""
import os

import pytest
from harness.ca import Ca
from harness.dns import Knot
from harness.tabard import LOCAL, Tabard
from harness.x509 import names

SECRET = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE="
OTHER = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="
ZONE = {"example.test": ["@ A 127.0.0.1", "* A 127.0.0.1", "_acme-challenge.alias CNAME proof.acme.test."],
        "acme.test": [], "test": []}


@pytest.fixture(params=["hmac-sha256", "hmac-sha512"])
def algorithm(request):
    return request.param


@pytest.fixture
def dns(ns, algorithm):
    """Updates only with the key."""
    server = Knot(ns, ZONE, key=("proof-key", algorithm, SECRET))
    yield server
    server.stop()


@pytest.fixture
def tabard(ca, tmp_path, algorithm):
    (tmp_path / "key").write_text(f'key "proof-key." {{\n\talgorithm {algorithm};\n\tsecret "{SECRET}";\n}};\n')
    (tmp_path / "line").write_text(f"{algorithm}:proof-key:{SECRET}\n")
    (tmp_path / "wrong").write_text(f"{algorithm}:proof-key:{OTHER}\n")
    (tmp_path / "unknown").write_text(f"{algorithm}:other-key:{SECRET}\n")
    return Tabard(ca.ns, ca.url, ca.root)


def test_wildcard_and_base_by_signed_update_and_nothing_is_left(tabard, dns, tmp_path):
    tabard.get("*.example.test", "example.test", "--dns-update", "127.0.0.1", "--dns-key", str(tmp_path / "key"))
    assert names(tabard.check_pair("_.example.test")) == ["*.example.test", "example.test"]
    assert "TXT" not in tabard.ns.run(["kdig", "@127.0.0.1", "_acme-challenge.example.test", "TXT", "+noall", "+answer"]).stdout


def test_an_alias_is_followed_into_its_own_zone(tabard, tmp_path):
    tabard.get("alias.example.test", "--dns-update", "127.0.0.1:53", "--dns-key", str(tmp_path / "line"))
    tabard.check_pair("alias.example.test")


def test_what_is_wrong_is_said(tabard, tmp_path):
    def get(key=None, server="127.0.0.1", name="www.example.test"):
        args = ["--dns-key", str(tmp_path / key)] if key else []
        return tabard.get(name, "--dns-update", server, *args, want=LOCAL)

    assert "is not signed with the key proof-key" in get("wrong")
    assert "is not signed with the key other-key" in get("unknown")
    assert "refuses the update of zone example.test" in get()
    assert "Connection refused" in get("key", "127.0.0.1:5399")
    (tmp_path / "junk").write_text("hmac-md5:k:AAAA")
    assert "--dns-key" in get("junk")
    assert "no zone for _acme-challenge.nowhere.invalid" in get("key", name="nowhere.invalid")
