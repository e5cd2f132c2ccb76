"""lego as Debian ships it, unmodified."""
import pytest

from harness.clients import Lego
from harness.x509 import SERVER_AUTH, ekus, load_chain, names

RFC2136 = {"RFC2136_NAMESERVER": "127.0.0.1:53", "RFC2136_TTL": "1", "RFC2136_PROPAGATION_TIMEOUT": "20",
           "RFC2136_POLLING_INTERVAL": "1", "RFC2136_SEQUENCE_INTERVAL": "1"}


def check(path, want):
    leaf = load_chain(path)[0]
    assert names(leaf) == sorted(want)
    assert ekus(leaf) == [SERVER_AUTH]
    return leaf


@pytest.mark.interop("lego", "issue by http-01")
@pytest.mark.interop("lego", "renew")
def test_http_01_and_renewal(ca):
    lego = Lego(ca)
    lego.run("--domains", "www.example.test", "--http", "run")
    first = check(lego.cert("www.example.test"), ["www.example.test"])
    lego.run("--domains", "www.example.test", "--http", "renew", "--days", "1000", "--no-random-sleep")
    second = check(lego.cert("www.example.test"), ["www.example.test"])
    assert first.serial_number != second.serial_number


@pytest.mark.interop("lego", "issue by dns-01")
@pytest.mark.interop("lego", "wildcard")
def test_dns_01_by_dynamic_update_with_wildcard(ca):
    lego = Lego(ca)
    lego.run("--domains", "*.example.test", "--domains", "example.test", "--dns", "rfc2136", "--dns.resolvers", "127.0.0.1:53",
             "run", env=RFC2136)
    check(lego.cert("*.example.test"), ["*.example.test", "example.test"])


def test_a_profile_that_is_not_offered_is_refused(ca):
    lego = Lego(ca, directory=ca.profile_url("peer"))
    p = lego.run("--domains", "www.example.test", "--http", "run", check=False)
    assert p.returncode != 0
    assert lego.certs() == []
