"""doc/recipes/nginx.md with two nginxes."""
import pytest

from harness.machine import has_users, write
from harness.proc import wait_for
from harness.recipe import Recipe
from harness.x509 import load_chain

HOOK = "--webroot /var/www/html --deploy-hook /usr/local/sbin/deploy-nginx"


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("nginx needs more users than this user namespace has")
    r = Recipe(tmp_path, "nginx", {"front": "front.example.org", "api": "api.example.net"}, {"other.example.org": "front"})
    yield r
    r.close()


def served(recipe):
    """Answer to a visitor of front, and the certificate that it shows."""
    out = recipe.sh("front", "curl -s -w '%{http_code}' --cacert /usr/local/share/tabard/root-server.pem https://front.example.org/")
    shown = recipe.sh("front", "openssl s_client -connect front.example.org:443 -servername front.example.org </dev/null 2>&1")
    start = shown.index("-----BEGIN")
    return out, load_chain(shown[start:shown.index("-----END") + 26].encode())[0]


def client_of(recipe):
    """The serial number that api saw last."""
    return int(recipe.sh("api", "tail -n 1 /var/log/nginx/partners.log").split()[0], 16)


def swap(recipe, label, conf, old, new):
    """Another certificate in a configuration, as a mistake would put it there."""
    recipe.sh(label, f"sed -i 's,/etc/tabard/{old}/,/etc/tabard/{new}/,' /etc/nginx/conf.d/{conf}")
    reload(recipe, label)


def reload(recipe, label):
    """The old workers are gone afterwards."""
    before = workers(recipe, label)
    recipe.sh(label, "nginx -s reload")
    wait_for("nginx's new workers", lambda: not workers(recipe, label) & before)


def workers(recipe, label):
    return set(recipe.sh(label, "cat /proc/$(cat /run/nginx.pid)/task/*/children").split())


@pytest.mark.interop("nginx", "recipe: mutual TLS to an upstream")
def test_the_upstream_admits_the_proxy_by_its_name(recipe):
    for label in recipe.hosts:
        write(recipe.hosts[label], "/var/www/html/index.html", "hello\n")
        recipe.start(label, ["nginx", "-g", "daemon off;"], "nginx")
        wait_for("port 80", lambda: ":80 " in recipe.hosts[label].run(["ss", "-ltn"]).stdout)
    write(recipe.hosts["api"], "/etc/nginx/conf.d/a-log.conf",
          "log_format partners '$ssl_client_serial $ssl_client_verify';\naccess_log /var/log/nginx/partners.log partners;\n")
    for section in ("Deploy hook", "Certificates", "The proxy", "The upstream"):
        recipe.play(section)
    for label in recipe.hosts:
        reload(recipe, label)
    client, server = recipe.leaf("front", "front-client"), recipe.leaf("front", "front-server")
    assert served(recipe) == ("hello, front\n200", server)
    assert client_of(recipe) == client.serial_number

    before = workers(recipe, "front")
    recipe.play("Renewal")
    wait_for("nginx's new workers", lambda: not workers(recipe, "front") & before)
    renewed = recipe.leaf("front", "front-client")
    assert renewed != client and recipe.leaf("front", "front-server") == server
    assert served(recipe) == ("hello, front\n200", server)
    assert client_of(recipe) == renewed.serial_number

    seen = recipe.play("How to see it")
    assert "client: accepted" in seen and "server: accepted" in seen, seen

    swap(recipe, "front", "front.conf", "front-client", "front-server")
    answer = served(recipe)[0]
    assert answer.endswith("400") and "The SSL certificate error" in answer
    recipe.get("front", "other.example.org", "client", "other", HOOK)
    recipe.sh("front", "sed -i 's,proxy_ssl_certificate\\(.*\\) /etc/tabard/front-server/,proxy_ssl_certificate\\1 /etc/tabard/other/,' "
                       "/etc/nginx/conf.d/front.conf")
    reload(recipe, "front")
    assert served(recipe)[0].endswith("403")

    recipe.get("api", "api.example.net", "client", "api-client", HOOK)
    swap(recipe, "api", "api.conf", "api-server", "api-client")
    assert served(recipe)[0].endswith("502")
    assert "upstream SSL certificate verify error" in recipe.sh("front", "cat /var/log/nginx/error.log")
    recipe.done()
