"""Whoever owns the front end, and what it can make of proofs of use.

As in test_attack_judge.py the test stands in the front's place and holds both statement keys, so that it can say what is
authentic and must not count. Each refusal has its own reason in the judge's log.
"""
import hashlib
import itertools
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import wire
from harness.acme import csr
from harness.signer import Account, Signer
from harness.statement import CAA, CONTROL, USE, Statement
from harness.x509 import CLIENT_AUTH, SERVER_AUTH, ekus, names

from test_attack_judge import reason, refused

NAME, OTHER = "www.example.test", "api.example.test"
PROFILES = {"server": [SERVER_AUTH], "client": [CLIENT_AUTH], "client-preproved": [CLIENT_AUTH],
            "peer": [SERVER_AUTH, CLIENT_AUTH]}


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns, init=["--peer"])
    yield s
    s.stop()


def spki(key):
    return hashlib.sha256(key.public_key().public_bytes(serialization.Encoding.DER,
                                                        serialization.PublicFormat.SubjectPublicKeyInfo)).digest()


class Proofs:
    """An account, a key, and really made control for either purpose; use as the responder would state it."""

    def __init__(self, signer, name=NAME, account=None, key=None):
        self.signer, self.name = signer, name
        self.account = account or Account(signer)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        made = signer.prove(self.account, name, (1 << wire.SERVER_AUTH) | (1 << wire.CLIENT_AUTH))
        self.control = {s.purpose: s.make(signer.statement_key()) for s in map(Statement.read, made) if s.kind == CONTROL}
        self.caa = [b for b in made if Statement.read(b).kind == CAA]
        self.use = self.statement().make(signer.responder_key())

    def statement(self, **changes):
        like = Statement.read(self.control[wire.CLIENT_AUTH])
        use = like.but(kind=USE, method=wire.TLS_CLIENT_01, spki=spki(self.key), peer=b"\0" * 10 + b"\xff\xff\x7f\0\0\1",
                       egress_kind=1, token=hashlib.sha256(b"token").digest(), made_at=int(time.time()) - 1)
        return use.but(**changes)

    def finalize(self, profile, blobs, key=None, names=None, account=None):
        self.order = self.signer.order_number()
        url = self.signer.finalize_url(self.order, profile=profile + "@2026-11")
        der = csr(names or [self.name], key or self.key)
        return self.signer.finalize(account or self.account, der, blobs, url=url)

    def client(self, use, **more):
        """A client order with everything but use as it should be."""
        return self.finalize("client", self.caa + [self.control[wire.CLIENT_AUTH]] + use, **more)


@pytest.fixture
def proofs(signer):
    return Proofs(signer)


OUTCOME = {  # by the proofs for server, for client, of use; None: a certificate
    "server": lambda s, c, u: None if s else "statement-other-purpose" if c or u else "control-missing",
    "client": lambda s, c, u: None if c and u and not s else None if c and u else
        "statement-other-purpose" if s else "use-missing" if c else "control-missing",
    "peer": lambda s, c, u: None if s and c and u else "use-missing" if s and c else "control-missing",
}
OUTCOME["client-preproved"] = OUTCOME["client"]


def test_every_profile_with_every_set_of_proofs(signer, proofs):
    for profile, (s, c, u) in itertools.product(PROFILES, itertools.product((False, True), repeat=3)):
        blobs = (proofs.caa + [proofs.control[wire.SERVER_AUTH]] * s + [proofs.control[wire.CLIENT_AUTH]] * c +
                 [proofs.use] * u)
        r = proofs.finalize(profile, blobs)
        want = OUTCOME[profile](s, c, u)
        if want is None:
            assert r.problem is None, (profile, s, c, u, r.detail)
            cert = x509.load_der_x509_certificate(r.cert)
            assert ekus(cert) == PROFILES[profile] and names(cert) == [NAME]
        else:
            assert r.cert is None and reason(signer) == want, (profile, s, c, u, reason(signer))
    assert len(signer.issued()) == 4 + 2 + 2 + 1


def test_nothing_at_all_is_refused_under_every_profile(signer, proofs):
    for profile in PROFILES:
        refused(signer, proofs.finalize(profile, []), "no-proofs")


AUTHENTIC_BUT_WRONG = {
    "of another key": (lambda p: {"spki": b"\1" * 32}, "statement-other-subject-key"),
    "of another account": (lambda p: {"account": Account(p.signer).url}, "statement-other-account"),
    "of another account key": (lambda p: {"thumbprint": b"\1" * 32}, "statement-other-account-key"),
    "of another name": (lambda p: {"name": OTHER}, "statement-other-name"),
    "of the name's parent": (lambda p: {"name": "example.test"}, "statement-other-name"),
    "of the name's wildcard": (lambda p: {"name": "*." + NAME}, ("statement-other-name", "statement-malformed")),
    "of the name's subtree": (lambda p: {"subtree": 1}, "statement-malformed"),
    "for the server's purpose": (lambda p: {"purpose": wire.SERVER_AUTH}, "statement-other-purpose"),
    "without a purpose": (lambda p: {"purpose": 0}, "statement-malformed"),
    "by tls-alpn-01": (lambda p: {"method": wire.TLS_ALPN_01}, ("statement-beyond-capability", "statement-malformed")),
    "by http-01": (lambda p: {"method": wire.HTTP_01}, ("statement-beyond-capability", "statement-malformed")),
    "expired": (lambda p: {"made_at": int(time.time()) - 24 * 3600 - 60}, "statement-expired"),
    "of the year 1970": (lambda p: {"made_at": 0}, "statement-expired"),
    "future": (lambda p: {"made_at": int(time.time()) + 600}, "statement-future"),
    "other directory": (lambda p: {"directory": "https://other.test:14000"}, "statement-other-audience"),
    "other policy": (lambda p: {"policy": b"\0" * 32}, "statement-other-audience"),
    "other CA": (lambda p: {"ca_id": b"\7" * 16}, "statement-other-audience"),
    "other perspective": (lambda p: {"perspective": 2}, "statement-unknown-perspective"),
    "from nowhere": (lambda p: {"peer": b"\0" * 16}, "statement-malformed"),
    "without egress": (lambda p: {"egress_kind": 0}, "statement-malformed"),
    "egress of no kind": (lambda p: {"egress_kind": 3}, "statement-malformed"),
    "declared without a prefix": (lambda p: {"egress_kind": 2, "egress_prefix": 0}, "statement-malformed"),
    "published with a prefix": (lambda p: {"egress_prefix": 24}, "statement-malformed"),
    "without a key": (lambda p: {"spki": b"\0" * 32}, "statement-malformed"),
    "with CAA": (lambda p: {"caa": b"\1\0"}, "statement-malformed"),
    "control by its kind": (lambda p: {"kind": CONTROL, "method": wire.HTTP_01, "spki": b"\0" * 32, "egress_kind": 0},
                            "statement-beyond-capability"),
    "CAA by its kind": (lambda p: {"kind": CAA, "method": 0, "purpose": 0, "account": "", "thumbprint": b"\0" * 32,
                                   "spki": b"\0" * 32, "token": b"\0" * 32, "egress_kind": 0, "caa": b"\1\0"},
                        "statement-beyond-capability"),
}


def test_authentic_statements_of_use_that_do_not_fit(signer, proofs):
    key = signer.responder_key()
    assert proofs.client([proofs.use]).problem is None
    for what, (change, want) in AUTHENTIC_BUT_WRONG.items():
        r = proofs.client([proofs.statement(**change(proofs)).make(key)])
        assert r.cert is None, what
        assert reason(signer) in ((want,) if isinstance(want, str) else want), (what, reason(signer))
    assert len(signer.issued()) == 1


def test_each_key_says_only_its_own(signer, proofs):
    """Use under the validator's key, control and CAA under the responder's: authentic, and nothing."""
    validator, responder = signer.statement_key(), signer.responder_key()
    assert validator != responder
    refused(signer, proofs.client([proofs.statement().make(validator)]), "statement-beyond-capability")
    control = Statement.read(proofs.control[wire.CLIENT_AUTH]).make(responder)
    caa = [Statement.read(b).make(responder) for b in proofs.caa]
    refused(signer, proofs.finalize("client", proofs.caa + [control, proofs.use]), "statement-beyond-capability")
    refused(signer, proofs.finalize("client", caa + [proofs.control[wire.CLIENT_AUTH], proofs.use]),
            "statement-beyond-capability")
    # A control proof dressed as use: it keeps all that it has, and names the key.
    dressed = Statement.read(proofs.control[wire.CLIENT_AUTH]).but(kind=USE, spki=spki(proofs.key), egress_kind=1)
    for method in (wire.HTTP_01, wire.TLS_ALPN_01, wire.TLS_CLIENT_01):
        refused(signer, proofs.client([dressed.but(method=method).make(validator)]), "statement-beyond-capability",
                "statement-malformed")
    for method in (wire.HTTP_01, wire.TLS_ALPN_01):
        refused(signer, proofs.client([dressed.but(method=method).make(responder)]), "statement-beyond-capability",
                "statement-malformed")
    assert signer.issued() == []


def test_forged_statements_of_use(signer, proofs):
    blob = proofs.use
    for at in range(len(blob)):
        bad = blob[:at] + bytes([blob[at] ^ 0x40]) + blob[at + 1:]
        refused(signer, proofs.client([bad]), "statement-forged", "statement-unknown-perspective", "statement-malformed")
    for length in (0, 1, 3, 32, 33, len(blob) - 33, len(blob) - 1):
        refused(signer, proofs.client([blob[:length]]), "statement-forged", "statement-malformed",
                "statement-unknown-perspective")
    refused(signer, proofs.client([proofs.statement().make(b"\0" * 32)]), "statement-forged")
    assert signer.issued() == []


def test_use_is_bound_to_key_and_account_on_both_sides(signer, proofs):
    other_key = ec.generate_private_key(ec.SECP256R1())
    refused(signer, proofs.client([proofs.use], key=other_key), "statement-other-subject-key")
    # Another account's proof of use beside one's own control, and the whole of another account's proofs.
    thief = Proofs(signer, account=Account(signer), key=proofs.key)
    refused(signer, thief.client([proofs.use]), "statement-other-account")
    refused(signer, proofs.client([proofs.use], account=thief.account), "statement-other-account")
    # One key's proof does not serve two: the quorum of one is for each key.
    second = proofs.statement(spki=spki(other_key)).make(signer.responder_key())
    assert proofs.client([proofs.use, second], key=other_key).problem is None
    assert proofs.client([second, proofs.use]).problem is None


def test_many_bad_statements_are_no_quorum(signer, proofs):
    key = signer.responder_key()
    bad = [proofs.statement(spki=bytes([i]) * 32).make(key) for i in range(1, 40)]
    refused(signer, proofs.client(bad), "statement-other-subject-key")
    refused(signer, proofs.finalize("client", [proofs.use] * 40), "control-missing", "caa-missing")
    assert proofs.client(bad + [proofs.use]).problem is None


def test_each_of_two_names_needs_both_proofs(signer, proofs):
    second = Proofs(signer, OTHER, proofs.account, proofs.key)
    control = [p.control[wire.CLIENT_AUTH] for p in (proofs, second)]
    caa = proofs.caa + second.caa
    both = [NAME, OTHER]
    refused(signer, proofs.finalize("client", caa + control + [proofs.use], names=both), "use-missing")
    refused(signer, proofs.finalize("client", caa + control + [second.use], names=both), "use-missing")
    refused(signer, proofs.finalize("client", caa + control[:1] + [proofs.use, second.use], names=both), "control-missing")
    refused(signer, proofs.finalize("client", proofs.caa + control + [proofs.use, second.use], names=both), "caa-missing")
    r = proofs.finalize("client", caa + control + [proofs.use, second.use], names=both)
    assert names(x509.load_der_x509_certificate(r.cert)) == sorted(both)


def test_caa_must_allow_the_use_method(signer, proofs):
    for caa, allowed in ((b"\0\1\2" + wire.u32(1 << wire.HTTP_01), False), (b"\0\1\2" + wire.u32(1 << wire.TLS_CLIENT_01), False),
                         (b"\0\1\4" + wire.u32(1 << wire.SERVER_AUTH), False), (b"\0\0", False),
                         (b"\0\1\2" + wire.u32(1 << wire.HTTP_01 | 1 << wire.TLS_CLIENT_01), True)):
        blobs = [Statement.read(b).but(caa=caa).make(signer.statement_key()) for b in proofs.caa]
        r = proofs.finalize("client", blobs + [proofs.control[wire.CLIENT_AUTH], proofs.use])
        assert (r.problem is None) == allowed, caa
        if not allowed:
            assert reason(signer) == "caa-forbids"


def test_without_a_responder_no_statement_of_use_counts(ns, dns):
    signer = Signer(ns, init=["--responder", "off"], subdir="without")
    try:
        proofs = Proofs(signer)
        refused(signer, proofs.client([proofs.use]), "profile-not-offered")
        refused(signer, proofs.finalize("peer", [proofs.use]), "profile-not-offered")
        with open(signer.ca.path("keys", "responder-statement-1-1.key"), "rb") as f:
            assert len(f.read()) == 32
        server = proofs.finalize("server", proofs.caa + [proofs.use])
        refused(signer, server, "statement-forged", "statement-other-purpose")
        assert signer.issued() == []
    finally:
        signer.stop()
