"""doc/conformance.md against the tree, and what its rows want of answers and objects that no other test looks at."""
import base64
import email.utils
import os
import re
import subprocess

from harness.acme import Client, Http01, csr
from harness.attack import refused

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
NAME = "www.example.test"


# the table

def rows():
    """(section heading, cells) of each row of each table."""
    heading, out = "", []
    with open(os.path.join(ROOT, "doc", "conformance.md")) as f:
        for line in f:
            if line.startswith("#"):
                heading = line.strip("# \n")
            cells = [c.strip() for c in line.strip().strip("|").split(" | ")]
            if line.startswith("| ") and cells[0] != "section":
                out.append((heading, cells))
    return out


def names_of_tests():
    out = set()
    for top, _, files in os.walk(os.path.join(ROOT, "tests")):
        for name in files:
            if name.endswith((".py", "_test.c")):
                with open(os.path.join(top, name)) as f:
                    out.update(re.findall(r"^def (test_\w+)\(" if name.endswith(".py") else r"^static void (\w+)\(void \*\*state\)", f.read(), re.M))
    return out


def test_every_file_and_test_of_the_table_is_there():
    tests, table = names_of_tests(), rows()
    files = subprocess.run(["sh", "-c", 'git -C "$0" ls-files', ROOT], capture_output=True, text=True, check=False).stdout.split()
    assert len(table) > 150 and "test_every_file_and_test_of_the_table_is_there" in tests
    wrong = []
    for heading, cells in table:
        if len(cells) != 4:
            wrong.append((heading, cells))
            continue
        where, shown = (re.findall("`([^`]+)`", c) for c in cells[2:])
        if cells[2] == "not done":
            if not cells[3].startswith("because "):
                wrong.append((heading, cells[0], "a reason is wanted"))
            continue
        if not where or not shown:
            wrong.append((heading, cells[0], "file and test are wanted"))
        wrong += [(heading, cells[0], w) for w in where if not os.path.isfile(os.path.join(ROOT, w)) or (files and w not in files)]
        wrong += [(heading, cells[0], s) for s in shown if s not in tests]
    assert not wrong, wrong


# answers (RFC 8555 sections 6.1, 6.5, 7.1)

def links(r, rel):
    return re.findall(rf'<([^>]*)>;rel="{rel}"', ", ".join(r.headers.get_all("Link") or []))


def test_links_nonces_and_types_of_every_answer(ca):
    cl, web = Client(ca), Http01(ca.ns)
    index = [ca.url]
    r = cl.get(ca.url)
    assert r.status == 200 and r.headers["Content-Type"] == "application/json" and not links(r, "index")
    for method, status in (("HEAD", 200), ("GET", 204)):
        r = cl.request(method, cl.dir["newNonce"])
        assert r.status == status and r.headers["Replay-Nonce"] and r.headers["Cache-Control"] == "no-store" and not r.body
        assert links(r, "index") == index
    answers = [cl.register()]
    assert answers[0].status == 201 and answers[0].location == cl.kid
    answers += [cl.register(), cl.post(cl.kid, None), cl.post(cl.kid, {"contact": ["mailto:a@example.test"]})]
    assert [a.status for a in answers[1:]] == [200, 200, 200] and answers[1].location == cl.kid
    made = cl.new_order([NAME])
    order = made.json()
    challenge = cl.post(order["authorizations"][0], None).json()["challenges"][0]
    answers += [made, cl.post(made.location, None), cl.post(order["authorizations"][0], None), cl.post(challenge["url"], None)]
    assert links(answers[-1], "up") == order["authorizations"]
    cl.prove_http(web, order)
    answers += [cl.finalize(order, csr([NAME])), cl.post(answers[0].json()["orders"], None)]
    chain = cl.post(answers[-2].json()["certificate"], None)
    assert chain.headers["Content-Type"] == "application/pem-certificate-chain"
    nonces = set()
    for a in answers + [chain]:
        assert a.status in (200, 201) and links(a, "index") == index and a.headers["Access-Control-Allow-Origin"] == "*", a.body
        assert re.fullmatch("[A-Za-z0-9_-]{16,}", a.headers["Replay-Nonce"])
        assert a is chain or a.headers["Content-Type"] == "application/json"
        assert email.utils.parsedate_to_datetime(a.headers["Date"])
        nonces.add(a.headers["Replay-Nonce"])
    assert len(nonces) == len(answers) + 1
    for bad in (cl.post(cl.dir["newOrder"], {}), cl.post(cl.kid + "x", None), cl.get(cl.kid), cl.get(ca.url + "/nothing")):
        assert bad.headers["Content-Type"] == "application/problem+json" and links(bad, "index") == index
        assert "identifier" not in bad.json()
    r = cl.request("OPTIONS", cl.dir["newOrder"], headers={"Origin": "https://x.test", "Access-Control-Request-Method": "POST"})
    assert r.status == 204 and "POST" in r.headers["Access-Control-Allow-Methods"] and "POST" in r.headers["Allow"]
    web.close()
    cl.close()


# objects (RFC 8555 sections 7.1.3, 7.1.4, 8)

def is_time(text):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) is not None


def test_objects_have_the_members_of_their_state(ca):
    cl, web = Client(ca), Http01(ca.ns)
    cl.register()
    made = cl.new_order([NAME, "*.example.test"])
    order = made.json()
    assert order["status"] == "pending" and is_time(order["expires"]) and "certificate" not in order and "error" not in order
    assert sorted(i["value"] for i in order["identifiers"]) == ["*.example.test", NAME]
    for a in cl.authz(order):
        assert a["status"] == "pending" and is_time(a["expires"]) and not a["identifier"]["value"].startswith("*")
        assert a.get("wildcard") is (True if a["identifier"]["value"] == "example.test" else None)
        for c in a["challenges"]:
            assert c["status"] == "pending" and "validated" not in c and "error" not in c
            assert re.fullmatch("[A-Za-z0-9_-]+", c["token"]) and len(base64.urlsafe_b64decode(c["token"] + "==")) >= 16
    made = cl.new_order([NAME])
    before = made.json()
    cl.prove_http(web, before)
    (a,) = cl.authz(before)
    assert a["status"] == "valid" and is_time(a["expires"]) and "wildcard" not in a
    assert [(c["type"], c["status"], is_time(c["validated"])) for c in a["challenges"]] == [("http-01", "valid", True)]
    assert cl.post(made.location, None).json()["status"] == "ready"
    assert cl.finalize(before, csr([NAME])).status == 200
    after = cl.post(made.location, None).json()
    assert after["status"] == "valid" and is_time(after["expires"]) and after["certificate"]
    assert (after["identifiers"], after["authorizations"]) == (before["identifiers"], before["authorizations"])
    failed = cl.new_order(["nobody.example.test"])
    (a,) = cl.authz(failed.json())
    cl.post(next(c for c in a["challenges"] if c["type"] == "http-01")["url"], {})
    a = cl.wait(failed.json()["authorizations"][0], lambda o: o["status"] != "pending")
    assert a["status"] == "invalid" and [(c["type"], c["status"]) for c in a["challenges"]] == [("http-01", "invalid")]
    assert a["challenges"][0]["error"]["type"].startswith("urn:ietf:params:acme:error:") and a["challenges"][0]["error"]["detail"]
    dead = cl.post(failed.location, None).json()
    assert dead["status"] == "invalid" and dead["error"]["detail"] and "certificate" not in dead
    refused(cl.finalize(dead, csr(["nobody.example.test"])), "orderNotReady", 403)
    web.close()
    cl.close()


def test_a_chain_is_strict_pem_and_nothing_else(ca):
    """RFC 8555 section 9.1, RFC 7468 section 3."""
    cl, web = Client(ca), Http01(ca.ns)
    cl.register()
    chain = cl.issue(web, [NAME]).decode()
    one = r"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n-----END CERTIFICATE-----\n"
    assert re.fullmatch(f"(?:{one}){{2,}}", chain)
    web.close()
    cl.close()
