"""certbot as Debian ships it, unmodified."""
import os

import pytest

from harness.clients import Certbot
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, is_ca, lifetime, load_chain, names

HOOK = """#!/bin/sh
printf 'server 127.0.0.1 53\\nzone example.test.\\n{verb} _acme-challenge.%s. 1 TXT "%s"\\nsend\\n' "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" | knsupdate
"""


def dns_hooks(ns):
    out = []
    for verb in ("add", "del"):
        path = os.path.join(ns.tmp, "hook-" + verb)
        with open(path, "w") as f:
            f.write(HOOK.format(verb=verb))
        os.chmod(path, 0o755)
        out.append(path)
    return out


def check_leaf(path, want):
    chain = load_chain(path)
    assert len(chain) == 2
    assert names(chain[0]) == sorted(want)
    assert ekus(chain[0]) == [SERVER_AUTH]
    assert CLIENT_AUTH not in ekus(chain[0])
    assert not is_ca(chain[0])
    assert is_ca(chain[1])
    return chain[0]


@pytest.mark.interop("certbot", "issue by http-01")
def test_http_01(ca):
    bot = Certbot(ca)
    bot.run("certonly", "--standalone", "-d", "www.example.test")
    check_leaf(bot.live("www.example.test"), ["www.example.test"])


def test_http_01_webroot_with_two_names(ca, ns):
    root = os.path.join(ns.tmp, "www")
    os.makedirs(root)
    web = ns.start(["/usr/bin/python3", "-u", "-m", "http.server", "80", "--directory", root], "web")
    web.wait_output("Serving")
    bot = Certbot(ca)
    bot.run("certonly", "--webroot", "-w", root, "-d", "www.example.test", "-d", "api.example.test")
    check_leaf(bot.live("www.example.test"), ["www.example.test", "api.example.test"])
    web.stop()


@pytest.mark.interop("certbot", "issue by dns-01")
@pytest.mark.interop("certbot", "wildcard")
def test_dns_01_wildcard_beside_its_base(ca, ns):
    add, remove = dns_hooks(ns)
    bot = Certbot(ca)
    bot.run("certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", add,
            "--manual-cleanup-hook", remove, "-d", "*.example.test", "-d", "example.test")
    check_leaf(bot.live("example.test"), ["*.example.test", "example.test"])


@pytest.mark.interop("certbot", "renew")
def test_renewal_gives_another_certificate(ca):
    bot = Certbot(ca)
    bot.run("certonly", "--standalone", "-d", "www.example.test")
    first = check_leaf(bot.live("www.example.test"), ["www.example.test"])
    bot.run("renew", "--force-renewal", "--no-random-sleep-on-renew")
    second = check_leaf(bot.live("www.example.test"), ["www.example.test"])
    assert first.serial_number != second.serial_number


@pytest.mark.interop("certbot", "deactivate the account")
def test_deactivate(ca):
    bot = Certbot(ca)
    bot.run("register")
    bot.run("unregister")
    bot.run("certonly", "--standalone", "-d", "www.example.test")  # with a new account
    assert ca.cli_json("status")["front"]["accounts"] == 2


@pytest.mark.interop("certbot", "short-lived by directory")
def test_profile_by_directory_url(ca):
    bot = Certbot(ca, directory=ca.profile_url("shortlived"))
    bot.run("certonly", "--standalone", "-d", "www.example.test")
    leaf = check_leaf(bot.live("www.example.test"), ["www.example.test"])
    assert lifetime(leaf).total_seconds() <= 160 * 3600


def test_an_unproved_name_gets_nothing(ca, dns):
    dns.update("example.test", "add lost.example.test. 1 A 127.0.0.9")
    bot = Certbot(ca)
    p = bot.run("certonly", "--standalone", "--http-01-address", "127.0.0.1", "-d", "lost.example.test", check=False)
    assert p.returncode != 0
    assert not os.path.exists(bot.live("lost.example.test"))
    assert ca.cli_json("list")["certificates"] == []
