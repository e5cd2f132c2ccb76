"""Renewal information and replacement (RFC 9773)."""
import time
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import AuthorityKeyIdentifier

from harness.acme import Client, Http01, b64u, csr
from harness.attack import parallel, refused
from harness.x509 import load_chain

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
