"""keyChange and deactivation (RFC 8555 sections 7.3.5 and 7.3.6), as a client sees them."""
import os

import pytest

from harness.acme import Client, Http01, Key, csr, jws
from harness.ca import Ca

NAME = "www.example.test"


@pytest.fixture
def ca(ns, dns):
    c = Ca(ns)
    c.start()
    yield c
    c.stop()


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


def inner(cl, new, account=None, old=None, url=None, header=None, signer=None):
    body = {"account": account or cl.kid, "oldKey": (old or cl.key).jwk()}
    return jws(signer or new, url or cl.dir["keyChange"], body, header={"jwk": new.jwk(), **(header or {})})


def change(cl, new, **more):
    return cl.post(cl.dir["keyChange"], inner(cl, new, **more))


def prove(cl, web):
    r = cl.new_order([NAME])
    assert [a["status"] for a in cl.prove_http(web, r.json())] == ["valid"]
    return cl.post(r.location, None)


def refused(r, problem, status):
    assert (r.problem, r.status) == (problem, status), r.body


def test_the_new_key_does_everything_and_the_old_one_nothing(cl, web):
    kid, old, new = cl.kid, cl.key, Key("EdDSA")
    order = prove(cl, web).json()
    r = change(cl, new)
    assert r.status == 200 and r.json()["status"] == "valid" and r.location == kid, r.body
    refused(cl.post(kid, None), "badSignatureAlgorithm", 400)  # still the old key
    cl.key = new
    assert cl.post(kid, None).json()["status"] == "valid"
    # What the old key proved has ended, and with it what rested on it.
    assert cl.post(order["authorizations"][0], None).json()["status"] == "expired"
    refused(cl.finalize(order, csr([NAME])), "orderNotReady", 403)
    fresh = cl.new_order([NAME]).json()
    assert fresh["status"] == "pending" and fresh["authorizations"] != order["authorizations"]
    order = prove(cl, web).json()
    assert cl.finalize(order, csr([NAME])).json()["status"] == "valid"
    # The new key finds its account, the old one is nobody's ever after.
    assert cl.register().location == kid
    for _ in range(2):
        refused(cl.post(cl.dir["newAccount"], {"termsOfServiceAgreed": True}, key=old, use_jwk=True), "unauthorized", 401)
        last, cl.key = cl.key, Key()
        refused(change_with(cl, last, old), "malformed", 409)
        assert change_with(cl, last, cl.key).status == 200
        old = last


def change_with(cl, signer, new):
    """A change that signer's key asks for."""
    body = inner(cl, new, old=signer)
    return cl.post(cl.dir["keyChange"], body, key=signer)


def test_invariant_33_a_pending_authorization_of_the_old_key_ends(cl, web):
    order = cl.new_order([NAME]).json()
    new = Key()
    assert change(cl, new).status == 200
    cl.key = new
    assert cl.post(order["authorizations"][0], None).json()["status"] == "invalid"
    fresh = cl.new_order([NAME]).json()
    assert fresh["authorizations"] != order["authorizations"]
    assert [a["status"] for a in cl.prove_http(web, fresh)] == ["valid"]


def test_changes_that_do_not_fit(ca, cl):
    other = Client(ca)
    other.register()
    new = Key()
    r = change(cl, other.key)
    refused(r, "malformed", 409)
    assert r.location == other.kid
    refused(change(cl, cl.key), "malformed", 409)
    refused(change(cl, new, account=other.kid), "malformed", 400)
    refused(change(cl, new, old=other.key), "malformed", 400)
    refused(change(cl, new, url=cl.dir["newAccount"]), "malformed", 400)
    refused(change(cl, new, header={"nonce": "bm9uY2U"}), "malformed", 400)
    refused(change(cl, new, signer=Key()), "malformed", 400)
    refused(cl.post(cl.dir["keyChange"], {"account": cl.kid}), "malformed", 400)
    refused(cl.post(cl.dir["keyChange"], None), "malformed", 400)
    assert cl.post(cl.kid, None).json()["status"] == "valid"  # nothing of it changed the key
    other.close()


def test_it_survives_a_restart(ca, cl, web):
    first, second = cl.key, Key()
    r = change(cl, second)
    assert r.status == 200, r.body
    cl.close()
    ca.stop()
    ca.start()
    cl.key = second
    order = prove(cl, web).json()
    assert cl.finalize(order, csr([NAME])).json()["status"] == "valid"
    refused(change_with(cl, second, first), "malformed", 409)
    assert cl.post(cl.kid, {"status": "deactivated"}).json()["status"] == "deactivated"
    refused(cl.post(cl.kid, None), "unauthorized", 401)
    cl.close()
    ca.stop()
    ca.start()
    refused(cl.post(cl.kid, None), "unauthorized", 401)
    refused(cl.post(cl.dir["newAccount"], {}, use_jwk=True), "unauthorized", 401)


def test_a_state_directory_of_before_gets_its_key(ca, cl):
    path = ca.path("keys", "account.key")
    cl.close()
    ca.stop()
    os.unlink(path)
    ca.start()
    st = os.stat(path)
    assert st.st_mode & 0o777 == 0o600 and st.st_size == 32
    assert st.st_uid == os.stat(ca.path("keys")).st_uid
    new = Key()
    assert change(cl, new).status == 200
    cl.close()
    ca.stop()
    # Statements were made with it: another one would not do, and nobody makes one silently.
    os.rename(path, path + ".lost")
    with pytest.raises(AssertionError):
        ca.start()
    os.rename(path + ".lost", path)
    ca.start()
    cl.key = new
    assert cl.post(cl.kid, None).status == 200
