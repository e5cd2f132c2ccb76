"""The list of an account's orders (RFC 8555 section 7.1.2.1)."""
import re

import pytest

from harness.acme import Client, Http01
from harness.attack import refused


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def pages(cl, url):
    out = []
    while url:
        r = cl.post(url, None)
        assert r.status == 200, r.body
        assert set(r.json()) == {"orders"}
        out.append(r.json()["orders"])
        found = re.findall(r'<([^>]*)>;rel="next"', ", ".join(r.headers.get_all("Link")))
        assert len(found) <= 1
        url = found[0] if found else None
    return out


def test_orders_are_listed_newest_first_and_page_by_page(ca, web):
    cl = Client(ca)
    url = cl.register().json()["orders"]
    assert pages(cl, url) == [[]]
    other = Client(ca)
    other.register()
    made = []
    for i in range(105):
        made.append(cl.new_order([f"n{i % 7}.example.test"]).location)
        if i % 20 == 0:
            other.new_order(["other.example.test"])
    got = pages(cl, url)
    assert [len(p) for p in got[:1]] == [100]
    assert [u for p in got for u in p] == made[::-1]
    # Issued ones stay in the list, invalid ones leave it.
    cl.issue(web, ["issued.example.test"])
    authz = cl.post(made[-1], None).json()["authorizations"][0]
    assert cl.post(authz, {"status": "deactivated"}).status == 200
    dead = {u for u in made if authz in cl.post(u, None).json()["authorizations"]}
    now = [u for p in pages(cl, url) for u in p]
    assert now[1:] == [u for u in made[::-1] if u not in dead]
    assert cl.post(now[0], None).json()["status"] == "valid"
    assert cl.post(cl.kid, None).json()["orders"] == url
    other.close()
    cl.close()


def test_a_list_is_its_accounts_own(ca):
    cl, other = Client(ca), Client(ca)
    url = cl.register().json()["orders"]
    other.register()
    for bad in (url, url + "x", url + "/1", url[:-1]):
        refused(other.post(bad, None), "malformed", 404)
    for bad in (url + "x", url + "/x", url + "/" + "A" * 22, url[:-1]):
        refused(cl.post(bad, None), "malformed", 404)
    refused(cl.post(url, {}), "malformed", 400)
    refused(cl.request("GET", url), "malformed", 405, nonce=False)
    other.close()
    cl.close()
