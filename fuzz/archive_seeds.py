#!/usr/bin/env python3
"""Make the seeds of fuzz/corpus/archive from the format in doc/backup.md, independently of the C code."""
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))

from harness.archive import SUMS, File, archive, entry, header, sums  # noqa: E402

OUT = HERE / "corpus" / "archive"
a, b = File("tabard.yaml", 0o644, b"name: x\n"), File("keys/id.key", 0o600, bytes(32))
good = archive([a, b])
block = File("store/tabard.db", 0o600, b"SQLite format 3\0" + bytes(496))
flipped = bytearray(good)
flipped[512 + 2] ^= 1
dirty = bytearray(good)
dirty[512 + 100] ^= 1


def with_entry(raw):
    return entry(a) + raw + entry(File(SUMS, 0o600, sums([a]))) + bytes(1024)


seeds = {
    "good-two-files": good,
    "good-whole-block": archive([a, b, block]),
    "good-empty-file": archive([File("tabard.yaml", 0o644, b"")]),
    "empty": b"",
    "empty-tar": bytes(1024),
    "sums-only": archive([]),
    "no-sums": archive([a, b], end=False) + bytes(1024),
    "cut-in-header": good[:300],
    "cut-in-file": good[:515],
    "cut-in-end": good[:-1],
    "trailing": good + bytes(512),
    "flipped-bit": bytes(flipped),
    "dirty-padding": bytes(dirty),
    "twice": archive([a, b, a]),
    "sums-of-other-files": entry(a) + entry(b) + entry(File(SUMS, 0o600, sums([a, a]))) + bytes(1024),
    "dotdot": archive([a, File("../escape", 0o600, b"x")]),
    "absolute": archive([a, File("/etc/passwd", 0o644, b"x")]),
    "control-character": archive([a, File("a\nb", 0o644, b"x")]),
    "symlink": with_entry(header("keys", kind=b"2", link=b"/etc")),
    "hard-link": with_entry(header("keys/id.key", kind=b"1", link=b"tabard.yaml")),
    "directory": with_entry(header("keys/", 0o700, kind=b"5")),
    "device": with_entry(header("keys/id.key", kind=b"3")),
    "pax": with_entry(header("PaxHeader", kind=b"x", size=20) + b"20 path=../../passwd".ljust(512, b"\0")),
    "gnu-long-name": with_entry(header("././@LongLink", kind=b"L", size=120) + b"a" * 120 + bytes(392)),
    "huge-binary": with_entry(header("store/tabard.db", size_field=b"\x80" + bytes(3) + b"\x3f" + b"\xff" * 7)),
    "huge-octal": with_entry(header("store/tabard.db", size_field=b"77777777777\0")),
    "negative": with_entry(header("store/tabard.db", size_field=b"\xff" * 12)),
    "gnu-magic": header("tabard.yaml", 0o644, 0, magic=b"ustar  \0"),
    "other-version": header("tabard.yaml", 0o644, 0, directory="tabard-backup-2"),
    "two-times": entry(a) + entry(b, 1800000001) + entry(File(SUMS, 0o600, sums([a, b]))) + bytes(1024),
    "sums-of-another-time": entry(a) + entry(File(SUMS, 0o600, sums([a])), 1800000001) + bytes(1024),
    "owner": with_entry(header("keys/id.key", owner=b"root")),
    "gzip": bytes.fromhex("1f8b0800000000000003") + good[:600],
}
OUT.mkdir(parents=True, exist_ok=True)
for name, data in seeds.items():
    (OUT / name).write_bytes(data)
