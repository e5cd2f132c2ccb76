"""Subdomains (RFC 9444): control of an ancestor domain, shown by DNS, stands for the names below it where the operator says so."""
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from harness.acme import Client, Http01, Key, b64u, csr, jws
from harness.attack import refused
from harness.dns import Knot
from harness.tabard import Tabard
from harness.x509 import names

RULES = """names:
  - ancestors: [corp.test, ".corp.test", test, deep.example.test]
    deny: [secret.x.corp.test]
"""
ZONES = {"corp.test": ["@ A 127.0.0.1", "* A 127.0.0.1", 'other CAA 0 issue "other.test"',
                       'byhttp CAA 0 issue "ca.test; validationmethods=http-01"'],
         "example.test": ["@ A 127.0.0.1", "* A 127.0.0.1"],
         "test": []}


def with_rules(text):
    assert "names: []\n" in text
    return text.replace("names: []\n", RULES)


@pytest.fixture
def dns(ns):
    server = Knot(ns, ZONES)
    yield server
    server.stop()


@pytest.fixture
def ca(make_ca):
    return make_ca(edit=with_rules).start()


@pytest.fixture
def cl(ca):
    c = Client(ca)
    c.register()
    yield c
    c.close()


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def below(name, ancestor):
    return {"type": "dns", "value": name, "ancestorDomain": ancestor}


def new_authz(cl, name, wide=True, **more):
    return cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": name, "subdomainAuthAllowed": wide}, **more})


def prove(cl, dns, url, method="dns-01"):
    """The authorization as it ended."""
    a = cl.post(url, None).json()
    domain = a["identifier"]["value"]
    zone = next(z for z in ZONES if domain == z or domain.endswith("." + z))
    ch = next(c for c in a["challenges"] if c["type"] == method)
    txt = b64u(hashlib.sha256(cl.key_authorization(ch["token"]).encode()).digest())
    dns.update(zone, f"add _acme-challenge.{domain}. 1 TXT {txt}")
    cl.post(ch["url"], {})
    a = cl.wait(url, lambda o: o["status"] not in ("pending", "processing"))
    dns.update(zone, f"del _acme-challenge.{domain}. TXT")
    return a


def certified(cl, order, wanted):
    r = cl.finalize(order, csr(wanted))
    assert r.status == 200, r.body
    o = cl.wait(r.location, lambda x: x["status"] != "processing")
    assert o["status"] == "valid", o
    assert names(x509.load_pem_x509_certificate(cl.post(o["certificate"], None).body)) == sorted(wanted)


def test_section_5_an_ancestor_proved_beforehand_serves_later_orders(cl, dns):
    assert cl.dir["meta"]["subdomainAuthAllowed"] is True
    r = new_authz(cl, "corp.test")
    assert r.status == 201, r.body
    a = r.json()
    assert a["identifier"] == {"type": "dns", "value": "corp.test"} and a["status"] == "pending"
    assert a["subdomainAuthAllowed"] is True and a["wildcard"] is True and a["purposes"] == ["serverAuth"]
    assert [c["type"] for c in a["challenges"]] == ["dns-01"]
    assert new_authz(cl, "corp.test").location == r.location
    # Pending, it serves no order that does not ask for it.
    o = cl.new_order(["sub1.corp.test"]).json()
    assert o["status"] == "pending" and o["authorizations"] != [r.location]
    a = prove(cl, dns, r.location)
    assert a["status"] == "valid" and a["subdomainAuthAllowed"] is True
    for wanted in (["sub1.corp.test"], ["sub2.corp.test"], ["corp.test"], ["*.corp.test"], ["a.b.c.corp.test", "x.corp.test"]):
        order = cl.new_order(wanted)
        assert order.status == 201, order.body
        assert order.json()["status"] == "ready" and order.json()["authorizations"] == [r.location], wanted
        certified(cl, order.json(), wanted)


def test_section_4_3_an_order_names_the_ancestor(cl, dns):
    wanted = ["a.b.corp.test", "c.corp.test", "*.corp.test"]
    r = cl.new_order([below(n, "corp.test") for n in wanted])
    assert r.status == 201, r.body
    (url,) = r.json()["authorizations"]  # one for all of them
    a = cl.post(url, None).json()
    assert a["identifier"]["value"] == "corp.test" and a["subdomainAuthAllowed"] is True
    again = cl.new_order([below("d.corp.test", "corp.test")]).json()
    assert again["authorizations"] == [url]  # pending, for those who ask for it
    assert prove(cl, dns, url)["status"] == "valid"
    assert cl.post(cl.new_order(["d.corp.test"]).location, None).json()["status"] == "ready"
    o = cl.post(r.location, None).json()
    assert o["status"] == "ready" and {i["value"] for i in o["identifiers"]} == set(wanted)
    certified(cl, o, wanted)


def test_names_with_and_without_an_ancestor_in_one_order(cl, dns, web):
    r = cl.new_order([below("a.corp.test", "corp.test"), "www.example.test", below("b.c.corp.test", "c.corp.test")])
    authz = {a["identifier"]["value"]: a for a in cl.authz(r.json())}
    assert set(authz) == {"corp.test", "www.example.test", "c.corp.test"}
    assert "subdomainAuthAllowed" not in authz["www.example.test"]
    for url in r.json()["authorizations"]:
        if "subdomainAuthAllowed" in cl.post(url, None).json():
            assert prove(cl, dns, url)["status"] == "valid"
    cl.prove_http(web, r.json())
    certified(cl, cl.post(r.location, None).json(), ["a.corp.test", "www.example.test", "b.c.corp.test"])


def test_where_the_operator_has_no_rule_each_name_is_proved_by_itself(cl, web):
    r = cl.new_order([below("www.example.test", "example.test")])
    (a,) = cl.authz(r.json())
    assert a["identifier"]["value"] == "www.example.test" and "subdomainAuthAllowed" not in a
    assert {c["type"] for c in a["challenges"]} > {"dns-01"}
    r = new_authz(cl, "example.test")
    assert r.status == 201 and "subdomainAuthAllowed" not in r.json() and "wildcard" not in r.json()
    assert cl.prove_http(web, {"authorizations": [r.location]})[0]["status"] == "valid"
    assert cl.new_order(["www.example.test"]).json()["status"] == "pending"
    # A name below a domain that has a rule is no domain that has one.
    assert "subdomainAuthAllowed" not in new_authz(cl, "deeper.deep.example.test").json()


def test_a_ca_without_rules_knows_nothing_of_it(make_ca, dns):
    ca = make_ca().start()
    c = Client(ca)
    c.register()
    assert "subdomainAuthAllowed" not in c.dir["meta"]
    assert "subdomainAuthAllowed" not in new_authz(c, "corp.test").json()
    (a,) = c.authz(c.new_order([below("www.corp.test", "corp.test")]).json())
    assert a["identifier"]["value"] == "www.corp.test"
    c.close()


def test_a_public_suffix_is_no_ancestor(cl):
    # The rule "test" is there, and yet it is a single label.
    r = cl.new_order([below("www.corp.test", "test")])
    assert "public suffix" in refused(r, "rejectedIdentifier", 400)
    assert r.json()["subproblems"][0]["identifier"] == {"type": "dns", "value": "test"}
    refused(new_authz(cl, "test"), "rejectedIdentifier", 403)


def test_what_is_no_ancestor_is_malformed(cl):
    for bad in ("evilcorp.test", "orp.test", "www.corp.test", "a.www.corp.test", "", ".", "*.corp.test", "corp.test.", "x" * 300,
                "corp.test\0", 1, None, ["corp.test"], True):
        refused(cl.new_order([{"type": "dns", "value": "www.corp.test", "ancestorDomain": bad}]), "malformed", 400)
    refused(cl.new_order([{"type": "ip", "value": "127.0.0.1", "ancestorDomain": "corp.test"}]), "rejectedIdentifier", 400)
    refused(cl.new_order([below("a.b.corp.test", "corp.test"), below("A.b.corp.test", "b.corp.test")]), "malformed", 400)
    assert cl.new_order([below("a.b.corp.test", "corp.test"), below("A.b.corp.test", "CORP.test")]).status == 201
    for bad in (1, "true", None, {}):
        refused(new_authz(cl, "corp.test", wide=bad), "malformed", 400)
    assert "subdomainAuthAllowed" not in new_authz(cl, "corp.test", wide=False).json()
    refused(new_authz(cl, "*.corp.test"), "rejectedIdentifier", 403)
    # Beside the identifier, as one client sends it.
    r = cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": "corp.test"}, "subdomainAuthAllowed": True})
    assert r.json()["subdomainAuthAllowed"] is True


def test_caa_is_of_each_name(cl, dns):
    assert prove(cl, dns, new_authz(cl, "corp.test").location)["status"] == "valid"
    for name in ("other.corp.test", "byhttp.corp.test"):
        o = cl.new_order([name]).json()
        assert o["status"] == "ready"
        refused(cl.finalize(o, csr([name])), "caa", 403)
    certified(cl, cl.new_order(["fine.corp.test"]).json(), ["fine.corp.test"])
    refused(cl.new_order(["secret.x.corp.test"]), "rejectedIdentifier", 400)


def test_it_is_of_one_account_and_ends_with_its_key(ca, cl, dns):
    url = new_authz(cl, "corp.test").location
    assert prove(cl, dns, url)["status"] == "valid"
    other = Client(ca)
    other.register()
    assert other.new_order(["a.corp.test"]).json()["status"] == "pending"
    assert new_authz(other, "corp.test").location != url
    other.close()
    assert cl.new_order(["a.corp.test"]).json()["status"] == "ready"
    key = Key()
    inner = jws(key, cl.dir["keyChange"], {"account": cl.kid, "oldKey": cl.key.jwk()}, None, None)
    assert cl.post(cl.dir["keyChange"], json.loads(inner)).status == 200
    cl.key = key
    assert cl.post(url, None).json()["status"] == "expired"
    o = cl.new_order(["a.corp.test"]).json()
    assert o["status"] == "pending" and cl.authz(o)[0]["identifier"]["value"] == "a.corp.test"


def test_one_that_was_given_up_serves_no_more(cl, dns):
    url = new_authz(cl, "corp.test").location
    assert prove(cl, dns, url)["status"] == "valid"
    order = cl.new_order(["a.corp.test"])
    assert order.json()["status"] == "ready"
    assert cl.post(url, {"status": "deactivated"}).json()["status"] == "deactivated"
    assert cl.post(order.location, None).json()["status"] == "invalid"
    assert cl.new_order(["a.corp.test"]).json()["status"] == "pending"


def test_purposes_and_use_never_cross(ca, cl, dns):
    refused(new_authz(cl, "corp.test", proves="use", purposes=["clientAuth"]), "malformed", 400)
    refused(new_authz(cl, "corp.test", purposes=["clientAuth"], profile="server"), "invalidProfile", 403)
    server = new_authz(cl, "corp.test").location
    assert prove(cl, dns, server)["status"] == "valid"
    client = Client(ca, key=cl.key, directory=ca.profile_url("client"))
    client.register()
    kinds = [(a["proves"], a["status"], a["identifier"]["value"]) for a in client.authz(client.new_order(["a.corp.test"]).json())]
    assert kinds == [("control", "pending", "a.corp.test"), ("use", "pending", "a.corp.test")]
    # Control for clientAuth may be of the domain; use is of each name.
    url = new_authz(client, "corp.test").location
    assert url != server
    assert prove(client, dns, url)["purposes"] == ["clientAuth"]
    order = client.new_order(["a.corp.test", "b.corp.test"]).json()
    kinds = [(a["proves"], a["status"], a["identifier"]["value"]) for a in client.authz(order)]
    assert kinds == [("control", "valid", "corp.test"), ("use", "pending", "a.corp.test"), ("use", "pending", "b.corp.test")]
    assert "wildcard" not in client.post(url, None).json() and cl.post(server, None).json()["wildcard"] is True
    client.close()


def test_the_nearest_domain_serves_and_far_ones_are_not_looked_for(cl, dns):
    assert prove(cl, dns, new_authz(cl, "corp.test").location)["status"] == "valid"
    near = new_authz(cl, "b.corp.test").location
    assert prove(cl, dns, near)["status"] == "valid"
    assert cl.new_order(["a.b.corp.test"]).json()["authorizations"] == [near]
    far = "a.b1.c.d.e.f.g.h.corp.test"  # nine levels with itself
    assert cl.new_order([far]).json()["status"] == "pending"
    r = cl.new_order([below(far, "corp.test")])
    assert r.json()["status"] == "ready"
    certified(cl, r.json(), [far])


def test_a_restart_with_another_rule_ends_it(ca, cl, dns):
    assert prove(cl, dns, new_authz(cl, "corp.test").location)["status"] == "valid"
    order = cl.new_order(["a.corp.test"]).json()
    assert order["status"] == "ready"
    cl.close()
    assert ca.stop() == 0
    ca.edit(lambda t: t.replace(RULES, "names: []\n"))
    ca.start()
    # The front knows the order and its authorization; the judge decides by its own rules.
    refused(cl.finalize(order, csr(["a.corp.test"])), "unauthorized", 403)
    assert cl.new_order(["a.corp.test"]).json()["status"] == "pending"


def test_who_controls_the_domain_may_have_a_certificate_below_revoked(ca, cl, dns, web):
    owner = Client(ca)
    owner.register()
    pem = owner.issue(web, ["a.corp.test"])
    owner.close()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    refused(cl.post(cl.dir["revokeCert"], {"certificate": b64u(der)}), "unauthorized", 403)
    assert prove(cl, dns, new_authz(cl, "corp.test").location)["status"] == "valid"
    assert cl.post(cl.dir["revokeCert"], {"certificate": b64u(der)}).status == 200


def explain(ca, name, *args):
    p = ca.cli("explain", "--name", name, "--json", *args, check=False)
    answer = json.loads(p.stdout[p.stdout.index("{"):])
    return answer["verdict"], answer["names"][0]


def test_explain_says_which_domain_stands_for_the_name(ca, cl, dns):
    assert explain(ca, "a.b.corp.test")[1]["ancestors"] == ["a.b.corp.test", "b.corp.test", "corp.test"]
    verdict, name = explain(ca, "www.example.test", "--account", cl.kid)
    assert (verdict, name["authorization"], name["ancestors"]) == ("proofs-missing", "missing", [])
    url = new_authz(cl, "corp.test").location
    verdict, name = explain(ca, "a.b.corp.test", "--account", cl.kid)
    assert (verdict, name["authorization"]) == ("proofs-missing", "missing") and "authorization_of" not in name
    assert prove(cl, dns, url)["status"] == "valid"
    verdict, name = explain(ca, "a.b.corp.test", "--account", cl.kid)
    assert (verdict, name["authorization"], name["authorization_of"]) == ("ready", "valid", "corp.test")
    verdict, name = explain(ca, "other.corp.test", "--account", cl.kid)
    assert verdict == "refused" and "do not name this CA" in name["caa"]


def test_tabard_get_proves_an_ancestor_and_renews_under_it(ca, cl, dns):
    tabard = Tabard(ca.ns, ca.url, ca.root)
    tabard.get("a.corp.test", "*.b.corp.test", "--ancestor", "Corp.test", "--dns-update", "127.0.0.1")
    assert names(tabard.check_pair("a.corp.test")) == ["*.b.corp.test", "a.corp.test"]
    asked = ca.log().count("validated ")
    assert asked > 0
    # The proof of the domain lasts: no proof is asked for, and none could be made.
    tabard.get("c.corp.test", "--ancestor", "corp.test", "--webroot", "/nonexistent")
    tabard.run("renew", "--force", session=False)
    assert names(tabard.check_pair("a.corp.test")) == ["*.b.corp.test", "a.corp.test"]
    assert ca.log().count("validated ") == asked
    # Where the operator has no rule, each name is asked for.
    tabard.get("www.example.test", "--ancestor", "example.test", "--dns-update", "127.0.0.1")
    for bad in ("*.corp.test", "", "192.0.2.1", "a_b.test"):
        assert "--ancestor" in tabard.get("a.corp.test", "--ancestor", bad, want=2)
