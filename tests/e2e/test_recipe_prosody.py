"""doc/recipes/prosody.md with two Prosodys."""
import pytest

from harness.machine import has_users, write
from harness.recipe import Recipe

NAMES = {"a": "xmpp.example.org", "b": "chat.example.net"}


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("Prosody needs more users than this user namespace has")
    r = Recipe(tmp_path, "prosody", NAMES, init=("--peer",))
    for label in r.hosts:
        # There is no systemd, in whose favour prosodyctl would decline.
        write(r.hosts[label], "/usr/local/bin/systemctl", '#!/bin/sh\nexec prosodyctl "$1"\n', 0o755)
        r.sh(label, "sed -i '1i prosodyctl_service_warnings = false' /etc/prosody/prosody.cfg.lua")
    yield r
    for label in r.hosts:
        r.sh(label, "prosodyctl stop", check=False)
    r.close()


def ping(recipe):
    """From a to b and back over new connections."""
    for label in recipe.hosts:
        recipe.sh(label, "systemctl restart prosody")
    return recipe.sh("a", "prosodyctl shell 'xmpp:ping(\"xmpp.example.org\", \"chat.example.net\")'", check=False)


def put(recipe, label, profile):
    """A certificate of that profile in the place of the host's own."""
    recipe.get(label, NAMES[label], profile, profile)
    recipe.sh(label, f"cp /etc/tabard/{profile}/fullchain.pem /etc/prosody/certs/{NAMES[label]}.crt\n"
                     f"cp /etc/tabard/{profile}/privkey.pem /etc/prosody/certs/{NAMES[label]}.key\n")


def settings(recipe, label, text):
    recipe.sh(label, f"sed -i 's,^    ssl = .*,    ssl = {{ {text} }},' /etc/prosody/conf.d/*.cfg.lua")


@pytest.mark.interop("Prosody", "recipe: servers accept each other by `server` certificates")
def test_servers_accept_each_other_by_server_certificates(recipe):
    for label in recipe.hosts:
        recipe.sh(label, "mkdir /run/prosody; chown prosody /run/prosody; prosodyctl start")
    for section in ("The hosts", "Deploy hook", "Certificates"):
        recipe.play(section)
    first = recipe.leaf("a", NAMES["a"])
    seen = recipe.play("How to see it")
    assert ": pong from " in seen and seen.count("Succeeded") == 2 and "server: accepted" in seen, seen
    recipe.play("Renewal")
    assert recipe.leaf("a", NAMES["a"]) != first
    assert recipe.sh("a", "cmp /etc/tabard/xmpp.example.org/fullchain.pem /etc/prosody/certs/xmpp.example.org.crt") == ""
    assert ": pong from " in ping(recipe)

    for label in recipe.hosts:
        roots = "".join(recipe.root(role) for role in ("server", "client", "peer"))
        write(recipe.hosts[label], "/etc/prosody/all.pem", roots)
        settings(recipe, label, 'cafile = "/etc/prosody/all.pem"')
    assert ": pong from " in ping(recipe)
    put(recipe, "a", "client")
    assert "not-authorized (Your server's certificate is not trusted)" in ping(recipe)
    put(recipe, "a", "server")
    put(recipe, "b", "client")
    assert "Remote server's certificate is not trusted" in ping(recipe)

    put(recipe, "b", "server")
    for label in recipe.hosts:
        settings(recipe, label, 'cafile = "/etc/prosody/all.pem"; verifyext = { lsec_ignore_purpose = false }')
    assert "not-authorized (Your server's certificate is not trusted)" in ping(recipe)
    for label in recipe.hosts:
        put(recipe, label, "peer")
    assert ": pong from " in ping(recipe)
    recipe.done()
