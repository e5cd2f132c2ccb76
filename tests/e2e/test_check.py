"""tabard check: its answers beside those of a real OpenSSL, and what it reads."""
import json
import os
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from harness.ca import program
from harness.pki import CLIENT, NINE, SERVER, Chain, make
from harness.proc import Proc

ROLES = ("client", "server")


def check(*args, seconds=60):
    return subprocess.run([program("tabard"), "check", *args], capture_output=True, text=True, timeout=seconds)


def answer(*args):
    r = check(*args, "--json")
    assert r.returncode in (0, 1, 2), r.stderr
    return r.returncode, json.loads(r.stdout)


@pytest.fixture(scope="module")
def nine(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("nine")
    return {name: Chain(tmp, name, shape) for name, shape in NINE.items()}


@pytest.fixture(scope="module")
def verifier_identity(tmp_path_factory):
    """The certificate of an s_server that verifies its clients; nobody looks at it."""
    d = tmp_path_factory.mktemp("verifier")
    pair = make("verifier")
    for name, data in (("cert.pem", pair.pem()), ("key.pem", pair.key_pem())):
        (d / name).write_bytes(data)
    return d


def accept_address(proc):
    proc.wait_output("ACCEPT")
    return re.search(r"ACCEPT (\S+)", proc.output()).group(1)


def verdict_of(output):
    """(None, None, None) when accepted, else OpenSSL's error text, depth and subject."""
    m = re.search(r"^depth=(\d+) (.*)\n(?:.*\n)?verify error:num=\d+:(.*)$", output, re.M)
    return (m.group(3), int(m.group(1)), m.group(2)) if m else (None, None, None)


def openssl_handshake(chain, role, identity, tmp):
    """A loopback connection between s_server and s_client; the verifying side's words decide."""
    shows = ["-cert", chain.leaf_file, "-cert_chain", chain.ca_file, "-key", chain.key_file]
    verifies = ["-CAfile", chain.root_file, "-no-CApath", "-no-CAstore", "-verify_return_error"]
    server = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1"]
    client = ["openssl", "s_client"]
    if role == "server":
        server += shows
        client += verifies + ["-verify", "5"]
    else:
        server += verifies + ["-Verify", "5", "-cert", str(identity / "cert.pem"), "-key", str(identity / "key.pem")]
        client += shows
    proc = Proc(server, os.path.join(str(tmp), "s_server.log"), stdin=subprocess.PIPE)
    try:
        c = subprocess.run(client + ["-connect", accept_address(proc)], input="Q\n", capture_output=True, text=True,
                           timeout=30)
        proc.popen.wait(30)
    finally:
        proc.popen.stdin.close()
        proc.stop()
    verifying = c.stdout + c.stderr if role == "server" else proc.output()
    error, depth, subject = verdict_of(verifying)
    if error is None:
        assert "verify return:1" in verifying and "verify error" not in verifying, verifying
        if role == "client":
            assert "CIPHER is" in verifying, verifying  # the server ended its handshake
        else:
            assert "Verify return code: 0 (ok)" in verifying, verifying
    return error, depth, subject


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NINE)
def test_agrees_with_openssl_on_loopback(nine, verifier_identity, tmp_path, name, role):
    chain = nine[name]
    error, depth, subject = openssl_handshake(chain, role, verifier_identity, tmp_path)
    for key in ([], ["--key", chain.key_file]):
        r = check(chain.chain_file, "--anchors", chain.root_file, "--role", role, *key)
        sentence = r.stdout.splitlines()[0]
        assert r.stderr == ""
        if error is None:
            assert r.returncode == 0
            assert sentence.startswith(f"{role}: accepted by OpenSSL")
            assert ("no private key is at hand" in sentence) == (key == [])
        else:
            cn = subject.replace("CN = ", "CN=")
            assert r.returncode == 1
            assert sentence.startswith(f"{role}: refused by OpenSSL")
            assert f"certificate at depth {depth}, " in sentence
            assert f'"{cn}"' in sentence
            assert f": {error};" in sentence
            assert "RFC 5280 section 4.2.1.12" in sentence


def test_the_nine_have_both_answers(nine):
    """The table of what OpenSSL does, so that agreement is not agreement on one answer."""
    accepted = {(n, r) for n in NINE for r in ROLES
                if check(nine[n].chain_file, "--anchors", nine[n].root_file, "--role", r).returncode == 0}
    assert accepted == {("none", "client"), ("none", "server"), ("server", "server"), ("client", "client"),
                        ("both", "client"), ("both", "server"), ("both-under-server-ca", "server")}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NINE)
def test_second_sentence_where_the_strict_rule_differs(nine, name, role):
    chain = nine[name]
    r = check(chain.chain_file, "--anchors", chain.root_file, "--role", role)
    second = [line for line in r.stdout.splitlines() if "libtabard" in line]
    if name == "none":
        assert r.returncode == 0
        assert len(second) == 1 and "(eku-absent)" in second[0] and "at depth 0, leaf" in second[0]
    else:
        assert second == []


def test_without_role_each_role_gets_a_sentence(nine):
    code, doc = answer(nine["server"].chain_file, "--anchors", nine["server"].root_file)
    roles = doc["results"][0]["roles"]
    assert code == 0
    assert roles["server"]["verdict"] == "accepted" and roles["client"]["verdict"] == "refused"
    assert roles["client"]["fault"]["depth"] == 0 and roles["client"]["fault"]["object"] == "leaf"
    assert roles["client"]["measured"] is True
    assert len(roles["client"]["documented"]) == 6
    assert all(d["measured"] is False and d["source"] for d in roles["client"]["documented"])
    assert any("you do not need Tabard" in n for n in doc["results"][0]["next"])
    code, doc = answer(nine["email"].chain_file, "--anchors", nine["email"].root_file)
    assert code == 1


@pytest.mark.parametrize("name,depth,kind", [("both-under-server-ca", 1, "intermediate"),
                                             ("client-under-server-root", 2, "anchor"), ("server", 0, "leaf")])
def test_fault_in_json(nine, name, depth, kind):
    code, doc = answer(nine[name].chain_file, "--anchors", nine[name].root_file, "--role", "client")
    fault = doc["results"][0]["roles"]["client"]["fault"]
    assert (code, fault["depth"], fault["object"]) == (1, depth, kind)


# What is wrong with a chain besides its purpose

def test_other_faults_are_named(nine, tmp_path):
    good, other = nine["both"], nine["server"]
    old = Chain(tmp_path, "old", NINE["both"], days=(-20, -10))
    cases = [
        ((good.leaf_file, "--anchors", good.root_file), 1, "depth 0, leaf", "is neither sent along nor among"),
        ((good.chain_file, "--anchors", other.root_file), 1, "depth 1, intermediate", "is neither sent along nor among"),
        ((old.chain_file, "--anchors", old.root_file), 1, "depth 0, leaf", "it was valid until"),
        ((good.chain_file, "--anchors", good.root_file, "--at", "2001-01-01"), 1, "depth 2, anchor", "it is valid from"),
        ((good.chain_file, "--anchors", good.root_file, "--name", "www.example.org"), 1, "depth 0, leaf",
         '"www.example.org" was asked for'),
        ((good.chain_file, "--anchors", good.root_file, "--name", "localhost"), 0, "accepted", "handshake"),
        ((old.chain_file, "--anchors", old.root_file, "--at",
          time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 15 * 86400))), 1, "depth 2, anchor", "valid from"),
    ]
    for args, code, where, what in cases:
        r = check(*args, "--role", "server")
        sentence = r.stdout.splitlines()[0]
        assert r.returncode == code, (args, r)
        assert where in sentence and what in sentence, sentence


def test_weak_key_is_refused(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", tmp_path / "k.pem", "-out",
                    tmp_path / "c.pem", "-subj", "/CN=weak", "-days", "3"], check=True, capture_output=True)
    r = check(str(tmp_path / "c.pem"), "--anchors", str(tmp_path / "c.pem"), "--role", "client")
    assert r.returncode == 1 and "its key is RSA 1024" in r.stdout


@pytest.mark.parametrize("kind", ["rsa:2048", "ed25519", "ed448"])
def test_other_keys_are_measured_without_them(tmp_path, kind):
    subprocess.run(["openssl", "req", "-x509", "-newkey", kind, "-nodes", "-keyout", tmp_path / "k.pem", "-out",
                    tmp_path / "c.pem", "-subj", "/CN=x", "-days", "3"], check=True, capture_output=True)
    for role in ROLES:
        for key in ([], ["--key", str(tmp_path / "k.pem")]):
            r = check(str(tmp_path / "c.pem"), "--anchors", str(tmp_path / "c.pem"), "--role", role, *key)
            assert r.returncode == 0, r.stdout


def test_system_store_is_the_default(nine):
    code, doc = answer(nine["both"].chain_file, "--role", "server")
    assert code == 1 and doc["anchors"] == "the system's store"


# Kinds of input

def csr(tmp_path, name, *extensions):
    key = ec.generate_private_key(ec.SECP256R1())
    b = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example.org")]))
    for e in extensions:
        b = b.add_extension(e, False)
    path = tmp_path / name
    path.write_bytes(b.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


def test_request_before_submission(tmp_path):
    san = x509.SubjectAlternativeName([x509.DNSName("a.example.org")])
    both = csr(tmp_path, "both.csr", san, x509.ExtendedKeyUsage([SERVER, CLIENT]))
    server = csr(tmp_path, "server.csr", san, x509.ExtendedKeyUsage([SERVER]))
    bare = csr(tmp_path, "bare.csr")
    code, doc = answer("--csr", str(both))
    assert code == 0 and doc["results"][0]["kind"] == "csr"
    assert all(doc["results"][0]["roles"][r]["verdict"] == "accepted" for r in ROLES)
    assert "would be accepted" in doc["results"][0]["roles"]["client"]["sentence"]
    assert any("clientAuth" in n for n in doc["results"][0]["next"])
    assert check("--csr", str(server), "--role", "client").returncode == 1
    assert check("--csr", str(server), "--role", "server").returncode == 0
    code, doc = answer(str(bare))
    assert any("names no purpose" in n for n in doc["results"][0]["next"])
    assert any("subjectAltName" in n for n in doc["results"][0]["next"])


def test_request_with_a_broken_signature_or_none(tmp_path, nine):
    der = x509.load_pem_x509_csr(csr(tmp_path, "a.csr").read_bytes()).public_bytes(Encoding.DER)
    (tmp_path / "b.csr").write_bytes(der[:-1] + bytes([der[-1] ^ 1]))
    r = check("--csr", str(tmp_path / "b.csr"))
    assert r.returncode == 2 and "does not verify" in r.stderr
    r = check("--csr", nine["both"].chain_file)
    assert r.returncode == 2 and "no certificate request" in r.stderr


def test_pkcs12_der_and_wrong_passphrase(tmp_path, nine):
    c = nine["client"]
    p12 = tmp_path / "a.p12"
    p12.write_bytes(pkcs12.serialize_key_and_certificates(b"x", c.leaf.key, c.leaf.cert, [c.ca.cert],
                                                          BestAvailableEncryption(b"secret")))
    (tmp_path / "pass").write_text("secret\n")
    code, doc = answer(str(p12), "--passphrase-file", str(tmp_path / "pass"), "--anchors", c.root_file, "--role", "client")
    assert code == 0 and doc["results"][0]["kind"] == "pkcs12"
    assert doc["results"][0]["roles"]["client"]["handshake_completed"] is True
    r = check(str(p12), "--anchors", c.root_file)
    assert r.returncode == 2 and "passphrase" in r.stderr
    der = tmp_path / "leaf.der"
    der.write_bytes(c.leaf.cert.public_bytes(Encoding.DER))
    root = tmp_path / "ca.der"
    root.write_bytes(c.ca.cert.public_bytes(Encoding.DER))
    assert check(str(der), "--anchors", str(root), "--anchors", c.root_file, "--role", "client").returncode == 0


def test_directory(tmp_path, nine):
    for name in ("server", "client"):
        (tmp_path / f"{name}.pem").write_bytes(open(nine[name].chain_file, "rb").read())
    (tmp_path / "privkey.pem").write_bytes(open(nine["server"].key_file, "rb").read())
    (tmp_path / "ca.crt").write_bytes(open(nine["server"].ca_file, "rb").read())
    (tmp_path / "README").write_text("no certificate")
    anchors = ["--anchors", nine["server"].root_file, "--anchors", nine["client"].root_file]
    code, doc = answer(str(tmp_path), *anchors)
    assert code == 0 and [os.path.basename(r["input"]) for r in doc["results"]] == ["client.pem", "server.pem"]
    assert check(str(tmp_path), *anchors, "--role", "server").returncode == 1
    (tmp_path / "broken.crt").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    assert check(str(tmp_path), *anchors).returncode == 2
    (tmp_path / "empty").mkdir()
    assert check(str(tmp_path / "empty")).returncode == 2


def test_what_cannot_be_read_is_not_an_answer(tmp_path, nine):
    c = nine["both"]
    leaf = open(c.leaf_file, "rb").read()
    (tmp_path / "cut.pem").write_bytes(leaf[:len(leaf) // 2])
    (tmp_path / "cut.der").write_bytes(c.leaf.cert.public_bytes(Encoding.DER)[:-1])
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "large.pem").write_bytes(leaf + b"\n" * ((1 << 20) + 1 - len(leaf)))
    (tmp_path / "full.pem").write_bytes(leaf + b"\n" * ((1 << 20) - len(leaf)))
    (tmp_path / "many.pem").write_bytes(leaf * 33)
    (tmp_path / "just.pem").write_bytes(leaf + c.ca.pem() * 31)
    other = nine["server"]
    for args in ([str(tmp_path / "cut.pem")], [str(tmp_path / "cut.der")], [str(tmp_path / "empty.pem")],
                 [str(tmp_path / "large.pem")], [str(tmp_path / "many.pem")], [str(tmp_path / "absent.pem")],
                 [c.chain_file, "--anchors", str(tmp_path / "absent.pem")], [c.chain_file, "--anchors", c.key_file],
                 [c.chain_file, "--key", other.key_file], [c.chain_file, "--role", "both"], [c.chain_file, "--at", "soon"],
                 [], [c.chain_file, c.chain_file], ["--diff", c.chain_file], ["--nonsense"], ["127.0.0.1:1"]):
        r = check(*args)
        assert r.returncode == 2, (args, r)
        assert r.stderr.startswith("tabard: ") or "unrecognized option" in r.stderr, r.stderr
    for name in ("full.pem", "just.pem"):
        assert check(str(tmp_path / name), "--anchors", c.ca_file, "--anchors", c.root_file,
                     "--role", "server").returncode == 0


def test_subjects_do_not_reach_the_terminal_raw(tmp_path):
    evil = make(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a\x1b[31m\nclient: accepted")]), names=("a.test",))
    (tmp_path / "evil.pem").write_bytes(evil.pem())
    r = check(str(tmp_path / "evil.pem"), "--anchors", str(tmp_path / "evil.pem"), "--at", "2001-01-01")
    assert r.returncode == 1 and "\x1b" not in r.stdout
    assert not any(line.startswith("client: accepted") for line in r.stdout.splitlines())


# Renewals

def test_diff_names_a_lost_role(nine):
    anchors = [a for n in ("both", "server", "client-under-server-ca", "client") for a in ("--anchors", nine[n].root_file)]
    r = check("--diff", nine["both"].chain_file, nine["server"].chain_file, *anchors)
    assert r.returncode == 1
    assert "client: LOST" in r.stdout and "server: kept" in r.stdout
    assert "extended key usage: was serverAuth, clientAuth, becomes serverAuth" in r.stdout
    assert "documented, not measured: GnuTLS, Go, Java, NSS, Schannel, Envoy" in r.stdout
    r = check("--diff", nine["server"].chain_file, nine["both"].chain_file, *anchors)
    assert r.returncode == 0 and "client: gained" in r.stdout
    r = check("--diff", nine["both"].chain_file, nine["both"].chain_file, *anchors)
    assert r.returncode == 0 and "becomes" not in r.stdout
    # The leaf keeps its purpose, its new issuer does not: Java looks at the leaf alone.
    r = check("--diff", nine["client"].chain_file, nine["client-under-server-ca"].chain_file, *anchors)
    assert r.returncode == 1
    lost = next(line for line in r.stdout.splitlines() if line.startswith("client: lost as documented"))
    assert "Go" in lost and "Java" not in lost
    code, doc = answer("--diff", nine["both"].chain_file, nine["server"].chain_file, *anchors)
    assert code == 1 and doc["diff"]["roles"]["client"]["effect"] == "LOST"
    assert doc["diff"]["changes"]["extended_key_usage"]["new"] == "serverAuth"
    r = check("--diff", nine["both"].chain_file, nine["server"].chain_file, *anchors, "--role", "server")
    assert r.returncode == 0


def test_diff_judges_the_old_chain_while_it_was_valid(tmp_path, nine):
    root = make("root", None, None, True, days=(-40, 30))
    ca = make("ca", root, None, True, days=(-40, 30))
    old = make("old", ca, [SERVER, CLIENT], days=(-30, -1))
    new = make("new", ca, [SERVER])
    for name, data in (("root.pem", root.pem()), ("old.pem", old.pem() + ca.pem()), ("new.pem", new.pem() + ca.pem())):
        (tmp_path / name).write_bytes(data)
    r = check("--diff", str(tmp_path / "old.pem"), str(tmp_path / "new.pem"), "--anchors", str(tmp_path / "root.pem"))
    assert r.returncode == 1 and "client: LOST" in r.stdout and "server: kept" in r.stdout
    r = check("--diff", str(tmp_path / "absent.pem"), str(tmp_path / "new.pem"))
    assert r.returncode == 2
