"""What an operator is to be told of: each is caused once, and the word is in the log (restart-limit: test_restart.py)."""
import datetime
import glob
import os
import re
import signal
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import ilog
from harness.acme import Client, Http01
from harness.ca import Ca
from harness.dns import Knot
from harness.netns import Namespace
from harness.proc import wait_for
from harness.x509 import utc_now


def log_file(ca):
    return sorted(glob.glob(ca.path("log", "issuance-*.log")))[-1]


def write(ca, *path, data=b"nothing of the kind\n"):
    with open(ca.path(*path), "wb") as f:
        f.write(data)


def damaged(ca):
    with open(log_file(ca), "r+b") as f:
        f.seek(ilog.HEADER_LEN + 40)
        octet = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([octet[0] ^ 1]))


def torn(ca):
    with open(log_file(ca), "ab") as f:
        f.write(b"\0\0\1\0\2")


def ahead(ca):
    ilog.lengthen(ca.dir, 1, time=int(time.time()) + 86400)


def other_key(ca):
    key = ec.generate_private_key(ec.SECP256R1())
    write(ca, "keys", "https.key", data=key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                          serialization.NoEncryption()))


def no_account_key(ca):
    """Nor a place for a new one."""
    os.unlink(ca.path("keys", "account.key"))
    os.mkdir(ca.path("keys", "account.key.new"))


def other_body(ca):
    ca.edit(lambda t: t.replace("lifetime: 45d", "lifetime: 44d", 1))


def set_to(key, value):
    return lambda ca: ca.edit(lambda t: re.sub(rf"^{key}:.*$", f"{key}: {value}", t, flags=re.M))


def a_file_that_is_none(*path):
    return lambda ca: write(ca, *path)


def no_issuer(ca):
    """A root in the place of the issuing CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")])
    now = utc_now()
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9)).sign(key, hashes.SHA256()))
    write(ca, "issuing-client.pem", data=cert.public_bytes(serialization.Encoding.PEM))


# word, cause, does the CA run all the same?
AT_START = [
    ("issuance-log-unusable", damaged, False), ("issuance-log-torn-tail-cut", torn, True),
    ("clock-behind-issuance-log", ahead, True), ("profile-changed", other_body, False),
    ("store-not-opened", a_file_that_is_none("store", "tabard.db"), False),
    ("tls-setup-failed", other_key, False), ("server-certificate-unusable", a_file_that_is_none("https.pem"), False),
    ("issuing-ca-unusable", a_file_that_is_none("keys", "issuing-client.key"), False),
    ("ca-certificate-unusable", no_issuer, False), ("not-published", a_file_that_is_none("root-server.crl"), None),
    ("config", set_to("blocked_keys", "missing.txt"), False),
    ("config", set_to("public_suffix_list", "/nonexistent/list"), False),
    ("alternate-chain", set_to("alternate_chains", "[{issuer: server, file: missing.pem}]"), False),
    ("config", set_to("name", "'*.test'"), False), ("account-key-not-made", no_account_key, False),
]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """The state of a CA that issued something, to be copied."""
    ns = Namespace(tmp_path_factory.mktemp("alarms"), hosts=["ca.test"])
    knot = Knot(ns, {"example.test": ["www A 127.0.0.1"], "test": []})
    ca = Ca(ns).start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    c.issue(web, ["www.example.test"])
    c.close()
    web.close()
    ca.stop()
    yield ca
    knot.stop()
    ns.close()


@pytest.fixture
def ca(used, request):
    """It, as it was before each test."""
    kept = used.dir + ".kept"
    if not os.path.exists(kept):
        used.ns.run(["cp", "-a", used.dir, kept])
    used.ns.run(["sh", "-c", f"rm -rf '{used.dir}' && cp -a '{kept}' '{used.dir}'"])
    yield used
    if used.proc is not None:
        used.stop()


def words(text):
    return re.findall(r"^\S+ (?:warning|error): \w+: ([a-z0-9-]+)", text, re.M)


@pytest.mark.parametrize("word, cause, runs", AT_START)
def test_invariant_31_an_alarm_at_the_start(ca, word, cause, runs):
    cause(ca)
    try:
        ca.start()
        started = True
    except AssertionError:
        started = False
    log = ca.log()
    if not started:
        ca.proc = None
    assert word in words(log), log
    assert runs is None or started == runs, log


def test_invariant_31_an_alarm_for_what_the_store_has_lost(ca):
    for path in glob.glob(ca.path("store", "*")):
        os.unlink(path)
    ca.start()
    wait_for("the word", lambda: "sync-unknown-order" in words(ca.log()))


def test_invariant_31_an_alarm_for_a_reload_that_is_refused(ca):
    ca.start()
    set_to("ca_id", '"' + "00" * 16 + '"')(ca)
    os.kill(ca.parent_pid(), signal.SIGHUP)
    wait_for("the word", lambda: "reload-refused" in words(ca.log()))
    assert Client(ca).dir["newOrder"]
