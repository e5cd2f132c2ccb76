"""doc/recipes/postfix.md with two Postfixes."""
import re

import pytest
from cryptography.hazmat.primitives import hashes

from harness.machine import has_users, write
from harness.postfix import Postfix
from harness.proc import wait_for
from harness.recipe import Recipe

HOOK = "--deploy-hook /usr/local/sbin/deploy-postfix"


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("Postfix needs more users than this user namespace has")
    r = Recipe(tmp_path, "postfix", {"mx": "mx.example.org", "relay": "relay.example.net"}, {"other.example.org": "mx"})
    yield r
    r.close()


def send(recipe, who):
    """A mail from mx to somebody else's domain: its fate, in mx's words."""
    recipe.sh("mx", f"printf 'Subject: x\\n\\nx\\n' | sendmail -f a@mx.example.org {who}@elsewhere.example")
    pattern = re.compile(rf"to=<{who}@elsewhere.example>.*status=(\w+ .*)")
    return wait_for(f"the mail to {who}", lambda: pattern.search(recipe.mx.log()), 60).group(1)


def last_client(recipe):
    """What the relay's log says of the last client certificate: common name, fingerprint, trust."""
    return re.findall(r": subject_CN=([^,]*), .* fingerprint=([0-9A-F:]+), [^\0]*?(\w+) TLS connection established from",
                      recipe.relay.log())[-1]


def fingerprint(cert):
    return cert.fingerprint(hashes.SHA256()).hex(":").upper()


def use(recipe, label, setting, name):
    recipe.sh(label, f"postconf -e '{setting} = /etc/postfix/{name}.pem'; postfix reload")


def restrict(recipe, rules):
    recipe.sh("relay", f"postconf -e 'smtpd_relay_restrictions = {rules}'; postfix reload")


@pytest.mark.interop("Postfix", "recipe: relay by client certificate")
def test_mail_is_relayed_for_the_certificate_and_for_nothing_else(recipe):
    recipe.mx = Postfix(recipe.hosts["mx"], myhostname="mx.example.org", smtp_tls_loglevel="1").start()
    recipe.relay = Postfix(recipe.hosts["relay"], myhostname="relay.example.net", smtpd_tls_loglevel="2",
                           default_transport="discard:").start()
    recipe.daemons += [recipe.mx, recipe.relay]
    for section in ("Deploy hook", "Certificates", "The sending side", "The relay"):
        recipe.play(section)
    client, server = recipe.leaf("mx", "mx-client"), recipe.leaf("mx", "mx-server")
    assert send(recipe, "one").startswith("sent ")
    assert last_client(recipe) == ("mx.example.org", fingerprint(client), "Trusted")

    recipe.play("Renewal")
    renewed = recipe.leaf("mx", "mx-client")
    assert renewed != client and recipe.leaf("mx", "mx-server") == server
    assert send(recipe, "two").startswith("sent ")
    assert last_client(recipe)[1] == fingerprint(renewed)

    seen = recipe.play("How to see it")
    assert "client: accepted" in seen and "server: accepted" in seen, seen

    use(recipe, "mx", "smtp_tls_chain_files", "mx-server")
    assert "554 5.7.1" in send(recipe, "three") and last_client(recipe)[2] == "Untrusted"
    write(recipe.hosts["relay"], "/etc/postfix/fingerprints", f"{fingerprint(server)} OK\n")
    rule = recipe.sh("relay", "postconf -h smtpd_relay_restrictions").strip()
    restrict(recipe, f"check_ccert_access texthash:/etc/postfix/fingerprints, {rule}")
    assert send(recipe, "fingerprint").startswith("sent "), "the recipe says that a fingerprint has no usage"
    restrict(recipe, rule)
    recipe.get("mx", "other.example.org", "client", "other", HOOK)
    use(recipe, "mx", "smtp_tls_chain_files", "other")
    assert "554 5.7.1" in send(recipe, "four") and last_client(recipe)[::2] == ("other.example.org", "Trusted")

    use(recipe, "mx", "smtp_tls_chain_files", "mx-client")
    recipe.get("relay", "relay.example.net", "client", "relay-client", HOOK)
    use(recipe, "relay", "smtpd_tls_chain_files", "relay-client")
    assert send(recipe, "five").startswith("deferred (Server certificate not verified)")
    recipe.done()
