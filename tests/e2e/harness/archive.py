"""Archives of tabardd backup, read and written as doc/backup.md says, by a hand that is not the project's."""
import hashlib
import io
import tarfile
from collections import namedtuple

DIR = "tabard-backup-1"
SUMS = "SHA256SUMS"
File = namedtuple("File", "name mode content")


def read(path):
    """Files and the time, by the tar of Python's library; the digests are checked."""
    with tarfile.open(path) as t:
        members = t.getmembers()
        assert all(m.isreg() and m.name.startswith(DIR + "/") for m in members)
        files = [File(m.name[len(DIR) + 1:], m.mode, t.extractfile(m).read()) for m in members]
    assert files[-1].name == SUMS
    assert files[-1].content == sums(files[:-1])
    assert len({m.mtime for m in members}) == 1
    return files[:-1], members[0].mtime


def sums(files):
    return "".join(f"{hashlib.sha256(f.content).hexdigest()}  {f.name}\n" for f in files).encode()


def header(name, mode=0o600, size=0, mtime=1800000000, kind=b"0", directory=DIR, uid=0, link=b"", size_field=None,
           magic=b"ustar\0" b"00", owner=b""):
    """A block of ustar, whatever stands in it."""
    def octal(value, length):
        return b"%0*o\0" % (length - 1, value)
    name = name if isinstance(name, bytes) else name.encode()
    h = (name.ljust(100, b"\0") + octal(mode, 8) + octal(uid, 8) + octal(uid, 8)
         + (octal(size, 12) if size_field is None else size_field) + octal(mtime, 12) + b" " * 8 + kind + link.ljust(100, b"\0")
         + magic + owner.ljust(32, b"\0") + owner.ljust(32, b"\0") + octal(0, 8) + octal(0, 8)
         + directory.encode().ljust(155, b"\0") + bytes(12))
    assert len(h) == 512
    return h[:148] + b"%06o\0 " % sum(h) + h[156:]


def entry(f, mtime=1800000000, **more):
    return header(f.name, f.mode, len(f.content), mtime, **more) + f.content + bytes(-len(f.content) % 512)


def archive(files, mtime=1800000000, end=True):
    """The bytes of an archive of these files, in their order."""
    out = io.BytesIO()
    for f in files:
        out.write(entry(f, mtime))
    if end:
        out.write(entry(File(SUMS, 0o600, sums(files)), mtime) + bytes(1024))
    return out.getvalue()
