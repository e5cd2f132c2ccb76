"""Profiles by proofs: what each profile does with each set of proofs that an account made beforehand."""
import pytest

from harness.acme import Client, Http01, Key, b64u, csr
from harness.useproof import UseChallenge, new_key
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, load_chain

NAME = "www.example.test"
PURPOSES = {"server": [SERVER_AUTH], "client": [CLIENT_AUTH], "client-preproved": [CLIENT_AUTH],
            "peer": [SERVER_AUTH, CLIENT_AUTH]}

# Proofs made before the order: control made for these purposes, by the directory of a profile; use.
PROOFS = {
    "nothing": ([], False),
    "control for server": (["server"], False),
    "control for client": (["client"], False),
    "use": ([], True),
    "control for client and use": (["client"], True),
    "all of it, apart": (["server", "client"], True),
}

# status of newOrder and of the order, or the problem; what finalize then says; which proofs the order still asks for
REFUSED = ("rejectedIdentifier", None, None)
READY = ("ready", "certificate", set())
NO_CONTROL = ("pending", "orderNotReady", {"control"})
NO_USE = ("pending", "orderNotReady", {"use"})
NEITHER = ("pending", "orderNotReady", {"control", "use"})
OUTCOME = {
    # A proof of use never stands for control, and control never for another purpose.
    "server": [NO_CONTROL, READY, NO_CONTROL, NO_CONTROL, NO_CONTROL, READY],
    # Use is proved in each order anew, for the key of that order.
    "client": [NEITHER, NEITHER, NO_USE, NEITHER, NO_USE, NO_USE],
    # Use first, or there is no order.
    "client-preproved": [REFUSED, REFUSED, REFUSED, NO_CONTROL, READY, READY],
    # One control proof for both purposes: two for one each are not it.
    "peer": [NEITHER, NEITHER, NEITHER, NEITHER, NEITHER, NEITHER],
}
CELLS = [(profile, proofs) for profile in OUTCOME for proofs in PROOFS]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from harness.ca import Ca
    from harness.dns import Knot
    from harness.netns import Namespace

    class Site:
        def __init__(self, tmp):
            self.ns = Namespace(tmp, hosts=["ca.test"])
            self.dns = Knot(self.ns, {"example.test": ["www A 127.0.0.1"], "test": []})
            self.ca = Ca(self.ns, extra=["--peer"]).start()
            self.web = Http01(self.ns)

    s = Site(tmp_path_factory.mktemp("matrix"))
    yield s
    assert s.ca.stop() == 0
    s.web.close()
    s.dns.stop()
    s.ns.close()


@pytest.fixture
def cl(site):
    c = Client(site.ca)
    c.register()
    yield c
    c.close()


def directory(cl, profile):
    return cl.get(cl.ca.profile_url(profile) if profile != "server" else cl.ca.url).json()


def prove_control(site, cl, profile):
    r = cl.post(directory(cl, profile)["newAuthz"], {"identifier": {"type": "dns", "value": NAME}})
    assert r.status == 201, r.body
    assert cl.prove_http(site.web, {"authorizations": [r.location]})[0]["status"] == "valid"


def prove_use(site, cl, key, url=None):
    use = UseChallenge(cl, NAME, url, directory(cl, "client")["newAuthz"])
    use.arm()
    assert use.connect(site.ns, key).line == "ok 127.0.0.1\n"
    assert use.ended() == "valid"


def issued(cl, answer):
    assert answer.status == 200, answer.body
    return load_chain(cl.post(answer.json()["certificate"], None).body)[0]


@pytest.mark.parametrize("profile, proofs", CELLS, ids=[f"{a}: {b}" for a, b in CELLS])
def test_cell(site, cl, profile, proofs):
    status, finalize, missing = OUTCOME[profile][list(PROOFS).index(proofs)]
    control, use = PROOFS[proofs]
    key = new_key()
    for p in control:
        prove_control(site, cl, p)
    if use:
        prove_use(site, cl, key)
    r = cl.post(directory(cl, profile)["newOrder"], {"identifiers": [{"type": "dns", "value": NAME}]})
    if finalize is None:
        assert (r.status, r.problem) == (400, status), r.body
        assert f"tabard prove {NAME}" in r.json()["detail"]
        assert cl.post(directory(cl, profile)["newOrder"], {"identifiers": [{"type": "dns", "value": NAME}]}).problem == status
        return
    assert r.status == 201, r.body
    order = r.json()
    assert order["status"] == status
    open_authz = {a["proves"]: u for a, u in zip(cl.authz(order), order["authorizations"]) if a["status"] != "valid"}
    assert set(open_authz) == missing
    answer = cl.finalize(order, csr([NAME], key))
    if finalize != "certificate":
        assert answer.problem == finalize, answer.body
        assert {p["detail"] for p in answer.json()["subproblems"]} == {f"{kind} is not proved yet" for kind in missing}
        assert f"{NAME}: {sorted(missing)[0]} is not proved yet" in answer.json()["detail"]
        # What is missing was said; with that, and nothing else, the certificate comes.
        for proves, url in open_authz.items():
            if proves == "use":
                prove_use(site, cl, key, url)
            else:
                assert cl.prove_http(site.web, {"authorizations": [url]})[0]["status"] == "valid"
        answer = cl.finalize(order, csr([NAME], key))
    assert ekus(issued(cl, answer)) == PURPOSES[profile]


def test_what_is_missing_is_told_to_the_account_alone(site, cl):
    order = cl.new_order([NAME]).json()
    for stranger in ({"key": Key()}, {"key": Key(), "use_jwk": True}):
        r = cl.post(order["finalize"], {"csr": b64u(csr([NAME]))}, **stranger)
        assert r.status >= 400 and NAME not in r.body.decode() and "not ready" not in r.body.decode(), r.body


@pytest.mark.parametrize("profile", ["client", "client-preproved", "peer"])
def test_a_key_that_was_not_proved_is_refused(site, cl, profile):
    proved = new_key()
    if profile == "client-preproved":
        prove_use(site, cl, proved)
    order = cl.post(directory(cl, profile)["newOrder"], {"identifiers": [{"type": "dns", "value": NAME}]})
    url = order.location
    for a, u in zip(cl.authz(order.json()), order.json()["authorizations"]):
        if a["proves"] == "use":
            prove_use(site, cl, proved, u)
        else:
            cl.prove_http(site.web, {"authorizations": [u]})
    for _ in range(2):
        assert cl.finalize(order.json(), csr([NAME])).problem == "badCSR"
        assert cl.post(url, None).json()["status"] == "ready"
    assert ekus(issued(cl, cl.finalize(order.json(), csr([NAME], proved)))) == PURPOSES[profile]
