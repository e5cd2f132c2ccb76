"""tabard ca list and export: which certificates there are, by the store and by the log."""
import base64
import json
import os
import sqlite3
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from harness import ilog
from harness.acme import Client, Http01
from harness.ca import program
from harness.x509 import lifetime, load_chain

NAMES = [["www.example.test"], ["api.example.test", "www.example.test"], ["example.test"], ["mail.example.test"]]


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def serial(cert):
    return f"{cert.serial_number:032x}"


@pytest.fixture
def some(ns, make_ca):
    """Four certificates, of which the second is short-lived and the third revoked."""
    ca = make_ca().start()
    web = Http01(ns)
    certs = []
    for i, names in enumerate(NAMES):
        c = Client(ca, directory=ca.profile_url("shortlived") if i == 1 else None)
        c.register()
        certs.append(load_chain(c.issue(web, names))[0])
        c.close()
    ca.cli("revoke", serial(certs[2]), "--reason", "superseded")
    yield ca, certs
    web.close()


def listed(ca, *args):
    return [c["serial"] for c in ca.cli_json("list", *args)["certificates"]]


def exported(ca, *args):
    out = ca.cli("export", *args, "--json").stdout
    return [json.loads(line) for line in out.splitlines()]


def test_filters_take_the_same_of_store_and_log(some):
    ca, certs = some
    assert lifetime(certs[1]).days < 8
    for args, want in (([], [0, 1, 2, 3]), (["--valid"], [0, 1, 3]), (["--profile", "shortlived"], [1]),
                       (["--profile", "client"], []), (["--name", "www.example.test"], [0, 1]),
                       (["--name", ".example.test"], [0, 1, 3]), (["--name", "example.test"], [2]),
                       (["--name", "WWW.Example.test"], [0, 1]), (["--name", ".test"], [0, 1, 2, 3]),
                       (["--name", "192.0.2.1"], []), (["--name", "*.example.test"], []),
                       (["--expiring", "10d"], [1]), (["--expiring", "60d"], [0, 1, 3]), (["--expiring", "1h"], []),
                       (["--expiring", "60d", "--name", "mail.example.test"], [3])):
        assert listed(ca, *args) == [serial(certs[i]) for i in reversed(want)], args
        assert [e["serial"] for e in exported(ca, *args)] == [serial(certs[i]) for i in want], args


def test_export_is_what_was_issued(some):
    ca, certs = some
    lines = exported(ca)
    assert [base64.urlsafe_b64decode(e["certificate"] + "==") for e in lines] == [der(c) for c in certs]
    assert [e["names"] for e in lines] == NAMES and lines[2]["reason"] == "superseded" and "revoked_at" in lines[2]
    assert "reason" not in lines[0] and lines[0]["account"].startswith(ca.url.rsplit("/", 1)[0])
    pem = ca.cli("export").stdout
    assert [der(c) for c in load_chain(pem.encode())] == [der(c) for c in certs]
    assert [e["seq"] for e in exported(ca, "--after", str(lines[1]["seq"]))] == [lines[2]["seq"], lines[3]["seq"]]
    assert exported(ca, "--after", str(lines[3]["seq"])) == [] and ca.cli("export", "--after", str(1 << 62)).stdout == ""


def test_pages_and_limits(some):
    ca, certs = some
    want = [serial(c) for c in reversed(certs)]
    first = ca.cli_json("list", "--limit", "3")
    assert [c["serial"] for c in first["certificates"]] == want[:3] and first["next"] > 0
    rest = ca.cli_json("list", "--limit", "3", "--before", str(first["next"]))
    assert [c["serial"] for c in rest["certificates"]] == want[3:] and "next" not in rest
    assert "next" not in ca.cli_json("list", "--limit", "4")
    text = ca.cli("list", "--limit", "3").stdout.splitlines()
    assert len(text) == 5 and text[0].split() == ["serial", "names", "profile", "issued_at", "not_after", "state"]
    assert text[2].split()[-1] == "superseded" and text[1].split()[-1] == "valid" and "--before" in text[4]


def test_questions_that_are_none(some):
    ca, _ = some
    for args, status in ((["--limit", "0"], 2), (["--limit", "10001"], 2), (["--limit", "+1"], 2), (["--before", "x"], 2),
                         (["--expiring", "30"], 2), (["--expiring", "0d"], 2), (["--expiring", "4294967296s"], 2),
                         (["--name", "a_b"], 1), (["--name", ".*.a.test"], 1), (["--name", ""], 1),
                         (["--profile", "p" * 40], 1), (["word"], 2)):
        assert ca.cli("list", *args, check=False).returncode == status, args
        if args[0] not in ("--limit", "--before"):
            assert ca.cli("export", *args, check=False).returncode == status, args


def measured(ca, *args):
    """Lines that the command prints, and its memory at the most, in KiB."""
    # What a sanitizer keeps of freed memory is not the program's.
    env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
    p = subprocess.Popen([program("tabard"), "ca", *args, "--dir", ca.dir], stdout=subprocess.PIPE, text=True, env=env)
    lines = sum(1 for _ in p.stdout)
    p.stdout.close()
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    assert p.returncode == 0
    return lines, used.ru_maxrss


def test_a_log_and_a_store_of_many_pages(some):
    ca, certs = some
    few = measured(ca, "export", "--json")
    ca.stop()
    ilog.lengthen(ca.dir, 20000)
    with sqlite3.connect(ca.path("store", "tabard.db")) as db:
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
                   " INSERT INTO orders SELECT (SELECT min(id) FROM orders) - i, 1, state, expires, account, 0, serial,"
                   " not_after, body, cert, 0 FROM orders, n WHERE id = (SELECT min(id) FROM orders)")
    ca.start()
    many = measured(ca, "export", "--json")
    assert (few[0], many[0]) == (4, 20004)
    assert many[1] < few[1] + 16 * 1024, (few, many)
    # The oldest lies beyond what one request looks at; nobody asks for the pages one by one.
    assert len(listed(ca, "--name", "www.example.test")) == 1502
    assert listed(ca, "--name", "www.example.test", "--limit", "1")[0] == serial(certs[1])
    assert len(listed(ca)) == 50 and len(listed(ca, "--limit", "999")) == 999
