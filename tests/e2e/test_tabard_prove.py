"""tabard prove: account keys of other clients, and files that are never overwritten.

What responders and proofs are is tested in tests/unit/client/tlsclient_test.c, what other clients order then in
test_preproved.py.
"""
import glob
import os
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from harness.clients import Certbot, Lego
from harness.tabard import LOCAL, OK, PROOF, REFUSED, USAGE, Tabard

NAME = "www.example.test"


@pytest.fixture
def files(tmp_path):
    return str(tmp_path / "new.key"), str(tmp_path / "new.csr")


@pytest.fixture
def prove(ca, files):
    t = Tabard(ca.ns, ca.url, ca.root)

    def run(account_key, *args, name=NAME, want):
        argv = [os.path.join(os.environ.get("BUILD", "build"), "cli", "tabard"), "prove", *name.split(), "--new-key", files[0], "--csr-out",
                files[1], "--account-key", account_key, "--server", t.server, "--ca", t.root, *args]
        p = t.ns.run(argv, check=False)
        assert p.returncode == want, p.stdout
        return p.stdout

    return run


def check_files(files):
    key = load_pem_private_key(open(files[0], "rb").read(), None)
    csr = x509.load_pem_x509_csr(open(files[1], "rb").read())
    assert csr.public_key().public_numbers() == key.public_key().public_numbers()
    assert csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [NAME]
    assert stat.S_IMODE(os.stat(files[0]).st_mode) == 0o600
    return open(files[0]).read(), open(files[1]).read()


def account_of(ca, client):
    """The account key file of a client that has registered."""
    if client == "certbot":
        c = Certbot(ca)
        c.run("register")
        return glob.glob(f"{c.dir}/etc/accounts/*/*/*/private_key.json")[0]
    if client == "lego":
        c = Lego(ca)
        c.run("--domains", NAME, "--http", "run")
        return glob.glob(f"{c.dir}/accounts/*/*/keys/*.key")[0]
    path = os.path.join(ca.ns.tmp, "account.key")  # acme.sh: traditional PEM, with its parameters in front
    ca.ns.run(["sh", "-c", f"openssl ecparam -name prime256v1 -genkey >{path}"])
    Tabard(ca.ns, ca.url, ca.root).run("account", "register", "--account-key", path)
    return path


@pytest.mark.parametrize("client", ["certbot", "lego", "acme.sh"])
def test_account_keys_of_other_clients_are_known(ca, prove, files, client):
    account = account_of(ca, client)
    prove(account, want=OK)
    made = check_files(files)
    prove(account, want=OK)
    assert check_files(files) == made, "taken up again, not made anew"


def test_an_unknown_account_is_made_only_when_asked(ca, prove, files, tmp_path):
    key = str(tmp_path / "account.key")
    ca.ns.run(["sh", "-c", f"openssl genpkey -algorithm ed25519 >{key}"])
    assert "register it first" in prove(key, want=REFUSED)
    assert not os.path.exists(files[0])
    assert "registered account" in prove(key, "--agree-tos", want=OK)


def test_files_of_others_are_not_overwritten(ca, prove, files, tmp_path):
    key = str(tmp_path / "account.key")
    ca.ns.run(["sh", "-c", f"openssl genpkey -algorithm ed25519 >{key}"])
    prove(key, "--agree-tos", want=OK)
    before = check_files(files)
    prove(key, name="ca.example.test", want=LOCAL)
    assert check_files(files) == before
    os.unlink(files[1])
    prove(key, want=LOCAL)
    assert open(files[0]).read() == before[0] and not os.path.exists(files[1])
    prove(key, name="*.example.test", want=USAGE)
    prove("/nowhere/key", want=LOCAL)


def test_several_names_are_proved_with_one_key(ca, prove, files, tmp_path):
    key, both = str(tmp_path / "account.key"), f"{NAME} ca.example.test"
    ca.ns.run(["sh", "-c", f"openssl genpkey -algorithm ed25519 >{key}"])
    out = prove(key, "--agree-tos", name=both, want=OK)
    assert out.count("responder ca.test saw 127.0.0.1") == 2
    csr = x509.load_pem_x509_csr(open(files[1], "rb").read())
    san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(san.get_values_for_type(x509.DNSName)) == sorted(both.split())
    prove(key, name=NAME, want=LOCAL)
    prove(key, name=f"ca.example.test {NAME}", want=OK)
    assert "twice" in prove(key, name=f"{NAME} {NAME}", want=USAGE)
    prove(key, name=f"{NAME} *.example.test", want=USAGE)
    prove(key, name="", want=USAGE)


def test_an_address_that_the_name_does_not_publish(ca, dns, prove, files, tmp_path):
    dns.update("example.test", "add elsewhere.example.test. 1 A 127.0.0.1",
               'add _acme-egress.elsewhere.example.test. 1 TXT "v=egress1 ip4:198.51.100.0/24"')
    key = str(tmp_path / "account.key")
    ca.ns.run(["sh", "-c", f"openssl genpkey -algorithm ed25519 >{key}"])
    out = prove(key, "--agree-tos", name="elsewhere.example.test", want=PROOF)
    assert "refused (address), it saw 127.0.0.1" in out and "198.51.100.0/24" in out
    # The files stay, for the next attempt from where it may succeed.
    dns.update("example.test", "del _acme-egress.elsewhere.example.test. TXT")
    prove(key, name="elsewhere.example.test", want=OK)
