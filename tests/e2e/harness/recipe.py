"""A recipe of doc/recipes, played on machines of the test: its blocks are the commands and files that the test uses.

The line before a fenced block says what it is for:

    On **mx** and **relay**:                 commands for a root shell
    On **mx**, to `/etc/app/x.conf`:         the whole file (executable when it begins with #!)
    On **mx**, at the end of `/etc/x.conf`:  appended to the file

A block with the word "text" behind the fence is for the reader. Any other block is an error, and so is a section that
the test did not play.
"""
import os
import re

from .ca import Ca
from .dns import Knot
from .internet import CA as CA_PART
from .internet import DNS as DNS_PART
from .internet import FIRST, V4, Internet
from .machine import furnish, write
from .x509 import load_chain

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "doc", "recipes")
LEAD = re.compile(r"^On (\*\*[\w* ]+\*\*)(?:, (to|at the end of) `(/[^`]+)`)?:$")
CA_NAME = "ca.example.com"


class Block:
    def __init__(self, host, mode, path, text):
        self.host, self.mode, self.path, self.text = host, mode, path, text


def parse(name):
    """{section: [Block]}, of the sections that have blocks."""
    with open(os.path.join(DOC, name + ".md")) as f:
        lines = f.read().split("\n")
    sections, section, lead, i = {}, None, "", 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("```"):
            end = lines.index("```", i + 1)
            if line != "```text":
                said = LEAD.match(lead)
                assert said and line == "```", f"{name}.md:{i + 1}: nobody knows what this block is for: {lead!r}"
                for host in re.findall(r"\w+(?=\*\*)", said.group(1)):
                    block = Block(host, *said.groups()[1:], "\n".join(lines[i + 1:end]) + "\n")
                    sections.setdefault(section, []).append(block)
            i = end
        elif line.strip():
            lead = line
        i += 1
    return sections


class Recipe:
    """hosts: {label in the recipe: DNS name}. Each is a machine with its name, its address, and the CA's roots.
    more: {DNS name: label}: further names of these. init: options of tabardd init."""

    def __init__(self, tmp, name, hosts, more=None, init=()):
        self.name = name
        self.sections = parse(name)
        self.played = set()
        self.net = Internet(tmp)
        self.dns = self.ca = None
        self.daemons = []
        self.hosts = {}
        try:
            self._zones(hosts, more or {})
            self._ca(init)
            for label, dns_name in hosts.items():
                self._machine(label, dns_name)
        except BaseException:
            self.close()
            raise

    def _zones(self, hosts, more):
        zones = {"com": [], "net": [], "org": [], "example.com": [f"ca A {V4}{CA_PART}"]}
        self.address = {label: V4 + str(FIRST + i) for i, label in enumerate(hosts)}
        for dns_name, label in [(n, label) for label, n in hosts.items()] + list(more.items()):
            first, zone = dns_name.split(".", 1)
            zones.setdefault(zone, []).append(f"{first} A {self.address[label]}")
        self.dns = Knot(self.net.host("dns", V4 + str(DNS_PART)), zones, V4 + str(DNS_PART))

    def _ca(self, init):
        self.ca = Ca(self.net.host("ca", V4 + str(CA_PART)), name=CA_NAME, resolver=f"{V4}{DNS_PART}:53",
                     allow_private=(V4 + "0/24",), address=V4 + str(CA_PART),
                     extra=init).start()

    def _machine(self, label, dns_name):
        host = self.hosts[label] = furnish(self.net.host(label, self.address[label]), dns_name)
        for role in ("server", "client"):
            write(host, f"/usr/local/share/tabard/root-{role}.pem", self.root(role))

    def root(self, role):
        with open(self.ca.path(f"root-{role}.pem")) as f:
            return f.read()

    def play(self, section):
        """The blocks of a section in their order; what its commands printed."""
        self.played.add(section)
        said = ""
        for block in self.sections[section]:
            host = self.hosts[block.host]
            if block.path:
                write(host, block.path, block.text, 0o755 if block.text.startswith("#!") else 0o644,
                      block.mode == "at the end of")
            else:
                said += self.sh(block.host, block.text)
        return said

    def sh(self, label, text, check=True):
        return self.hosts[label].run(["sh", "-e"], stdin=text, check=check).stdout

    def get(self, label, dns_name, profile, name, *options):
        """One more certificate, from the CA of the recipe."""
        self.sh(label, f"tabard get {dns_name} --profile {profile} --name {name} --server https://{CA_NAME}:14000/directory "
                       f"--ca /usr/local/share/tabard/root-server.pem {' '.join(options)}")

    def start(self, label, argv, name, until=None):
        """A daemon of that machine, stopped at the end."""
        proc = self.hosts[label].start(argv, name)
        self.daemons.append(proc)
        if until:
            proc.wait_output(until)
        return proc

    def copy(self, label, path):
        """A file of a machine, where the test can read it: the path there."""
        out = os.path.join(self.hosts[label].tmp, os.path.basename(path))
        with open(out, "w") as f:
            f.write(self.hosts[label].run(["cat", path]).stdout)
        return out

    def leaf(self, label, name):
        """The certificate that tabard keeps under that name."""
        return load_chain(self.copy(label, f"/etc/tabard/{name}/cert.pem"))[0]

    def close(self):
        try:
            for thing in reversed(self.daemons):
                thing.stop()
            if self.ca is not None and self.ca.proc is not None:
                assert self.ca.stop() == 0, "tabardd did not end cleanly"
        finally:
            if self.dns is not None:
                self.dns.stop()
            self.net.close()

    def done(self):
        left = [s for s in self.sections if s not in self.played]
        assert not left, f"{self.name}.md: the test does not play {left}"
