"""Use in orders: authorizations, the window of a proof, and what finalize takes. The test is the responder.

The real one is in test_responder.py and test_tabard_prove.py.
"""
import contextlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.acme import Client, Key, b64u, csr
from harness.attack import refused
from harness.front import Front, wire_digest
from harness.x509 import CLIENT_AUTH, ekus, load_chain, names


A, B = "a.example.test", "b.example.test"


def edit(text):
    """Beside the usual profiles one for clients with addresses."""
    block = text[text.index('  - name: "client"\n'):text.index('  - name: "client-preproved"\n')]
    any_name = block.replace('"client"', '"client-any"').replace("identifiers: [dns]", "identifiers: [dns, ip]")
    return text.replace(block, block + any_name).replace("caa_identities: []", "caa_identities: [ca.test]")


@pytest.fixture(scope="module")
def fr(tmp_path_factory):
    from harness.attack import ZONES
    from harness.dns import Knot
    from harness.netns import Namespace
    ns = Namespace(tmp_path_factory.mktemp("front"), hosts=["ca.test"])
    zones = {**ZONES, "example.test": ZONES["example.test"] + [
        'controlonly CAA 0 issue "ca.test; validationmethods=http-01"',
        'both CAA 0 issue "ca.test; validationmethods=http-01,ca-tls-client-01"']}
    knot = Knot(ns, zones)
    f = Front(ns, edit=edit)
    yield f
    f.close()
    knot.stop()
    ns.close()


@pytest.fixture
def cl(fr):
    c = fr.client("client")
    yield c
    c.close()


def new_key():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def kinds(cl, order):
    """{(proves, name): (URL, authorization)}"""
    out = {}
    for url in order["authorizations"]:
        a = cl.post(url, None).json()
        out[a["proves"], a["identifier"]["value"]] = (url, a)
    return out


def challenge_of(authz):
    assert len(authz["challenges"]) == 1
    return authz["challenges"][0]


def respond(fr, cl, ch, act):
    """Answer the challenge; act(window) before the answer to the POST is awaited. (answer, window)"""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(cl.post, ch["url"], {})
        w = fr.responder.window()
        act(w)
        return answer.result(60), w


def arm(fr, cl, url):
    """The open window of a pending authorization of use."""
    r, w = respond(fr, cl, challenge_of(cl.post(url, None).json()), lambda w: w.armed())
    assert r.status == 200 and r.json()["status"] == "processing", r.body
    return w


def prove_use(fr, cl, url, spki, **changes):
    arm(fr, cl, url).accept(spki, **changes)
    a = cl.wait(url, lambda a: a["status"] != "pending")
    assert a["status"] == "valid", a
    return a


def new_authz(cl, name=A, **more):
    return cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": name}, "proves": "use",
                                        "purposes": ["clientAuth"], **more})


def ready(fr, cl, wanted, spki):
    r = cl.new_order(wanted)
    assert r.status == 201, r.body
    a = kinds(cl, r.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", n][0] for n in wanted]})
    for n in wanted:
        prove_use(fr, cl, a["use", n][0], spki)
    o = cl.post(r.location, None).json()
    assert o["status"] == "ready", o
    return r.location, o


# what an order asks

def test_an_order_has_control_and_use_of_each_name(fr, cl):
    r = cl.new_order([A, B])
    assert r.status == 201, r.body
    o = r.json()
    a = kinds(cl, o)
    assert set(a) == {(k, n) for k in ("control", "use") for n in (A, B)}
    assert [cl.post(u, None).json()["proves"] for u in o["authorizations"]] == ["control", "control", "use", "use"]
    for (kind, _), (url, authz) in a.items():
        assert authz["purposes"] == ["clientAuth"] and authz["status"] == "pending" and "wildcard" not in authz
        assert [c["type"] for c in authz["challenges"]] == ["tls-client-01"] or kind == "control"
    url, use = a["use", A]
    ch = challenge_of(use)
    assert ch["responders"] == cl.dir["meta"]["responders"] and len(ch["responders"]) == 1 and ch["quorum"] == 1
    assert ch["status"] == "pending" and len(ch["token"]) == 52 and ch["url"].endswith("/tls-client-01")
    # acme.sh and others search: one member each of these, and no object in the object but the known ones.
    text = cl.post(url, None).body.decode()
    for member in ("value", "url", "token"):
        assert text.count(f'"{member}"') == 1
    assert text.count('"status"') == 2
    for other in a["control", A][1]["challenges"]:
        assert "responders" not in other and "quorum" not in other


def test_control_is_used_again_and_use_never(fr, cl):
    key, spki = new_key()
    _, first = ready(fr, cl, [A], spki)
    again = cl.new_order([A]).json()
    old, new = kinds(cl, first), kinds(cl, again)
    assert old["control", A][0] == new["control", A][0] and old["use", A][0] != new["use", A][0]
    assert new["use", A][1]["status"] == "pending" and again["status"] == "pending"
    # A pending one neither: it belongs to its order.
    assert kinds(cl, cl.new_order([A]).json())["use", A][0] != new["use", A][0]


def test_both_proofs_give_a_certificate_of_the_key_that_was_proved(fr, cl):
    key, spki = new_key()
    url, o = ready(fr, cl, [A, B], spki)
    r = cl.finalize(o, csr([A, B], key))
    assert r.json()["status"] == "valid", r.body
    leaf = load_chain(cl.post(r.json()["certificate"], None).body)[0]
    assert names(leaf) == [A, B] and ekus(leaf) == [CLIENT_AUTH]
    assert leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki


def test_an_order_is_not_ready_before_each_proof(fr, cl):
    key, spki = new_key()
    r = cl.new_order([A, B])
    a = kinds(cl, r.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", n][0] for n in (A, B)]})
    prove_use(fr, cl, a["use", A][0], spki)
    o = cl.post(r.location, None).json()
    assert o["status"] == "pending"
    refused(cl.finalize(o, csr([A, B], key)), "orderNotReady", 403)


# the window

def test_the_answer_to_the_challenge_waits_until_the_responder_is_armed(fr, cl):
    url, authz = kinds(cl, cl.new_order([A]).json())["use", A]
    ch = challenge_of(authz)
    other = Client(fr, key=cl.key, directory=fr.ca.profile_url("client"))
    other.kid = cl.kid
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(cl.post, ch["url"], {})
        w = fr.responder.window()
        assert (w.name, w.account, w.token) == (A, cl.kid, ch["token"])
        assert w.purposes == b"\0\0\0\4" and w.thumbprint == cl.key.thumbprint()
        assert other.post(ch["url"], {}).json()["status"] == "pending"  # another POST opens no second window
        assert not answer.done()
        w.armed()
        r = answer.result(60)
    assert r.status == 200 and r.json()["status"] == "processing" and int(r.headers["Retry-After"]) >= 1
    assert other.post(ch["url"], {}).json()["status"] == "processing"
    assert fr.responder.windows.empty()
    assert other.post(url, None).json()["status"] == "pending"
    w.fail("nobody connected within 60 seconds")
    other.close()


def test_a_responder_that_is_silent_leaves_the_challenge_as_it_was(fr, cl):
    order = cl.new_order([A])
    url, authz = kinds(cl, order.json())["use", A]
    ch = challenge_of(authz)
    r = cl.post(ch["url"], {})  # nobody arms: twenty seconds
    assert r.status == 503 and int(r.headers["Retry-After"]) > 0
    assert challenge_of(cl.post(url, None).json())["status"] == "pending"
    w = fr.responder.window()
    assert w.token == ch["token"]
    w.armed()
    cl.wait(url, lambda a: challenge_of(a)["status"] == "processing")
    w.accept(new_key()[1])
    assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"


def test_what_cannot_be_armed_is_invalid_at_once(fr, cl):
    order = cl.new_order([A])
    url, authz = kinds(cl, order.json())["use", A]
    r, _ = respond(fr, cl, challenge_of(authz), lambda w: w.fail("A records of a.example.test: SERVFAIL", "dns"))
    ch = r.json()
    assert r.status == 200 and ch["status"] == "invalid" and ch["error"]["type"].endswith(":dns")
    assert ch["error"]["detail"] == "A records of a.example.test: SERVFAIL"
    assert cl.post(url, None).json()["status"] == "invalid"
    assert cl.post(order.location, None).json()["status"] == "invalid"


def test_refusals_are_told_and_end_nothing(fr, cl):
    url, authz = kinds(cl, cl.new_order([A]).json())["use", A]
    key, spki = new_key()
    w = arm(fr, cl, url)
    for n in range(20):
        w.refuse(f"192.0.2.{n} is not among the addresses of a.example.test")
    seen = lambda a: "error" in challenge_of(a) and "192.0.2.15 " in challenge_of(a)["error"]["detail"]
    ch = challenge_of(cl.wait(url, seen))  # the sixteenth; those after it are counted, not stored
    assert ch["status"] == "processing" and ch["error"]["type"].endswith(":unauthorized")
    w.accept(spki)
    ch = challenge_of(cl.wait(url, lambda a: a["status"] != "pending"))
    assert ch["status"] == "valid" and "error" not in ch and "validated" in ch and ch["quorum"] == 1


def test_the_last_refusal_is_the_error_of_a_window_that_ended(fr, cl):
    url, _ = kinds(cl, cl.new_order([A]).json())["use", A]
    w = arm(fr, cl, url)
    w.refuse("192.0.2.1 is not among the addresses")
    w.fail("192.0.2.1 is not among the addresses")
    ch = challenge_of(cl.wait(url, lambda a: a["status"] != "pending"))
    assert ch["status"] == "invalid" and "192.0.2.1" in ch["error"]["detail"]


def test_windows_of_several_names_are_open_at_once(fr, cl):
    key, spki = new_key()
    wanted = [f"w{i}.example.test" for i in range(5)]
    a = kinds(cl, cl.new_order(wanted).json())
    opened = [arm(fr, cl, a["use", n][0]) for n in wanted]
    for w in reversed(opened):
        w.accept(spki)
    for n in wanted:
        assert cl.wait(a["use", n][0], lambda a: a["status"] != "pending")["status"] == "valid"


def test_an_account_has_a_limited_number_of_windows(fr, cl):
    opened = []
    for _ in range(3):
        a = kinds(cl, cl.new_order([f"l{i}.example.test" for i in range(25)]).json())
        for (kind, _), (url, authz) in a.items():
            if kind == "control":
                continue
            if len(opened) == 64:
                r = cl.post(challenge_of(authz)["url"], {})
                refused(r, "rateLimited", 503)
                assert int(r.headers["Retry-After"]) > 0
                other = fr.client("client")
                w = arm(fr, other, kinds(other, other.new_order([A]).json())["use", A][0])
                other.close()
                for o in opened + [w]:
                    o.fail("over")
                cl.wait(url, lambda _: fr.responder.windows.empty())
                respond(fr, cl, challenge_of(authz), lambda w: w.armed())[1].fail("over")
                return
            opened.append(arm(fr, cl, url))
    raise AssertionError("no limit")


@pytest.mark.parametrize("who", ["front", "responder"])
def test_a_restart_in_the_window_opens_it_again(fr, cl, who):
    key, spki = new_key()
    order = cl.new_order([A])
    a = kinds(cl, order.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", A][0]]})
    url = a["use", A][0]
    w = arm(fr, cl, url)
    w.refuse("192.0.2.1 is not among the addresses")
    cl.wait(url, lambda a: "error" in challenge_of(a))
    fr.restart_front() if who == "front" else fr.restart_responder()
    again = fr.responder.window()
    assert (again.token, again.name, again.account) == (w.token, A, cl.kid)
    ch = challenge_of(cl.post(url, None).json())
    assert ch["status"] == "processing" and "192.0.2.1" in ch["error"]["detail"]
    again.armed()
    again.accept(spki)
    assert cl.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
    assert cl.finalize(cl.post(order.location, None).json(), csr([A], key)).json()["status"] == "valid"


def test_an_authorization_given_up_in_the_window_stays_given_up(fr, cl):
    key, spki = new_key()
    url, _ = kinds(cl, cl.new_order([A]).json())["use", A]
    w = arm(fr, cl, url)
    assert cl.post(url, {"status": "deactivated"}).json()["status"] == "deactivated"
    w.refuse("late").accept(spki)
    other, _ = kinds(cl, cl.new_order([B]).json())["use", B]
    prove_use(fr, cl, other, spki)  # what was sent before this was read
    assert cl.post(url, None).json()["status"] == "deactivated"


def test_no_tokens_no_order(fr, cl):
    fr.responder.tokens = False
    try:
        r = cl.new_order([A])
    finally:
        fr.responder.tokens = True
    assert r.status == 503 and int(r.headers["Retry-After"]) > 0
    assert cl.new_order([A]).status == 201


# finalize

def test_another_key_is_bad_csr_names_the_keys_and_leaves_the_order_ready(fr, cl):
    key, spki = new_key()
    url, o = ready(fr, cl, [A], spki)
    r = cl.finalize(o, csr([A]))
    refused(r, "badCSR", 400)
    assert wire_digest(spki).hex() in r.json()["detail"] and A in r.json()["detail"]
    assert r.json()["subproblems"][0]["identifier"] == {"type": "dns", "value": A}
    assert cl.post(url, None).json()["status"] == "ready"
    assert cl.finalize(o, csr([A], key)).json()["status"] == "valid"


def test_one_key_for_each_name_is_no_certificate_for_both(fr, cl):
    (key, spki), (other, other_spki) = new_key(), new_key()
    r = cl.new_order([A, B])
    a = kinds(cl, r.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", n][0] for n in (A, B)]})
    prove_use(fr, cl, a["use", A][0], spki)
    prove_use(fr, cl, a["use", B][0], other_spki)
    o = cl.post(r.location, None).json()
    assert o["status"] == "ready"
    for k, wrong in ((key, B), (other, A)):
        answer = cl.finalize(o, csr([A, B], k))
        refused(answer, "badCSR", 400)
        assert [s["identifier"]["value"] for s in answer.json()["subproblems"]] == [wrong]


def test_keys_are_named_only_to_the_account(fr, cl):
    key, spki = new_key()
    _, o = ready(fr, cl, [A], spki)
    r = cl.post(o["finalize"], {"csr": b64u(csr([A]))}, key=Key())
    refused(r, "malformed", 400)
    assert wire_digest(spki).hex() not in r.body.decode()


@pytest.mark.parametrize("change", ["account", "thumbprint", "name", "purpose", "method", "made_at", "kind", "key"])
def test_the_judge_takes_no_statement_that_is_not_the_orders(fr, cl, change):
    """What a hostile front could show: the front itself stores what the responder sends."""
    key, spki = new_key()
    wrong = {"account": f"https://{fr.name}:{fr.port}/acme/acct/{b64u(Key().thumbprint())}", "thumbprint": b"\7" * 32,
             "name": B, "purpose": 1, "method": 1, "made_at": int(time.time()) - 86400 - 5}
    r = cl.new_order([A])
    a = kinds(cl, r.json())
    cl.prove_http(fr.web, {"authorizations": [a["control", A][0]]})
    w = arm(fr, cl, a["use", A][0])
    if change == "kind":
        w.send([w.statement(spki, kind=1, spki=bytes(32), egress_kind=0)])
    elif change == "key":
        blob = w.statement(spki)
        w.send([blob[:-1] + bytes([blob[-1] ^ 1])])
    else:
        w.accept(spki, **{change: wrong[change]})
    cl.wait(a["use", A][0], lambda a: a["status"] != "pending")
    answer = cl.finalize(cl.post(r.location, None).json(), csr([A], key))
    assert answer.problem in ("unauthorized", "badCSR"), answer.body
    assert cl.post(r.location, None).json()["status"] == "ready"


def test_an_expired_proof_ends_the_order_and_serves_no_other(fr, cl, pre):
    key, spki = new_key()
    url, o = ready(fr, cl, [A], spki)
    preprove(fr, pre, spki)
    assert pre.new_order([A]).status == 201

    def expire(path):
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE authzs SET expires = ? WHERE state = 2 AND busy = 0", (int(time.time()) - 1,))
            db.commit()

    fr.restart_front(expire)
    assert cl.post(kinds(cl, o)["use", A][0], None).json()["status"] == "expired"
    assert cl.post(url, None).json()["status"] == "invalid"
    refused(cl.finalize(o, csr([A], key)), "orderNotReady", 403)
    refused(pre.new_order([A]), "rejectedIdentifier", 400)


def writes(fr, table, after):
    """Times that the rows of an object were written: each raises rev, which begins at 0."""
    with contextlib.closing(sqlite3.connect(f"file:{fr.path('store', 'tabard.db')}?mode=ro", uri=True)) as db:
        return db.execute(f"SELECT coalesce(sum(rev + 1), 0) FROM {table} WHERE id > ?", (after,)).fetchone()[0]


def newest(fr, table):
    with contextlib.closing(sqlite3.connect(f"file:{fr.path('store', 'tabard.db')}?mode=ro", uri=True)) as db:
        return db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]


def test_an_issuance_writes_four_rows_and_three_more_for_a_proof_of_use(fr):
    server, client = fr.client(), fr.client("client")
    before = newest(fr, "authzs"), newest(fr, "orders")
    server.issue(fr.web, [A])
    assert [writes(fr, t, b) for t, b in zip(("authzs", "orders"), before)] == [2, 2]
    before = newest(fr, "authzs"), newest(fr, "orders")
    key, spki = new_key()
    _, o = ready(fr, client, [A], spki)
    assert client.finalize(o, csr([A], key)).json()["status"] == "valid"
    assert [writes(fr, t, b) for t, b in zip(("authzs", "orders"), before)] == [2 + 3, 2]
    server.close()
    client.close()


# names that cannot be proved

def test_wildcards_and_addresses_are_refused_before_any_authorization_exists(fr, cl):
    for bad in ("*.example.test", {"type": "ip", "value": "127.0.0.1"}):
        r = cl.new_order([A, bad])
        refused(r, "rejectedIdentifier", 400)
        assert len(r.json()["subproblems"]) == 1


def test_an_address_is_proved_as_a_name_is(fr):
    c = fr.client("client-any")
    key, spki = new_key()
    ip = {"type": "ip", "value": "127.0.0.1"}
    r = c.new_order([A, ip])
    assert r.status == 201, r.body
    a = kinds(c, r.json())
    assert set(a) == {(k, n) for k in ("control", "use") for n in (A, "127.0.0.1")}
    c.prove_http(fr.web, {"authorizations": [a["control", n][0] for n in (A, "127.0.0.1")]})
    w = arm(fr, c, a["use", "127.0.0.1"][0])
    assert (w.kind, w.name) == (2, "127.0.0.1")
    w.accept(spki)
    prove_use(fr, c, a["use", A][0], spki)
    o = c.wait(r.location, lambda o: o["status"] != "pending")
    names_of = [A, x509.IPAddress(ip_address("127.0.0.1"))]
    refused(c.finalize(o, csr(names_of)), "badCSR", 400)
    assert c.finalize(o, csr(names_of, key)).json()["status"] == "valid"
    # newAuthz finds the profile that takes addresses, from every directory that names none of its own.
    plain = fr.client()
    r = plain.post(plain.dir["newAuthz"], {"identifier": ip, "proves": "use", "purposes": ["clientAuth"]})
    assert r.status == 201 and r.json()["identifier"] == ip, r.body
    own = fr.client("client")
    refused(own.post(own.dir["newAuthz"], {"identifier": ip, "proves": "use", "purposes": ["clientAuth"]}),
            "rejectedIdentifier", 403)
    for x in (c, plain, own):
        x.close()


# beforehand

@pytest.fixture
def pre(fr):
    c = fr.client("client-preproved")
    yield c
    c.close()


def preprove(fr, cl, spki, name=A):
    r = new_authz(cl, name)
    assert r.status == 201, r.body
    return r.location, prove_use(fr, cl, r.location, spki)


def test_new_authz_of_use_is_new_each_time(fr, pre):
    r = new_authz(pre)
    assert r.status == 201, r.body
    a = r.json()
    assert a["proves"] == "use" and a["purposes"] == ["clientAuth"] and challenge_of(a)["type"] == "tls-client-01"
    assert new_authz(pre).location != r.location
    plain = Client(fr, key=pre.key)
    plain.kid = pre.kid
    assert new_authz(plain).status == 201  # any directory will do
    plain.close()
    refused(new_authz(pre, "*.example.test"), "rejectedIdentifier", 403)
    refused(new_authz(pre, purposes=["serverAuth"]), "invalidProfile", 403)
    refused(new_authz(pre, purposes=["clientAuth", "serverAuth"]), "invalidProfile", 403)
    refused(new_authz(pre, purposes="clientAuth"), "malformed", 400)
    refused(new_authz(pre, proves="using"), "malformed", 400)
    control = pre.post(pre.dir["newAuthz"], {"identifier": {"type": "dns", "value": A}})
    assert control.json()["proves"] == "control" and control.json()["purposes"] == ["clientAuth"]


def test_preproved_refuses_the_order_and_tells_the_command(fr, pre):
    r = pre.new_order([A])
    refused(r, "rejectedIdentifier", 400)
    command = (f"tabard prove {A} --new-key KEY --csr-out CSR --account-key FILE --server "
               f"https://{fr.name}:{fr.port}/client-preproved/directory")
    assert command in r.json()["detail"] and command in r.json()["subproblems"][0]["detail"]
    key, spki = new_key()
    preprove(fr, pre, spki)
    r = pre.new_order([A, B])
    refused(r, "rejectedIdentifier", 400)
    assert [s["identifier"]["value"] for s in r.json()["subproblems"]] == [B]


def test_preproved_gives_a_certificate_with_control_alone_in_the_order(fr, pre):
    (key, spki), (old, old_spki) = new_key(), new_key()
    preprove(fr, pre, old_spki)
    preprove(fr, pre, spki)
    r = pre.new_order([A])
    assert r.status == 201 and len(r.json()["authorizations"]) == 1, r.body
    assert set(kinds(pre, r.json())) == {("control", A)}
    pre.prove_http(fr.web, r.json())
    o = pre.post(r.location, None).json()
    answer = pre.finalize(o, csr([A]))
    refused(answer, "badCSR", 400)
    assert wire_digest(spki).hex() in answer.json()["detail"] and wire_digest(old_spki).hex() in answer.json()["detail"]
    assert pre.post(r.location, None).json()["status"] == "ready"
    assert pre.finalize(o, csr([A], old)).json()["status"] == "valid"  # an older proof serves, too
    o = pre.new_order([A]).json()
    assert o["status"] == "ready" and pre.finalize(o, csr([A], key)).json()["status"] == "valid"


def test_what_another_account_proved_serves_nobody_else(fr, pre):
    key, spki = new_key()
    preprove(fr, pre, spki)
    other = fr.client("client-preproved")
    refused(other.new_order([A]), "rejectedIdentifier", 400)
    preprove(fr, other, new_key()[1])
    r = other.new_order([A])
    other.prove_http(fr.web, r.json())
    answer = other.finalize(other.post(r.location, None).json(), csr([A], key))
    refused(answer, "badCSR", 400)
    assert wire_digest(spki).hex() not in answer.body.decode()
    other.close()


@pytest.mark.parametrize("end", ["given up", "key change"])
def test_a_proof_ends_with_its_authorization_and_with_the_account_key(fr, pre, end):
    key, spki = new_key()
    url, _ = preprove(fr, pre, spki)
    r = pre.new_order([A])
    assert r.status == 201
    if end == "given up":
        assert pre.post(url, {"status": "deactivated"}).json()["status"] == "deactivated"
        pre.prove_http(fr.web, r.json())
        answer = pre.finalize(pre.post(r.location, None).json(), csr([A], key))
        refused(answer, "badCSR", 400)
        assert "tabard prove" in answer.json()["detail"]
    else:
        from harness.acme import jws
        new = Key()
        inner = jws(new, pre.dir["keyChange"], {"account": pre.kid, "oldKey": pre.key.jwk()})
        assert pre.post(pre.dir["keyChange"], inner).status == 200
        pre.key = new
    refused(pre.new_order([A]), "rejectedIdentifier", 400)


def test_of_many_proofs_the_newest_sixteen_count(fr, pre):
    keys = [new_key() for _ in range(17)]
    for _, spki in keys:
        preprove(fr, pre, spki)
    r = pre.new_order([A])
    pre.prove_http(fr.web, r.json())
    o = pre.post(r.location, None).json()
    answer = pre.finalize(o, csr([A], keys[0][0]))
    refused(answer, "badCSR", 400)
    assert "and 13 more" in answer.json()["detail"]
    assert pre.finalize(o, csr([A], keys[1][0])).json()["status"] == "valid"


# explain

def explain(fr, *wanted, **more):
    answer = fr.control(cmd="explain", names=list(wanted), **more)
    return answer["verdict"], answer["names"]


def test_explain_tells_keys_and_the_command(fr, pre):
    (key, spki), (other, _) = new_key(), new_key()
    verdict, (name,) = explain(fr, A, profile="client-preproved")
    assert verdict == "proofs-missing" and name["use_is_proved"] == "before the order" and "use_proofs" not in name
    assert "127.0.0.1" not in name["use"]["tls-client-01"] and A in name["use"]["tls-client-01"]
    assert pre.dir["meta"]["responders"][0] in name["use"]["tls-client-01"]
    refusal = pre.new_order([A]).json()["detail"]
    assert name["command"] in refusal
    account = {"profile": "client-preproved", "account": pre.kid}
    verdict, (name,) = explain(fr, A, **account)
    assert verdict == "proofs-missing" and name["use_proofs"] == {} and name["command"] in refusal
    preprove(fr, pre, spki)
    verdict, (name,) = explain(fr, A, **account)
    assert verdict == "proofs-missing" and list(name["use_proofs"]) == [wire_digest(spki).hex()] and "command" not in name
    pre.prove_http(fr.web, pre.new_order([A]).json())
    assert explain(fr, A, **account)[0] == "ready"
    verdict, (name,) = explain(fr, A, csr=b64u(csr([A], key)), **account)
    assert (verdict, name["csr_key_is_proved"]) == ("ready", True)
    verdict, (name,) = explain(fr, A, csr=b64u(csr([A], other)), **account)
    assert (verdict, name["csr_key_is_proved"]) == ("proofs-missing", False) and "command" in name
    verdict, (name,) = explain(fr, A, profile="client", account=pre.kid)
    assert verdict == "proofs-missing" and name["use_is_proved"] == "in the order, each time" and "command" not in name
    verdict, (name,) = explain(fr, A, profile="server", account=pre.kid)
    assert verdict == "proofs-missing" and not [m for m in name if m.startswith("use")]


def test_explain_asks_caa_about_the_method_of_use(fr):
    verdict, (name,) = explain(fr, "controlonly.example.test", profile="client")
    assert verdict == "refused" and "do not allow" in name["caa"]
    verdict, (name,) = explain(fr, "both.example.test", profile="client")
    assert verdict == "proofs-missing" and set(name["caa_allows"]) == {"http-01", "tls-client-01"}
    assert explain(fr, "controlonly.example.test", profile="server")[0] == "proofs-missing"
