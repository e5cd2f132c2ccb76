"""A machine of a test: a namespace in which the files that Debian's packages installed may be changed.

/etc, /usr/local, /run and the state of the daemons are copies of its own, so commands for a real host run as they stand.
The daemons are started by the test; nothing of them is left when it ends.
"""
import os

from .ca import program
from .netns import Namespace

COPIED = ["/etc", "/var/lib/postfix", "/var/spool/postfix"]
EMPTY = ["/run", "/usr/local", "/var/log", "/var/mail"]


def has_users():
    """Daemons run as users of their own: is there more than one in this user namespace?"""
    with open("/proc/self/uid_map") as f:
        return sum(int(line.split()[2]) for line in f) > 1


class Machine(Namespace):
    KINDS = ["--net", "--mount", "--uts"]

    def __init__(self, tmp, name, hosts=(), resolver="127.0.0.1"):
        super().__init__(tmp, hosts, resolver)
        self.name = name
        copy = "".join(f"mount -t tmpfs -o mode=755 tmpfs /mnt && cp -a {d}/. /mnt && chmod --reference={d} /mnt && "
                       f"chown --reference={d} /mnt && mount --move /mnt {d}\n" for d in COPIED if os.path.isdir(d))
        empty = "".join(f"mount -t tmpfs -o mode=755 tmpfs {d}\n" for d in EMPTY)
        self.run(["sh", "-ec", f"hostname {name}\n{copy}{empty}mkdir /usr/local/bin /usr/local/sbin /run/lock\n"
                  f"ln -s {program('tabard')} /usr/local/bin/tabard\n"])

    def write(self, path, text, mode=0o644):
        """A file of the machine."""
        self.run(["sh", "-ec", f"mkdir -p '{os.path.dirname(path)}'; cat >'{path}'; chmod {mode:o} '{path}'"], stdin=text)

    def read(self, path):
        return self.run(["cat", path]).stdout
