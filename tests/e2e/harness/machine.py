"""Turn a namespace into a machine in which the files that Debian's packages installed may be changed.

/etc, /usr/local, /run and the state of daemons become copies of its own, so commands for a real host run as they stand.
The test starts the daemons; nothing of this is left when it ends.
"""
import os

from .ca import program

COPIED = ["/etc", "/var/lib/bind", "/var/cache/bind", "/var/lib/nginx", "/var/lib/postfix", "/var/lib/prosody",
          "/var/spool/postfix"]
EMPTY = ["/run", "/usr/local", "/var/lib/postgresql", "/var/log", "/var/mail", "/var/www"]
DIRS = ["/usr/local/bin", "/usr/local/sbin", "/usr/local/share/tabard", "/run/lock", "/var/log/nginx", "/var/www/html"]


def has_users():
    """Daemons run as users of their own: is there more than one in this user namespace?"""
    with open("/proc/self/uid_map") as f:
        return sum(int(line.split()[2]) for line in f) > 1


def furnish(ns, name):
    script = ["set -e", f"hostname {name}"]
    for d in filter(os.path.isdir, COPIED + EMPTY):
        copy = f"cp -a {d}/. /mnt; " if d in COPIED else ""
        script.append(f"mount -nt tmpfs tmpfs /mnt; {copy}chmod --reference={d} /mnt; chown --reference={d} /mnt; "
                      f"mount -n --move /mnt {d}")
    script.append("mkdir -p " + " ".join(DIRS))
    script.append(f"ln -s {program('tabard')} /usr/local/bin/tabard")
    ns.run(["sh"], stdin="\n".join(script) + "\n")
    return ns


def write(ns, path, text, mode=0o644, append=False):
    """A file of the machine."""
    ns.run(["sh", "-ec", f"mkdir -p '{os.path.dirname(path)}'; cat >{'>' if append else ''}'{path}'; chmod {mode:o} '{path}'"],
           stdin=text)
