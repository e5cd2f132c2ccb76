"""Where a proof of use may come from: both families, NAT, declarations, and what others can be made to send."""
import pytest
from cryptography.hazmat.primitives import serialization

from harness import wire
from harness.applicant import Applicant, pem, use_cert, use_digest
from harness.dns import Knot
from harness.internet import CA, DNS, V4, V6, Internet
from harness.responder import Responder

PUBLISHED, DECLARED = 1, 2
ZONE = ["four A 192.0.2.10", "six AAAA 2001:db8::10", "both A 192.0.2.10", "both AAAA 2001:db8::10",
        "alias CNAME both", "home A 192.0.2.30", "elsewhere A 192.0.2.99"]


class Net:
    def __init__(self, tmp):
        self.internet = Internet(tmp)
        self.dns = self.responder = None
        try:
            self.dns = Knot(self.internet.host("dns", V4 + str(DNS), V6 + str(DNS)), {"example.test": ZONE, "test": []},
                            V4 + str(DNS))
            self.ca_host = self.internet.host("ca", V4 + str(CA), V6 + str(CA))
            self.host = self.internet.host("host", [V4 + "10", V4 + "11"], [V6 + "10", V6 + "11"])
            self.router = self.internet.nat("router", V4 + "20")
            self.home = self.internet.home(self.router, "home", "10.0.0.30")
            self.responder = Responder(self.ca_host, listen=("::", 14002), resolver=V4 + str(DNS) + ":53",
                                       allow_private=(V4 + "0/24", V6 + "/64"))
        except BaseException:
            self.close()
            raise

    def applicant(self, host, family=4):
        return Applicant(host, self.responder, (V4 if family == 4 else V6) + str(CA))

    def declare(self, name, *texts):
        self.dns.update("example.test", f"del _acme-egress.{name}.example.test. TXT",
                        *(f'add _acme-egress.{name}.example.test. 1 TXT "{t}"' for t in texts))

    def close(self):
        if self.responder:
            self.responder.stop()
        if self.dns:
            self.dns.stop()
        self.internet.close()


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    n = Net(tmp_path_factory.mktemp("net"))
    yield n
    n.close()


def proved(net, host, name, source, family=4):
    """The statement of a proof that must succeed from this source."""
    rp, account = net.responder, net.responder.account()
    token, request = rp.arm(account, f"{name}.example.test")
    assert net.applicant(host, family).prove(account, f"{name}.example.test", token, source=source)[0].startswith("ok ")
    problem, detail, blobs = rp.answer(request)
    assert problem is None, detail
    return rp.statement(blobs[0])


def refused(net, host, name, source, family=4):
    """The line and the sentence of a refusal, after which the proof is still to be had."""
    rp, account = net.responder, net.responder.account()
    token, request = rp.arm(account, f"{name}.example.test")
    line = net.applicant(host, family).prove(account, f"{name}.example.test", token, source=source)[0]
    return line, rp.next_note(request)[1]


@pytest.mark.parametrize("name,family", [("four", 4), ("six", 6), ("both", 4), ("both", 6), ("alias", 4), ("alias", 6)])
def test_each_published_family(net, name, family):
    source = (V4 if family == 4 else V6) + "10"
    s = proved(net, net.host, name, source, family)
    assert (s.egress_kind, s.egress_prefix) == (PUBLISHED, 0)
    # IPv4 came through an IPv6 socket, and is IPv4 all the same.
    assert s.peer[:12] == (b"\0" * 10 + b"\xff\xff" if family == 4 else s.peer[:12]) and s.peer[-1] == (10 if family == 4 else 0x10)


@pytest.mark.parametrize("name,family,expected", [("four", 6, "192.0.2.10"), ("six", 4, "2001:db8::10"),
                                                  ("both", 4, "192.0.2.10, 2001:db8::10")])
def test_an_address_that_is_not_published(net, name, family, expected):
    source = (V4 if family == 4 else V6) + "11"
    line, detail = refused(net, net.host, name, source, family)
    assert line == f"refused address {source}"
    assert f"came from {source}; expected for {name}.example.test: {expected} (its A and AAAA records)" in detail


@pytest.mark.parametrize("family", [4, 6])
def test_an_address_stands_for_itself(net, family):
    own, other = ((V4 if family == 4 else V6) + n for n in ("10", "11"))
    rp, account = net.responder, net.responder.account()
    token, request = rp.arm(account, own, wire.IP)
    assert net.applicant(net.host, family).prove(account, own, token, source=other)[0] == f"refused address {other}"
    assert f"expected for {own}: {own} (the identifier itself)" in rp.next_note(request)[1]
    assert net.applicant(net.host, family).prove(account, own, token, source=own)[0] == f"ok {own}"
    assert rp.statement(rp.answer(request)[2][0]).egress_kind == PUBLISHED


def test_behind_nat_the_outside_address_counts(net):
    """The router's address is not the name's; declared, it is."""
    line, detail = refused(net, net.home, "home", None)
    assert line == "refused address 192.0.2.20"
    assert "came from 192.0.2.20; expected for home.example.test: 192.0.2.30" in detail
    net.declare("home", "v=egress1 ip4:192.0.2.16/28")
    s = proved(net, net.home, "home", None)
    assert (s.egress_kind, s.egress_prefix) == (DECLARED, 96 + 28)
    assert s.peer == b"\0" * 10 + b"\xff\xff" + bytes([192, 0, 2, 20])
    # Declared instead: what is published does not count any more.
    line, detail = refused(net, net.host, "home", V4 + "10")
    assert line == "refused address 192.0.2.10" and "192.0.2.16/28 (declared at _acme-egress)" in detail
    net.declare("home")


def test_a_declaration_says_nobody(net):
    net.declare("both", "v=egress1")
    rp = net.responder
    problem, detail = rp.refused(rp.account(), "both.example.test")
    assert problem == "unauthorized" and "nobody may prove use" in detail
    net.declare("both")


@pytest.mark.parametrize("texts,part", [
    (("v=egress1 ip4:192.0.2.10/33",), "neither ip4: nor ip6:"),
    (("v=egress1 ip4:192.0.2.10", "v=egress1 ip4:192.0.2.11"), "is there twice"),
    (("v=egress1 ip4:192.0.0.0/16",), "shorter than this CA's policy admits"),
])
def test_a_malformed_declaration_is_a_refusal(net, texts, part):
    net.declare("both", *texts)
    rp = net.responder
    problem, detail = rp.refused(rp.account(), "both.example.test")
    assert part in detail and "_acme-egress.both.example.test" in detail
    net.declare("both")


def test_what_a_wildcard_made_declares_nothing(net):
    """Well-formed or not: nobody wrote it for this name. What was written for it counts beside a wildcard."""
    for text in ("v=egress1 ip4:192.0.2.11", "v=egress1 nonsense"):
        net.dns.update("example.test", f'add *.both.example.test. 1 TXT "{text}"')
        s = proved(net, net.host, "both", V4 + "10")
        assert s.egress_kind == PUBLISHED
        net.declare("both", "v=egress1 ip4:192.0.2.11")
        if "nonsense" in text:
            assert proved(net, net.host, "both", V4 + "11").egress_kind == DECLARED
        net.declare("both")
        net.dns.update("example.test", "del *.both.example.test. TXT")


def test_a_declaration_by_alias_declares_nothing(net):
    net.dns.update("example.test", "add _acme-egress.both.example.test. 1 CNAME txt.example.test.",
                   'add txt.example.test. 1 TXT "v=egress1 ip4:192.0.2.11"')
    assert proved(net, net.host, "both", V4 + "10").egress_kind == PUBLISHED
    net.dns.update("example.test", "del _acme-egress.both.example.test.", "del txt.example.test.")


def test_addresses_are_looked_up_for_each_proof(net):
    net.dns.update("example.test", "del elsewhere.example.test. A", "add elsewhere.example.test. 3600 A 192.0.2.10")
    proved(net, net.host, "elsewhere", V4 + "10")
    net.dns.update("example.test", "del elsewhere.example.test. A", "add elsewhere.example.test. 3600 A 192.0.2.11")
    assert refused(net, net.host, "elsewhere", V4 + "10")[0] == "refused address 192.0.2.10"
    proved(net, net.host, "elsewhere", V4 + "11")


def test_a_server_that_can_be_made_to_fetch_proves_nothing(net, tmp_path):
    """Somebody else's account arms the victim's name, and has the victim's own server fetch a URL at the responder."""
    rp, attacker = net.responder, net.responder.account()
    token, request = rp.arm(attacker, "both.example.test")
    applicant = net.applicant(net.host)
    # Worst case: the fetcher shows a client certificate, as a server with one identity in both roles does.
    der, key = use_cert("both.example.test", None)
    identity = str(tmp_path / "identity.pem")
    with open(identity, "wb") as f:
        f.write(pem(der) + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
    url = f"https://{applicant.name_of(token)}:{rp.listen[1]}/"
    fetch = ["curl", "-sk", "--max-time", "20", "--interface", V4 + "10", "--cert", identity, "--resolve",
             f"{applicant.name_of(token)}:{rp.listen[1]}:{V4}{CA}"]
    for more in ([], ["--no-alpn"], ["--http2"]):
        p = net.host.run(fetch + more + [url], check=False)
        assert p.returncode != 0 and p.stdout == ""
        problem, detail = rp.next_note(request)
        assert problem == "tls" and "did not offer acme-tls-client/1" in detail
    # A client of another protocol that does offer it shows a certificate for something else.
    assert applicant.show(token, der, key, source=V4 + "10") == f"refused certificate {V4}10"
    # And a proof that the victim makes for itself is of another account.
    der, key = use_cert("both.example.test", use_digest(rp.account().authorization(token)))
    assert applicant.show(token, der, key, source=V4 + "10") == f"refused digest {V4}10"
    assert request not in rp.answers
