"""doc/recipes/postgresql.md with Debian's PostgreSQL and psql."""
import os

import pytest

from harness.machine import has_users, write
from harness.proc import wait_for
from harness.recipe import Recipe, parse
from harness.x509 import serial_hex

ASK = "cd / && runuser -u www-data -- psql service=orders -Atc 'select client_serial from pg_stat_ssl where pid = pg_backend_pid()'"


@pytest.fixture
def recipe(tmp_path):
    if not has_users():
        pytest.skip("PostgreSQL needs more users than this user namespace has")
    r = Recipe(tmp_path, "postgresql", {"db": "db.example.org", "app": "app.example.net"},
               {"other.example.net": "app", "decoy.example.org": "db"})
    yield r
    r.close()


def start(recipe):
    version = max(os.listdir("/usr/lib/postgresql"), key=int)
    recipe.sh("db", f"rm -rf /etc/postgresql/*; install -d -o postgres /run/postgresql /var/log/postgresql\n"
                    f"pg_createcluster {version} main -- --no-sync\n")
    write(recipe.hosts["db"], f"/etc/postgresql/{version}/main/conf.d/test.conf", "listen_addresses = '*'\nfsync = off\n")
    proc = recipe.start("db", ["pg_ctlcluster", version, "main", "start", "--foreground"], "postgresql",
                        "database system is ready to accept connections")
    recipe.sh("db", "cd / && runuser -u postgres -- psql -qc 'create role orders_app login' -c 'create database orders'")
    return proc


def refusal(recipe):
    p = recipe.hosts["app"].run(["sh", "-c", ASK], check=False)
    assert p.returncode != 0, p.stdout
    return p.stdout


def use(recipe, name):
    recipe.sh("app", f"sed -i 's,/etc/app/.*,/etc/app/{name}.pem,' /etc/postgresql-common/pg_service.conf")


def serve(recipe, server, dns_name, profile):
    """Another certificate in the place of the server's own."""
    recipe.get("db", dns_name, profile, "wrong", "--deploy-hook /usr/local/sbin/deploy-postgresql")
    recipe.sh("db", "cp -p /etc/postgresql/wrong.pem /etc/postgresql/db-server.pem")
    reload(recipe, server)


def reload(recipe, server):
    reloads = server.output().count("received SIGHUP")
    recipe.sh("db", "cd / && runuser -u postgres -- psql -qAtc 'select pg_reload_conf()'")
    wait_for("the reload", lambda: server.output().count("received SIGHUP") > reloads)


def revoked(recipe, server):
    """The lists of the recipe for revocation serve here, too."""
    script = [b.text for b in parse("revocation")["The lists"] if b.path == "/usr/local/sbin/fetch-crls"][0]
    fetch = script[:script.index("nginx")]
    recipe.sh("db", fetch + "echo \"ssl_crl_file = '/usr/local/share/tabard/client-crls.pem'\" "
                            ">>$(echo /etc/postgresql/*/main/conf.d/tls.conf)\n")
    reload(recipe, server)
    recipe.sh("app", ASK)
    recipe.sh("app", "tabard revoke app-client")
    serial = serial_hex(recipe.leaf("app", "app-client")).upper()
    listed = f"curl -sf http://ca.example.com:14001/crl/client/{int(serial[-1], 16)}.crl | openssl crl -inform DER -noout -text"
    wait_for("the list with it", lambda: serial in recipe.sh("db", listed))
    recipe.sh("db", fetch)
    reload(recipe, server)
    assert "alert certificate revoked" in refusal(recipe)
    recipe.sh("app", "tabard renew app-client --force")
    recipe.sh("app", ASK)


@pytest.mark.interop("PostgreSQL", "recipe: login with a client certificate")
def test_the_certificate_logs_in_and_nothing_else_does(recipe):
    server = start(recipe)
    for section in ("Deploy hooks", "Certificates", "The server"):
        recipe.play(section)
    server.wait_output('"ssl_ca_file" changed to "/usr/local/share/tabard/root-client.pem"')
    assert "CN=app.example.net" in recipe.play("The client").replace("/CN", "CN")
    client = recipe.leaf("app", "app-client")
    assert int(recipe.sh("app", ASK)) == client.serial_number

    recipe.play("Renewal")
    renewed = recipe.leaf("app", "app-client")
    assert renewed != client and int(recipe.sh("app", ASK)) == renewed.serial_number

    seen = recipe.play("How to see it")
    assert "client: accepted" in seen and "server: accepted" in seen, seen

    recipe.get("app", "app.example.net", "server", "app-server", "--deploy-hook /usr/local/sbin/deploy-app")
    use(recipe, "app-server")
    assert "alert unknown ca" in refusal(recipe)
    recipe.sh("db", "cat /usr/local/share/tabard/root-*.pem >/etc/postgresql/both.pem\n"
                    "echo \"ssl_ca_file = '/etc/postgresql/both.pem'\" >>$(echo /etc/postgresql/*/main/conf.d/tls.conf)\n"
                    "cd / && runuser -u postgres -- psql -qAtc 'select pg_reload_conf()'")
    server.wait_output('"ssl_ca_file" changed to "/etc/postgresql/both.pem"')
    assert "alert unsupported certificate" in refusal(recipe)

    recipe.get("app", "other.example.net", "client", "other", "--deploy-hook /usr/local/sbin/deploy-app")
    use(recipe, "other")
    assert 'certificate authentication failed for user "orders_app"' in refusal(recipe)

    use(recipe, "app-client")
    assert int(recipe.sh("app", ASK)) == renewed.serial_number
    revoked(recipe, server)
    serve(recipe, server, "decoy.example.org", "server")
    assert 'does not match host name "db.example.org"' in refusal(recipe)
    serve(recipe, server, "db.example.org", "client")
    assert "certificate verify failed" in refusal(recipe)
    recipe.done()
