"""What ends: check-config warns while there is time, and status says when CRLs are due."""
import datetime
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from harness.ca import Ca, program
from harness.proc import wait_for
from harness.x509 import utc_now, validity

NOW = utc_now()
DAY = datetime.timedelta(days=1)


@pytest.fixture
def ca(ns, dns):
    return Ca(ns)


def check(ca):
    """Exit status, and what is said of files but the configuration."""
    p = ca.ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    return p.returncode, [line for line in p.stdout.splitlines() if re.match(r"/.*\.(pem|crl): ", line)]


def load(ca, name):
    with open(ca.path(name), "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def root_key(ca, which):
    with open(ca.path("root-keys", f"root-{which}.key"), "rb") as f:
        return serialization.load_pem_private_key(f.read(), None)


def write_crl(ca, which, days, signer=None, issuer=None):
    end = NOW + days * DAY
    crl = (x509.CertificateRevocationListBuilder().issuer_name(issuer or load(ca, f"root-{which}.pem").subject)
           .last_update(end - 40 * DAY).next_update(end).add_extension(x509.CRLNumber(2), False)
           .sign(root_key(ca, signer or which), hashes.SHA256()))
    with open(ca.path(f"root-{which}.crl"), "wb") as f:
        f.write(crl.public_bytes(serialization.Encoding.PEM))


def write_again(ca, name, days, which):
    """The same certificate with another end, signed by the root once more."""
    old = load(ca, name)
    b = x509.CertificateBuilder(issuer_name=old.issuer, subject_name=old.subject, public_key=old.public_key(),
                                serial_number=old.serial_number, not_valid_before=validity(old)[0],
                                not_valid_after=NOW + days * DAY)
    for e in old.extensions:
        b = b.add_extension(e.value, e.critical)
    with open(ca.path(name), "wb") as f:
        f.write(b.sign(root_key(ca, which), hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def test_a_fresh_state_has_time(ca):
    assert check(ca) == (0, [])


@pytest.mark.parametrize("days, code, says", [(31, 0, None), (29, 0, "nextUpdate is in less than 30 days"),
                                              (-1, 3, "nextUpdate was at")])
def test_a_root_crl_that_ends(ca, days, code, says):
    write_crl(ca, "client", days)
    got, lines = check(ca)
    assert got == code
    assert [line.startswith(f"{ca.path('root-client.crl')}: {says}") for line in lines] == ([True] if says else [])


def test_a_root_crl_of_somebody_else(ca):
    write_crl(ca, "client", 100, signer="server")
    assert check(ca) == (3, [ca.path("root-client.crl") + ": was not signed by the root beside it"])
    write_crl(ca, "client", 100, issuer=load(ca, "root-server.pem").subject)
    assert check(ca)[0] == 3
    with open(ca.path("root-client.crl"), "w") as f:
        f.write("nothing of the kind")
    assert check(ca) == (3, [ca.path("root-client.crl") + ": not a CRL in PEM"])


@pytest.mark.parametrize("name", ["root-server.pem", "issuing-server.pem"])
def test_a_ca_certificate_that_ends(ca, name):
    for days, code, says in ((31, 0, None), (29, 0, "expires in less than 30 days"), (-1, 3, "expired at")):
        write_again(ca, name, days, "server")
        got, lines = check(ca)
        assert got == code, lines
        assert [line.startswith(f"{ca.path(name)}: {says}") for line in lines] == ([True] if says else []), lines


def test_status_says_when_crls_are_due(ca):
    write_crl(ca, "server", 5)
    ca.start()
    wait_for("CRLs", lambda: "crl_client_next_update" in ca.cli_json("status")["front"])
    front = ca.cli_json("status")["front"]
    for issuer in ("server", "client"):
        assert 0 <= front[f"crl_{issuer}_age_s"] < 3600
        due = datetime.datetime.fromisoformat(front[f"crl_{issuer}_next_update"].rstrip("Z"))
        assert NOW + 0.9 * DAY < due < NOW + 1.1 * DAY
    due = datetime.datetime.fromisoformat(front["crl_root_server_next_update"].rstrip("Z"))
    assert abs(due - NOW - 5 * DAY) < datetime.timedelta(seconds=2)
    assert re.search(r"^crl_server_age_s: \d+$", ca.cli("status").stdout, re.M)
    assert ca.stop() == 0
