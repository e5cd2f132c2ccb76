"""The directory against behaviour."""
import pytest

from harness.acme import Client
from harness.attack import refused

ALL = {"newNonce": "new-nonce", "newAccount": "new-acct", "newOrder": "new-order", "newAuthz": "new-authz",
       "revokeCert": "revoke-cert", "keyChange": "key-change", "renewalInfo": "renewal-info"}
URLS = [None, "server", "shortlived"]


@pytest.mark.parametrize("profile", URLS)
def test_invariant_32_the_directory_lists_exactly_what_works(ca, profile):
    cl = Client(ca, directory=ca.profile_url(profile) if profile else None)
    cl.register()
    listed = {k: v for k, v in cl.dir.items() if k != "meta"}
    assert set(listed) <= set(ALL)
    assert {"newNonce", "newAccount", "newOrder", "newAuthz", "renewalInfo"} <= set(listed)
    ident = {"type": "dns", "value": "www.example.test"}
    assert cl.request("HEAD", listed["newNonce"]).status == 200
    assert cl.register(onlyReturnExisting=True).status == 200
    assert cl.post(listed["newOrder"], {"identifiers": [ident]}).status == 201
    assert cl.post(listed["newAuthz"], {"identifier": ident}).status == 200  # the order made it
    assert cl.get(listed["renewalInfo"] + "/AA.AQ").status == 404
    assert cl.get(listed["renewalInfo"] + "/AA.AQ").problem == "malformed"
    for name, path in ALL.items():
        if name not in listed:
            refused(cl.post(f"https://{ca.name}:{ca.port}/acme/{path}", {}), "malformed", 404)
    offered = set(cl.dir["meta"]["profiles"])
    assert set(URLS) - {None} <= offered
    for name in offered | {"client", "client-preproved", "peer", "nosuch"}:
        assert (cl.get(ca.profile_url(name)).status == 200) == (name in offered)
    cl.close()


@pytest.mark.parametrize("profile", URLS)
def test_directory_and_new_nonce_are_read_by_post_as_get_too(ca, profile):
    """RFC 8555 section 6.3; with GET alone, a client that reads everything the same way had no directory."""
    cl = Client(ca, directory=ca.profile_url(profile) if profile else None)
    cl.register()
    url = ca.profile_url(profile) if profile else ca.url
    r = cl.post(url, None)
    assert r.status == 200 and r.json() == cl.get(url).json() and r.headers["Replay-Nonce"]
    r = cl.post(cl.dir["newNonce"], None)
    assert r.status == 204 and r.body == b"" and r.headers["Replay-Nonce"] and r.headers["Cache-Control"] == "no-store"
    for u in (url, cl.dir["newNonce"]):
        refused(cl.post(u, {}), "malformed", 400)
        refused(cl.post(u, None, kid=cl.kid.rsplit("/", 1)[0] + "/" + "A" * 43), "accountDoesNotExist", 400)
    cl.close()


@pytest.mark.parametrize("profile", URLS)
def test_subdomains_are_announced_where_they_work_and_nowhere_else(make_ca, profile):
    """RFC 9444 section 4.4."""
    ca = make_ca(edit=lambda t: t.replace("names: []\n", "names:\n  - profile: shortlived\n    ancestors: [example.test]\n")).start()
    cl = Client(ca, directory=ca.profile_url(profile) if profile else None)
    cl.register()
    announced = cl.dir["meta"].get("subdomainAuthAllowed")
    assert announced is (True if profile == "shortlived" else None)
    a = cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": "example.test", "subdomainAuthAllowed": True}}).json()
    assert a.get("subdomainAuthAllowed") is announced
    o = cl.new_order([{"type": "dns", "value": "www.example.test", "ancestorDomain": "example.test"}]).json()
    (a,) = cl.authz(o)
    assert a["identifier"]["value"] == ("example.test" if announced else "www.example.test")
    cl.close()
