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
