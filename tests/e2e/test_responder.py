"""The responder, asked as a front asks it: tokens, where a name's holder may come from, windows."""
import pytest
from harness import wire
from harness.responder import CLIENT, Responder

ZONE = "example.test"


@pytest.fixture
def responder(ns, dns):
    r = Responder(ns)
    yield r
    r.stop()


@pytest.fixture
def account(responder):
    return responder.account()


def test_tokens_are_for_this_method_purpose_and_scope_only(responder, account):
    assert responder.ask_token(account, "www.example.test")[0]
    assert responder.ask_token(account, "127.0.0.1", wire.IP)[0]
    for how in ({"method": wire.HTTP_01}, {"method": wire.DNS_01}, {"purposes": 1 << wire.SERVER_AUTH},
                {"purposes": CLIENT | 1 << wire.SERVER_AUTH}, {"subtree": 1}):
        assert responder.ask_token(account, "www.example.test", **how)[1], how
    assert responder.ask_token(account, "*.example.test")[1][0] == "rejectedIdentifier"
