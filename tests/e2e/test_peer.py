"""The hierarchy for certificates of both roles: there when it is asked for, and known to every process."""
import os
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from harness.acme import Client
from harness.ca import program
from harness.proc import wait_for
from harness.signer import Signer
from harness.tabard import Tabard
from harness.wire import CLIENT_AUTH as CLIENT
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, load_chain, names

from test_alternate_chains import ca_cert, name
from test_attack_judge import refused
from test_attack_use import Proofs
from test_crl import SHARDS, fetch, shard_url

FILES = ["root-peer.pem", "root-peer.crl", "issuing-peer.pem", "keys/issuing-peer.key", "root-keys/root-peer.key"]


@pytest.fixture
def peer_ca(ns, dns, make_ca):
    return make_ca(extra=["--peer"])


def check_config(ca):
    return ca.ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)


def profiles(ca):
    c = Client(ca)
    offered = set(c.dir["meta"]["profiles"])
    c.close()
    return offered


def test_off_unless_asked_for(ca):
    assert "peer" not in profiles(ca)
    assert "peer@2026-11 is not offered: offered is false" in check_config(ca).stdout
    for path in ("/crl/peer/0.crl", "/crl/root-peer.crl", "/aia/issuing-peer.cer"):
        assert fetch(ca, path).status == 404


def test_offered_wanted_and_without_hierarchy(ca):
    ca.stop()
    ca.edit(lambda t: t[:t.rindex("offered: false")] + "offered: true" + t[t.rindex("offered: false") + 14:])
    r = check_config(ca)
    assert r.returncode == 0 and "profile peer@2026-11 is not offered: there is no such hierarchy" in r.stdout
    ca.start()
    assert "peer" not in profiles(ca)


def test_a_profile_with_use_needs_a_responder(make_ca):
    ca = make_ca(extra=["--peer", "--responder", "off"])
    r = check_config(ca)
    assert r.returncode == 0
    for profile in ("client", "client-preproved", "peer"):
        assert f"profile {profile}@2026-11 is not offered: it demands a proof of use, and there is no responder" in r.stdout
    assert profiles(ca.start()) == {"server", "shortlived"}
    told = re.findall(r'profile-not-offered profile="([a-z-]+)" version="2026-11" reason="it demands a proof of use', ca.log())
    assert told == ["client", "client-preproved", "peer"]


def test_both_usages_under_a_root_of_its_own(peer_ca):
    root, issuing = (load_chain(peer_ca.path(f))[0] for f in ("root-peer.pem", "issuing-peer.pem"))
    assert sorted(u.dotted_string for u in ekus(issuing)) == sorted(u.dotted_string for u in (SERVER_AUTH, CLIENT_AUTH))
    with pytest.raises(x509.ExtensionNotFound):
        root.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    assert issuing.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value.path_length == 0
    root.public_key().verify(issuing.signature, issuing.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    keys = {load_chain(peer_ca.path(f"{kind}-{word}.pem"))[0].public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        for kind in ("root", "issuing") for word in ("server", "client", "peer")}
    assert len(keys) == 6
    assert "root-peer.pem" in peer_ca.init_output


def test_its_profile_crls_and_certificates_are_served(peer_ca):
    assert check_config(peer_ca).returncode == 0
    peer_ca.start()
    assert {"server", "shortlived", "client", "client-preproved", "peer"} == profiles(peer_ca)
    wait_for("CRLs", lambda: all(fetch(peer_ca, f"/crl/peer/{k}.crl").status == 200 for k in range(SHARDS)), 5)
    issuing = load_chain(peer_ca.path("issuing-peer.pem"))[0]
    for k in range(SHARDS):
        crl = x509.load_der_x509_crl(fetch(peer_ca, f"/crl/peer/{k}.crl").body)
        assert crl.is_signature_valid(issuing.public_key())
        idp = crl.extensions.get_extension_for_oid(ExtensionOID.ISSUING_DISTRIBUTION_POINT).value
        assert [n.value for n in idp.full_name] == [shard_url(peer_ca, k, "peer")]
    root = load_chain(peer_ca.path("root-peer.pem"))[0]
    assert x509.load_der_x509_crl(fetch(peer_ca, "/crl/root-peer.crl").body).is_signature_valid(root.public_key())
    assert x509.load_der_x509_certificate(fetch(peer_ca, "/aia/issuing-peer.cer").body) == issuing


@pytest.mark.parametrize("missing", FILES[:4])
def test_a_missing_file_is_found_and_stops_the_start(peer_ca, missing):

    os.rename(peer_ca.path(missing), peer_ca.path("x"))
    r = check_config(peer_ca)
    assert r.returncode != 0 and missing in r.stdout
    with pytest.raises(Exception):
        peer_ca.start()


def test_its_issuing_ca_may_have_other_chains(peer_ca):
    issuing = load_chain(peer_ca.path("issuing-peer.pem"))[0]
    key = ec.generate_private_key(ec.SECP256R1())
    cross = ca_cert(issuing.subject, issuing.public_key(), name("Another"), key, like=issuing)
    with open(peer_ca.path("other.pem"), "wb") as f:
        f.write(cross.public_bytes(serialization.Encoding.PEM))
    peer_ca.edit(lambda t: t.replace("alternate_chains: []", "alternate_chains:\n  - {issuer: peer, file: other.pem}"))
    assert check_config(peer_ca).returncode == 0
    peer_ca.start()
    peer_ca.stop()
    peer_ca.edit(lambda t: t.replace("issuer: peer, file", "issuer: client, file"))
    r = check_config(peer_ca)
    assert r.returncode != 0 and "has another subject" in r.stdout


def test_name_constraints_of_its_issuing_ca_hold(ns, dns):
    """Everything is proved, and the issuing CA may not sign the name."""
    def constrained(ca):
        root = load_chain(ca.path("root-peer.pem"))[0]
        with open(ca.path("root-keys", "root-peer.key"), "rb") as f:
            root_key = serialization.load_pem_private_key(f.read(), None)
        issuing = load_chain(ca.path("issuing-peer.pem"))[0]
        extensions = list(issuing.extensions) + [x509.Extension(
            x509.NameConstraints.oid, True, x509.NameConstraints([x509.DNSName("other.test")], None))]
        new = ca_cert(issuing.subject, issuing.public_key(), root.subject, root_key, like=issuing, extensions=extensions)
        with open(ca.path("issuing-peer.pem"), "wb") as f:
            f.write(new.public_bytes(serialization.Encoding.PEM))
    signer = Signer(ns, init=["--peer"])
    try:
        proofs = Proofs(signer)
        blobs = proofs.caa + list(proofs.control.values()) + [proofs.use]
        assert proofs.finalize("peer", blobs).problem is None
        constrained(signer.ca)
        signer.restart_signer()
        refused(signer, proofs.finalize("peer", blobs), "name-constraint")
        assert proofs.finalize("client", proofs.caa + [proofs.control[CLIENT], proofs.use]).problem is None
    finally:
        signer.stop()


def test_the_whole_way(ns, dns, peer_ca):
    """tabard get proves control for both purposes and use with the key; the certificate serves in both roles."""
    peer_ca.start()
    tabard = Tabard(ns, peer_ca.profile_url("peer"), peer_ca.root)
    tabard.get("www.example.test")
    leaf = tabard.check_pair("www.example.test")
    assert ekus(leaf) == [SERVER_AUTH, CLIENT_AUTH] and names(leaf) == ["www.example.test"]
    for role in ("server", "client"):
        r = ns.run(["openssl", "verify", "-CAfile", peer_ca.path("root-peer.pem"), "-untrusted", tabard.path("www.example.test", "chain.pem"),
                    "-purpose", "ssl" + role, tabard.path("www.example.test", "cert.pem")], check=False)
        assert r.returncode == 0, r.stdout
