"""Pre-authorization (RFC 8555 section 7.4.1): a name proved before it is ordered."""
import pytest

from harness.acme import Client, Http01, csr
from harness.attack import refused

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


def new_authz(cl, name=NAME, url=None, **more):
    return cl.post(url or cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": name}, **more})


def prove(cl, web, r):
    return cl.prove_http(web, {"authorizations": [r.location]})[0]


def test_an_order_takes_up_what_was_proved_before(cl, web):
    r = new_authz(cl)
    assert r.status == 201, r.body
    a = r.json()
    assert a["status"] == "pending" and a["identifier"] == {"type": "dns", "value": NAME}
    assert a["proves"] == "control" and a["purposes"] == ["serverAuth"] and "wildcard" not in a
    again = new_authz(cl)
    assert (again.status, again.location) == (200, r.location)
    assert prove(cl, web, r)["status"] == "valid"
    order = cl.new_order([NAME])
    assert order.json()["status"] == "ready" and order.json()["authorizations"] == [r.location]
    assert cl.finalize(order.json(), csr([NAME])).json()["status"] == "valid"


def test_a_pending_one_is_taken_up_too_and_each_directory_has_its_own(ca, cl):
    r = new_authz(cl)
    assert cl.new_order([NAME]).json()["authorizations"] == [r.location]
    short = cl.get(ca.profile_url("shortlived")).json()["newAuthz"]
    assert short == f"https://{ca.name}:{ca.port}/shortlived/new-authz"
    r = cl.post(short, {"identifier": {"type": "ip", "value": "127.0.0.1"}})
    assert r.status == 201 and r.json()["identifier"]["type"] == "ip", r.body
    assert {c["type"] for c in r.json()["challenges"]} == {"http-01", "tls-alpn-01"}
    # The default profile names no addresses; the member wins over the directory.
    refused(cl.post(cl.dir["newAuthz"], {"identifier": {"type": "ip", "value": "127.0.0.1"}}), "rejectedIdentifier", 403)
    assert cl.post(cl.dir["newAuthz"], {"identifier": {"type": "ip", "value": "127.0.0.1"}, "profile": "shortlived"}).status == 200
    refused(new_authz(cl, url=f"https://{ca.name}:{ca.port}/nosuch/new-authz"), "invalidProfile", 400)


def test_purposes_and_kind_are_said_or_refused(cl):
    assert new_authz(cl, purposes=["serverAuth"], proves="control").status == 201
    for bad in ([], "serverAuth", ["serverAuth", 1], ["any"], ["serverAuth"] * 10, [None], {}):
        refused(new_authz(cl, purposes=bad), "malformed", 400)
    for bad in ("", "Control", 1, None, ["use"]):
        refused(new_authz(cl, proves=bad), "malformed", 400)
    r = new_authz(cl, purposes=["clientAuth"])
    assert r.status == 201 and r.json()["proves"] == "control" and r.json()["purposes"] == ["clientAuth"], r.body
    # No profile that is offered states these.
    refused(new_authz(cl, purposes=["serverAuth", "codeSigning"]), "invalidProfile", 403)
    refused(new_authz(cl, purposes=["codeSigning"], profile="server"), "invalidProfile", 403)
    refused(new_authz(cl, proves="use"), "invalidProfile", 403)


def test_without_a_responder_nothing_is_about_clients(make_ca):
    ca = make_ca(extra=["--responder", "off"]).start()
    cl = Client(ca)
    cl.register()
    assert "responders" not in cl.dir["meta"] and not [p for p in cl.dir["meta"]["profiles"] if "client" in p]
    assert cl.get(ca.profile_url("client")).status == 404
    for more in ({}, {"proves": "use"}, {"proves": "control"}):
        refused(new_authz(cl, purposes=["clientAuth"], **more), "invalidProfile", 403)
    refused(cl.new_order([NAME], profile="client"), "invalidProfile", 400)
    cl.close()


def test_names_that_are_not_served(cl):
    refused(new_authz(cl, "*.example.test"), "rejectedIdentifier", 403)
    refused(new_authz(cl, "a_b.example.test"), "rejectedIdentifier", 403)
    for kind in ("email", "x"):
        refused(cl.post(cl.dir["newAuthz"], {"identifier": {"type": kind, "value": "a@example.test"}}),
                "unsupportedIdentifier", 403)
    for bad in ({}, {"identifier": NAME}, {"identifier": {"type": "dns"}}, {"identifiers": [{"type": "dns", "value": NAME}]}):
        refused(cl.post(cl.dir["newAuthz"], bad), "malformed", 400)


def test_what_another_account_proved_is_not_taken_up(ca, cl, web):
    r = new_authz(cl)
    assert prove(cl, web, r)["status"] == "valid"
    other = Client(ca)
    other.register()
    mine = new_authz(other)
    assert mine.status == 201 and mine.location != r.location and mine.json()["status"] == "pending"
    assert other.new_order([NAME]).json()["status"] == "pending"
    other.close()


def test_an_account_has_an_allowance_in_the_hour(make_ca):
    ca = make_ca(edit=lambda t: t.replace("orders_per_account_pending_max: 300", "orders_per_account_pending_max: 3")).start()
    cl = Client(ca)
    cl.register()
    got = [new_authz(cl, f"n{i}.example.test") for i in range(7)]  # an hour may end in between
    assert [r.status for r in got[:3]] == [201] * 3
    late = [r for r in got if r.status != 201]
    assert late
    for r in late:
        refused(r, "rateLimited", 429)
        assert int(r.headers["Retry-After"]) > 0
    assert new_authz(cl, "n0.example.test").status == 200  # what exists costs nothing
    cl.close()


@pytest.mark.parametrize("state", ["pending", "valid"])
def test_an_authorization_given_up_ends_its_orders_and_serves_no_other(cl, web, state):
    r = cl.new_order([NAME])
    url = r.json()["authorizations"][0]
    if state == "valid":
        assert prove_all(cl, web, r)["status"] == "valid"
    given = cl.post(url, {"status": "deactivated"})
    assert given.status == 200 and given.json()["status"] == "deactivated"
    assert cl.post(url, {"status": "deactivated"}).status == 200
    o = cl.post(r.location, None).json()
    assert o["status"] == "invalid" and o["error"]["type"].endswith(":unauthorized")
    refused(cl.finalize(o, csr([NAME])), "orderNotReady", 403)
    fresh = cl.new_order([NAME]).json()
    assert fresh["status"] == "pending" and fresh["authorizations"] != [url]
    for bad in ({"status": "valid"}, {"status": 1}, {}, {"status": "revoked"}):
        refused(cl.post(url, bad), "malformed", 400)


def prove_all(cl, web, order):
    return cl.prove_http(web, order.json())[0]


def test_one_that_failed_is_not_given_up(cl):
    r = cl.new_order(["deaf.example.test"])
    url = r.json()["authorizations"][0]
    cl.post(cl.post(url, None).json()["challenges"][0]["url"], {})
    assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "invalid"
    refused(cl.post(url, {"status": "deactivated"}), "malformed", 400)
