"""tabard check --config: certificates that a server's configuration uses in both roles."""
import json
import os
import subprocess

import pytest

from harness.ca import program
from harness.pki import SERVER, make

SAMPLES = os.path.join(os.path.dirname(__file__), "..", "objects", "configs")

# file: the places of certificates in both roles
EXPECTED = {
    "postfix-both.cf": [("smtpd_tls_cert_file", 4), ("smtp_tls_cert_file", 9)],
    "postfix-master.cf": [("smtpd_tls_cert_file", 5), ("smtp_tls_cert_file", 7)],
    "postfix-apart.cf": [],
    "nginx-both.conf": [("ssl_certificate", 4), ("proxy_ssl_certificate", 8)],
    "nginx-apart.conf": [],
    "haproxy-both.cfg": [("bind crt", 5), ("server crt", 9)],
    "haproxy-apart.cfg": [],
    "kamailio-both.cfg": [("[server] certificate", 4), ("[client] certificate", 12)],
    "kamailio-modparam.cfg": [("modparam tls certificate", 3)],
    "kamailio-apart.cfg": [],
    "prosody-both.cfg.lua": [("certificate", 7)],
    "prosody-apart.cfg.lua": [],
    "etcd-both.yml": [("client-transport-security.cert-file", 4), ("peer-transport-security.cert-file", 9)],
    "etcd-both.env": [("ETCD_PEER_CERT_FILE", 3)],
    "etcd-apart.yml": [],
    "mongodb-both.conf": [("net.tls.certificateKeyFile", 5)],
    "mongodb-apart.conf": [],
}


def scan(*args):
    return subprocess.run([program("tabard"), "check", "--config", *args], capture_output=True, text=True, timeout=60)


def test_every_sample_is_expected():
    assert sorted(EXPECTED) == sorted(os.listdir(SAMPLES))


@pytest.mark.parametrize("name", EXPECTED)
def test_finds_file_and_line(name):
    path = os.path.join(SAMPLES, name)
    r = scan(path)
    found = [line.strip() for line in r.stdout.splitlines() if line.startswith("  ")]
    assert r.returncode == (1 if EXPECTED[name] else 0), r
    assert [f.startswith(f"{path}:{line}: {directive} ") for f, (directive, line) in zip(found, EXPECTED[name])] == \
        [True] * len(EXPECTED[name])
    assert len(found) == len(EXPECTED[name])
    assert ("you do not need Tabard" in r.stdout) == (not EXPECTED[name])
    doc = json.loads(scan(path, "--json").stdout)
    both = [u for c in doc["config"]["certificates"] if c["both_roles"] for u in c["uses"]]
    assert [(u["directive"], u["line"]) for u in both] == EXPECTED[name]


def test_one_certificate_over_two_files_and_two_paths(tmp_path):
    pair = make("leaf", ekus=[SERVER])
    other = make("other", ekus=[SERVER])
    for name, p in (("a.pem", pair), ("copy-of-a.pem", pair), ("b.pem", other)):
        (tmp_path / name).write_bytes(p.pem())
    (tmp_path / "nginx.conf").write_text(f"server {{ ssl_certificate {tmp_path}/a.pem; }}\n")
    (tmp_path / "main.cf").write_text(f"smtp_tls_cert_file = {tmp_path}/copy-of-a.pem\n")
    r = scan(str(tmp_path / "nginx.conf"), str(tmp_path / "main.cf"))
    assert r.returncode == 1
    assert f"{tmp_path}/nginx.conf:1: " in r.stdout and f"{tmp_path}/main.cf:1: " in r.stdout
    assert "its extended key usage is serverAuth; as client it is refused" in r.stdout
    (tmp_path / "main.cf").write_text(f"smtp_tls_cert_file = {tmp_path}/b.pem\n")
    assert scan(str(tmp_path / "nginx.conf"), str(tmp_path / "main.cf")).returncode == 0


def test_what_is_not_understood(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing of the kind\n")
    (tmp_path / "etcd.conf.yml").write_text("peer-transport-security: [\n")
    (tmp_path / "deep.yml").write_text("peer-transport-security:\n" + "".join(" " * i + "a:\n" for i in range(1, 20)))
    (tmp_path / "main.cf").write_text("smtpd_tls_cert_file = /" + "a" * 1024 + "\n")
    (tmp_path / "master.cf").write_text("x" * 4096 + "\n")
    for name in ("notes.txt", "etcd.conf.yml", "deep.yml", "main.cf", "master.cf", "absent.cf"):
        r = scan(str(tmp_path / name))
        assert r.returncode == 2, (name, r)
    (tmp_path / "main.cf").write_text("smtpd_tls_cert_file = /" + "a" * 1022 + "\n")
    (tmp_path / "master.cf").write_text("x" * 4095 + "\n")
    assert scan(str(tmp_path / "main.cf")).returncode == 0
    assert scan(str(tmp_path / "master.cf")).returncode == 0


def test_variables_that_name_themselves_end(tmp_path):
    (tmp_path / "main.cf").write_text("a = $b$b\nb = $a$a\nsmtpd_tls_cert_file = $a\nsmtp_tls_cert_file = ${a\n")
    assert scan(str(tmp_path / "main.cf")).returncode in (0, 1, 2)


def test_kind_by_name(tmp_path):
    (tmp_path / "x").write_text("server a 192.0.2.1 crt /c.pem\nbind :1 crt /c.pem\n")
    assert scan(str(tmp_path / "x")).returncode == 2
    assert scan("--config-kind", "haproxy", str(tmp_path / "x")).returncode == 1
    assert scan("--config-kind", "apache", str(tmp_path / "x")).returncode == 2
