"""A platform admits partners by name: each has a clientAuth certificate by two commands of its own, and nobody acts at the
platform's side. Their ACME clients are certbot and lego as Debian ships them."""
import glob
import hashlib
import os

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from harness.acme import Client, Http01, b64u, csr
from harness.ca import program
from harness.clients import Certbot, Lego
from harness.internet import World
from harness.service import Service, visit
from harness.tabard import OK, PROOF, REFUSED
from harness.useproof import UseChallenge, new_key
from harness.x509 import CLIENT_AUTH, ekus, load_chain, names

PARTNERS = ("one", "two")
LISTS = "names:\n" + "".join(f"  - profile: {profile}\n    allow: [one.test, two.test]\n"
                            for profile in ("client", "client-preproved"))


def with_partners(text):
    assert "names: []\n" in text
    return text.replace("names: []\n", LISTS)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("partners"), {"one": (4,), "two": (4, 6), "outsider": (4,), "platform": (4, 6)},
              edit=with_partners)
    yield w
    w.close()


@pytest.fixture(scope="module")
def platform(world):
    t = world.platform.tabard()
    t.get("platform.test")
    s = Service(world.platform.host, world.ca, t.path("platform.test", "fullchain.pem"), t.path("platform.test", "privkey.pem"),
                {f"{p}.test": f"account-of-{p}" for p in PARTNERS})
    yield s
    s.close()


def prove(world, org, name, account, tag, want=OK):
    """The first of the two commands. (output, key, request)"""
    key, request = (os.path.join(org.host.tmp, f"{tag}.{kind}") for kind in ("key", "csr"))
    p = org.host.run([program("tabard"), "prove", name, "--new-key", key, "--csr-out", request, "--account-key", account,
                      "--server", world.ca.profile_url("client-preproved"), "--ca", world.ca.root], check=False)
    assert p.returncode == want, p.stdout
    return p.stdout, key, request


class WithCertbot:
    def __init__(self, world, org, directory):
        self.bot = Certbot(world.ca, directory=directory, ns=org.host)
        self.org = org
        self.bot.run("register")
        self.account, = glob.glob(f"{self.bot.dir}/etc/accounts/**/private_key.json", recursive=True)

    def order(self, name, request, tag, check=True):
        """The second of the two commands. (chain, or None, and the output)"""
        chain = os.path.join(self.org.host.tmp, f"{tag}-chain.pem")
        p = self.bot.run("certonly", "--csr", request, "--standalone", "--fullchain-path", chain, "--cert-path", chain + ".cert",
                         "--chain-path", chain + ".rest", check=check)
        return (chain if os.path.exists(chain) else None), p.stdout


class WithLego:
    def __init__(self, world, org, directory):
        self.lego = Lego(world.ca, directory=directory, ns=org.host)
        # lego registers when it orders; the order is refused and says what to do.
        p = self.lego.run("--domains", org.name, "--http", "run", check=False)
        assert p.returncode != 0 and "tabard prove" in p.stdout, p.stdout
        self.account, = glob.glob(f"{self.lego.dir}/accounts/*/*/keys/*.key")

    def order(self, name, request, tag, check=True):
        for old in self.lego.certs():
            os.unlink(old)
        p = self.lego.run("--csr", request, "--http", "run", check=check)
        path = self.lego.cert(name)
        return (path if os.path.exists(path) else None), p.stdout


def check(chain, key_file, name):
    leaf, issuing = load_chain(chain)
    with open(key_file, "rb") as f:
        key = load_pem_private_key(f.read(), None)
    assert leaf.public_key().public_numbers() == key.public_key().public_numbers()
    assert names(leaf) == [name] and ekus(leaf) == [CLIENT_AUTH] and ekus(issuing) == [CLIENT_AUTH]
    return leaf


@pytest.mark.interop("certbot", "client certificate, key proved before")
@pytest.mark.interop("lego", "client certificate, key proved before")
@pytest.mark.parametrize("label, client", [("one", WithCertbot), ("two", WithLego)])
def test_a_partner_gets_in_by_two_commands_and_renews_by_the_same_two(world, platform, label, client):
    org = getattr(world, label)
    c = client(world, org, world.ca.profile_url("client-preproved"))
    serials = set()
    for tag in ("first", "renewed"):
        _, key, request = prove(world, org, org.name, c.account, tag)
        chain, _ = c.order(org.name, request, tag)
        leaf = check(chain, key, org.name)
        serials.add((leaf.serial_number, leaf.public_key().public_numbers()))
        assert visit(org.host, "platform.test", world.ca.root, chain, key) == f"account-of-{label}"
    assert len(serials) == 2, "a renewal has a key of its own"


def test_the_outsider_gets_nothing(world, platform):
    ca, org = world.ca, world.outsider
    before = ca.cli_json("list")["certificates"]
    c = WithCertbot(world, org, ca.profile_url("client-preproved"))
    # Under its own name, which it controls: the platform did not admit it.
    told, _, request = prove(world, org, "outsider.test", c.account, "own", want=REFUSED)
    assert "outsider.test" in told and "allow" in told
    # Under a partner's name: it is not there.
    told, _, request = prove(world, org, "one.test", c.account, "others", want=PROOF)
    assert world.outsider.v4 in told and world.one.v4 in told, "both addresses are named"
    chain, told = c.order("one.test", request, "others", check=False)
    assert chain is None and "one.test" in told
    # By the client that proves both in its order.
    for name, want in (("outsider.test", REFUSED), ("one.test", PROOF)):
        t = org.tabard("client", f"tabard-{name}")
        told = t.get(name, want=want)
        assert name in told and not os.path.exists(t.path(name))
    assert ca.cli_json("list")["certificates"] == before


class ByHttp:
    def __init__(self, world, org):
        self.web = Http01(org.host, org.v4)

    def prove(self, client, authz):
        return client.prove_http(self.web, {"authorizations": [authz]})[0]

    def close(self):
        self.web.close()


class ByDns:
    def __init__(self, world, org):
        self.org = org

    def prove(self, client, authz):
        ch = next(c for c in client.post(authz, None).json()["challenges"] if c["type"] == "dns-01")
        value = b64u(hashlib.sha256(client.key_authorization(ch["token"]).encode()).digest())
        self.org.update(f'add _acme-challenge.{self.org.name}. 1 TXT "{value}"')
        client.post(ch["url"], {})
        return client.wait(authz, lambda a: a["status"] not in ("pending", "processing"))

    def close(self):
        self.org.update(f"del _acme-challenge.{self.org.name}. TXT")


@pytest.mark.parametrize("way", [ByHttp, ByDns])
def test_control_alone_is_no_client_and_what_is_missing_is_told(world, way):
    ca, org = world.ca, world.one
    way = way(world, org)
    c = Client(ca, directory=ca.profile_url("client"), ns=org.host)
    c.register()
    try:
        # In an order: the other authorization is still to be proved, and says how.
        order = c.new_order([org.name]).json()
        a = {x["proves"]: x for x in c.authz(order)}
        urls = {c.post(u, None).json()["proves"]: u for u in order["authorizations"]}
        assert set(a) == {"control", "use"} and way.prove(c, urls["control"])["status"] == "valid"
        assert [ch["type"] for ch in a["use"]["challenges"]] == ["tls-client-01"]
        r = c.finalize(order, csr([org.name]))
        assert r.problem == "orderNotReady"
        assert "use" in r.json()["detail"] and org.name in r.json()["detail"], r.body
        # With the use proved beforehand, by ACME clients that know only control: refused before anything is made.
        new_order = c.get(ca.profile_url("client-preproved")).json()["newOrder"]
        r = c.post(new_order, {"identifiers": [{"type": "dns", "value": org.name}]})
        assert (r.status, r.problem) == (400, "rejectedIdentifier"), r.body
        assert f"tabard prove {org.name}" in r.json()["detail"], r.body
        # What is told helps.
        use = UseChallenge(c, org.name)
        key = new_key()
        use.arm()
        assert use.connect(org.host, key).line == f"ok {org.v4}\n" and use.ended() == "valid"
        order = c.post(new_order, {"identifiers": [{"type": "dns", "value": org.name}]}).json()
        assert order["status"] == "ready", order
        other = c.finalize(order, csr([org.name]))
        assert other.problem == "badCSR", "another key was not proved"
        assert c.finalize(order, csr([org.name], key)).status == 200
    finally:
        way.close()
        c.close()
