"""Every error type that RFC 8555 section 6.7, RFC 9773 and the profiles draft know, produced once."""
import json
import os
import re
import signal
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import AuthorityKeyIdentifier

from harness.acme import URN, Key, b64u, csr, jws
from harness.attack import Site, refused
from harness.x509 import der, load_chain

OLD, NEW = "https://ca.test/terms/1", "https://ca.test/terms/2"


def edit(text):
    return text.replace('terms_of_service: ""', f'terms_of_service: "{OLD}"').replace(
        "orders_per_account_pending_max: 300", "orders_per_account_pending_max: 3")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    s = Site(tmp_path_factory.mktemp("errors"), edit=edit)
    s.knot.update("example.test", "add deaf.example.test. 1 A 127.0.0.9", "add lost.example.test. 1 CNAME nowhere.invalid.",
                  'add other.example.test. 1 CAA 0 issue "other.example"', "add other.example.test. 1 A 127.0.0.1")
    yield s
    s.close()


def fails(site, name, method="http-01", answer=None):
    """The type with which a validation fails."""
    cl = site.client()
    a = cl.authz(cl.new_order([name]).json())[0]
    ch = next(c for c in a["challenges"] if c["type"] == method)
    if answer is not None:
        site.web.answers[ch["token"]] = answer
    cl.post(ch["url"], {})
    ch = cl.wait(ch["url"], lambda c: c["status"] not in ("pending", "processing"))
    assert ch["status"] == "invalid" and ch["error"]["status"] >= 400
    cl.close()
    site.web.answers.clear()
    return ch["error"]["type"][len(URN):]


def no_tls(site):
    """A host that answers a ClientHello with something else."""
    listener = site.ns.listen("127.0.0.1", 443)

    def serve():
        with listener.accept()[0] as conn:
            conn.recv(4096)
            conn.sendall(b"220 no TLS here\r\n")

    t = threading.Thread(target=serve)
    t.start()
    kind = fails(site, site.name(), "tls-alpn-01")
    t.join(10)
    listener.close()
    return kind


def with_client(work):
    def run(site):
        cl = site.client()
        r = work(site, cl)
        cl.close()
        return r
    return run


def finalize(request, ready=True):
    def work(site, cl):
        n = site.name()
        order = cl.ready_order(site.web, [n])[1] if ready else cl.new_order([n]).json()
        return cl.finalize(order, request if request is not None else csr([n]))
    return with_client(work)


def account(**payload):
    return lambda site: site.client(register=False).register(**payload)


def weak_key(site):
    cl = site.client(register=False)
    cl.key = Key("RS256")
    cl.key.key = rsa.generate_private_key(65537, 1024)
    body = jws(Key("RS256"), cl.dir["newAccount"], {"termsOfServiceAgreed": True}, cl.take_nonce(),
               header={"jwk": {"e": "AQAB", "kty": "RSA", "n": b64u(b"\xff" * 127 + b"\x01")}})
    return cl.post_raw(cl.dir["newAccount"], body)


def already_replaced(site, cl):
    n = site.name()
    leaf = load_chain(cl.issue(site.web, [n]))[0]
    aki = leaf.extensions.get_extension_for_class(AuthorityKeyIdentifier).value.key_identifier
    cid = b64u(aki) + "." + b64u(leaf.serial_number.to_bytes(16, "big"))
    assert cl.new_order([n], replaces=cid).status == 201
    return cl.new_order([n], replaces=cid)


def revoke(site, cl, **more):
    leaf = load_chain(cl.issue(site.web, [site.name()]))[0]
    body = {"certificate": b64u(der(leaf)), **more}
    first = cl.post(cl.dir["revokeCert"], body)
    return first if first.status != 200 else cl.post(cl.dir["revokeCert"], body)


def rate_limited(site, cl):
    for _ in range(3):
        assert cl.new_order([site.name()]).status == 201
    return cl.new_order([site.name()])


def internal(site, cl):
    """The validator does not answer: the front gives up after ten seconds."""
    pid = site.ca.pid_of("validator")
    os.kill(pid, signal.SIGSTOP)
    try:
        return cl.new_order([site.name()])
    finally:
        os.kill(pid, signal.SIGCONT)


def changed_terms(site):
    cl = site.client()
    cl.close()
    site.ca.stop()
    site.ca.edit(lambda t: t.replace(OLD, NEW))
    site.ca.start()
    return cl.new_order([site.name()])


def unbound(site):
    """An account without binding, where one is demanded."""
    before = "external_account: off"
    assert before in open(site.ca.config).read()
    site.ca.stop()
    site.ca.edit(lambda t: t.replace(before, "external_account: required"))
    site.ca.start()
    try:
        return site.client(register=False).register()
    finally:
        site.ca.stop()
        site.ca.edit(lambda t: t.replace("external_account: required", before))
        site.ca.start()


ERRORS = {
    "accountDoesNotExist": account(onlyReturnExisting=True),
    "alreadyReplaced": with_client(already_replaced),
    "alreadyRevoked": with_client(revoke),
    "badRevocationReason": with_client(lambda s, cl: revoke(s, cl, reason=99)),
    "badCSR": finalize(b"\x30\x00"),
    "badNonce": with_client(lambda s, cl: cl.post(cl.kid, None, header={"nonce": "AAAAAAAA"})),
    "badPublicKey": weak_key,
    "badSignatureAlgorithm": with_client(lambda s, cl: cl.post(cl.kid, None, header={"alg": "HS256"})),
    "caa": lambda s: fails(s, "other.example.test"),
    "compound": with_client(lambda s, cl: cl.new_order(["a_b.example.test", {"type": "x", "value": "y"}])),
    "connection": lambda s: fails(s, "deaf.example.test"),
    "externalAccountRequired": unbound,
    "dns": lambda s: fails(s, "lost.example.test"),
    "incorrectResponse": lambda s: fails(s, s.name(), answer="x.y"),
    "invalidContact": account(contact=["mailto:nobody"]),
    "invalidProfile": with_client(lambda s, cl: cl.new_order([s.name()], profile="nosuch")),
    "malformed": with_client(lambda s, cl: cl.post(cl.dir["newOrder"], b"[]")),
    "orderNotReady": finalize(None, ready=False),
    "rateLimited": with_client(rate_limited),
    "rejectedIdentifier": with_client(lambda s, cl: cl.new_order(["a_b.example.test"])),
    "serverInternal": with_client(internal),
    "tls": no_tls,
    "unauthorized": with_client(lambda s, cl: cl.post(cl.kid, None, signed_url=cl.dir["newOrder"])),
    "unsupportedContact": account(contact=["tel:1"]),
    "unsupportedIdentifier": with_client(lambda s, cl: cl.new_order([{"type": "x", "value": "y"}])),
    "userActionRequired": changed_terms,
}
STATUS = {"alreadyReplaced": 409, "caa": 403, "externalAccountRequired": 403, "orderNotReady": 403, "rateLimited": 429, "serverInternal": 503, "unauthorized": 403,
          "userActionRequired": 403}


def test_no_error_type_is_left_out():
    """The table above has every type that the program knows."""
    path = os.path.join(os.path.dirname(__file__), "..", "..", "lib", "base", "problem.c")
    with open(path) as f:
        known = re.findall(r'\[TB_P_[A-Z_]+\] = \{?"([a-zA-Z]+)"', f.read())
    assert len(known) > 20 and sorted(ERRORS) == sorted(known)


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_type_is_produced(site, kind):
    r = ERRORS[kind](site)
    if isinstance(r, str):
        assert r == kind  # of a challenge
    else:
        refused(r, kind, STATUS.get(kind, 400))
        assert json.loads(r.body)["type"] == URN + kind
