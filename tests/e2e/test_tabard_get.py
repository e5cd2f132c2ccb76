"""tabard get, as a person and a script use it, against our server and against somebody else's."""
import json
import os
import re
import ssl
import stat

import pytest
from harness.attack import ScriptedWeb, http_answer
from harness.ca import BUILD, program
from harness.pebble import Pebble
from harness.pki import SERVER, Chain
from harness.proc import wait_for
from harness.tabard import LOCAL, PROOF, REFUSED, TERMS, UNREACHABLE, USAGE, Tabard
from harness.x509 import SERVER_AUTH, ekus, names


@pytest.fixture
def tabard(ca):
    return Tabard(ca.ns, ca.url, ca.root)


@pytest.fixture
def pebble(ns, dns):
    p = Pebble(ns)
    yield p
    p.stop()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_get_leaves_certbots_names_and_exits_0(tabard):
    out = tabard.get("www.example.test")
    leaf = tabard.check_pair("www.example.test")
    assert names(leaf) == ["www.example.test"] and ekus(leaf) == [SERVER_AUTH]
    assert len(tabard.chain("www.example.test")) == 2
    assert "serverAuth until " in out
    for private in [("www.example.test", "privkey.pem"), ("accounts", "ca.test_14000.pem"),
                    ("renewal", "www.example.test.json")]:
        assert mode(tabard.path(*private)) == 0o600
    assert mode(tabard.dir) == 0o700


def test_invariant_39_a_careless_umask_widens_no_key(tabard):
    tabard.ns.run(["sh", "-c", f"umask 0; exec {os.environ.get('BUILD', 'build')}/cli/tabard get www.example.test "
                   f"--server {tabard.server} --ca {tabard.root} --dir {tabard.dir}"])
    assert mode(tabard.path("www.example.test", "privkey.pem")) == 0o600
    assert mode(tabard.path("accounts", "ca.test_14000.pem")) == 0o600


def test_several_names_a_profile_and_json(tabard):
    out = tabard.get("www.example.test", "ca.example.test", "--profile", "shortlived", "--json", "--quiet", "--name", "both")
    doc = json.loads(out)
    assert doc["ok"] and doc["names"] == ["www.example.test", "ca.example.test"] and doc["usages"] == "serverAuth"
    assert doc["privkey"] == tabard.path("both", "privkey.pem")
    assert names(tabard.check_pair("both")) == ["ca.example.test", "www.example.test"]


@pytest.mark.parametrize("key_type", ["p384", "ed25519", "rsa2048"])
def test_key_types(tabard, key_type):
    tabard.get("www.example.test", "--key-type", key_type)
    tabard.check_pair("www.example.test") if key_type != "ed25519" else tabard.chain("www.example.test")


def test_another_get_makes_another_version_with_another_key_and_the_same_account(tabard):
    tabard.get("www.example.test")
    first = tabard.check_pair("www.example.test")
    account = open(tabard.path("accounts", "ca.test_14000.pem")).read()
    tabard.get("www.example.test")
    second = tabard.check_pair("www.example.test")
    assert first.public_key().public_numbers() != second.public_key().public_numbers()
    assert os.readlink(tabard.path("www.example.test")) == "archive/www.example.test/0002"
    assert open(tabard.path("accounts", "ca.test_14000.pem")).read() == account
    for _ in range(2):
        tabard.get("www.example.test")
    assert sorted(os.listdir(tabard.path("archive", "www.example.test"))) == ["0002", "0003", "0004"]


def test_webroot(tabard, tmp_path):
    root = tmp_path / "web"
    root.mkdir()
    web = tabard.ns.start(["/usr/bin/python3", "-m", "http.server", "80", "--directory", str(root)], "web")
    try:
        wait_for("the web server", lambda: tabard.ns.run(["ss", "-ltn"]).stdout.count(":80 "))
        tabard.get("www.example.test", "--webroot", str(root))
        tabard.check_pair("www.example.test")
        assert os.listdir(root / ".well-known" / "acme-challenge") == [], "the token was taken away"
        assert "--http" in tabard.get("ca.example.test", want=LOCAL), "port 80 is the web server's"
    finally:
        web.stop()


def test_a_web_root_is_empty_again_after_a_refusal(tabard, tmp_path):
    """RFC 8555 sections 7.5.1 and 8.3."""
    out = tabard.get("www.example.test", "--webroot", str(tmp_path), want=PROOF)  # nobody serves it
    assert "no connection" in out
    assert [f for _, _, files in os.walk(tmp_path / ".well-known") for f in files] == []


def test_tls_alpn(tabard):
    tabard.get("www.example.test", "--tls-alpn", "127.0.0.1:443")
    tabard.check_pair("www.example.test")


def dns_hook(tmp_path, body):
    path = tmp_path / "hook"
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return str(path)


def test_dns_hook_and_wildcard(tabard, tmp_path):
    hook = dns_hook(tmp_path, 'echo "$@" >>' + str(tmp_path) + '/calls\n'
                    '[ "$1" = add ] && what="add $2. 1 TXT $3" || what="del $2. TXT $3"\n'
                    'printf "server 127.0.0.1 53\\nzone example.test.\\n$what\\nsend\\n" | knsupdate\n')
    tabard.get("*.example.test", "example.test", "--dns-hook", hook)
    assert names(tabard.check_pair("_.example.test")) == ["*.example.test", "example.test"]
    calls = (tmp_path / "calls").read_text().split("\n")[:-1]
    assert sorted(c.split()[0] for c in calls) == ["add", "add", "remove", "remove"]
    assert all(c.split()[1] == "_acme-challenge.example.test" for c in calls)


def test_a_hook_that_fails_is_named(tabard, tmp_path):
    out = tabard.get("www.example.test", "--dns-hook", dns_hook(tmp_path, "exit 3\n"), want=LOCAL)
    assert "hook ended with status 3" in out
    assert "cannot be executed" in tabard.get("www.example.test", "--dns-hook", "/nowhere/hook", want=LOCAL)


def test_deploy_hook_gets_names_and_directory_and_its_failure_has_a_status(tabard, tmp_path):
    hook = dns_hook(tmp_path, 'echo "$1 $2 $TABARD_NAMES" >' + str(tmp_path) + "/deployed; test -s \"$2/privkey.pem\"\n")
    tabard.get("www.example.test", "--deploy-hook", hook)
    assert (tmp_path / "deployed").read_text() == \
        f"www.example.test {tabard.path('www.example.test')} www.example.test\n"
    bad = tmp_path / "bad"
    bad.write_text("#!/bin/sh\nexit 1\n")
    bad.chmod(0o755)
    tabard.get("www.example.test", "--deploy-hook", str(bad), want=8)
    assert os.readlink(tabard.path("www.example.test")).endswith("0002"), "the certificate is in place all the same"
    assert tabard.settings("www.example.test")["deploy_pending"] is True


def test_what_is_wrong_is_said_and_nothing_changes(tabard, tmp_path):
    wrong = Tabard(tabard.ns, tabard.server, os.path.join(os.path.dirname(tabard.root), "root-client.pem"), "wrong")
    assert "not trusted" in wrong.get("www.example.test", want=UNREACHABLE)
    down = Tabard(tabard.ns, "https://ca.test:14999/directory", tabard.root, "down")
    assert "ca.test:14999: no connection" in down.get("www.example.test", want=UNREACHABLE)
    assert "server, shortlived" in tabard.get("www.example.test", "--profile", "nonsense", want=REFUSED)
    out = tabard.get("nowhere.invalid", want=PROOF)
    assert "nowhere.invalid was not proved by http-01" in out
    assert not os.path.exists(tabard.path("nowhere.invalid"))
    assert os.listdir(tabard.path("archive", "nowhere.invalid")) == []
    tabard.get("bad_name.example.test", want=USAGE)
    tabard.get("www.example.test", "www.example.test", want=USAGE)
    tabard.get("www.example.test", "--name", "../x", want=USAGE)
    tabard.get("archive", want=USAGE)
    assert "dns-01" in tabard.get("*.example.test", want=PROOF)
    assert "root.pem" in Tabard(tabard.ns, tabard.server, "/nowhere/root.pem").get("www.example.test", want=LOCAL)


def test_the_client_says_who_it_is_and_which_language_it_speaks(ns, tmp_path):
    """RFC 8555 section 6.1: the software and what speaks HTTP for it; the language was missing."""
    pki = Chain(tmp_path, "pki", ([SERVER], None, None))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.chain_file, pki.key_file)
    web = ScriptedWeb(ns, lambda host, path, port: http_answer(404), port=443, context=context)
    Tabard(ns, "https://localhost/directory", pki.root_file).get("www.example.test", want=REFUSED)
    fields = dict(line.split(": ", 1) for line in web.heads[0])
    assert re.fullmatch(r"tabard/[0-9.]+ \(ACME client\) libcurl/[0-9.]+", fields["User-Agent"])
    assert fields["Accept-Language"] == "en" and "Expect" not in fields and "Replay-Nonce" not in fields
    web.close()


def test_dry_run_proves_and_writes_no_certificate(tabard):
    tabard.get("www.example.test", "--dry-run")
    assert not os.path.exists(tabard.path("www.example.test"))


def test_against_pebble_with_terms_and_rejected_nonces(pebble):
    t = Tabard(pebble.ns, pebble.url, pebble.root)
    assert "--agree-tos" in t.get("www.example.test", want=TERMS)
    t.get("www.example.test", "--agree-tos")
    t.check_pair("www.example.test")
    t.get("www.example.test", "--tls-alpn", ":443", "--agree-tos")
    t.check_pair("www.example.test")
    assert os.readlink(t.path("www.example.test")).endswith("0002")


def test_external_account_binding_against_pebble(ns, dns, tmp_path):
    kid, key = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    p = Pebble(ns, eab={kid: key})
    try:
        t = Tabard(ns, p.url, p.root)
        assert "--eab-kid" in t.get("www.example.test", "--agree-tos", want=REFUSED)
        (tmp_path / "eab").write_text(key + "\n")
        t.get("www.example.test", "--agree-tos", "--eab-kid", kid, "--eab-key-file", str(tmp_path / "eab"))
        t.check_pair("www.example.test")
    finally:
        p.stop()


def test_both_certificates_within_16_mib(tabard):
    """The largest process of it; how long it takes is measured by bench/get.sh."""
    for profile in ("server", "client"):
        p = tabard.ns.run([os.path.join(BUILD, "bench", "bench_spent"), program("tabard"), "get", "www.example.test", "--profile", profile,
                           "--name", profile, "--server", tabard.server, "--ca", tabard.root, "--dir", tabard.dir, "--quiet"])
        assert int(p.stdout.split("peak_kb=")[1].split()[0]) < 16 * 1024, p.stdout
        tabard.check_pair(profile)
