"""tabard get and renew for certificates of clients: control and use of each name proved, against the real responder."""
import json
import sqlite3
import time
from types import SimpleNamespace

import pytest
from cryptography import x509
from harness.acme import Client, Http01, csr
from harness.applicant import Applicant, use_cert, use_digest
from harness.attack import parallel, refused
from harness.dns import Knot
from harness.proc import wait_for
from harness.tabard import OK, PROOF, REFUSED, Tabard
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, names

NAME = "www.example.test"


@pytest.fixture
def dns(ns):
    server = Knot(ns, {"example.test": [
        "@ A 127.0.0.1", "www A 127.0.0.1", "api A 127.0.0.1", "ca A 127.0.0.1", "six AAAA ::1", "alias CNAME www",
        "two A 127.0.0.2", "two A 127.0.0.1", "moved A 127.0.0.1", '_acme-egress.moved TXT "v=egress1 ip4:192.0.2.0/24"',
        "away A 127.0.0.1", '_acme-egress.away TXT "v=egress1 ip4:127.0.0.0/24"',
        "nobody A 127.0.0.1", '_acme-egress.nobody TXT "v=egress1"'], "test": []})
    yield server
    server.stop()


@pytest.fixture
def tabard(ca):
    return Tabard(ca.ns, ca.url, ca.root)


def get(t, *args, **kw):
    return t.get(*args, "--profile", "client", **kw)


def test_get_proves_both_and_the_key_stays_the_one_that_was_proved(tabard):
    out = get(tabard, NAME)
    leaf = tabard.check_pair(NAME)
    assert names(leaf) == [NAME] and ekus(leaf) == [CLIENT_AUTH] and "clientAuth until " in out
    assert leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == NAME
    assert "responder ca.test saw 127.0.0.1" in out
    assert tabard.chain(NAME)[1].subject != leaf.subject and len(tabard.chain(NAME)) == 2


def test_both_roles_have_a_certificate_each(tabard):
    tabard.get(NAME)
    get(tabard, NAME, "--name", "client")
    assert ekus(tabard.check_pair(NAME)) == [SERVER_AUTH] and ekus(tabard.check_pair("client")) == [CLIENT_AUTH]


@pytest.mark.parametrize("key_type", ["p384", "rsa2048", "ed25519"])
def test_key_types(tabard, key_type):
    get(tabard, NAME, "--key-type", key_type)
    assert ekus(tabard.chain(NAME)[0]) == [CLIENT_AUTH]


def test_several_names_and_declared_egress(tabard):
    out = json.loads(get(tabard, NAME, "api.example.test", "away.example.test", "alias.example.test", "two.example.test", "--json", "--quiet",
                         "--name", "many"))
    assert out["ok"] and out["usages"] == "clientAuth"
    assert names(tabard.check_pair("many")) == sorted(out["names"])


@pytest.mark.parametrize("name,why", [("moved.example.test", "192.0.2.0/24"), ("nobody.example.test", "nobody may prove use")])
def test_an_address_that_the_name_does_not_publish_is_told(ca, tabard, name, why):
    out = get(tabard, name, "--dns-update", "127.0.0.1", want=PROOF)
    assert "tls-client-01" in out or "refused (address)" in out
    assert why in out
    assert ("it saw 127.0.0.1" in out) == (name == "moved.example.test")
    assert "finalize-refused" not in ca.log()


def rows(ca, table):
    with sqlite3.connect(f"file:{ca.dir}/store/tabard.db?mode=ro", uri=True) as db:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_name_that_is_nowhere_is_refused_before_any_authorization_exists(ca, tabard):
    out = get(tabard, "none.example.test", want=REFUSED)
    assert "none.example.test has neither A nor AAAA records, and declares no egress" in out
    c = Client(ca, directory=ca.profile_url("client"))
    c.register()
    r = c.new_order([NAME, "none.example.test", "void.example.test"])
    refused(r, "rejectedIdentifier", 400)
    assert [p["identifier"]["value"] for p in r.json()["subproblems"]] == ["none.example.test", "void.example.test"]
    r = c.post(c.dir["newAuthz"], {"identifier": {"type": "dns", "value": "none.example.test"}, "proves": "use",
                                   "purposes": ["clientAuth"]})
    refused(r, "rejectedIdentifier", 400)
    assert rows(ca, "authzs") == rows(ca, "orders") == 0
    c.close()


def test_what_dns_does_not_answer_is_left_to_the_proof(ca, dns):
    c = Client(ca, directory=ca.profile_url("client"))
    c.register()
    dns.stop()
    r = c.new_order([NAME])
    assert r.status == 201 and len(r.json()["authorizations"]) == 2, r.body
    c.close()


def test_renewal_proves_again_and_may_change_the_key(tabard):
    get(tabard, NAME)
    first = tabard.check_pair(NAME)
    tabard.set(NAME, renew_at_s=1, ari_next_s=int(time.time()) + 3600)
    out = tabard.run("renew", want=OK, session=False)
    assert "renewed" in out and "responder ca.test saw 127.0.0.1" in out, out
    second = tabard.check_pair(NAME)
    assert second.serial_number != first.serial_number and ekus(second) == [CLIENT_AUTH]


def test_another_accounts_proof_in_ones_own_order_is_nothing(ca, tabard):
    """What tabard has proved serves its account and its key alone."""
    get(tabard, NAME)
    web = Http01(ca.ns)
    c = Client(ca, directory=ca.profile_url("client-preproved"))
    c.register()
    r = c.new_order([NAME])
    assert r.problem == "rejectedIdentifier" and "tabard prove" in r.json()["detail"]
    r = c.new_order([NAME], profile="client")
    c.prove_http(web, {"authorizations": r.json()["authorizations"][:1]})
    assert c.finalize(r.json(), csr([NAME])).problem == "orderNotReady"
    web.close()
    c.close()


def test_windows_of_many_accounts_are_open_at_the_same_time(ca):
    """Each proves with its own key and account, all from one address."""
    clients = [Client(ca, directory=ca.profile_url("client")) for _ in range(12)]
    there = SimpleNamespace(ca=ca, host="ca.test", listen=("127.0.0.1", 14002))
    web, opened = Http01(ca.ns), []
    for c in clients:
        c.register()
        r = c.new_order([NAME])
        c.prove_http(web, {"authorizations": r.json()["authorizations"][:1]})
        url = r.json()["authorizations"][1]
        (ch,) = c.post(url, None).json()["challenges"]
        assert c.post(ch["url"], {}).json()["status"] == "processing"
        opened.append((c, r.location, url, ch["token"]))

    def one(i):
        c, order, url, token = opened[i]
        applicant = Applicant(ca.ns, there)
        # With the digest of another's window, from the same address at the same time: refused, and ends nothing.
        wrong, key = use_cert(NAME, use_digest(clients[i - 1].key_authorization(opened[i - 1][3])))
        assert applicant.show(token, wrong, key) == "refused digest 127.0.0.1"
        der, key = use_cert(NAME, use_digest(c.key_authorization(token)))
        assert applicant.show(token, der, key) == "ok 127.0.0.1"
        assert c.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
        return c.finalize(c.post(order, None).json(), csr([NAME], key)).json()["status"]

    # A responder holds eight connections of one address; all windows stay open meanwhile.
    for at in (0, 6):
        assert parallel(6, lambda i, at=at: one(at + i)) == ["valid"] * 6
    web.close()
    for c in clients:
        c.close()


def test_a_peer_proves_control_for_both_roles_and_use_for_one(make_ca):
    ca = make_ca(extra=["--peer"]).start()
    t = Tabard(ca.ns, ca.url, ca.root)
    t.get(NAME, "--profile", "peer")
    assert set(ekus(t.check_pair(NAME))) == {SERVER_AUTH, CLIENT_AUTH}
    c = Client(ca, directory=ca.profile_url("peer"))
    c.register()
    said = [(a["proves"], a["purposes"]) for a in c.authz(c.new_order([NAME]).json())]
    assert said == [("control", ["serverAuth", "clientAuth"]), ("use", ["clientAuth"])]
    status = ca.cli_json("status")["front"]
    assert status["responder"] == {"connected": True, "address": "ca.test:14002"} and status["uses_in_flight"] == 0
    c.close()


@pytest.mark.parametrize("role", ["front", "responder"])
def test_a_window_that_a_killed_process_left_open_is_opened_again(ca, role):
    c = Client(ca, directory=ca.profile_url("client"))
    c.register()
    web = Http01(ca.ns)
    r = c.new_order([NAME])
    c.prove_http(web, {"authorizations": r.json()["authorizations"][:1]})
    url = r.json()["authorizations"][1]
    (ch,) = c.post(url, None).json()["challenges"]
    assert c.post(ch["url"], {}).json()["status"] == "processing"
    ca.kill(role)
    host, port = ch["responders"][0].split(":")
    there = SimpleNamespace(ca=ca, host=host, listen=("127.0.0.1", int(port)))
    applicant = Applicant(ca.ns, there)
    der, key = use_cert(NAME, use_digest(c.key_authorization(ch["token"])))

    def connect():
        try:
            return applicant.show(ch["token"], der, key)
        except OSError:  # not there, or not armed: an alert, or the end
            return None

    wait_for("the open window", lambda: connect() == "ok 127.0.0.1")
    assert c.wait(url, lambda a: a["status"] != "pending")["status"] == "valid"
    o = c.finalize(c.post(r.location, None).json(), csr([NAME], key))
    assert o.json()["status"] == "valid", o.body
    web.close()
    c.close()


def test_metrics_and_status_count_proofs(make_ca):
    ca = make_ca(metrics="127.0.0.1:9100").start()
    t = Tabard(ca.ns, ca.url, ca.root)
    get(t, NAME)
    get(t, "moved.example.test", want=PROOF)
    text = ca.ns.run(["curl", "-s", "http://127.0.0.1:9100/metrics"]).stdout
    value = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
    assert value['tabard_front_validations_total{method="tls-client-01",result="valid"}'] == "1"
    assert value["tabard_front_uses_armed_total"] == "2" and int(value["tabard_front_uses_refused_total"]) >= 1
    assert value["tabard_front_uses_in_flight"] == "1"  # the second window is still open
    ca.stop()
