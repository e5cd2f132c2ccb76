"""CRLs, root CRLs and CA certificates as relying parties fetch them, over plain HTTP."""
import datetime
import email.utils
import http.client
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from harness.acme import Client, Http01, Response
from harness.ca import Ca
from harness.proc import wait_for
from harness.x509 import updates, utc_now

SHARDS = 16


@pytest.fixture
def ca(ns, dns):
    c = Ca(ns)
    c.start()
    yield c
    c.stop()


def fetch(ca, path, method="GET", headers=None):
    conn = http.client.HTTPConnection(ca.name, ca.port + 1, timeout=10)
    conn.sock = ca.ns.connect("127.0.0.1", ca.port + 1, timeout=10)
    conn.request(method, path, headers=headers or {})
    r = Response(conn.getresponse())
    conn.close()
    return r


def shard_url(ca, shard, issuer="server"):
    return f"http://{ca.name}:{ca.port + 1}/crl/{issuer}/{shard}.crl"


def crl(ca, shard, issuer="server"):
    r = fetch(ca, f"/crl/{issuer}/{shard}.crl")
    assert r.status == 200, r.body
    return x509.load_der_x509_crl(r.body)


def all_there(ca):
    """The keyholder signs them when both are up: a moment after the first client is taken."""
    wait_for("CRLs", lambda: all(fetch(ca, f"/crl/{i}/{k}.crl").status == 200
                                 for i in ("server", "client") for k in range(SHARDS)), 5)


def issuing(ca, word="server"):
    with open(ca.path(f"issuing-{word}.pem"), "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def test_every_shard_is_a_crl_of_its_issuer(ca):
    all_there(ca)
    numbers = []
    for word in ("server", "client"):
        for k in range(SHARDS):
            c = crl(ca, k, word)
            issuing(ca, word).public_key().verify(c.signature, c.tbs_certlist_bytes, ec.ECDSA(hashes.SHA256()))
            idp = c.extensions.get_extension_for_oid(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
            assert idp.critical and idp.value.only_contains_user_certs
            assert [n.value for n in idp.value.full_name] == [shard_url(ca, k, word)]
            begin, end = updates(c)
            assert end - begin == datetime.timedelta(days=1)
            assert abs(utc_now() - begin) < datetime.timedelta(minutes=3)
            numbers.append(c.extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value.crl_number)
    assert len(set(numbers)) == len(numbers)


def test_headers_for_caches(ca):
    all_there(ca)
    for path, kind, age in (("/crl/server/3.crl", "application/pkix-crl", 300), ("/crl/root-server.crl", "application/pkix-crl", 300),
                            ("/aia/issuing-server.cer", "application/pkix-cert", 86400)):
        r = fetch(ca, path)
        h = r.headers
        assert (r.status, h["Content-Type"], int(h["Content-Length"])) == (200, kind, len(r.body))
        assert re.fullmatch('"[0-9a-f]{32}"', h["ETag"])
        assert int(re.fullmatch(r"public, max-age=(\d+)", h["Cache-Control"])[1]) == age
        modified = email.utils.parsedate_to_datetime(h["Last-Modified"])
        assert modified <= datetime.datetime.now(datetime.timezone.utc)
        head = fetch(ca, path, "HEAD")
        assert head.status == 200 and head.body == b"" and head.headers["Content-Length"] == h["Content-Length"]
        later = email.utils.format_datetime(modified + datetime.timedelta(seconds=1), usegmt=True)
        earlier = email.utils.format_datetime(modified - datetime.timedelta(seconds=1), usegmt=True)
        asctime, rfc850 = modified.strftime("%a %b %e %H:%M:%S %Y"), modified.strftime("%A, %d-%b-%y %H:%M:%S GMT")
        for have, status in (({"If-None-Match": h["ETag"]}, 304), ({"If-None-Match": '"x", ' + h["ETag"]}, 304),
                             ({"If-None-Match": "*"}, 304), ({"If-None-Match": '"x"'}, 200),
                             ({"If-Modified-Since": h["Last-Modified"]}, 304), ({"If-Modified-Since": later}, 304),
                             ({"If-Modified-Since": asctime}, 304), ({"If-Modified-Since": rfc850}, 304),
                             ({"If-Modified-Since": earlier}, 200), ({"If-Modified-Since": "yesterday"}, 200),
                             ({"If-None-Match": '"x"', "If-Modified-Since": later}, 200)):
            r = fetch(ca, path, headers=have)
            assert r.status == status, have
            assert (r.body == b"") == (status == 304)
            assert r.headers["ETag"] == h["ETag"]


def test_openssl_fetches_crls_with_its_own_client(ca):
    """It speaks HTTP/1.0; while that was refused with 505, whoever checked with -crl_download found no CRL."""
    all_there(ca)
    for url in (shard_url(ca, 3), f"http://{ca.name}:{ca.port + 1}/crl/root-client.crl"):
        done = ca.ns.run(["openssl", "crl", "-in", url, "-noout", "-crlnumber"])
        assert done.returncode == 0 and "crlNumber=" in done.stdout, done


def test_nothing_else_is_served(ca):
    all_there(ca)
    for path in ("/", "/crl", "/crl/", "/crl/server", "/crl/server/16.crl", "/crl/server/03.crl", "/crl/server/3", "/crl/peer/3.crl",
                 "/crl/server/3.crl/", "/crl/Server/3.crl", "/crl/root-peer.crl", "/crl/root-.crl", "/aia/root-server.cer",
                 "/aia/issuing-server.pem", "/aia/", "/crl/../keys/id.key", "/directory", "/acme/new-nonce", "/metrics"):
        assert fetch(ca, path).status == 404, path
    for method in ("POST", "PUT", "DELETE"):
        assert fetch(ca, "/crl/server/3.crl", method).status == 405
    for path in ("/crl/server/3.crl", "/crl/root-server.crl", "/aia/issuing-server.cer"):
        conn = Client(ca)
        assert conn.get(f"https://{ca.name}:{ca.port}{path}").status == 404  # not on the ACME port
        conn.close()


def test_root_crls_and_issuing_certificates_are_the_files(ca):
    for word in ("server", "client"):
        got = x509.load_der_x509_crl(fetch(ca, f"/crl/root-{word}.crl").body)
        with open(ca.path(f"root-{word}.pem"), "rb") as f:
            root = x509.load_pem_x509_certificate(f.read())
        assert got.is_signature_valid(root.public_key())
        assert x509.load_der_x509_certificate(fetch(ca, f"/aia/issuing-{word}.cer").body) == issuing(ca, word)


def test_invariant_19_crls_are_there_after_a_restart_of_anything_and_numbers_grow(ca):
    all_there(ca)

    def number():
        return crl(ca, 7).extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value.crl_number

    last = number()
    for role in ("judge", "keyholder", "front"):
        ca.kill(role)
        wait_for("CRLs", lambda: answers(ca), 10)
        assert number() >= last
        last = number()
    ca.stop()
    ca.start()
    all_there(ca)
    assert number() > last


def answers(ca):
    try:
        return fetch(ca, "/crl/server/7.crl").status == 200
    except OSError:
        return False


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def issue(ca, web, profile):
    cl = Client(ca, directory=ca.profile_url(profile))
    cl.register()
    pem = cl.issue(web, ["www.example.test"])
    cl.close()
    return x509.load_pem_x509_certificate(pem)


def test_a_certificate_names_its_crl_and_its_issuer(ca, web):
    leaf = issue(ca, web, "server")
    points = leaf.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS).value
    access = leaf.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
    assert [n.value for p in points for n in p.full_name] == [shard_url(ca, leaf.serial_number % SHARDS)]
    assert [a.access_location.value for a in access] == [f"http://{ca.name}:{ca.port + 1}/aia/issuing-server.cer"]
    all_there(ca)
    ca_file, crl_file, leaf_file = (ca.path(n) for n in ("chain.pem", "shard.pem", "leaf.pem"))
    with open(ca_file, "wb") as f:
        for word in ("root-server.pem", "issuing-server.pem"):
            with open(ca.path(word), "rb") as g:
                f.write(g.read())
    with open(leaf_file, "wb") as f:
        f.write(leaf.public_bytes(serialization.Encoding.PEM))
    with open(crl_file, "wb") as f:
        f.write(crl(ca, leaf.serial_number % SHARDS).public_bytes(serialization.Encoding.PEM))
    verify = ["openssl", "verify", "-crl_check", "-x509_strict", "-CAfile", ca_file, "-CRLfile", crl_file, leaf_file]
    assert ca.ns.run(verify).returncode == 0
    with open(crl_file, "wb") as f:  # the CRL of another shard says nothing about it
        f.write(crl(ca, (leaf.serial_number + 1) % SHARDS).public_bytes(serialization.Encoding.PEM))
    assert ca.ns.run(verify, check=False).returncode != 0


def test_invariant_30_who_is_revoked_is_on_the_crl_within_seconds(ca, web):
    leaf, other = issue(ca, web, "server"), issue(ca, web, "server")
    all_there(ca)
    ca.cli("revoke", f"{leaf.serial_number:032x}", "--reason", "keyCompromise")
    entry = wait_for("the entry", lambda: crl(ca, leaf.serial_number % SHARDS).get_revoked_certificate_by_serial_number(
        leaf.serial_number), 5)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert crl(ca, other.serial_number % SHARDS).get_revoked_certificate_by_serial_number(other.serial_number) is None
    verify(ca, leaf, False)
    verify(ca, other, True)
    ca.stop()
    ca.start()
    all_there(ca)
    verify(ca, leaf, False)
    verify(ca, other, True)


def verify(ca, leaf, good):
    pem = serialization.Encoding.PEM
    files = {"v-leaf.pem": leaf.public_bytes(pem), "v-crl.pem": crl(ca, leaf.serial_number % SHARDS).public_bytes(pem)}
    for name, data in files.items():
        with open(ca.path(name), "wb") as f:
            f.write(data)
    p = ca.ns.run(["openssl", "verify", "-crl_check", "-CAfile", ca.path("root-server.pem"), "-untrusted",
                   ca.path("issuing-server.pem"), "-CRLfile", ca.path("v-crl.pem"), ca.path("v-leaf.pem")], check=False)
    assert (p.returncode == 0) == good, p.stdout
    assert good or "revoked" in p.stdout


def test_short_lived_certificates_name_no_crl(ca, web):
    leaf = issue(ca, web, "shortlived")
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS)


def test_without_the_listener_nothing_is_promised(ns, dns):
    c = Ca(ns, extra=["--http", "off"])
    c.start()
    try:
        with pytest.raises(OSError):
            fetch(c, "/crl/server/3.crl")
    finally:
        c.stop()
