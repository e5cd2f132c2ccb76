"""Where a client may be: behind NAT, at an address that changes, in one address family or both."""
import os

import pytest

from harness.acme import Client, csr
from harness.internet import V4, V6, World
from harness.proofs_told import evidence, policies, with_arc
from harness.tabard import PROOF, Tabard
from harness.useproof import UseChallenge, new_key
from harness.x509 import CLIENT_AUTH, ekus

OUTSIDE, INSIDE, NEIGHBOUR = V4 + "100", "10.0.0.5", "10.0.0.6"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Outside addresses that no zone knows, one that a zone declares, and hosts of each family."""
    w = World(tmp_path_factory.mktemp("nat"), {"home": (4,), "egress": (4,), "only4": (4,), "only6": (6,), "both": (4, 6),
                                               "moving": (4,)}, edit=with_arc)
    w.router = w.net.nat("router", OUTSIDE)
    w.laptop = w.net.home(w.router, "laptop", INSIDE)
    w.neighbour = w.net.home(w.router, "neighbour", NEIGHBOUR)
    yield w
    w.close()


def client(world, host):
    c = Client(world.ca, directory=world.ca.profile_url("client"), ns=host)
    assert c.register().status == 201
    return c


def check(t, name, declared=False):
    """A certificate for a client, which tells relying parties whether the address was the name's own."""
    leaf = t.check_pair(name)
    assert ekus(leaf) == [CLIENT_AUTH]
    assert policies(leaf) & {"use-published", "egress-declared"} == {"egress-declared" if declared else "use-published"}
    assert evidence(leaf)[name]["clientAuth"][1] == "tls-client-01"


def test_behind_nat_an_address_that_is_not_published_is_refused_and_named(world):
    t = world.home.tabard("client", host=world.laptop)
    told = t.get("home.test", *world.home.by_dns, want=PROOF)
    assert OUTSIDE in told and world.home.v4 in told, "the address seen, and the one expected"
    assert "_acme-egress" in told and INSIDE not in told
    assert not os.path.exists(t.path("home.test"))


def test_with_declared_egress_the_network_behind_is_the_names(world):
    org = world.egress
    org.update(f'add _acme-egress.egress.test. 1 TXT "v=egress1 ip4:{OUTSIDE}"')
    t = org.tabard("client", "through-nat", host=world.laptop)
    t.get("egress.test", *org.by_dns)
    check(t, "egress.test", declared=True)
    # What is declared stands instead of the addresses: the name's own host is no longer meant.
    told = org.tabard("client", "at-home").get("egress.test", *org.by_dns, want=PROOF)
    assert org.v4 in told and OUTSIDE in told


def test_a_neighbour_behind_the_same_address_is_told_apart_only_by_control(world):
    """doc/tls-client-01.md, section 8: who shares the address can make the connection; control is what it lacks."""
    world.egress.update("del _acme-egress.egress.test. TXT", f'add _acme-egress.egress.test. 1 TXT "v=egress1 ip4:{OUTSIDE}"')
    c = client(world, world.neighbour)
    use = UseChallenge(c, "egress.test")
    use.arm()
    assert use.connect(world.neighbour, new_key()).line == f"ok {OUTSIDE}\n" and use.ended() == "valid"
    order = c.new_order(["egress.test"]).json()
    assert c.finalize(order, csr(["egress.test"])).problem == "orderNotReady"
    told = Tabard(world.neighbour, world.ca.profile_url("client"), world.ca.root).get("egress.test", want=PROOF)
    assert "http-01" in told
    c.close()


def test_an_empty_declaration_is_nobody(world):
    world.home.update('add _acme-egress.home.test. 1 TXT "v=egress1"')
    try:
        told = world.home.tabard("client", "nobody").get("home.test", want=PROOF)
        assert "_acme-egress.home.test names no address" in told
    finally:
        world.home.update("del _acme-egress.home.test. TXT")


def test_an_address_that_changes_renews_once_dns_has_followed(world):
    org, new = world.moving, V4 + "110"
    t = org.tabard("client")
    t.get(org.name, *org.by_dns)
    first = t.check_pair(org.name)
    org.host.move(org.v4, new)
    told = t.run("renew", "--force", want=PROOF, session=False)
    assert new in told and org.v4 in told
    assert t.check_pair(org.name).serial_number == first.serial_number, "what is there stays"
    org.update("del moving.test. A", f"add moving.test. 1 A {new}")
    t.set(org.name, next_try_s=0)
    assert "renewed" in t.run("renew", "--force", session=False)
    assert t.check_pair(org.name).serial_number != first.serial_number


@pytest.mark.parametrize("label", ["only4", "only6", "both"])
def test_each_address_family(world, label):
    org = getattr(world, label)
    t = org.tabard("client")
    told = t.get(org.name)
    check(t, org.name)
    # The responder listens at [::]: IPv4 peers are shown, and compared, as IPv4.
    assert "::ffff:" not in told and any(f"saw {a}" in told for a in (org.v4, org.v6) if a), told


@pytest.mark.parametrize("family", [4, 6])
def test_a_name_with_both_families_is_used_from_either(world, family):
    source = {4: world.both.v4, 6: world.both.v6}[family]
    c = client(world, world.both.host)
    use = UseChallenge(c, "both.test")
    use.arm()
    assert use.connect(world.both.host, new_key(), source=source).line == f"ok {source}\n"
    assert use.ended() == "valid"
    c.close()


def test_the_other_family_of_a_host_is_not_published(world):
    """only4's host gets an IPv6 address that its zone does not know."""
    extra = V6 + "abc"
    world.only4.host.ip([f"addr add {extra}/64 dev eth0 nodad"])
    c = client(world, world.only4.host)
    use = UseChallenge(c, "only4.test")
    use.arm()
    try:
        assert use.connect(world.only4.host, new_key(), source=extra).line == f"refused address {extra}\n"
        # tabard tries the addresses that are published, and passes.
        t = world.only4.tabard("client", "dual")
        t.get("only4.test")
        check(t, "only4.test")
    finally:
        world.only4.host.ip([f"addr del {extra}/64 dev eth0"])
        c.close()


def test_a_mapped_address_in_the_zone_is_none(world):
    """AAAA ::ffff:192.0.2.100 publishes the IPv4 address for nobody who asks for A, and for nobody here."""
    org = world.only6
    org.update(f"add only6.test. 1 AAAA ::ffff:{OUTSIDE}")
    try:
        c = client(world, world.laptop)
        use = UseChallenge(c, "only6.test")
        use.arm()
        line = use.connect(world.laptop, new_key()).line
        assert line is None or line.startswith("refused "), line
        c.close()
    finally:
        org.update(f"del only6.test. AAAA ::ffff:{OUTSIDE}")
