"""DNSSEC under trust anchors, with zones that were really signed: what does not verify is an error before anything else."""
import hashlib
import time

import pytest

from harness import wire
from harness.acme import Client, Http01, b64u, csr
from harness.applicant import Applicant
from harness.ca import Ca
from harness.dnssec import SignedKnot, SignedZone, replaced, without, without_signatures
from harness.responder import Responder
from harness.signer import Account, Signer
from harness.statement import CAA, CONTROL, Statement

WWW = ["@ A 127.0.0.1", "www A 127.0.0.1", "api A 127.0.0.1"]
DAY = 86400


def stamp(t):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(t))


ZONES = {
    "secure": dict(records=WWW),
    "secure-nsec3": dict(records=WWW, sign=("-n",)),
    "changed": dict(records=["www A 127.0.0.2"], spoil=replaced("127.0.0.2", "127.0.0.1")),
    "nodnskey": dict(records=WWW, spoil=without("DNSKEY")),
    "nosignatures": dict(records=WWW, spoil=without_signatures),
    # The CAA record that forbids was taken out, and with it the proof that there is none.
    "nocaa": dict(records=WWW + ['www CAA 0 issue "other.test"'], spoil=without("CAA")),
    "nodenial": dict(records=WWW, spoil=without("NSEC")),
    "expired": dict(records=WWW, sign=("-i", stamp(time.time() - 60 * DAY), "-e", stamp(time.time() - 30 * DAY))),
    "future": dict(records=WWW, sign=("-i", stamp(time.time() + 30 * DAY), "-e", stamp(time.time() + 60 * DAY))),
}
BAD = [z for z in ZONES if not z.startswith("secure")]


@pytest.fixture
def zones(ns):
    made = {name: SignedZone(ns.tmp, f"{name}.test", **how) for name, how in ZONES.items()}
    # An anchor that belongs to another key: the zone itself is sound.
    made["otherkey"] = SignedZone(ns.tmp, "otherkey.test", WWW)
    made["otherkey"].anchor = made["secure"].anchor.replace("secure.test.", "otherkey.test.", 1)
    server = SignedKnot(ns, list(made.values()), plain=["test"])
    yield made
    server.stop()


def anchored(zones):
    return lambda text: text.replace("zones:\n", "zones:\n" + "".join(z.entry() for z in zones.values()))


def test_only_what_verifies_is_believed(ns, zones):
    ca = Ca(ns, edit=anchored(zones)).start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    for name in ("www.secure.test", "www.secure-nsec3.test"):
        assert c.issue(web, [name]), name
    before = len(web.seen)
    for zone in BAD + ["otherkey"]:
        r = c.new_order([f"www.{zone}.test"])
        assert r.status == 201, r.body
        (a,) = c.prove_http(web, r.json())
        assert a["status"] == "invalid", zone
        (problem,) = [ch["error"] for ch in a["challenges"] if "error" in ch]
        assert problem["type"].endswith(":dns"), (zone, problem)
    # Where already the address did not verify nobody was contacted.
    assert len(web.seen) - before <= len(["nocaa", "nodenial"])
    assert c.issue(web, ["api.secure.test"])
    c.close()
    web.close()
    assert ca.stop() == 0


def test_statements_say_what_was_secure(ns, zones):
    signer = Signer(ns, edit=anchored({"secure": zones["secure"]}))
    account = Account(signer)
    secure = [Statement.read(b) for b in signer.prove(account, "www.secure.test")]
    assert sorted(s.kind for s in secure) == [CONTROL, CAA]
    # The address was proved; CAA was also asked at "test", which has no anchor.
    assert {s.dnssec for s in secure if s.kind == CONTROL} == {2}
    insecure = [Statement.read(b) for b in signer.prove(account, "www.secure-nsec3.test")]
    assert all(s.dnssec < 2 for s in insecure)
    signer.stop()


def test_a_use_proof_needs_answers_that_verify(ns, zones):
    """Bogus addresses are an error before anything is armed; what verified is said so in the statement."""
    responder = Responder(ns, edit=anchored(zones))
    try:
        account, applicant = responder.account(), Applicant(ns, responder)
        for zone in BAD + ["otherkey"]:
            name = f"www.{zone}.test"
            if zone == "nocaa":
                continue  # its addresses are sound
            problem, detail = responder.refused(account, name)
            assert problem == "dns" and name in detail, (zone, detail)
        for zone in ("secure", "secure-nsec3"):
            name = f"www.{zone}.test"
            token, request = responder.arm(account, name)
            assert applicant.prove(account, name, token)[0] == "ok 127.0.0.1"
            assert responder.statement(responder.answer(request)[2][0]).dnssec == 2
    finally:
        responder.stop()


def test_control_of_a_whole_domain_in_a_signed_zone(ns):
    """RFC 9444: one TXT record stands for every name below, so that it matters all the more who wrote it."""
    zone = SignedZone(ns.tmp, "corp.test", WWW)
    server = SignedKnot(ns, [zone], plain=["test"])
    rules = lambda text: text.replace("names: []\n", "names:\n  - ancestors: [corp.test]\n")
    signer = Signer(ns, edit=lambda text: rules(anchored({"corp": zone})(text)))
    account = Account(signer)

    def prove(spoil=lambda lines: lines):
        nonlocal server
        token = signer.token(account, "corp.test", wire.DNS_01, subtree=True)
        txt = b64u(hashlib.sha256(f"{token}.{b64u(account.key.thumbprint())}".encode()).digest())
        zone.write(WWW + [f'_acme-challenge TXT "{txt}"'], spoil)
        server.stop()
        server = SignedKnot(ns, [zone], plain=["test"], name="knot-" + token[-6:])
        return signer.validate(account, "corp.test", token, wire.DNS_01, subtree=True)

    problem, blobs = prove()
    assert problem is None
    (control,) = [b for b in blobs if Statement.read(b).kind == CONTROL]
    assert Statement.read(control).subtree == 1 and Statement.read(control).dnssec == 2
    kind, answer = signer.to_validator.ask(wire.CAA_REQ, wire.ident("a.b.corp.test"))
    r = wire.Reader(answer)
    assert r.problem()[0] is None and r.u16() == 1
    assert signer.finalize(account, csr(["a.b.corp.test"]), [control, r.var16()]).problem is None
    # The same record without its signature.
    assert prove(without("TXT", signatures_only=True))[0] == "dns"
    signer.stop()
    server.stop()
