"""caa: skip, for a private zone whose servers cannot be asked for CAA; everywhere else a failed lookup is a refusal."""
import pytest

from harness.acme import Client, Http01, csr
from harness.dns import Knot
from harness.x509 import load_chain, names
from test_explain import one
from test_restart import reload

ZONE = """zones:
  - domain: example.test
    resolvers: ["127.0.0.1:53"]
    allow_private: [127.0.0.0/8]
    caa: skip
"""


@pytest.fixture
def dns(ns):
    """No "test" above: the question for CAA there is refused."""
    server = Knot(ns, {"example.test": ["www A 127.0.0.1", "sub.deeper A 127.0.0.1",
                                        'none A 127.0.0.1', 'none CAA 0 issue "other.test"'],
                       "example.org": ["www A 127.0.0.1"]})
    yield server
    server.stop()


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def outcome(ca, web, name):
    """None, or the type with which the validation failed."""
    c = Client(ca)
    c.register()
    web.answers.clear()
    order = c.new_order([name]).json()
    a = c.prove_http(web, order)[0]
    c.close()
    return next((ch["error"]["type"].rsplit(":", 1)[1] for ch in a["challenges"] if "error" in ch), None)


def test_a_zone_that_cannot_be_asked(ca, web):
    assert outcome(ca, web, "www.example.test") == "dns"


def test_only_the_zone_is_spared(make_ca, web):
    ca = make_ca(edit=lambda t: t.replace("zones:\n", ZONE, 1)).start()
    for name in ("www.example.test", "sub.deeper.example.test", "none.example.test"):
        c = Client(ca)
        c.register()
        assert names(load_chain(c.issue(web, [name]))[0]) == [name]
        c.close()
        assert one(ca, name)[2]["caa"] == "not asked for: caa of the zone is skip"
    assert outcome(ca, web, "www.example.org") == "dns"


def test_what_was_not_asked_for_serves_no_longer_than_the_zone_is_spared(make_ca, web):
    ca = make_ca(edit=lambda t: t.replace("zones:\n", ZONE, 1)).start()
    c = Client(ca)
    c.register()
    order = c.ready_order(web, ["www.example.test"])[1]
    ca.edit(lambda t: t.replace("caa: skip", "caa: require"))
    reload(ca)
    c.close()
    r = c.finalize(order, csr(["www.example.test"]))
    assert (r.problem, ca.refusals()) == ("caa", ["statement-other-audience"]), r.body
    assert ca.cli_json("list")["certificates"] == []
    c.close()
