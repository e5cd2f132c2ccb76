"""uacme as Debian ships it, unmodified; its hook puts the answer where a web server finds it."""
import os

import pytest

from harness.proc import wait_for
from harness.web import Webroot, trust
from harness.x509 import SERVER_AUTH, ekus, lifetime, load_chain, names

HOOK = """#!/bin/sh
[ "$2" = http-01 ] || exit 1
case $1 in
begin) printf %s "$5" >"{dir}/$4" ;;
done|failed) rm -f "{dir}/$4" ;;
esac
"""


class Uacme:
    def __init__(self, ca, directory=None):
        self.ca = ca
        self.ns = ca.ns
        self.conf = os.path.join(ca.ns.tmp, "uacme")
        self.directory = directory or ca.url
        self.web = Webroot(ca.ns)
        self.hook = os.path.join(ca.ns.tmp, "uacme-hook")
        with open(self.hook, "w") as f:
            f.write(HOOK.format(dir=self.web.challenges))
        os.chmod(self.hook, 0o755)
        trust(ca.ns, ca.root)

    def run(self, *args, check=True):
        return self.ns.run(["uacme", "-c", self.conf, "-a", self.directory, "-y", "-h", self.hook, *args], check=check,
                           timeout=120)

    def cert(self, name):
        return os.path.join(self.conf, name, "cert.pem")


@pytest.fixture
def uacme(ca):
    client = Uacme(ca)
    yield client
    client.web.stop()


@pytest.mark.interop("uacme", "issue by http-01")
@pytest.mark.interop("uacme", "renew")
def test_issue_and_renew(uacme):
    uacme.run("-t", "EC", "new")
    uacme.run("-t", "EC", "issue", "www.example.test", "example.test")
    first = load_chain(uacme.cert("www.example.test"))[0]
    assert names(first) == ["example.test", "www.example.test"]
    assert ekus(first) == [SERVER_AUTH]
    uacme.run("-t", "EC", "-f", "issue", "www.example.test", "example.test")
    assert load_chain(uacme.cert("www.example.test"))[0].serial_number != first.serial_number


@pytest.mark.interop("uacme", "account key rollover")
def test_account_key_rollover(uacme):
    def key():
        with open(os.path.join(uacme.conf, "private", "key.pem")) as f:
            return f.read()

    uacme.run("new")
    old = key()
    uacme.run("-t", "EC", "newkey")
    assert key() != old
    uacme.run("-t", "EC", "issue", "www.example.test")
    assert names(load_chain(uacme.cert("www.example.test"))[0]) == ["www.example.test"]


ALPN_HOOK = """#!/bin/sh
[ "$2" = tls-alpn-01 ] || exit 1
case $1 in
begin) request="auth $3 $5" ;;
*) request="unauth $3" ;;
esac
[ "$(echo "$request" | ualpn -s "{dir}/ualpn.sock")" = OK ]
"""


@pytest.mark.interop("uacme", "issue by tls-alpn-01 (ualpn)")
def test_tls_alpn_01(ca, uacme):
    ns = ca.ns
    with open(uacme.hook, "w") as f:
        f.write(ALPN_HOOK.format(dir=ns.tmp))
    sock = os.path.join(ns.tmp, "ualpn.sock")
    ualpn = ns.start(["ualpn", "-v", "-v", "-b", "127.0.0.1@443", "-c", "127.0.0.1@444", "-s", sock, "-p",
                      os.path.join(ns.tmp, "ualpn.pid"), "-u", "root", "-n", "1"], "ualpn")
    try:
        wait_for("ualpn", lambda: os.path.exists(sock))
        uacme.run("new")
        uacme.run("-t", "EC", "issue", "www.example.test")
    finally:
        ualpn.stop()
    assert names(load_chain(uacme.cert("www.example.test"))[0]) == ["www.example.test"]
    assert "acme-tls/1" in ualpn.output(), ualpn.output()


@pytest.mark.interop("uacme", "deactivate the account")
def test_deactivate(uacme):
    uacme.run("new")
    uacme.run("deactivate")
    assert uacme.run("issue", "www.example.test", check=False).returncode != 0
    assert not os.path.exists(uacme.cert("www.example.test"))


@pytest.mark.interop("uacme", "short-lived by directory")
def test_profile_by_directory(ca):
    client = Uacme(ca, ca.profile_url("shortlived"))
    try:
        client.run("new")
        client.run("issue", "www.example.test")
        leaf = load_chain(client.cert("www.example.test"))[0]
        assert lifetime(leaf).total_seconds() < 161 * 3600
    finally:
        client.web.stop()
