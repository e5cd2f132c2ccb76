"""tabardd renew-own: the CA's own certificates, as their operator lives with them."""
import collections
import contextlib
import datetime
import fcntl
import json
import os
import re
import shutil
import ssl
import stat
import tempfile
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from harness.acme import Client
from harness.ca import Ca, program
from harness.proc import wait_for
from harness.tabard import Tabard
from harness.x509 import SERVER_AUTH, ekus, lifetime, load_chain, names, utc_now, validity

DAY = datetime.timedelta(days=1)
OWN = [("https.pem", "https.key"), ("responder.pem", "responder.key")]
NEW = ".tabardd-new"
PACKAGING = os.path.join(os.path.dirname(__file__), "..", "..", "packaging")


def now():
    return utc_now().replace(microsecond=0)


def renew(ca, *args, want=0, how=()):
    p = ca.ns.run([*how, program("tabardd"), "renew-own", "--config", ca.config, *args], check=False)
    assert p.returncode == want, p.stdout
    return p.stdout


def check_config(ca, want=0):
    p = ca.ns.run([program("tabardd"), "check-config", "--config", ca.config], check=False)
    assert p.returncode == want, p.stdout
    return p.stdout


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def key_of(ca, key):
    with open(ca.path("keys", key), "rb") as f:
        return load_pem_private_key(f.read(), None)


def leaf(ca, chain="https.pem"):
    return load_chain(ca.path(chain))[0]


def is_pair(ca, chain, key):
    return key_of(ca, key).public_key().public_numbers() == leaf(ca, chain).public_key().public_numbers()


def put(ca, chain, key, days=(-387, 10), more=(), issuer=None, rsa_key=False):
    """What init would have made so long ago; or something else."""
    old = leaf(ca, chain)
    issuing = load_chain(ca.path("issuing-server.pem"))[0]
    signer = issuer or key_of(ca, "issuing-server.key")
    new = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    named = [x509.DNSName(n) for n in (*names(old), *more)]
    cert = (x509.CertificateBuilder().subject_name(x509.Name([]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")]) if issuer else issuing.subject)
            .public_key(new.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now() + days[0] * DAY).not_valid_after(now() + days[1] * DAY)
            .add_extension(x509.SubjectAlternativeName(named), True)
            .add_extension(x509.ExtendedKeyUsage([SERVER_AUTH]), False).sign(signer, hashes.SHA256()))
    write(ca.path(chain), cert.public_bytes(Encoding.PEM) + issuing.public_bytes(Encoding.PEM))
    write(ca.path("keys", key), new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert


def put_both(ca, **how):
    return [put(ca, chain, key, **how) for chain, key in OWN]


def shown(ca):
    """The certificate that a client meets now."""
    context = ssl.create_default_context(cafile=ca.root)
    with context.wrap_socket(ca.ns.connect("127.0.0.1", ca.port), server_hostname=ca.name) as s:
        return x509.load_der_x509_certificate(s.getpeercert(True))


def metric(ca, name):
    text = ca.ns.run(["curl", "-s", "http://127.0.0.1:9100/metrics"]).stdout
    found = re.search(rf"^tabard_{name} (\d+)$", text, re.M)
    return int(found.group(1)) if found else 0


def files(ca):
    """Content, mode and owner of everything that a renewal could touch."""
    found = {}
    for sub in ("", "keys", "root-keys"):
        for name in os.listdir(ca.path(sub)):
            path = ca.path(sub, name)
            st = os.lstat(path)
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    found[os.path.join(sub, name)] = (f.read(), st.st_mode, st.st_uid, st.st_gid)
    return found


@pytest.fixture
def old(make_ca):
    """A CA that was made more than a year ago."""
    ca = make_ca(metrics="127.0.0.1:9100")
    put_both(ca)
    return ca


@contextlib.contextmanager
def knocking(ca):
    """Clients that come and go all the time; nobody is refused."""
    stop, seen, failures = threading.Event(), [], []

    def knock():
        while not stop.is_set():
            try:
                c = Client(ca)
                assert c.dir["newNonce"]
                c.close()
            except Exception as e:  # noqa: B902: to the test's own thread
                failures.append(e)
                return
            seen.append(time.monotonic())
    threads = [threading.Thread(target=knock) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        yield seen
    finally:
        stop.set()
        for t in threads:
            t.join(60)
    assert failures == []


def test_from_the_warning_to_the_new_certificate(old):
    """Warned, renewed, reloaded, with clients all the while; and the rest of the state as it was."""
    said = check_config(old)
    for chain, _ in OWN:
        assert f"{old.path(chain)}: expires in less than 14 days; \"tabardd renew-own\"" in said
    before, was = files(old), [leaf(old, chain) for chain, _ in OWN]
    old.start()
    assert shown(old) == was[0] and metric(old, "front_https_not_after_seconds") < time.time() + 11 * 86400
    kept = Client(old)  # its connection stays open until the CA ends it
    with knocking(old) as seen:
        said = renew(old, "--reload")
        assert "The CA that runs shows what is there" in said, said
        num = len(seen)
        while len(seen) < num + 5:
            time.sleep(0.05)
    kept.close()
    new = [leaf(old, chain) for chain, _ in OWN]
    assert shown(old) == new[0] and new[0] not in was
    assert "expires in less" not in check_config(old)
    for (chain, key), a, b in zip(OWN, was, new):
        assert names(a) == names(b) and ekus(b) == [SERVER_AUTH] and is_pair(old, chain, key)
        assert a.public_key().public_numbers() != b.public_key().public_numbers() and a.serial_number != b.serial_number
        assert 396 * DAY < validity(b)[1] - now() <= 397 * DAY
    assert metric(old, "front_https_not_after_seconds") > time.time() + 396 * 86400
    wait_for("the responder's metric", lambda: metric(old, "responder_tls_not_after_seconds") > time.time() + 396 * 86400)
    after = files(old)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == {"https.pem", "responder.pem", "keys/https.key", "keys/responder.key"}
    assert all(before[n][1:] == after[n][1:] for n in changed), "modes and owners stay"
    # tabard verifies the responder's before it proves anything.
    out = Tabard(old.ns, old.url, old.root).get("www.example.test", "--profile", "client")
    assert "responder ca.test saw 127.0.0.1" in out
    assert old.stop() == 0


def test_it_is_what_init_makes(make_ca):
    """But for serial, key, dates and signature."""
    ca = make_ca()
    was = [leaf(ca, chain) for chain, _ in OWN]
    renew(ca, "--days-left", "398")
    for (chain, _), a in zip(OWN, was):
        b = leaf(ca, chain)
        assert a != b and a.issuer == b.issuer and a.subject == b.subject
        assert list(a.extensions) == list(b.extensions)
        assert lifetime(a) == lifetime(b)
        assert 120 < b.serial_number.bit_length() < 128
        assert load_chain(ca.path(chain))[1:] == load_chain(ca.path("issuing-server.pem"))


def test_nothing_is_renewed_before_a_third_is_left(make_ca):
    ca = make_ca()
    before = files(ca)
    doc = json.loads(renew(ca, "--json"))
    assert [c["outcome"] for c in doc["certificates"]] == ["kept", "kept"] and not doc["running"]
    assert files(ca) == before
    put(ca, *OWN[0], days=(-265, 132.5))
    put(ca, *OWN[1], days=(-264, 133))
    doc = json.loads(renew(ca, "--json"))
    assert [c["outcome"] for c in doc["certificates"]] == ["kept", "kept"]
    put(ca, *OWN[0], days=(-265, 132))
    doc = json.loads(renew(ca, "--json"))
    assert [(c["file"], c["outcome"]) for c in doc["certificates"]] == [(ca.path("https.pem"), "renewed"),
                                                                       (ca.path("responder.pem"), "kept")]
    assert [c["outcome"] for c in json.loads(renew(ca, "--json", "--days-left", "134"))["certificates"]] == ["kept", "renewed"]
    assert "error" not in doc and doc["reload_due"] is False


def test_an_expired_one_is_renewed(make_ca):
    ca = make_ca()
    put_both(ca, days=(-398, -1))
    assert "expired at" in check_config(ca, want=3)
    renew(ca)
    check_config(ca)


def test_without_reload_it_tells_how(old):
    """And a later call with --reload does it, although nothing is due any more."""
    old.start()
    was = shown(old)
    said = renew(old)
    assert f"kill -HUP {old.parent_pid()}" in said, said
    assert shown(old) == was
    assert json.loads(renew(old, "--json"))["reload_due"] is True
    doc = json.loads(renew(old, "--json", "--reload"))
    assert doc["reload_due"] is False and doc["certificates"][0]["outcome"] == "kept"
    assert shown(old) == leaf(old) != was
    reloads = old.cli_json("status")["reloads"]
    assert reloads == 1
    renew(old, "--reload")
    assert old.cli_json("status")["reloads"] == 1, "nothing had changed"


def test_a_reload_that_is_refused_is_a_failure(old):
    old.start()
    was = shown(old)
    old.edit(lambda t: t.replace("lifetime: 45d", "lifetime: 44d"))
    said = renew(old, "--reload", want=1)
    assert "refused the reload" in said and f"kill -HUP {old.parent_pid()}" in said, said
    assert shown(old) == was and old.proc.alive()
    old.edit(lambda t: t.replace("lifetime: 44d", "lifetime: 45d"))
    renew(old, "--reload")
    assert shown(old) == leaf(old)


def test_the_command_line_and_the_configuration(make_ca):
    ca = make_ca()
    before = files(ca)
    for args in (["--days-left", "0"], ["--days-left", "10000"], ["--days-left", "9d"], ["extra"], ["--force"]):
        assert "usage: tabardd renew-own" in renew(ca, *args, want=2)
    p = ca.ns.run([program("tabardd"), "renew-own"], check=False)
    assert p.returncode == 2
    assert renew(ca, "--help").startswith("usage: tabardd renew-own")
    with open(ca.config, "a") as f:
        f.write("unknown: 1\n")
    assert f"{ca.config}:" in renew(ca, want=3)
    os.rename(ca.config, ca.config + ".away")
    assert "No such file" in renew(ca, want=3)
    os.rename(ca.config + ".away", ca.config)
    assert {n: v for n, v in files(ca).items() if n != "tabard.yaml"} == {n: v for n, v in before.items() if n != "tabard.yaml"}


def test_one_at_a_time(old):
    before = files(old)
    fd = os.open(old.path("keys"), os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert "another tabardd" in renew(old, want=1)
    os.close(fd)
    assert files(old) == before
    renew(old)


# killed


CALLS = "openat,write,fchmod,fchown,fsync,rename,renameat,renameat2,unlink,unlinkat"


def steps(ca, *args):
    """Every system call from the first file that is made on: (its name, how many of that name it makes)."""
    out = os.path.join(ca.ns.tmp, "strace")
    ca.ns.run(["strace", "-o", out, "-e", f"trace={CALLS}", program("tabardd"), *args])
    count, found = collections.Counter(), []
    with open(out) as f:
        for line in (x for x in f if "(" in x):
            name = line.split("(")[0]
            count[name] += 1
            if found or "O_CREAT" in line:
                found.append((name, count[name]))
    return found


def killed(ca, call, n, *args):
    """Ended by SIGKILL at the n-th call of that name, which is not made."""
    p = ca.ns.run(["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=EINTR:signal=KILL:when={n}",
                   program("tabardd"), *args], check=False)
    assert p.returncode in (-9, 137), (call, n, p.returncode, p.stdout)


def kept_copy(ca):
    kept = ca.dir + ".kept"
    ca.ns.run(["cp", "-a", ca.dir, kept])
    return kept


def back_to(ca, kept):
    ca.ns.run(["sh", "-c", f"rm -rf '{ca.dir}' && cp -a '{kept}' '{ca.dir}'"])


def test_killed_anywhere_the_ca_starts_and_the_next_call_ends_it(old):
    kept = kept_copy(old)
    argv = ["renew-own", "--config", old.config]
    calls = steps(old, *argv)
    assert len(calls) >= 24 and [c for c, _ in calls].count("renameat") == 4
    was = {chain: load_chain(os.path.join(kept, chain))[0] for chain, _ in OWN}
    unfinished = 0
    for n in calls:
        back_to(old, kept)
        killed(old, *n, *argv)
        said = check_config(old)
        unfinished += "a renewal was not finished" in said
        old.start()
        assert shown(old) == leaf(old), n
        assert ("renewal-unfinished" in old.log()[-4000:]) == ("a renewal was not finished" in said), n
        assert old.stop() == 0
        renew(old)
        assert all(leaf(old, chain) != was[chain] and is_pair(old, chain, key) for chain, key in OWN), n
        assert not [name for name in files(old) if name.endswith(NEW)], n
        assert "unfinished" not in check_config(old) and "expires in" not in check_config(old)
    assert unfinished >= 4, "between the chain and the key of each"


def test_a_reload_between_the_two_takes_the_new_pair(old):
    """The chain is new, its key has not its place yet."""
    old.start()
    kept = kept_copy(old)
    renew(old)
    os.rename(old.path("keys", "https.key"), old.path("keys", "https.key" + NEW))
    shutil.copy2(os.path.join(kept, "keys", "https.key"), old.path("keys", "https.key"))
    assert "renewal was not finished" in check_config(old)
    doc = json.loads(renew(old, "--json", "--reload"))
    assert doc["certificates"][0]["reason"] == "a renewal that was interrupted is finished"
    assert shown(old) == leaf(old) and is_pair(old, *OWN[0])


# what fails


def test_a_full_disk_changes_nothing(old):
    """On a file system of its own without a free block."""
    real, mounted = old.dir, old.dir + ".full"
    old.ns.run(["sh", "-c", f"mkdir '{mounted}' && mount -t tmpfs -o size=256k tmpfs '{mounted}' && cp -a '{real}/.' '{mounted}/' && "
                            f"{{ dd if=/dev/zero of='{mounted}/ballast' bs=4096 2>/dev/null || :; }}"])
    in_ns = old.ns.run(["sh", "-c", f"cd '{mounted}' && sha256sum *.pem keys/*"]).stdout
    p = old.ns.run([program("tabardd"), "renew-own", "--config", f"{mounted}/tabard.yaml"], check=False)
    assert p.returncode == 1 and p.stdout.count("No space left on device") == 2, p.stdout
    assert f"{mounted}/keys/https.key{NEW}: cannot" in p.stdout
    assert old.ns.run(["sh", "-c", f"cd '{mounted}' && sha256sum *.pem keys/*"]).stdout == in_ns
    old.ns.run(["rm", f"{mounted}/ballast"])
    old.ns.run([program("tabardd"), "renew-own", "--config", f"{mounted}/tabard.yaml"])
    assert old.ns.run(["sh", "-c", f"cd '{mounted}' && sha256sum *.pem keys/*"]).stdout != in_ns


@pytest.mark.parametrize("call", ["fsync", "fchmod", "renameat"])
def test_a_call_that_fails_leaves_a_ca_that_starts(old, call):
    """Each time in turn: an error is told, and nothing half-made lies about afterwards."""
    kept = kept_copy(old)
    n = 0
    while True:
        n += 1
        back_to(old, kept)
        p = old.ns.run(["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={n}",
                        program("tabardd"), "renew-own", "--config", old.config], check=False)
        if p.returncode == 0:
            break
        assert p.returncode == 1 and "Input/output error" in p.stdout, p.stdout
        check_config(old)
        renew(old)
        check_config(old)
        assert not [name for name in files(old) if name.endswith(NEW)]
    assert n > (2 if call != "fsync" else 8)


def other_user():
    """A user that is nobody here; None where there is only one."""
    d = tempfile.mkdtemp(prefix="own-")
    try:
        os.chown(d, 65534, 65534)
    except OSError:
        return None
    finally:
        os.rmdir(d)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def test_not_enough_rights(ns, dns):
    """Who may not read the keys, and the daemon's account, which may not replace root's files."""
    user = other_user()
    if user is None:
        pytest.skip("there is one user only")
    top = tempfile.mkdtemp(prefix="own-")
    os.chmod(top, 0o755)
    tabardd = shutil.copy(program("tabardd"), top)
    try:
        ca = Ca(ns, subdir=os.path.join(top, "ca"), extra=["--user", "nobody"])
        put_both(ca)
        for _, key in OWN:
            shutil.chown(ca.path("keys", key), "nobody", "nogroup")
            os.chmod(ca.path("keys", key), 0o600)
        before = files(ca)
        argv = [tabardd, "renew-own", "--config", ca.config]
        # The daemon's account reads the keys, and finds root's https.pem in a directory with the sticky bit.
        p = ns.run([*user, *argv], check=False, cwd=top)
        assert p.returncode == 1 and f"https.pem{NEW}: cannot give it to the owner of the old one: Operation not permitted" in p.stdout, p.stdout
        assert files(ca) == before
        # Somebody else does not get as far.
        p = ns.run(["setpriv", "--reuid=1", "--regid=1", "--clear-groups", *argv], check=False, cwd=top)
        assert p.returncode == 1 and "keys: cannot open the directory: Permission denied" in p.stdout, p.stdout
        assert files(ca) == before
        # Root: what it makes is whose the old one was.
        renew(ca)
        after = files(ca)
        assert {n for n in before if before[n] != after[n]} == {"https.pem", "responder.pem", "keys/https.key", "keys/responder.key"}
        assert all(before[n][1:] == after[n][1:] for n in before)
        assert os.stat(ca.path("keys", "https.key")).st_uid == 65534 and os.stat(ca.path("https.pem")).st_uid == 0
    finally:
        shutil.rmtree(top)


def test_as_the_units_run_it(ns, dns):
    """The CA as the daemon's account, the renewal as root with what the unit leaves of root's rights."""
    user = other_user()
    if user is None:
        pytest.skip("there is one user only")
    with open(os.path.join(PACKAGING, "tabardd-renew-own.service")) as f:
        unit = f.read()
    rights = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).lower().replace("cap_", "+").replace(" ", ",")
    args = re.search(r"^ExecStart=\S+ renew-own --config \S+ (.*)$", unit, re.M).group(1).split()
    top = tempfile.mkdtemp(prefix="own-")
    os.chmod(top, 0o755)
    tabardd = shutil.copy(program("tabardd"), top)
    ca = Ca(ns, subdir=os.path.join(top, "ca"), extra=["--user", "nobody"])
    run = None
    try:
        put_both(ca)
        for _, key in OWN:
            os.chown(ca.path("keys", key), 65534, 65534)
        run = ns.start(["env", "-C", top, *user, tabardd, "run", "--config", ca.config], "as-nobody")
        run.wait_output("tabardd: ready: ", 30)
        was = shown(ca)
        p = ns.run(["setpriv", f"--bounding-set=-all,{rights}", tabardd, "renew-own", "--config", ca.config, *args], check=False)
        assert p.returncode == 0 and "The CA that runs shows what is there" in p.stdout, p.stdout
        assert shown(ca) == leaf(ca) != was
        assert os.stat(ca.path("keys", "https.key")).st_uid == 65534 and os.stat(ca.path("https.pem")).st_uid == 0
    finally:
        if run is not None:
            run.stop()
        shutil.rmtree(top)


def test_a_link_of_the_daemons_account_leads_root_nowhere(old):
    """keys/ belongs to it: a link in its place is not followed, whoever runs the command."""
    if other_user() is None:
        pytest.skip("there is one user only")
    elsewhere = os.path.join(old.ns.tmp, "elsewhere")
    os.rename(old.path("keys"), elsewhere)
    os.symlink(elsewhere, old.path("keys"))
    renew(old)  # root's own arrangement
    put_both(old)
    os.lchown(old.path("keys"), 65534, 65534)
    before = sorted(os.listdir(elsewhere))
    assert "keys: cannot open the directory" in renew(old, want=1)
    assert sorted(os.listdir(elsewhere)) == before


# the operator's own


def stays(ca, why, chain="https.pem", args=("--days-left", "9999")):
    """https.pem is left, the responder's is renewed all the same."""
    before = files(ca)
    said = renew(ca, *args)
    assert f"{ca.path(chain)}: is not one that init made and stays as it is: {why}" in said, said
    after = files(ca)
    assert all(before[n] == after[n] for n in ("https.pem", "keys/https.key"))
    assert before["responder.pem"] != after["responder.pem"]
    doc = json.loads(renew(ca, "--json", *args))
    assert [c["outcome"] for c in doc["certificates"]] == ["left", "renewed"]


@pytest.mark.parametrize("rsa_key", [False, True])
def test_a_certificate_of_another_ca_stays(make_ca, rsa_key):
    """Also one that is about to end, and one with an RSA key, which check-config and run take."""
    ca = make_ca()
    root = ec.generate_private_key(ec.SECP256R1())
    put(ca, *OWN[0], issuer=root, rsa_key=rsa_key)
    stays(ca, "another CA issued it")
    assert "expires in less than 14 days" in check_config(ca)
    ca.start()
    with ca.ns.connect("127.0.0.1", ca.port) as raw:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(raw, server_hostname="ca.test") as s:
            assert x509.load_der_x509_certificate(s.getpeercert(True)) == leaf(ca)


def test_one_with_more_names_stays(make_ca):
    ca = make_ca()
    put(ca, *OWN[0], more=["alias.test"])
    stays(ca, "it names more than init would have it name")


def test_one_that_was_ordered_stays(make_ca):
    ca = make_ca()
    put(ca, *OWN[0], days=(-40, 5))
    stays(ca, "it was ordered by an ACME client, which renews it")


@pytest.mark.parametrize("name", ["https.pem", "keys/https.key"])
def test_a_link_stays(make_ca, name):
    ca = make_ca()
    elsewhere = os.path.join(ca.ns.tmp, "live.pem")
    os.rename(ca.path(name), elsewhere)
    os.symlink(elsewhere, ca.path(name))
    put(ca, *OWN[1])
    said = renew(ca)
    assert f"{ca.path('https.pem')}: is not one that init made and stays as it is: {ca.path(name)} is a link" in said
    assert os.path.islink(ca.path(name))
    check_config(ca)


def test_back_to_the_cas_own(make_ca):
    """Who removes both gets both; who removes one is told."""
    ca = make_ca()
    put(ca, *OWN[0], issuer=ec.generate_private_key(ec.SECP256R1()))
    os.unlink(ca.path("https.pem"))
    before = files(ca)
    assert f"{ca.path('https.pem')}: is missing; remove {ca.path('keys', 'https.key')} as well" in renew(ca, want=1)
    assert files(ca) == before
    os.unlink(ca.path("keys", "https.key"))
    renew(ca)
    check_config(ca)
    assert stat.S_IMODE(os.stat(ca.path("keys", "https.key")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(ca.path("https.pem")).st_mode) == 0o644
    os.unlink(ca.path("keys", "https.key"))
    assert f"{ca.path('keys', 'https.key')}: is missing; remove {ca.path('https.pem')} as well" in renew(ca, want=1)


def test_a_key_of_something_else_is_not_replaced(make_ca):
    ca = make_ca()
    put(ca, *OWN[0])
    shutil.copy2(ca.path("keys", "responder.key"), ca.path("keys", "https.key"))
    before = files(ca)
    assert f"{ca.path('keys', 'https.key')}: is not the key of {ca.path('https.pem')}: nothing was changed" in renew(ca, want=1)
    assert files(ca) == before


def test_another_address_of_the_responder_takes_a_new_certificate(make_ca):
    """What the configuration says now, whatever time is left."""
    ca = make_ca()
    ca.edit(lambda t: re.sub(r"^responder_address:.*$", "responder_address: use.ca.test:14002", t, flags=re.M))
    assert "does not name" in check_config(ca, want=3)
    doc = json.loads(renew(ca, "--json"))
    assert [c["outcome"] for c in doc["certificates"]] == ["kept", "renewed"]
    assert sorted(names(leaf(ca, "responder.pem"))) == ["*.use.ca.test", "use.ca.test"]
    check_config(ca)


def issuing_ends(ca, end):
    """The same issuing CA with another end, signed by its root once more."""
    old = load_chain(ca.path("issuing-server.pem"))[0]
    with open(ca.path("root-keys", "root-server.key"), "rb") as f:
        root = load_pem_private_key(f.read(), None)
    builder = x509.CertificateBuilder(issuer_name=old.issuer, subject_name=old.subject, public_key=old.public_key(),
                                      serial_number=old.serial_number, not_valid_before=validity(old)[0], not_valid_after=end)
    for e in old.extensions:
        builder = builder.add_extension(e.value, e.critical)
    write(ca.path("issuing-server.pem"), builder.sign(root, hashes.SHA256()).public_bytes(Encoding.PEM))


def test_the_issuing_ca_ends_first(make_ca):
    """A certificate never outlives it; when nothing is gained, somebody must look at the issuing CA."""
    ca = make_ca()
    end = now() + 60 * DAY
    issuing_ends(ca, end)
    put_both(ca)
    renew(ca)
    assert [validity(leaf(ca, chain))[1] for chain, _ in OWN] == [end, end]
    assert "kept" in renew(ca)
    was = leaf(ca)
    assert "renewed" in renew(ca, "--days-left", "61"), "a new key is had for the asking"
    assert leaf(ca) != was and validity(leaf(ca))[1] == end
    issuing_ends(ca, validity(put(ca, *OWN[0], days=(-387, 10)))[1])
    assert "the issuing CA must be renewed first" in renew(ca, want=1)
    issuing_ends(ca, now() - DAY)
    assert "issuing-server.pem has expired" in renew(ca, want=1)


def test_a_ca_without_responder(make_ca):
    ca = make_ca(extra=["--responder", "off"])
    put(ca, *OWN[0])
    doc = json.loads(renew(ca, "--json"))
    assert [(c["file"], c["outcome"]) for c in doc["certificates"]] == [(ca.path("https.pem"), "renewed")]
