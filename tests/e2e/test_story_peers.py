"""Peers who never met: beta accepts a connection as alpha's because of the certificate alone. And who tries to be alpha."""
import os
import shutil
import tempfile

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from harness.acme import Client, Http01, csr
from harness.ca import program
from harness.internet import DNS, V4, World
from harness.proofs_told import ARC, with_arc
from harness.service import Service, visit
from harness.tabard import OK, PROOF, Tabard
from harness.useproof import UseChallenge, alpn_digest, new_key, replay, tag
from harness.web import Webroot
from harness.x509 import CLIENT_AUTH, ekus, names

NAME = "alpha.test"


def with_strict(text):
    """Names below strict.test are used from low ports only."""
    assert 'low_source_port: false' in text
    zone = (f'zones:\n  - domain: strict.test\n    resolvers: ["{V4}{DNS}:53"]\n    allow_private: ["{V4}0/24"]\n'
            "    low_source_port: true\n")
    return with_arc(text).replace("zones:\n", zone, 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("peers"), {"alpha": (4, 6), "beta": (4, 6), "gamma": (4,), "mallory": (4,), "strict": (4,),
                                                 "guarded": (4,)}, edit=with_strict)
    yield w
    w.close()


CAREFUL, CARELESS, STRICT = 8443, 8444, 8445


@pytest.fixture(scope="module")
def service(world):
    """beta's, which knows two names and nobody. The careless one trusts the servers' root for clients, too; the strict one
    wants to be told that the name was proved in the DNS."""
    t = world.beta.tabard()
    t.get("beta.test")
    made = [Service(world.beta.host, world.ca, t.path("beta.test", "fullchain.pem"), t.path("beta.test", "privkey.pem"),
                    {"alpha.test": "alpha", "gamma.test": "gamma"}, port, more=more, proofs=proofs, arc=ARC)
            for port, more, proofs in ((CAREFUL, (), ["tls-client-01"]), (CARELESS, [world.ca.root], ()),
                                       (STRICT, (), ["tls-client-01", "dns-01"]))]
    yield
    for s in made:
        s.close()


@pytest.fixture
def mallory(world):
    c = Client(world.ca, directory=world.ca.profile_url("client"), ns=world.mallory.host)
    assert c.register().status == 201
    yield c
    c.close()


@pytest.fixture
def alpha(world):
    """An account of alpha's."""
    c = Client(world.ca, directory=world.ca.profile_url("client"), ns=world.alpha.host)
    assert c.register().status == 201
    yield c
    c.close()


def visit_with(world, org, t, name, port=CAREFUL):
    return visit(org.host, "beta.test", world.ca.root, t.path(name, "fullchain.pem"), t.path(name, "privkey.pem"), port)


class Stranger:
    """A program on an organisation's host that is nobody there: no rights, no key, but what was given to it."""

    def __init__(self, org):
        self.org = org
        self.dir = tempfile.mkdtemp(prefix="stranger-")
        self.user = []
        try:
            os.chown(self.dir, 65534, 65534)
            self.user = ["--reuid=65534", "--regid=65534", "--clear-groups"]
        except OSError:
            pass  # in a user namespace with one user it has no capabilities, which is what counts
        os.chmod(self.dir, 0o755)
        for path in (program("tabard"), org.world.ca.root, org.key_file):
            self.take(path)

    def take(self, path):
        copy = shutil.copy(path, self.dir)
        if self.user:
            os.chown(copy, 65534, 65534)
        return copy

    def get(self, *args, want=OK, more_rights=()):
        ca, d = self.org.world.ca, self.dir
        rights = more_rights or ("--inh-caps=-all", "--bounding-set=-all")
        p = self.org.host.run(["setpriv", *self.user, *rights, f"{d}/tabard", "get", self.org.name, "--server", ca.profile_url("client"),
                               "--ca", f"{d}/root-server.pem", "--dir", f"{d}/state", *args], check=False, cwd=d)
        assert p.returncode == want, p.stdout
        return p.stdout

    @property
    def by_dns(self):
        return self.org.by_dns[:2] + ("--dns-key", os.path.join(self.dir, "zone.key"))

    def files(self):
        return tuple(os.path.join(self.dir, "state", self.org.name, f) for f in ("fullchain.pem", "privkey.pem"))

    def close(self):
        shutil.rmtree(self.dir)


@pytest.fixture
def stranger(world):
    s = Stranger(world.alpha)
    yield s
    s.close()


class WebRoot:
    """What stands below alpha's web root is decided by whoever has it; nothing else on the host is."""

    def __init__(self, org):
        self.answers = {}
        self.servers = [Http01(org.host, address) for address in (org.v4, org.v6)]
        for s in self.servers:
            s.answers = self.answers

    def close(self):
        for s in self.servers:
            s.close()


@pytest.fixture
def webroot(world):
    w = WebRoot(world.alpha)
    yield w
    w.close()


def authz_of(client, order, proves):
    for url in order["authorizations"]:
        if client.post(url, None).json()["proves"] == proves:
            return url
    raise AssertionError(f"no authorization that proves {proves}")


def clients_of(world, name=NAME):
    """Certificates for clients that the signer's log holds for a name."""
    return [c for c in world.ca.cli_json("list")["certificates"] if name in str(c) and "clientAuth" in str(c)]


# those who are who they say


def test_a_peer_that_never_met_another_is_accepted_by_its_name(world, service):
    for org in (world.alpha, world.gamma):
        t = org.tabard("client")
        t.get(org.name)
        leaf = t.check_pair(org.name)
        assert names(leaf) == [org.name] and ekus(leaf) == [CLIENT_AUTH]
        assert visit_with(world, org, t, org.name) == org.label
    assert visit(world.alpha.host, "beta.test", world.ca.root).startswith("refused"), "without a certificate nobody comes in"


def test_a_peer_may_demand_the_stronger_proof(world, service):
    for how, port, told in ((("--name", "web"), STRICT, "denied"), (("--name", "zone", *world.alpha.by_dns), STRICT, "alpha"),
                            (("--name", "web-again"), CAREFUL, "alpha")):
        t = world.alpha.tabard("client", f"tabard-{how[1]}")
        t.get(NAME, *how)
        assert visit_with(world, world.alpha, t, how[1], port).startswith(told)


def test_a_name_that_is_not_on_the_list_is_denied(world, service):
    t = world.mallory.tabard("client")
    t.get("mallory.test")
    assert visit_with(world, world.mallory, t, "mallory.test").startswith("denied")


# those who are not


def test_a_stolen_server_key_is_no_client(world, service):
    t = world.alpha.tabard()
    t.get(NAME)
    stolen = Tabard(world.mallory.host, world.ca.url, world.ca.root, "stolen")
    shutil.copytree(t.dir, stolen.dir, symlinks=True)
    for org, files in ((world.mallory, stolen), (world.alpha, t)):
        assert "UNKNOWN_CA" in visit_with(world, org, files, NAME)
        assert "UNSUPPORTED_CERTIFICATE" in visit_with(world, org, files, NAME, CARELESS)


def test_a_stolen_server_key_proves_no_use_from_elsewhere(world, mallory):
    t = world.alpha.tabard(name="second")
    t.get(NAME)
    with open(t.path(NAME, "privkey.pem"), "rb") as f:
        key = load_pem_private_key(f.read(), None)
    use = UseChallenge(mallory, NAME)
    use.arm()
    assert use.connect(world.mallory.host, key).line == f"refused address {world.mallory.v4}\n"
    assert use.status() == "pending"


def test_control_of_the_web_root_only(world, mallory, webroot):
    before = clients_of(world)
    r = mallory.new_order([NAME])
    assert r.status == 201, r.body
    order = r.json()
    control, = [a for a in mallory.prove_http(webroot, {"authorizations": [authz_of(mallory, order, "control")]})]
    assert control["status"] == "valid", "the web root is control, and is said to be"
    use = UseChallenge(mallory, NAME, authz_of(mallory, order, "use"))
    key = new_key()
    use.arm()
    assert use.connect(world.mallory.host, key).line == f"refused address {world.mallory.v4}\n"
    told = use.error()
    assert told["type"].endswith(":unauthorized")
    for address in (world.mallory.v4, world.alpha.v4, world.alpha.v6):
        assert address in told["detail"], told
    assert mallory.finalize(order, csr([NAME], key)).problem == "orderNotReady"
    assert clients_of(world) == before


def test_a_server_that_is_made_to_fetch_proves_nothing(world, mallory, alpha):
    """SSRF, made easy: the URL's host is the armed one, and alpha's own client certificate is sent along."""
    t = world.alpha.tabard("client", "fetcher")
    t.get(NAME)
    use = UseChallenge(mallory, NAME)
    use.arm()
    host, port = use.responder.rsplit(":", 1)
    url = f"https://{tag(use.token)}.{host}:{port}/.well-known/acme-challenge/x"
    fetch = ["curl", "-sS", "-m", "20", "--cacert", world.ca.root, "--connect-to", f"::{V4}1:{port}", url]
    own = ["--cert", t.path(NAME, "fullchain.pem"), "--key", t.path(NAME, "privkey.pem")]
    for more in ([], own, ["-X", "POST", "-d", "x" * 1000] + own):
        p = world.alpha.host.run(fetch + more, check=False)
        assert p.returncode != 0 and "ok " not in p.stdout, p.stdout
    # And one that even speaks the protocol, with the certificates that alpha has.
    p = world.alpha.host.run(["openssl", "s_client", "-connect", f"{V4}1:{port}", "-servername", f"{tag(use.token)}.{host}",
                              "-alpn", "acme-tls-client/1", "-tls1_3", "-CAfile", world.ca.root, "-quiet", "-cert", own[1],
                              "-key", own[3]], check=False, timeout=60)
    assert f"refused certificate {world.alpha.v4}" in p.stdout, p.stdout
    assert use.status() == "pending"


def test_a_recorded_proof_is_worthless(world, alpha):
    key, home = new_key(), world.alpha.host
    use = UseChallenge(alpha, NAME)
    use.arm()
    home.add_address(V4 + "200")  # alpha's, but not published
    try:
        first = use.connect(home, key, source=V4 + "200")
    finally:
        home.run(["ip", "addr", "del", V4 + "200/32", "dev", "lo"])
    assert first.line == f"refused address {V4}200\n"
    # While the challenge is armed, from the right address, octet for octet what alpha's key has signed:
    got = replay(home, world.ca, use.responder, first.sent)
    assert b"ok " not in got and use.status() == "pending"
    good = use.connect(home, key, source=world.alpha.v4)
    assert good.line == f"ok {world.alpha.v4}\n" and use.ended() == "valid"
    # And afterwards, for this challenge and for the next one.
    assert b"ok " not in replay(home, world.ca, use.responder, good.sent)
    again = UseChallenge(alpha, NAME)
    assert again.url != use.url
    again.arm()
    replay(home, world.ca, use.responder, good.sent)
    assert again.status() == "pending"


def test_another_accounts_use_proof_serves_nobody_else(world, alpha, mallory, webroot):
    key = new_key()
    use = UseChallenge(alpha, NAME)
    use.arm()
    assert use.connect(world.alpha.host, key).line.startswith("ok ") and use.ended() == "valid"
    preproved = mallory.get(world.ca.profile_url("client-preproved")).json()["newOrder"]
    r = mallory.post(preproved, {"identifiers": [{"type": "dns", "value": NAME}]})
    assert r.problem == "rejectedIdentifier" and "tabard prove" in r.json()["detail"], r.body
    assert alpha.post(preproved, {"identifiers": [{"type": "dns", "value": NAME}]}).status == 201
    # Nor in an order that asks for the proof: alpha's CSR is no secret.
    order = mallory.new_order([NAME]).json()
    mallory.prove_http(webroot, {"authorizations": [authz_of(mallory, order, "control")]})
    assert mallory.finalize(order, csr([NAME], key)).problem == "orderNotReady"


def test_a_tls_alpn_answer_is_no_use_proof(world, alpha):
    key = new_key()
    use = UseChallenge(alpha, NAME)
    use.arm()
    answer = alpn_digest(use.key_authorization)
    refused = f" {world.alpha.v4}\n"
    assert use.connect(world.alpha.host, key, digest=answer, ekus=()).line == "refused certificate" + refused
    assert use.connect(world.alpha.host, key, digest=answer).line == "refused digest" + refused
    assert use.status() == "pending"
    assert use.connect(world.alpha.host, key).line == "ok" + refused, "the right one still is"


# one who succeeds: doc/tls-client-01.md section 8, doc/threats.md section 5


def accepted_as_alpha(world, s):
    return visit(world.alpha.host, "beta.test", world.ca.root, *s.files()) == "alpha"


def test_a_local_process_with_the_zones_key_is_the_name(world, service, stranger):
    stranger.get(*stranger.by_dns)
    assert accepted_as_alpha(world, stranger)


def get_by_web_root(s, want=OK):
    """It may write below the web root of the organisation's server, which is another user's."""
    web = Webroot(s.org.host, "web-of-" + s.org.label, bind="::")
    for path in (web.challenges, os.path.dirname(web.challenges)):
        os.chmod(path, 0o777)
    link = os.path.join(s.dir, "web")  # it may not pass through the directory of the test
    os.mkdir(link)
    s.org.host.run(["mount", "--bind", web.dir, link])
    try:
        return s.get("--webroot", link, want=want)
    finally:
        s.org.host.run(["umount", link])
        web.stop()


def test_a_local_process_with_the_web_root_is_the_name(world, service, stranger):
    get_by_web_root(stranger)
    assert accepted_as_alpha(world, stranger)


def test_caa_that_names_the_account_stops_a_local_process_with_the_web_root(world, alpha):
    org = world.guarded
    org.update(f'add {org.name}. 1 CAA 0 issue "ca.test; accounturi={alpha.kid}"')
    s = Stranger(org)
    try:
        told = get_by_web_root(s, want=PROOF)
        assert "CAA" in told and org.name in told
    finally:
        s.close()


def test_a_low_port_is_a_signal_and_no_proof(world):
    t = world.strict.tabard("client")
    t.get("strict.test", *world.strict.by_dns)
    t.check_pair("strict.test")
    s = Stranger(world.strict)
    try:
        told = s.get(*s.by_dns, want=PROOF)
        assert "(port)" in told and "below 1024" in told
        # A container, a capability, a port forwarder give it away.
        s.get(*s.by_dns, more_rights=("--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"))
    finally:
        s.close()
