"""doc/recipes/revocation.md with nginx and curl."""
import pytest

from harness.machine import has_users
from harness.proc import wait_for
from harness.recipe import Recipe
from harness.x509 import serial_hex

ASK = ("curl -s -w '%{http_code}' --cacert /usr/local/share/tabard/root-server.pem --cert /etc/tabard/app-client/fullchain.pem "
       "--key /etc/tabard/app-client/privkey.pem https://api.example.net/")
LISTED = "openssl crl -inform DER -noout -text"


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("nginx needs more users than this user namespace has")
    r = Recipe(tmp_path, "revocation", {"api": "api.example.net", "app": "app.example.org"})
    yield r
    r.close()


def fetch(recipe):
    """The lists, and no worker left that has the old ones."""
    before = workers(recipe)
    recipe.sh("api", "/etc/cron.hourly/fetch-crls")
    wait_for("nginx's new workers", lambda: not workers(recipe) & before)


def workers(recipe):
    return set(recipe.sh("api", "cat /proc/$(cat /run/nginx.pid)/task/*/children").split())


def shard(recipe, cert):
    return recipe.sh("api", f"curl -sf http://ca.example.com:14001/crl/client/{cert.serial_number & 15}.crl | {LISTED}")


@pytest.mark.interop("nginx", "recipe: revocation lists for clients")
def test_a_revoked_client_is_refused_after_the_next_fetch(recipe):
    recipe.start("api", ["nginx", "-g", "daemon off;"], "nginx")
    wait_for("port 80", lambda: ":80 " in recipe.hosts["api"].run(["ss", "-ltn"]).stdout)
    recipe.play("Certificates")
    stolen = recipe.leaf("app", "app-client")
    wait_for("the lists", lambda: recipe.hosts["api"].run(
        ["curl", "-sf", "http://ca.example.com:14001/crl/client/15.crl", "-o", "/dev/null"], check=False).returncode == 0)
    recipe.play("The lists")
    recipe.play("The server")
    fetch(recipe)
    assert recipe.sh("app", ASK) == "hello, CN=app.example.org\n200"

    recipe.play("Revocation")
    wait_for("the list with it", lambda: serial_hex(stolen).upper() in shard(recipe, stolen))
    fetch(recipe)
    answer = recipe.sh("app", ASK)
    assert answer.endswith("400") and "The SSL certificate error" in answer
    recipe.sh("app", "tabard renew app-client --force")
    assert recipe.leaf("app", "app-client") != stolen
    assert recipe.sh("app", ASK) == "hello, CN=app.example.org\n200"
    assert recipe.play("How to see it").count("nextUpdate=") == 2
    recipe.done()
