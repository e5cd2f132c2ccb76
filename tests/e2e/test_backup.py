"""tabardd backup and restore: a machine is lost, and what the CA promised still holds on the next one."""
import copy
import glob
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from harness import archive, ilog
from harness.acme import Client, Http01, Key, b64u, csr
from harness.archive import File
from harness.ca import program
from harness.clients import Certbot
from harness.machine import has_users
from harness.proc import wait_for
from test_certbot import dns_hooks
from test_crl import SHARDS, all_there, crl
from test_key_change import change
from test_revoke import der, leaf, revoke

NAME = "www.example.test"


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


@pytest.fixture
def cl(ca):
    c = Client(ca)
    c.register()
    yield c
    c.close()


@pytest.fixture
def restored():
    made = []
    yield made
    for c in made:
        if c.proc is not None:
            c.stop()


def backup(ca, *extra, name="backup.tar", check=True):
    out = os.path.join(ca.ns.tmp, name)
    r = ca.ns.run([program("tabardd"), "backup", "--config", ca.config, "--out", out, *extra], check=check)
    return out if check else r


def run_restore(ca, path, subdir, *extra, check=False):
    return ca.ns.run([program("tabardd"), "restore", "--dir", os.path.join(ca.ns.tmp, subdir), *extra, path], check=check)


def restore(ca, path, made, *extra, subdir="new"):
    """The CA as it stands on the next machine, not started."""
    output = run_restore(ca, path, subdir, *extra, check=True).stdout
    c = copy.copy(ca)
    c.subdir, c.dir, c.proc, c.starts = subdir, os.path.join(ca.ns.tmp, subdir), None, 0
    c.config = os.path.join(c.dir, "tabard.yaml")
    c.restore_output = output
    made.append(c)
    return c


def lose(ca):
    """The machine is gone, in the midst of what it did."""
    ca.stop(signal.SIGKILL)
    shutil.rmtree(ca.dir)


def at(ca, client):
    """The same account, and its connection, at the next machine."""
    client.close()
    client.ca = ca
    client.nonce = None
    return client


def number(c):
    return c.extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value.crl_number


def shard(cert):
    return cert.serial_number & 15


def is_listed(ca, cert):
    return crl(ca, shard(cert)).get_revoked_certificate_by_serial_number(cert.serial_number) is not None


def test_a_machine_is_lost_and_another_goes_on(ca, ns, web, cl, restored):
    bot = Certbot(ca)
    add, remove = dns_hooks(ns)
    bot.run("certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", add, "--manual-cleanup-hook",
            remove, "-d", "bot.example.test")
    kept, gone, later = (leaf(cl.issue(web, [n])) for n in (NAME, "a.example.test", "b.example.test"))
    assert revoke(cl, gone).status == 200
    key = ec.generate_private_key(ec.SECP256R1())
    stolen = leaf(cl.issue(web, [NAME], key=key))
    ca.cli("revoke", f"{stolen.serial_number:032x}", "--reason", "keyCompromise")
    moved = Client(ca)
    moved.register()
    old = moved.key
    assert change(moved, new := Key()).status == 200
    url, order = cl.ready_order(web, [NAME])
    path = backup(ca)

    # What the lost machine did after the backup: an order got its certificate, CRLs went out.
    lost = cl.finalize(order, csr([NAME]))
    assert lost.json()["status"] == "valid"
    assert revoke(cl, later).status == 200
    wait_for("a CRL", lambda: is_listed(ca, later))
    all_there(ca)
    numbers = [number(crl(ca, k)) for k in range(SHARDS)]
    before = ilog.read(ca.dir)
    lose(ca)

    new_ca = restore(ca, path, restored)
    assert "cannot be revoked here" in new_ca.restore_output
    assert "sound" in ns.run([program("tabardd"), "check-config", "--config", new_ca.config]).stdout
    new_ca.start()
    all_there(new_ca)
    assert all(number(crl(new_ca, k)) > n for k, n in enumerate(numbers))
    assert is_listed(new_ca, gone) and is_listed(new_ca, stolen) and not is_listed(new_ca, kept)

    # Every order of the archive is older than the epoch, whatever the second in which all this happened.
    with open(sorted(glob.glob(new_ca.path("log", "*.log")))[-1], "rb") as f:
        began = int.from_bytes(f.read(42)[34:], "big")
    assert all(n >> 24 < began for n in orders(path, ns)) and int(order["finalize"].rsplit("/", 1)[1]) in orders(path, ns)

    # The order of before the backup gives no second certificate, by its old address or the one that it has now.
    at(new_ca, cl)
    for address in (order["finalize"], cl.post(url, None).json().get("finalize")):
        for _ in range(2):
            r = cl.post(address, {"csr": b64u(csr([NAME]))})
            assert (r.status, r.problem) != (200, None), r.body
            assert cl.post(url, None).json()["status"] != "valid"
    assert len(ilog.read(new_ca.dir)) == len(before) - 1

    # A key that was retired before the backup stays retired, the new one serves.
    moved.key = old
    at(new_ca, moved)
    assert moved.post(moved.kid, None).status >= 400
    again = Client(new_ca, key=old)
    assert again.register().status == 401
    again.close()
    moved.key = new
    assert leaf(moved.issue(web, ["moved.example.test"])) is not None

    # A blocked key stays blocked; what was issued before can be revoked; certbot renews.
    r = cl.finalize(cl.ready_order(web, [NAME])[1], csr([NAME], key))
    assert r.problem == "badCSR", r.body
    assert revoke(cl, gone).problem == "alreadyRevoked"
    assert revoke(cl, kept).status == 200
    wait_for("the CRL", lambda: is_listed(new_ca, kept))
    bot.ca = new_ca
    bot.run("renew", "--force-renewal", "--no-random-sleep-on-renew")
    fresh = ilog.read(new_ca.dir)
    assert len({c.serial for c in fresh}) == len(fresh) == len(before) + 1
    assert [c.seq for c in fresh] == sorted({c.seq for c in fresh})
    assert fresh[-1].seq > 1 << 32 and fresh[-1].epoch > 1
    listed = new_ca.cli("export").stdout.count("BEGIN CERTIFICATE")
    assert listed == len(fresh)
    moved.close()


def orders(path, ns):
    """Numbers of the orders in an archive, which are not above its time."""
    files, made_at = archive.read(path)
    copied = os.path.join(ns.tmp, "looked-at.db")
    with open(copied, "wb") as f:
        f.write(next(f.content for f in files if f.name == "store/tabard.db"))
    db = sqlite3.connect(copied)
    numbers = [n for n, in db.execute("SELECT id FROM orders")]
    db.close()
    assert numbers and max(numbers) >> 24 <= made_at
    return numbers


def test_a_later_copy_of_the_log_keeps_what_happened_after_the_backup(ca, ns, web, cl, restored):
    kept, gone = (leaf(cl.issue(web, [n])) for n in (NAME, "a.example.test"))
    moved = Client(ca)
    moved.register()
    path = backup(ca)
    after = leaf(cl.issue(web, ["b.example.test"]))
    assert revoke(cl, gone).status == 200
    old = moved.key
    request = change(moved, Key())
    assert request.status == 200
    log = shutil.copy(glob.glob(ca.path("log", "issuance-*.log"))[0], os.path.join(ns.tmp, "shipped.log"))
    records = ilog.records(ca.dir)
    lose(ca)

    new_ca = restore(ca, path, restored, "--log", log)
    assert f"{len(records)} records, " in new_ca.restore_output
    assert ilog.records(new_ca.dir) == records
    new_ca.start()
    all_there(new_ca)
    assert is_listed(new_ca, gone) and not is_listed(new_ca, kept)
    moved.key = old
    at(new_ca, moved)
    url, order = moved.ready_order(web, [NAME])  # the front knows the old key only; the judge decides
    assert moved.finalize(order, csr([NAME])).status >= 400
    assert len(ilog.read(new_ca.dir)) == 3
    # What the store of the backup does not know the log has: the key of the certificate revokes it, or the operator.
    new_ca.cli("revoke", f"{after.serial_number:032x}", check=False)
    assert new_ca.cli("export").stdout.count("BEGIN CERTIFICATE") == 3
    moved.close()


class Load:
    """Clients that issue as fast as they can."""

    def __init__(self, ca, web, num):
        self.end = threading.Event()
        self.issued = 0
        self.failed = []
        self.threads = [threading.Thread(target=self._run, args=(ca, web, i)) for i in range(num)]
        for t in self.threads:
            t.start()

    def _run(self, ca, web, i):
        try:
            c = Client(ca)
            c.register()
            n = 0
            while not self.end.is_set():
                c.issue(web, [f"l{i}-{n}.example.test"])
                n += 1
                self.issued += 1
            c.close()
        except Exception as e:  # noqa: BLE001
            self.failed.append(e)

    def stop(self):
        self.end.set()
        for t in self.threads:
            t.join(60)
        assert not self.failed, self.failed


def test_backups_under_load_are_each_of_one_instant(ca, ns, web, restored):
    load = Load(ca, web, 3)
    paths = []
    try:
        for i in range(6):
            have = load.issued
            paths.append(backup(ca, name=f"b{i}.tar"))
            wait_for("more load", lambda: load.issued > have + 3)
    finally:
        load.stop()
    sizes = []
    for i, path in enumerate(paths):
        c = restore(ca, path, restored, subdir=f"r{i}")
        db = sqlite3.connect(c.path("store", "tabard.db"))
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stored = {seq for seq, in db.execute("SELECT seq FROM orders WHERE serial IS NOT NULL")}
        db.close()
        logged = {r.seq for r in ilog.read(c.dir)}
        assert stored <= logged  # what the log has beyond, the front fetches; the other way round nobody could
        sizes.append(len(logged))
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0] >= 0
    ca.stop()
    c.start()
    wait_for("the front to catch up", lambda: len(stored_orders(c)) == sizes[-1])


def stored_orders(ca):
    db = sqlite3.connect(f"file:{ca.path('store', 'tabard.db')}?mode=ro", uri=True)
    try:
        return db.execute("SELECT id FROM orders WHERE serial IS NOT NULL").fetchall()
    finally:
        db.close()


def tree(top):
    out = {}
    for base, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(base, name)
            st = os.lstat(path)
            out[os.path.relpath(path, top)] = (stat.filemode(st.st_mode), st.st_uid, st.st_gid)
    return out


def same_tree(old, new):
    passing = {"control.sock", "log/lock", "store/tabard.db-wal", "store/tabard.db-shm"}
    a = {k: v for k, v in tree(old).items() if k not in passing}
    b = {k: v for k, v in tree(new).items() if k not in passing and (k in a or not k.startswith("log/"))}
    assert a == b
    st, other = os.stat(old), os.stat(new)
    assert (st.st_mode, st.st_uid, st.st_gid) == (other.st_mode, other.st_uid, other.st_gid)


def test_files_modes_and_owners_are_those_of_init(make_ca, web, restored):
    users = has_users() and os.geteuid() == 0
    ca = make_ca(extra=["--peer"] + (["--user", "daemon"] if users else []))
    open_the_way(ca.ns.tmp)
    os.makedirs(ca.path("lists"))
    with open(ca.path("lists", "blocked"), "w") as f:
        f.write("00" * 32 + "\n")
    os.chmod(ca.path("lists"), 0o755)
    os.chmod(ca.path("lists", "blocked"), 0o644)
    ca.edit(lambda t: "".join('blocked_keys: "lists/blocked"\n' if line.startswith("blocked_keys:") else line
                              for line in t.splitlines(True)))
    ca.start()
    old = os.umask(0)
    try:
        path = backup(ca)
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    files, _ = archive.read(path)
    assert {f.name for f in files} >= {"tabard.yaml", "keys/issuing-peer.key", "root-keys/root-peer.key", "store/tabard.db",
                                       "log/issuance-00000001.log", "lists/blocked"}
    for f in files:
        with open(ca.path(f.name), "rb") as g:
            assert f.name.startswith("store/") or f.content == g.read(), f.name
        assert f.mode == stat.S_IMODE(os.stat(ca.path(f.name)).st_mode), f.name
    new_ca = restore(ca, path, restored)
    same_tree(ca.dir, new_ca.dir)
    assert not os.path.exists(ca.path("backup.new"))
    ca.stop()
    new_ca.start()
    assert new_ca.stop() == 0
    # The same from a CA that does not run, through a pipe, without the keys of the roots.
    piped, unpiped = (os.path.join(ca.ns.tmp, n) for n in ("piped.tar", "unpiped"))
    ca.ns.run(["sh", "-c", f"'{program('tabardd')}' backup --config '{ca.config}' --out - --without-root-keys >'{piped}'"])
    assert not any(f.name.startswith("root-keys/") for f in archive.read(piped)[0])
    ca.ns.run(["sh", "-c", f"'{program('tabardd')}' restore --dir '{unpiped}' - <'{piped}'"])
    assert os.path.exists(os.path.join(unpiped, "tabard.yaml")) and not os.path.exists(os.path.join(unpiped, "root-keys"))


def test_a_backup_in_the_midst_of_a_renewal_has_the_key_of_its_chain(ca, ns, restored):
    ca.stop()
    ns.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=renameat", "-e", "inject=renameat:signal=SIGKILL:when=2",
            program("tabardd"), "renew-own", "--config", ca.config, "--days-left", "9999"], check=False)
    assert os.path.exists(ca.path("keys", "https.key.tabardd-new")) or os.path.exists(ca.path("keys", "responder.key.tabardd-new"))
    c = restore(ca, backup(ca), restored)
    assert not glob.glob(c.path("keys", "*.tabardd-new"))
    assert "sound" in ns.run([program("tabardd"), "check-config", "--config", c.config]).stdout
    c.start()


def open_the_way(path):
    """The daemon's account must be able to reach its state."""
    while path not in ("/", ""):
        if os.stat(path).st_uid == os.geteuid() and path.startswith("/tmp/"):
            os.chmod(path, os.stat(path).st_mode | 0o011)
        path = os.path.dirname(path)


def test_no_secret_is_told_and_nothing_is_overwritten(ca, ns):
    path = backup(ca)
    with open(path, "rb") as f:
        first = f.read()
    r = backup(ca, check=False)
    assert r.returncode == 1 and "exists; nothing is overwritten" in r.stdout
    with open(path, "rb") as f:
        assert f.read() == first
    r = backup(ca, name="other.tar", check=False)
    assert r.returncode == 0
    files, _ = archive.read(path)
    for f in files:
        if f.name.startswith(("keys/", "root-keys/")):
            secret = f.content.split(b"\n")[1] if f.content.startswith(b"-----") else f.content.hex().encode()
            assert secret.decode() not in r.stdout + ca.log(), f.name
    # Where there is no place, or no CA.
    r = backup(ca, name="no/such/place.tar", check=False)
    assert r.returncode == 1 and "place.tar" in r.stdout
    for argv, status in ((["backup"], 2), (["backup", "--config", "absent.yaml"], 3), (["restore", path], 2),
                         (["restore", "--dir", "x"], 2), (["restore", "--dir", "x", path, path], 2),
                         (["backup", "--config", ca.config, "--out", "/dev/full"], 1)):
        r = ns.run([program("tabardd"), *argv], check=False)
        assert r.returncode == status, (argv, r.stdout)
    assert not os.path.exists(os.path.join(ns.tmp, "x"))
    r = ns.run(["sh", "-c", f"'{program('tabardd')}' backup --config '{ca.config}' --out - >/dev/full"], check=False)
    assert r.returncode == 1 and "cannot write" in r.stdout
    os.rename(ca.path("keys", "id.key"), ca.path("id.key"))
    os.symlink("../id.key", ca.path("keys", "id.key"))
    r = backup(ca, name="linked.tar", check=False)
    assert r.returncode == 1 and "keys/id.key" in r.stdout
    os.unlink(ca.path("keys", "id.key"))
    r = backup(ca, name="missing.tar", check=False)
    assert r.returncode == 1 and "keys/id.key: No such file" in r.stdout
    os.rename(ca.path("id.key"), ca.path("keys", "id.key"))
    os.rename(ca.path("keys", "https.key"), ca.path("https.key"))
    os.symlink("responder.key", ca.path("keys", "https.key"))
    r = backup(ca, name="foreign.tar", check=False)
    assert r.returncode == 1 and "https.pem: its key is not keys/https.key" in r.stdout
    os.rename(ca.path("https.key"), ca.path("keys", "https.key"))
    assert not glob.glob(os.path.join(ns.tmp, "*.part"))


def test_a_front_that_was_taken_over_plants_nothing_that_root_follows(ca, ns):
    """The store is its own: links in it, and beside it, lead nowhere."""
    target = os.path.join(ns.tmp, "target")
    os.makedirs(target)
    with open(os.path.join(target, "tabard.db"), "w") as f:
        f.write("precious")
    os.symlink(target, ca.path("backup.new"))
    r = backup(ca, check=False)
    assert r.returncode == 1 and "backup.new" in r.stdout
    with open(os.path.join(target, "tabard.db")) as f:
        assert f.read() == "precious"
    os.unlink(ca.path("backup.new"))
    os.makedirs(ca.path("backup.new"))  # what a backup that was killed left
    shutil.copy(ca.path("store", "tabard.db"), ca.path("backup.new", "tabard.db"))
    backup(ca)
    assert not os.path.exists(ca.path("backup.new"))


@pytest.fixture
def genuine(ca, ns):
    path = backup(ca)
    files, mtime = archive.read(path)
    with open(path, "rb") as f:
        raw = f.read()
    assert archive.archive(files, mtime) == raw
    return files, mtime, raw


def without(files, name):
    return [f for f in files if f.name != name]


def changed(files, name, content):
    return [File(f.name, f.mode, content(f.content)) if f.name == name else f for f in files]


def flip(data, i):
    return data[:i] + bytes([data[i] ^ 1]) + data[i + 1:]


LOG = "log/issuance-00000001.log"
HOSTILE = {
    "is empty": (lambda fs, t, raw: b"", "cut off"),
    "is no archive": (lambda fs, t, raw: b"age-encryption.org/v1\n" * 100, "no archive"),
    "is cut off": (lambda fs, t, raw: raw[:-1025], "cut off"),
    "lacks its last octet": (lambda fs, t, raw: raw[:-1], "cut off"),
    "has more behind it": (lambda fs, t, raw: raw + bytes(512), "behind SHA256SUMS"),
    "has a flipped bit in a key": (lambda fs, t, raw: flip(raw, raw.index(b"PRIVATE KEY") + 40), "damaged: its digest"),
    "has a flipped bit in a header": (lambda fs, t, raw: flip(raw, raw.index(b"keys/id.key")), "damaged at offset"),
    "is of a later version": (lambda fs, t, raw: raw.replace(b"tabard-backup-1", b"tabard-backup-2"), "another version"),
    "leaves the directory": (lambda fs, t, raw: archive.archive(fs + [File("../escape", 0o600, b"x")], t),
                             "../escape: is no file of a CA"),
    "has an absolute name": (lambda fs, t, raw: archive.archive(fs + [File("/tmp/escape", 0o600, b"x")], t),
                             "/tmp/escape: is no file of a CA"),
    "has another file": (lambda fs, t, raw: archive.archive(fs + [File("keys/other.key", 0o600, b"x")], t),
                         "keys/other.key: is no file of a CA"),
    "has a file twice": (lambda fs, t, raw: archive.archive(fs + fs[-1:], t), "stands twice"),
    "has a link": (lambda fs, t, raw: archive.archive(fs, t, end=False)
                   + archive.header("keys", mtime=t, kind=b"2", link=b"/etc") + bytes(1024), "no header of a regular file"),
    "has a directory": (lambda fs, t, raw: archive.header("keys/", 0o755, mtime=t, kind=b"5") + raw, "no archive"),
    "begins with another file": (lambda fs, t, raw: archive.archive(fs[1:] + fs[:1], t), "expected tabard.yaml"),
    "lets everybody read a key": (lambda fs, t, raw: archive.archive(
        [File(f.name, 0o644, f.content) for f in fs], t), "has mode 0644 in the archive; expected 0600"),
    "makes a program": (lambda fs, t, raw: archive.archive([File(f.name, f.mode | 0o4000, f.content) for f in fs], t),
                        "tabard.yaml: has mode 4644"),
    "has a huge key": (lambda fs, t, raw: archive.archive(fs[:1], t, end=False)
                       + archive.header("keys/id.key", size_field=b"\x80" + bytes(5) + b"\1" + bytes(5), mtime=t),
                       "keys/id.key: has 1099511627776 octets in the archive; at most"),
    "has a huge configuration": (lambda fs, t, raw: archive.archive([File("tabard.yaml", 0o644, b"#" * (1 << 20 | 1))], t),
                                 "tabard.yaml: has 1048577 octets"),
    "lacks a key": (lambda fs, t, raw: archive.archive(without(fs, "keys/id.key"), t), "keys/id.key: is not in the archive"),
    "is of two times": (lambda fs, t, raw: archive.archive(fs[:1], t, end=False) + archive.entry(fs[1], t + 1),
                        "of another time"),
    "has a wrong configuration": (lambda fs, t, raw: archive.archive(
        changed(fs, "tabard.yaml", lambda c: c + b"nonsense: 1\n"), t), "nonsense"),
    "has a damaged log": (lambda fs, t, raw: archive.archive(changed(fs, LOG, lambda c: flip(c, 150)), t),
                          "issuance-00000001.log: damaged at offset 114"),
    "has the log of another CA": (lambda fs, t, raw: archive.archive(
        changed(fs, "tabard.yaml", lambda c: c.replace(b"signer: 1\n", b"signer: 2\n")), t), "log of another signer"),
    "has a second epoch from nowhere": (lambda fs, t, raw: archive.archive(
        fs + [File("log/issuance-00000002.log", 0o600, fs[-1].content)], t), "is of another epoch than its name says"),
    "has something else for a store": (lambda fs, t, raw: archive.archive(
        changed(fs, "store/tabard.db", lambda c: b"x" * 4096), t), "store/tabard.db: is no database"),
    "has a store of tomorrow": (lambda fs, t, raw: archive.archive(
        changed(fs, "store/tabard.db", lambda c: c[:60] + b"\0\0\1\0" + c[64:]), t), "schema version 256 is not known"),
    "was made tomorrow": (lambda fs, t, raw: archive.archive(fs, t + 86400), "clock of this machine is behind the archive"),
}


def test_hostile_archives_are_refused_with_the_reason(ca, ns, genuine):
    assert genuine[0][-1].name == LOG
    for what, (make, reason) in HOSTILE.items():
        path = os.path.join(ns.tmp, "hostile.tar")
        with open(path, "wb") as f:
            f.write(make(*genuine))
        for subdir in ("absent", "empty"):
            r = run_restore(ca, path, subdir)
            assert r.returncode == (3 if what == "has a wrong configuration" else 1), (what, r.stdout)
            assert reason in r.stdout and len(r.stdout.splitlines()) == 1, (what, r.stdout)
            os.makedirs(os.path.join(ns.tmp, "empty"), exist_ok=True)
            assert os.listdir(os.path.join(ns.tmp, "empty")) == [], what  # what was made is gone again
            assert not os.path.exists(os.path.join(ns.tmp, "absent")), what
    assert not os.path.exists(os.path.join(ns.tmp, "escape")) and not os.path.exists("/tmp/escape")
    with open(path, "wb") as f:
        f.write(genuine[2])
    assert run_restore(ca, path, "empty").returncode == 0
    r = run_restore(ca, path, "empty")
    assert r.returncode == 1 and "is not empty" in r.stdout
    os.makedirs(os.path.join(ns.tmp, "public"))
    os.chmod(os.path.join(ns.tmp, "public"), 0o777)
    r = run_restore(ca, path, "public")
    assert r.returncode == 1 and "lets everybody in" in r.stdout


STEPS = {"openat": 40, "mkdir": 6, "write": 30, "fsync": 40, "fchmod": 30, "rename": 2, "chmod": 6}


def test_a_restore_that_is_killed_leaves_no_ca_or_the_whole(ca, ns, genuine, restored):
    """At calls of each kind, from the first to beyond the last."""
    ca.stop()
    path = os.path.join(ns.tmp, "backup.tar")
    whole = killed = 0
    for call, last in STEPS.items():
        for when in sorted({1, 2, 3, last // 3, last // 2, last - 1, last, 10 * last}):
            subdir = f"k-{call}-{when}"
            r = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                f"inject={call}:signal=SIGKILL:when={when}", program("tabardd"), "restore", "--dir",
                                os.path.join(ns.tmp, subdir), path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            config = os.path.join(ns.tmp, subdir, "tabard.yaml")
            if os.path.exists(config):
                assert "sound" in ns.run([program("tabardd"), "check-config", "--config", config]).stdout
                assert len(glob.glob(os.path.join(ns.tmp, subdir, "log", "*.log"))) == 2
                whole += 1
                continue
            assert r.returncode != 0, r.stderr
            killed += 1
            left = os.path.exists(os.path.join(ns.tmp, subdir)) and os.listdir(os.path.join(ns.tmp, subdir))
            r = ns.run([program("tabardd"), "run", "--config", config], check=False)
            assert r.returncode == 3 and "tabard.yaml" in r.stdout
            r = run_restore(ca, path, subdir)
            assert (r.returncode == 1 and "an interrupted restore" in r.stdout) if left else r.returncode == 0, r.stdout
    assert whole >= len(STEPS) and killed >= 2 * len(STEPS)


def test_a_backup_that_is_killed_leaves_no_archive_and_the_next_one_succeeds(ca, ns):
    for i, call in enumerate(("openat", "pwrite64", "write", "fsync", "renameat2", "unlinkat", "rmdir", "fchmod")):
        for when in (1, 5, 20, 30):
            out = os.path.join(ns.tmp, f"killed-{i}-{when}.tar")
            subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                            f"inject={call}:signal=SIGKILL:when={when}", program("tabardd"), "backup", "--config", ca.config,
                            "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if os.path.exists(out):
                archive.read(out)
            r = backup(ca, name=f"next-{i}-{when}.tar", check=False)
            assert r.returncode == 0, r.stdout
            archive.read(os.path.join(ns.tmp, f"next-{i}-{when}.tar"))
    assert ca.cli_json("status")
    assert not os.path.exists(ca.path("backup.new"))
