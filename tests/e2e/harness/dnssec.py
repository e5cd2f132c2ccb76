"""Zones signed with real keys, and spoilt afterwards, on Knot as an authoritative server that is asked like a resolver."""
import os
import re
import subprocess


class SignedZone:
    def __init__(self, tmp, name, records, spoil=lambda lines: lines, sign=()):
        """spoil(lines of the signed zone) -> lines served; sign: more arguments of ldns-signzone."""
        self.name = name
        self.dir = os.path.join(tmp, "zone-" + name)
        self.file = os.path.join(self.dir, "served")
        os.makedirs(self.dir)
        self.key = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name).strip()
        with open(os.path.join(self.dir, self.key + ".ds")) as f:
            self.anchor = " ".join(f.read().split())
        self.write(records, spoil, sign)

    def run(self, *argv):
        return subprocess.run(argv, cwd=self.dir, check=True, capture_output=True, text=True).stdout

    def write(self, records, spoil=lambda lines: lines, sign=()):
        """The file that is served, with the same key; a server reads it when it starts."""
        name = self.name
        with open(os.path.join(self.dir, "zone"), "w") as f:
            f.write(f"$ORIGIN {name}.\n$TTL 1\n@ SOA ns.{name}. admin.{name}. 1 3600 900 86400 1\n@ NS ns\n"
                    "ns A 127.0.0.1\n" + "".join(r + "\n" for r in records))
        self.run("ldns-signzone", *sign, "zone", self.key)
        with open(os.path.join(self.dir, "zone.signed")) as f:
            lines = f.read().splitlines()
        with open(self.file, "w") as f:
            f.write("\n".join(spoil(lines)) + "\n")

    def entry(self):
        """For the CA's `zones`."""
        return (f"  - domain: {self.name}\n    resolvers: [\"127.0.0.1:53\"]\n    trust_anchors: [\"{self.anchor}\"]\n"
                "    allow_private: [\"127.0.0.0/8\"]\n")


def without(kind, signatures_only=False):
    """Records of a type, and the signatures over them, are gone."""
    what = rf"RRSIG\s+{kind}\s" if signatures_only else rf"({kind}\s|RRSIG\s+{kind}\s)"

    def spoil(lines):
        out = [l for l in lines if not re.search(rf"\sIN\s+{what}", l)]
        assert out != lines
        return out
    return spoil


def without_signatures(lines):
    return [l for l in lines if not re.search(r"\sIN\s+RRSIG\s", l)]


def replaced(old, new):
    """Changed after it was signed."""
    def spoil(lines):
        out = [l.replace(old, new) if re.search(r"\sIN\s+(A|TXT|CAA)\s", l) else l for l in lines]
        assert out != lines
        return out
    return spoil


class SignedKnot:
    def __init__(self, ns, zones, plain=(), name="knot-signed"):
        dir = os.path.join(ns.tmp, name)
        os.makedirs(dir)
        conf = [f"server:\n  rundir: {dir}\n  listen: 127.0.0.1@53\n  udp-workers: 1\n  tcp-workers: 1\n"
                f"  background-workers: 1\ndatabase:\n  storage: {dir}\nlog:\n  - target: stdout\n    any: info\nzone:\n"]
        files = [(z.name, z.file) for z in zones]
        for top in plain:
            files.append((top, os.path.join(dir, top + ".zone")))
            with open(files[-1][1], "w") as f:
                f.write(f"$ORIGIN {top}.\n$TTL 1\n@ SOA ns admin 1 3600 900 86400 1\n@ NS ns\nns A 127.0.0.1\n")
        for zone, file in files:
            conf.append(f"  - domain: {zone}\n    file: {file}\n    semantic-checks: off\n    zonefile-sync: -1\n"
                        "    journal-content: none\n    zonefile-load: whole\n")
        path = os.path.join(dir, "knot.conf")
        with open(path, "w") as f:
            f.write("".join(conf))
        self.proc = ns.start(["/usr/sbin/knotd", "-c", path], name)
        self.proc.wait_output("server started")

    def stop(self):
        self.proc.stop()
