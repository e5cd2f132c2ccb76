"""Strangers at somebody's proof of use, and a responder that sends what it must not."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import wire
from harness.acme import Key, csr
from harness.attack import refused
from harness.wire import str16, u8, u16
from test_use_orders import A, B, arm, challenge_of, cl, fr, kinds, new_authz, new_key, prove_use  # noqa: F401


@pytest.fixture
def other(fr):  # noqa: F811
    c = fr.client("client")
    yield c
    c.close()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as p:
        yield p


def absent(r):
    """What is another's looks like what never was."""
    refused(r, "malformed", 404)
    return r.json()["detail"]


def test_nobody_touches_the_proof_of_another_account(fr, cl, other):  # noqa: F811
    url, authz = kinds(cl, cl.new_order([A]).json())["use", A]
    ch = challenge_of(authz)
    nowhere = absent(other.post(url[:-3] + "xyz", None))
    for target, payload in ((url, None), (url, {"status": "deactivated"}), (ch["url"], None), (ch["url"], {})):
        assert absent(other.post(target, payload)) == nowhere
    assert fr.responder.windows.empty(), "somebody else opened the window"
    w = arm(fr, cl, url)
    assert absent(other.post(url, {"status": "deactivated"})) == nowhere
    w.accept(new_key()[1])
    assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
    for target in (url, ch["url"]):
        assert absent(other.post(target, None)) == nowhere


def test_a_challenge_is_answered_under_its_own_name_only(fr, cl):  # noqa: F811
    a = kinds(cl, cl.new_order([A]).json())
    use, control = challenge_of(a["use", A][1])["url"], a["control", A][1]["challenges"][0]["url"]
    for bad in (use.rsplit("/", 1)[0] + "/http-01", control.rsplit("/", 1)[0] + "/tls-client-01", use + "/"):
        absent(cl.post(bad, {}))
    for payload in (b"[]", b"1", b"{", b"{}x", b"\"{}\""):
        refused(cl.post(use, payload), "malformed", 400)
    refused(cl.post(use, {}, key=Key()), "malformed", 400)
    assert fr.responder.windows.empty()


def test_a_use_proof_is_no_control_and_control_no_use(fr, cl):  # noqa: F811
    """The front cannot be talked into an order that lacks one of them; what finalize would say is never asked."""
    key, spki = new_key()
    r = cl.new_order([A])
    a = kinds(cl, r.json())
    prove_use(fr, cl, a["use", A][0], spki)
    refused(cl.finalize(r.json(), csr([A], key)), "orderNotReady", 403)
    preproved = cl.get(fr.ca.profile_url("client-preproved")).json()["newOrder"]
    r = cl.post(preproved, {"identifiers": [{"type": "dns", "value": A}]})  # the proof in the order serves it
    assert r.status == 201 and r.json()["status"] == "pending"
    refused(cl.finalize(r.json(), csr([A], key)), "orderNotReady", 403)
    server = cl.new_order([A], profile="server")
    assert server.json()["status"] == "pending"
    assert cl.post(server.json()["authorizations"][0], None).json()["purposes"] == ["serverAuth"]


@pytest.mark.parametrize("member", [{"proves": "use", "purposes": ["clientAuth", "clientAuth"]}])
def test_a_usage_said_twice_is_said_once(fr, cl, member):  # noqa: F811
    r = cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": B}, **member})
    assert r.status == 201 and r.json()["purposes"] == ["clientAuth"]


NONE = u8(0) + u16(0) + str16("") + u16(0)


@pytest.mark.parametrize("what", ["note without body", "note of a request that is a token's", "answer of another kind",
                                  "more statements than there may be", "problem beyond the list", "a control request",
                                  "too many tokens", "no token alphabet"])
def test_what_a_responder_must_not_send_costs_it_the_edge(fr, cl, pool, what):  # noqa: F811
    url, _ = kinds(cl, cl.new_order([A]).json())["use", A]
    w = arm(fr, cl, url)
    edge, asked = fr.responder.edge, None
    if "token" in what:
        fr.responder.tokens = {"note of a request that is a token's": lambda request, num: (wire.VALIDATE_NOTE, NONE),
                               "too many tokens": lambda request, num: (wire.TOKEN_RSP, NONE + u16(num + 1) + b"A" * 52 * (num + 1)),
                               "no token alphabet": lambda request, num: (wire.TOKEN_RSP, NONE + u16(num) + b"!" * 52 * num)}[what]
        asked = pool.submit(new_authz, cl)
    else:
        edge.send(*{"note without body": (wire.VALIDATE_NOTE, b"", w.request),
                    "answer of another kind": (wire.TOKEN_RSP, NONE + u16(1) + b"A" * 52, w.request),
                    "more statements than there may be": (wire.VALIDATE_RSP, NONE + u16(9) + 9 * str16("x"), w.request),
                    "problem beyond the list": (wire.VALIDATE_NOTE, u8(200) + u16(0) + str16("x") + u16(0), w.request),
                    "a control request": (wire.CONTROL_REQ, b"{}", w.request)}[what])
    assert fr.responder.ended.wait(20), "the edge stands"
    fr.responder.tokens = True
    fr.restart_responder()
    if asked is not None:  # a note is no answer: what was asked is asked again
        assert asked.result(60).status == (201 if "note" in what else 500)
    if what == "more statements than there may be":  # an answer, and no good one
        assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "invalid"
    else:
        again = next(o for o in iter(fr.responder.window, None) if o.token == w.token)
        again.armed().accept(new_key()[1])
        assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
    url, _ = kinds(cl, cl.new_order([A]).json())["use", A]
    prove_use(fr, cl, url, new_key()[1])


def test_notes_about_nothing_are_passed_over(fr, cl):  # noqa: F811
    url, _ = kinds(cl, cl.new_order([A]).json())["use", A]
    w = arm(fr, cl, url)
    for request in (0, 1, w.request + 1, 0xffffffff):
        fr.responder.edge.send(wire.VALIDATE_NOTE, NONE, request)
        fr.responder.edge.send(wire.VALIDATE_RSP, w.problem("dns", "late"), request)
    w.armed().armed()
    w.accept(new_key()[1])
    w.accept(new_key()[1])
    w.refuse("after the end")
    assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
    assert "error" not in challenge_of(cl.post(url, None).json())


def test_a_statement_of_another_window_is_refused_by_the_signer(fr, cl, other):  # noqa: F811
    """The front that stores another account's statement gains nothing."""
    key, spki = new_key()
    theirs = arm(fr, other, kinds(other, other.new_order([A]).json())["use", A][0])
    r = cl.new_order([A])
    a = kinds(cl, r.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", A][0]]})
    arm(fr, cl, a["use", A][0]).send([theirs.statement(spki)])
    cl.wait(a["use", A][0], lambda a: a["status"] != "pending")
    refused(cl.finalize(cl.post(r.location, None).json(), csr([A], key)), "unauthorized")
    theirs.fail("over")


