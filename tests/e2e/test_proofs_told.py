"""What certificates tell of the proofs behind them: nothing without an arc, and with one what was proved.

The test stands in the front's place; other methods than http-01 it states itself, with the keys of validator and
responder. What comes out is read by another hand than the project's.
"""
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness import wire
from harness.acme import csr
from harness.ca import Ca, program
from harness.proofs_told import ARC, evidence, policies, with_arc
from harness.signer import Account, Signer
from harness.statement import Statement
from harness.x509 import ekus

from test_attack_use import NAME, OTHER, PROFILES, Proofs

SECURE = 2
DECLARED = {"egress_kind": 2, "egress_prefix": 28}


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns, init=["--peer"], edit=with_arc)
    yield s
    s.stop()


@pytest.fixture
def proofs(signer):
    return Proofs(signer)


def stated(proofs, control=wire.HTTP_01, client_control=None, use=(), dnssec=None, **both):
    """Statements for all purposes, with other methods, sources and DNSSEC where that is asked for."""
    validator, responder = proofs.signer.statement_key(), proofs.signer.responder_key()
    more = {} if dnssec is None else {"dnssec": dnssec}
    methods = {wire.SERVER_AUTH: control, wire.CLIENT_AUTH: client_control or control}
    out = [Statement.read(b).but(**more).make(validator) for b in proofs.caa]
    out += [Statement.read(b).but(method=methods[p], **more).make(validator) for p, b in proofs.control.items()]
    return out + [proofs.statement(**dict(use), **more).make(responder)]


def certificate(result):
    assert result.problem is None, result.detail
    return x509.load_der_x509_certificate(result.cert)


def issue(proofs, profile, blobs, **more):
    own = [b for b in blobs if Statement.read(b).kind == 3 or profile == "peer" or
           Statement.read(b).purpose == (wire.SERVER_AUTH if profile == "server" else wire.CLIENT_AUTH)]
    return certificate(proofs.finalize(profile, own, **more))


def test_nothing_is_told_without_an_arc(ns, dns):
    signer = Signer(ns, init=["--peer"])
    try:
        proofs = Proofs(signer)
        for profile in PROFILES:
            cert = issue(proofs, profile, stated(proofs))
            assert policies(cert) is None and evidence(cert) is None
            assert not any(e.oid.dotted_string.startswith("1.3.6.1.4.1.32473") for e in cert.extensions)
    finally:
        signer.stop()


def test_each_profile_tells_its_own(signer, proofs):
    want = {"server": {"serverAuth": ("http-01", None)}, "client": {"clientAuth": ("http-01", "tls-client-01")},
            "client-preproved": {"clientAuth": ("http-01", "tls-client-01")},
            "peer": {"serverAuth": ("http-01", None), "clientAuth": ("http-01", "tls-client-01")}}
    for profile in PROFILES:
        cert = issue(proofs, profile, stated(proofs))
        assert ekus(cert) == PROFILES[profile]
        assert evidence(cert) == {NAME: want[profile]}
        # The resolver of the tests validates nothing, and there is one perspective.
        assert policies(cert) == {"quorum-1", "dns-insecure"} | ({"use-published"} if profile != "server" else set())


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_strengths_and_weaknesses(signer, proofs, profile):
    use = set() if profile == "server" else {"use-published"}
    declared = set() if profile == "server" else {"egress-declared"}

    def told(**how):
        return policies(issue(proofs, profile, stated(proofs, **how)))
    assert told(dnssec=SECURE) == {"quorum-1"} | use
    assert told(control=wire.DNS_01, dnssec=SECURE) == {"control-dns", "quorum-1"} | use
    assert told(control=wire.DNS_01, dnssec=1) == {"control-dns", "quorum-1", "dns-insecure"} | use
    assert told(control=wire.TLS_ALPN_01, dnssec=SECURE, use=DECLARED) == {"quorum-1"} | declared


def test_a_strength_of_one_of_two_names_is_none(signer, proofs):
    """A two-name order, each name proved by another method."""
    second = Proofs(signer, OTHER, proofs.account, proofs.key)
    both = [NAME, OTHER]
    for first_by, second_by, strong in ((wire.DNS_01, wire.HTTP_01, False), (wire.HTTP_01, wire.DNS_01, False),
                                        (wire.HTTP_01, wire.HTTP_01, False), (wire.DNS_01, wire.DNS_01, True)):
        for profile in ("server", "client", "peer"):
            blobs = stated(proofs, control=first_by, dnssec=SECURE) + stated(second, control=second_by, dnssec=SECURE)
            cert = issue(proofs, profile, blobs, names=both)
            assert ("control-dns" in policies(cert)) == strong, (profile, first_by, second_by)
            told = evidence(cert)
            words = {wire.DNS_01: "dns-01", wire.HTTP_01: "http-01"}
            for name, by in ((NAME, first_by), (OTHER, second_by)):
                assert {c for c, _ in told[name].values()} == {words[by]}
    one_declared = stated(proofs, dnssec=SECURE) + stated(second, use=DECLARED, dnssec=SECURE)
    assert policies(issue(proofs, "client", one_declared, names=both)) == {"quorum-1", "egress-declared"}


def test_a_strength_of_one_of_two_purposes_is_none(signer, proofs):
    cert = issue(proofs, "peer", stated(proofs, control=wire.DNS_01, client_control=wire.HTTP_01, dnssec=SECURE))
    assert policies(cert) == {"quorum-1", "use-published"}
    assert evidence(cert) == {NAME: {"serverAuth": ("dns-01", None), "clientAuth": ("http-01", "tls-client-01")}}
    cert = issue(proofs, "peer", stated(proofs, control=wire.DNS_01, dnssec=SECURE))
    assert policies(cert) == {"control-dns", "quorum-1", "use-published"}


def test_a_csr_that_asks_for_less_is_told_less(ns, dns):
    """Under csr_eku: narrow the evidence speaks of the usages that the certificate has."""
    def edit(text):
        text = with_arc(text)
        at = text.index("csr_eku: ignore", text.index('- name: "peer"'))
        return text[:at] + "csr_eku: narrow" + text[at + len("csr_eku: ignore"):]
    signer = Signer(ns, init=["--peer"], edit=edit)
    try:
        proofs = Proofs(signer)
        for usage, told in ((x509.ExtendedKeyUsageOID.SERVER_AUTH, {"serverAuth": ("dns-01", None)}),
                            (x509.ExtendedKeyUsageOID.CLIENT_AUTH, {"clientAuth": ("http-01", "tls-client-01")})):
            der = csr([NAME], proofs.key, extensions=[(x509.ExtendedKeyUsage([usage]), False)])
            url = signer.finalize_url(signer.order_number(), profile="peer@2026-11")
            blobs = stated(proofs, control=wire.DNS_01, client_control=wire.HTTP_01, dnssec=SECURE)
            cert = certificate(signer.finalize(proofs.account, der, blobs, url=url))
            assert ekus(cert) == [usage] and evidence(cert) == {NAME: told}
            assert policies(cert) == {"quorum-1", "control-dns" if told.keys() == {"serverAuth"} else "use-published"}
    finally:
        signer.stop()


def test_control_of_a_domain_above_is_told(ns, dns):
    def edit(text):
        assert "names: []\n" in text
        return with_arc(text).replace("names: []\n", "names:\n  - ancestors: [example.test]\n")
    signer = Signer(ns, edit=edit)
    try:
        proofs = Proofs(signer)
        above = [Statement.read(b).but(name="example.test", subtree=1, method=wire.DNS_01).make(signer.statement_key())
                 for p, b in proofs.control.items() if p == wire.SERVER_AUTH]
        cert = certificate(proofs.finalize("server", proofs.caa + above))
        assert evidence(cert) == {NAME: {"serverAuth": ("dns-01", None)}}
        assert policies(cert) == {"quorum-1", "dns-insecure", "control-above"}
    finally:
        signer.stop()


@pytest.mark.parametrize("arc", ["1.3.6.1.4.1.2147483648", "2.25.98765432109876543210987654321", "1.3.6.1.4.1.32473.", "1", "x"])
def test_an_arc_that_verifiers_refuse_is_refused_at_the_start(ns, dns, arc):
    ca = Ca(ns, edit=lambda t: with_arc(t, arc))
    r = ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    assert r.returncode != 0 and "is not an arc of object identifiers; expected numbers below 2147483648" in r.stdout


def test_an_arc_that_changes_changes_what_is_told(signer, proofs):
    """Proofs are as good as before, and certificates tell under the arc of the day."""
    before = issue(proofs, "server", stated(proofs))
    signer.ca.edit(lambda t: t.replace(ARC, "1.3.6.1.4.1.32473.8"))
    signer.restart_signer()
    after = issue(proofs, "server", stated(proofs))
    assert evidence(before) == evidence(after, "1.3.6.1.4.1.32473.8")
    assert policies(before) == policies(after, "1.3.6.1.4.1.32473.8")
    assert evidence(after) is None


# Relying parties: tabard policy and tabard check.


def files(signer, tmp_path, cert, issuer):
    """(chain file, root file, "sha256:..." of the issuing CA's key)"""
    with open(signer.ca.path(f"issuing-{issuer}.pem"), "rb") as f:
        issuing = f.read()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(cert.public_bytes(serialization.Encoding.PEM) + issuing)
    spki = x509.load_pem_x509_certificate(issuing).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return str(chain), signer.ca.path(f"root-{issuer}.pem"), "sha256:" + hashlib.sha256(spki).hexdigest()


def policy_says(signer, tmp_path, chain, root, key, wanted, arc=ARC, name=NAME, role="client"):
    """The reason code, and what else was said."""
    arc_line = f"    policy_arc: {arc}\n" if arc else ""
    path = tmp_path / "policy"
    path.write_text(f"""version: 1
issuers:
  ca:
    keys: {key}
{arc_line}entries:
  - name: one
    who: {{dns: {name}, issuer: ca, purpose: {role}Auth, proofs: {wanted}}}
    what: x
    until: never
    as: someone
...
""")
    r = signer.ns.run([program("tabard"), "policy", "test", str(path), "--cert", chain, "--anchors", root, "--role", role,
                       "--resource", "x"], check=False)
    lines = r.stdout.splitlines()
    assert (r.returncode == 0) == (lines[0] == "allowed"), r.stdout
    return lines[0], r.stdout


def test_a_policy_that_wants_methods_is_judged_for_the_name_that_matched(signer, proofs, tmp_path):
    second = Proofs(signer, OTHER, proofs.account, proofs.key)
    cert = issue(proofs, "peer", stated(proofs, control=wire.DNS_01) + stated(second), names=[NAME, OTHER])
    where = files(signer, tmp_path, cert, "peer")
    for name, wanted, role, code in (
            (NAME, "dns-01", "client", "allowed"), (NAME, "[dns-01, tls-client-01]", "client", "allowed"),
            (NAME, "tls-client-01", "client", "allowed"), (NAME, "http-01", "client", "proof-method-other"),
            (OTHER, "dns-01", "client", "proof-method-other"), (OTHER, "[http-01, tls-client-01]", "client", "allowed"),
            (NAME, "dns-01", "server", "allowed"), (NAME, "[dns-01, tls-client-01]", "server", "proof-method-other")):
        got, out = policy_says(signer, tmp_path, *where, wanted, name=name, role=role)
        assert got == code, (name, wanted, role, out)
    assert "dns-01" in out and "tls-client-01" in out  # what was seen and what was expected
    for arc in (None, "1.3.6.1.4.1.32473", ARC + ".3", "1.3.6.1.4.1.32474"):
        assert policy_says(signer, tmp_path, *where, "dns-01", arc=arc)[0] == "proof-method-unknown"


def test_tabard_check_shows_what_is_told(signer, proofs, tmp_path):
    second = Proofs(signer, OTHER, proofs.account, proofs.key)
    cert = issue(proofs, "client", stated(proofs, control=wire.DNS_01) + stated(second), names=[NAME, OTHER])
    chain, root, _ = files(signer, tmp_path, cert, "client")
    argv = [program("tabard"), "check", chain, "--anchors", root, "--role", "client"]
    out = signer.ns.run(argv).stdout
    assert f"proofs, as the issuer states them under {ARC}:" in out
    assert f"  DNS:{NAME}: clientAuth by dns-01 and tls-client-01\n" in out
    assert f"  DNS:{OTHER}: clientAuth by http-01 and tls-client-01\n" in out
    assert "  for all names: use-published; for one or more: quorum-1, dns-insecure\n" in out
    doc = json.loads(signer.ns.run(argv + ["--json"]).stdout)
    told = doc["results"][0]["leaf"]["proofs"]
    told["names"].sort(key=lambda n: n["name"], reverse=True)
    assert told == {"arc": ARC, "policies": ["use-published", "quorum-1", "dns-insecure"],
                    "names": [{"name": "DNS:" + NAME, "purposes": {"clientAuth": ["dns-01", "tls-client-01"]}},
                              {"name": "DNS:" + OTHER, "purposes": {"clientAuth": ["http-01", "tls-client-01"]}}]}
    # A server's certificate of the CA itself tells nothing.
    silent = [program("tabard"), "check", signer.ca.path("https.pem"), "--anchors", signer.ca.root, "--role", "server"]
    assert "proofs" not in signer.ns.run(silent).stdout
    assert json.loads(signer.ns.run(silent + ["--json"]).stdout)["results"][0]["leaf"]["proofs"] is None
