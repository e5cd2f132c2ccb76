"""The responder, asked as a front asks it and met as applicants meet it."""
import hashlib
import ipaddress
import os
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness import wire
from harness.applicant import CLIENT_AUTH, SERVER_AUTH, Applicant, pem, use_cert, use_digest
from harness.responder import CLIENT, PROTOCOL, Responder
from harness.statement import USE

NAME = "www.example.test"
PUBLISHED, DECLARED = 1, 2


def spki_digest(key):
    return hashlib.sha256(key.public_key().public_bytes(serialization.Encoding.DER,
                                                        serialization.PublicFormat.SubjectPublicKeyInfo)).digest()


def mapped(address):
    a = ipaddress.ip_address(address)
    return a.packed if a.version == 6 else b"\0" * 10 + b"\xff\xff" + a.packed


@pytest.fixture
def responder(ns, dns):
    r = Responder(ns)
    yield r
    r.stop()


@pytest.fixture
def account(responder):
    return responder.account()


@pytest.fixture
def applicant(ns, responder):
    return Applicant(ns, responder)


def prove(responder, applicant, account, name=NAME, kind=wire.DNS, **how):
    """The statement of a proof that must succeed."""
    token, request = responder.arm(account, name, kind)
    line, key = applicant.prove(account, name, token, **how)
    assert line.startswith("ok "), line
    problem, detail, blobs = responder.answer(request)
    assert problem is None, detail
    s = responder.statement(blobs[0])
    assert (s.kind, s.method, s.purpose, s.name_kind, s.name) == (USE, wire.TLS_CLIENT_01, wire.CLIENT_AUTH, kind, name)
    assert (s.account, s.thumbprint) == (account.url, account.key.thumbprint())
    assert s.spki == spki_digest(key) and s.token == hashlib.sha256(token.encode()).digest()
    assert s.peer == mapped(line[3:]) and s.perspective == 1 and s.directory == responder.base
    assert abs(s.made_at - time.time()) < 60
    return s


# what is asked for


def test_tokens_are_for_this_method_purpose_and_scope_only(responder, account):
    assert responder.ask_token(account, NAME)[0]
    assert responder.ask_token(account, "127.0.0.1", wire.IP)[0]
    for how in ({"method": wire.HTTP_01}, {"method": wire.DNS_01}, {"purposes": 1 << wire.SERVER_AUTH},
                {"purposes": CLIENT | 1 << wire.SERVER_AUTH}, {"subtree": 1}):
        assert responder.ask_token(account, NAME, **how)[1], how
    assert responder.ask_token(account, "*.example.test")[1][0] == "rejectedIdentifier"


def test_a_token_serves_what_it_was_made_for(responder, account):
    token, _ = responder.ask_token(account, NAME)
    other = responder.account()
    for args in ((other, NAME, token), (account, "ca.example.test", token), (account, NAME, "A" * 52)):
        problem, detail, _ = responder.answer(responder.ask(*args))
        assert problem == "unauthorized" and "not made for this" in detail
    request = responder.ask(account, NAME, token)
    assert responder.next_note(request) == (None, "")
    problem, detail, _ = responder.answer(responder.ask(account, NAME, token))
    assert problem == "malformed" and "already under way" in detail


def test_a_front_that_comes_back_arms_again(responder, account, applicant):
    token, _ = responder.arm(account, NAME)
    front, theirs = wire.pair()
    responder.front.close()
    responder.child.peer("front", theirs)
    responder.front = wire.Edge(front)
    request = responder.ask(account, NAME, token)
    assert responder.next_note(request) == (None, "")
    assert applicant.prove(account, NAME, token)[0] == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None


# proofs


def test_a_proof_says_who_came_from_where_with_which_key(responder, applicant, account):
    s = prove(responder, applicant, account)
    assert (s.egress_kind, s.egress_prefix, s.dnssec) == (PUBLISHED, 0, 1)
    s = prove(responder, applicant, account, "127.0.0.1", wire.IP)
    assert (s.egress_kind, s.egress_prefix, s.dnssec) == (PUBLISHED, 0, 0)


@pytest.mark.parametrize("make", [lambda: ec.generate_private_key(ec.SECP256R1()), lambda: ec.generate_private_key(ec.SECP384R1()),
                                  ed25519.Ed25519PrivateKey.generate,
                                  lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
                                  lambda: rsa.generate_private_key(public_exponent=65537, key_size=4096)])
def test_every_kind_of_key(responder, applicant, account, make):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)), key=make())
    assert applicant.show(token, der, key) == "ok 127.0.0.1"
    assert responder.statement(responder.answer(request)[2][0]).spki == spki_digest(key)


def groups_of_openssl():
    """The first is offered with a key and not taken; the hybrid is known since OpenSSL 3.5."""
    known = subprocess.run(["openssl", "list", "-kem-algorithms"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return ["P-521", *(g for g in ("X25519MLKEM768",) if g in known)]


def test_a_client_may_be_asked_for_another_group(ns, responder, applicant, account):
    """HelloRetryRequest (RFC 8446 section 4.1.4): two hellos of one attempt, the certificate is read all the same."""
    for group in groups_of_openssl():
        token, request = responder.arm(account, NAME)
        der, key = use_cert(NAME, use_digest(account.authorization(token)))
        with open(os.path.join(ns.tmp, "use.pem"), "wb") as f:
            f.write(pem(der) + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                 serialization.NoEncryption()))
        said = ns.run(["openssl", "s_client", "-connect", f"{applicant.address}:{applicant.port}", "-servername",
                       applicant.name_of(token), "-alpn", PROTOCOL, "-cert", f.name, "-key", f.name, "-groups",
                       group + ":X25519", "-msg", "-ign_eof"], check=False).stdout
        assert said.count(", ClientHello") == 2 and "\nok 127.0.0.1" in said, said
        problem, detail, blobs = responder.answer(request)
        assert problem is None, detail
        assert responder.statement(blobs[0]).spki == spki_digest(key)


def test_once_proved_nobody_is_expected_any_more(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    assert applicant.prove(account, NAME, token)[0] == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    assert applicant.alert(token, der, key) == "TLSV1_UNRECOGNIZED_NAME"
    assert responder.stats()["responder_windows"] == 0


def test_names_may_be_in_any_case(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME.upper(), use_digest(account.authorization(token)))
    assert applicant.show(token, der, key, name=applicant.name_of(token).upper()) == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None


# refusals that end nothing


UNKNOWN_CRITICAL = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\0"), True)
LONG = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"x" * 4096), False)
FAR_TOO_LONG = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"x" * 20000), False)


def certificate_of(other, digest, tls_alpn, other_digest):
    """By what is wrong with it: the word, part of the sentence, the certificate."""
    p521 = ec.generate_private_key(ec.SECP521R1())
    return {
        "serverAuth": ("certificate", "clientAuth", use_cert(NAME, digest, ekus=(SERVER_AUTH,))),
        "both": ("certificate", "clientAuth", use_cert(NAME, digest, ekus=(CLIENT_AUTH, SERVER_AUTH))),
        "no EKU": ("certificate", "clientAuth", use_cert(NAME, digest, ekus=())),
        "other name": ("certificate", "identifier", use_cert("ca.example.test", digest)),
        "two names": ("certificate", "identifier", use_cert(NAME, digest, names=[NAME, "ca.example.test"])),
        "no name": ("certificate", "identifier", use_cert(NAME, digest, names=[])),
        "not critical": ("certificate", "acmeIdentifier", use_cert(NAME, digest, critical=False)),
        "no digest": ("certificate", "acmeIdentifier", use_cert(NAME, None)),
        "issued": ("certificate", "self-signed", use_cert(NAME, digest, issuer="somebody else")),
        "other's signature": ("certificate", "signature", use_cert(NAME, digest, signer=other)),
        "unknown critical": ("certificate", "critical", use_cert(NAME, digest, extra=[UNKNOWN_CRITICAL])),
        "too long": ("certificate", "4096", use_cert(NAME, digest, extra=[LONG])),
        "tls-alpn-01": ("digest", "digest", use_cert(NAME, tls_alpn)),
        "other digest": ("digest", "digest", use_cert(NAME, other_digest)),
        "P-521": ("key", "P-256", use_cert(NAME, digest, key=p521)),
    }


def test_certificates_that_are_not_what_is_demanded(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    authorization = account.authorization(token)
    stranger = responder.account().authorization(token)
    for what, (word, part, (der, key)) in certificate_of(
            ec.generate_private_key(ec.SECP256R1()), use_digest(authorization),
            hashlib.sha256(authorization.encode()).digest(), use_digest(stranger)).items():
        assert applicant.show(token, der, key) == f"refused {word} 127.0.0.1", what
        problem, detail = responder.next_note(request)
        assert part in detail and "127.0.0.1" in detail, (what, detail)
        assert problem == ("badPublicKey" if word == "key" else "incorrectResponse")
    # None of them spoiled it.
    assert applicant.prove(account, NAME, token)[0] == "ok 127.0.0.1"
    assert responder.answer(request)[0] is None


def test_exactly_one_certificate(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    assert applicant.show(token, der, key, chain=[use_cert(NAME, None)[0]]) == "refused certificate 127.0.0.1"
    assert "not the only one" in responder.next_note(request)[1]


def test_a_certificate_far_too_long_gets_no_line(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)), extra=[FAR_TOO_LONG])
    applicant.alert(token, der, key)
    assert responder.next_note(request)[0] == "tls"


@pytest.mark.parametrize("how,alert", [
    ({"alpn": ()}, "NO_APPLICATION_PROTOCOL"),
    ({"alpn": ("acme-tls/1",)}, "NO_APPLICATION_PROTOCOL"),
    ({"alpn": ("acme-tls-client/1", "http/1.1")}, "NO_APPLICATION_PROTOCOL"),
    ({"newest": ssl.TLSVersion.TLSv1_2}, "PROTOCOL_VERSION"),
])
def test_handshakes_that_are_not_ours(responder, applicant, account, how, alert):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    assert alert in applicant.alert(token, der, key, **how)
    problem, detail = responder.next_note(request)
    assert problem == "tls" and "127.0.0.1" in detail
    assert applicant.prove(account, NAME, token)[0] == "ok 127.0.0.1"


def test_nothing_is_resumed(ns, responder, applicant, account):
    """A client that offers a pre-shared key is told so, and no ticket is ever given out."""
    token, request = responder.arm(account, NAME)
    argv = ["openssl", "s_client", "-connect", "127.0.0.1:14002", "-servername", applicant.name_of(token), "-alpn",
            "acme-tls-client/1", "-tls1_3"]
    p = ns.run([*argv, "-psk", "00112233445566778899aabbccddeeff"], check=False)
    assert "illegal parameter" in p.stdout
    problem, detail = responder.next_note(request)
    assert problem == "tls" and "pre-shared key" in detail
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    context = applicant.context(der, key)
    with applicant.socket() as s, context.wrap_socket(s, server_hostname=applicant.name_of(token)) as tls:
        assert tls.recv(100) == b"ok 127.0.0.1\n" and tls.recv(100) == b""
        assert not tls.session_reused and not tls.session.has_ticket


def test_a_certificate_is_demanded(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    assert "CERTIFICATE_REQUIRED" in applicant.alert(token)
    assert responder.next_note(request)[0] == "tls"


def test_nobody_is_served_without_an_armed_tag(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest(account.authorization(token)))
    for name in (responder.host, "a" * 16 + "." + responder.host, applicant.name_of(token)[:16] + ".other.test",
                 "x." + applicant.name_of(token), "127.0.0.1"):
        assert applicant.alert(token, der, key, name=name) == "TLSV1_UNRECOGNIZED_NAME", name
    stats = responder.stats()
    assert stats["responder_unknown_tag_total"] == 5 and stats["responder_handshake_failures_total"] == 0
    assert not responder.notes.get(request), "strangers leave nothing in anybody's challenge"


def test_too_many_attempts_of_one_window(responder, applicant, account):
    token, request = responder.arm(account, NAME)
    der, key = use_cert(NAME, use_digest("somebody else"))
    lines = [applicant.show(token, der, key) for _ in range(32)]
    assert lines == ["refused digest 127.0.0.1"] * 16 + ["refused busy 127.0.0.1"] * 16
    assert applicant.alert(token, der, key) == "TLSV1_UNRECOGNIZED_NAME"
