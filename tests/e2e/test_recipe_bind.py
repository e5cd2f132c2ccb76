"""doc/recipes/bind.md with two named."""
import re
import ssl

import pytest
from cryptography import x509

from harness.machine import has_users, write
from harness.proc import wait_for
from harness.recipe import Recipe

HOOK = "--deploy-hook /usr/local/sbin/deploy-bind"
ZONE = "$TTL 60\n@ SOA ns1.example.org. admin 1 3600 900 86400 60\n@ NS ns1.example.org.\n"


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("named needs more users than this user namespace has")
    r = Recipe(tmp_path, "bind", {"primary": "ns1.example.org", "secondary": "ns2.example.net"}, {"other.example.net": "secondary"})
    yield r
    r.close()


def transfer(recipe):
    """How a transfer that is asked for now ends, in the secondary's words."""
    seen = len(recipe.secondary.output())
    recipe.sh("secondary", "rndc retransfer internal.example")
    pattern = re.compile(r"Transfer status: (.*)")
    return wait_for("the transfer", lambda: pattern.search(recipe.secondary.output(), seen)).group(1)


def put(recipe, label, name, place):
    """A certificate in the place of another, as a mistake would put it there."""
    recipe.sh(label, f"cp -p /etc/bind/{name}.pem /etc/bind/{place}.pem; rndc reconfig")


def shown_by_secondary(recipe):
    """The client certificate that a stand-in for the primary is shown."""
    recipe.primary.stop()
    primary = recipe.hosts["primary"]
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(recipe.copy("primary", "/etc/bind/xot-server.pem"))
    ctx.load_verify_locations(recipe.copy("primary", "/usr/local/share/tabard/root-client.pem"))
    ctx.verify_mode = ssl.CERT_REQUIRED
    ctx.set_alpn_protocols(["dot"])
    with primary.listen("192.0.2.10", 853) as listener:
        listener.settimeout(30)
        recipe.sh("secondary", "rndc retransfer internal.example")
        with ctx.wrap_socket(listener.accept()[0], server_side=True) as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(True))


@pytest.mark.interop("BIND", "recipe: zone transfer over mutual TLS")
def test_the_zone_is_transferred_between_certificates_only(recipe):
    write(recipe.hosts["primary"], "/etc/bind/db.internal.example", ZONE)
    for label in recipe.hosts:
        recipe.sh(label, "mkdir -m 775 /run/named; chgrp bind /run/named")
        setattr(recipe, label, recipe.start(label, ["named", "-g", "-u", "bind"], "named", "running"))
    for section in ("Deploy hook", "Certificates", "The primary", "The secondary"):
        recipe.play(section)
    recipe.secondary.wait_output("Transfer status: success")
    seen = recipe.play("How to see it")
    assert "client: accepted" in seen and "server: accepted" in seen, seen

    recipe.get("secondary", "ns2.example.net", "server", "wrong", HOOK)
    put(recipe, "secondary", "wrong", "xot-client")
    assert transfer(recipe) != "success"
    recipe.get("secondary", "other.example.net", "client", "other", HOOK)
    put(recipe, "secondary", "other", "xot-client")
    assert transfer(recipe) == "success", "the recipe says that no name is looked at"

    before = recipe.leaf("secondary", "xot-client")
    recipe.play("Renewal")
    assert transfer(recipe) == "success"
    recipe.get("primary", "ns1.example.org", "client", "wrong", HOOK)
    recipe.sh("primary", "cp -p /etc/bind/xot-server.pem /etc/bind/right.pem")
    put(recipe, "primary", "wrong", "xot-server")
    assert transfer(recipe) == "TLS peer certificate verification failed"
    put(recipe, "primary", "right", "xot-server")
    assert transfer(recipe) == "success"
    renewed = recipe.leaf("secondary", "xot-client")
    assert renewed != before and shown_by_secondary(recipe) == renewed
    recipe.done()
