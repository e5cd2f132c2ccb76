"""Renewal information and replacement (RFC 9773)."""
import re
import time
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import AuthorityKeyIdentifier

from harness.acme import Client, Http01, b64u, csr
from harness.attack import parallel, refused
from harness.ca import program
from harness.proc import wait_for
from harness.x509 import load_chain
from test_restart import reload

NAME = "www.example.test"


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


@pytest.fixture
def cl(ca):
    c = Client(ca)
    c.register()
    yield c
    c.close()


def cert_id(pem):
    leaf = load_chain(pem)[0]
    aki = leaf.extensions.get_extension_for_class(AuthorityKeyIdentifier).value.key_identifier
    n = leaf.serial_number
    return b64u(aki) + "." + b64u(n.to_bytes(n.bit_length() // 8 + 1, "big"))


def when(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


def test_the_window_follows_from_the_life(ca, cl, web):
    for profile, life in (("server", 45 * 86400), ("shortlived", 160 * 3600)):
        cid = cert_id(cl.issue(web, [NAME], profile=profile))
        r = cl.get(cl.dir["renewalInfo"] + "/" + cid)
        assert r.status == 200 and r.headers["Content-Type"] == "application/json", r.body
        assert 60 <= int(r.headers["Retry-After"]) <= 6 * 3600
        assert set(r.json()) == {"suggestedWindow"}
        start, end = (when(r.json()["suggestedWindow"][k]) for k in ("start", "end"))
        assert start < end
        # The certificate is backdated by an hour: the life counts from the issuance.
        assert abs(start - time.time() - (life - 3600) * 2 / 3) < 120
        assert abs(end - start - (life - 3600) / 12) < 120


def test_a_revoked_certificate_is_to_be_renewed_at_once(ca, cl, web):
    pem = cl.issue(web, [NAME])
    der = load_chain(pem)[0].public_bytes(Encoding.DER)
    assert cl.post(cl.dir["revokeCert"], {"certificate": b64u(der), "reason": 1}).status == 200
    window = cl.get(cl.dir["renewalInfo"] + "/" + cert_id(pem)).json()["suggestedWindow"]
    assert when(window["start"]) < when(window["end"]) <= time.time()


def early(*entries):
    lines = ["early_renewals:"]
    for e in entries:
        lines += [("  - " if i == 0 else "    ") + f"{k}: {v}" for i, (k, v) in enumerate(e.items())]
    return lambda text: re.sub(r"^early_renewals:.*$", "\n".join(lines), text, flags=re.M)


def test_the_operator_wants_certificates_renewed_early(ca, cl, web):
    """By profile, name and time of issuance; what is issued afterwards has its usual window."""
    old = {(profile, name): cert_id(cl.issue(web, [name], profile=profile))
           for profile in ("server", "shortlived") for name in (NAME, "api.example.test")}
    usual = {k: cl.get(cl.dir["renewalInfo"] + "/" + v).json() for k, v in old.items()}
    at = int(time.time()) + 1  # times of issuance have no fractions
    wait_for("the next second", lambda: time.time() >= at)
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    page = "https://status.example.test/incident"
    ca.edit(early({"issued_before": text, "profile": "server", "name": NAME, "within": "2h", "explanation": page},
                  {"issued_before": text, "profile": "shortlived", "name": ".test"},
                  {"issued_before": "2020-01-01T00:00:00Z"}))
    reload(ca)
    cl.close()
    infos = {k: cl.get(cl.dir["renewalInfo"] + "/" + v).json() for k, v in old.items()}
    for (profile, name), info in infos.items():
        window = [when(info["suggestedWindow"][k]) for k in ("start", "end")]
        if (profile, name) == ("server", NAME):
            assert (window, info["explanationURL"]) == ([at, at + 7200], page)
        elif profile == "shortlived":
            assert (window, set(info)) == ([at, at + 3600], {"suggestedWindow"})
        else:
            assert info == usual[profile, name]
    fresh = cl.get(cl.dir["renewalInfo"] + "/" + cert_id(cl.issue(web, [NAME]))).json()
    assert when(fresh["suggestedWindow"]["start"]) > at + 86400 and set(fresh) == {"suggestedWindow"}


@pytest.mark.parametrize("bad", [{"profile": "server"}, {"issued_before": "yesterday"}, {"issued_before": "2026-11-25"},
                                 {"issued_before": "2026-11-25T12:00:00Z", "within": "15d"},
                                 {"issued_before": "2026-11-25T12:00:00Z", "within": "59s"},
                                 {"issued_before": "2026-11-25T12:00:00Z", "name": ".*.a.test"},
                                 {"issued_before": "2026-11-25T12:00:00Z", "explanation": "javascript:x"}])
def test_an_early_renewal_that_cannot_be_understood_is_refused(make_ca, bad):
    ca = make_ca(edit=early(bad))
    p = ca.ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    assert p.returncode == 3 and "early_renewals[0]" in p.stdout, p.stdout


def test_certificates_that_are_not_there(cl, web):
    cid = cert_id(cl.issue(web, [NAME]))
    aki, serial = cid.split(".")
    for bad in ("", "x", ".", aki, aki + ".", "." + serial, serial + "." + aki, cid + "=", cid + ".", aki + ".AQ", aki + "." + aki,
                "A" * 2000, "A" * 27 + "." + serial, cid.replace(".", "%2e"), cid[:-1]):
        assert cl.get(cl.dir["renewalInfo"] + "/" + bad).status == 404, bad
    assert cl.get(cl.dir["renewalInfo"]).status == 404
    refused(cl.post(cl.dir["renewalInfo"] + "/" + cid, None), "malformed", 405)


def test_an_order_replaces_a_certificate_once(ca, cl, web):
    cid = cert_id(cl.issue(web, [NAME, "api.example.test"]))
    first = cl.new_order([NAME], replaces=cid)
    assert first.status == 201 and first.json()["replaces"] == cid
    assert cl.post(first.location, None).json()["replaces"] == cid
    refused(cl.new_order([NAME], replaces=cid), "alreadyReplaced", 409)
    assert "replaces" not in cl.new_order([NAME]).json()
    # An order that fails frees the slot.
    assert cl.post(first.json()["authorizations"][0], {"status": "deactivated"}).status == 200
    assert cl.post(first.location, None).json()["status"] == "invalid"
    r = cl.new_order(["api.example.test"], replaces=cid)
    assert r.status == 201 and r.json()["status"] == "ready"
    done = cl.finalize(r.json(), csr(["api.example.test"]))
    assert done.json()["status"] == "valid" and done.json()["replaces"] == cid
    refused(cl.new_order(["api.example.test"], replaces=cid), "alreadyReplaced", 409)
    ca.stop()
    ca.start()
    refused(cl.new_order(["api.example.test"], replaces=cid), "alreadyReplaced", 409)
    # Its own successor can be replaced in turn.
    new = cert_id(cl.post(done.json()["certificate"], None).body)
    assert cl.new_order(["api.example.test"], replaces=new).status == 201


def test_only_the_accounts_own_with_a_name_in_common(ca, cl, web):
    cid = cert_id(cl.issue(web, [NAME]))
    refused(cl.new_order(["api.example.test"], replaces=cid), "malformed", 400)
    other = Client(ca)
    other.register()
    theirs = refused(other.new_order([NAME], replaces=cid), "malformed", 400)
    assert theirs == refused(other.new_order([NAME], replaces=cid[:-2] + "AA"), "malformed", 400)  # tells nothing
    for bad in ("", "x", cid + "=", 1, None, [cid], {"a": cid}):
        refused(cl.new_order([NAME], replaces=bad), "malformed", 400)
    assert cl.new_order([NAME], replaces=cid).status == 201
    other.close()


def test_invariant_27_of_parallel_orders_one_replaces(ca, cl, web):
    names = [f"n{i}.example.test" for i in range(12)]
    cid = cert_id(cl.issue(web, names))
    clients = [Client(ca, key=cl.key) for _ in names]
    for c in clients:
        c.kid = cl.kid
        c.take_nonce()
    got = parallel(len(names), lambda i: clients[i].new_order([names[i], "new-" + names[i]], replaces=cid))
    assert sorted(r.status for r in got) == [201] + [409] * (len(names) - 1)
    for c in clients:
        c.close()
