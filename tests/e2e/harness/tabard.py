"""tabard as an ACME client."""
import json
import os

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .ca import program
from .x509 import load_chain

OK, FAILURE, USAGE, TERMS, REFUSED, UNREACHABLE, PROOF, LOCAL, DEPLOY, LATER = range(10)


class Tabard:
    def __init__(self, ns, server, root, name="tabard"):
        self.ns = ns
        self.server = server
        self.root = root
        self.dir = os.path.join(ns.tmp, name)

    def run(self, command, *args, want=OK, session=True, **kw):
        argv = [program("tabard"), command, *args, "--dir", self.dir]
        if session:
            argv += ["--server", self.server, "--ca", self.root]
        p = self.ns.run(argv, check=False, **kw)
        assert p.returncode == want, f"status {p.returncode}, not {want}:\n{p.stdout}"
        return p.stdout

    def get(self, *args, want=OK, **kw):
        return self.run("get", *args, want=want, **kw)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def chain(self, name):
        return load_chain(self.path(name, "fullchain.pem"))

    def check_pair(self, name):
        """Certificate and key behind the link belong together; returns the leaf."""
        leaf = load_chain(self.path(name, "cert.pem"))[0]
        with open(self.path(name, "privkey.pem"), "rb") as f:
            key = load_pem_private_key(f.read(), None)
        assert key.public_key().public_numbers() == leaf.public_key().public_numbers()
        return leaf

    def settings(self, name):
        with open(self.path("renewal", name + ".json")) as f:
            return json.load(f)

    def set(self, name, **changes):
        s = dict(self.settings(name), **changes)
        with open(self.path("renewal", name + ".json"), "w") as f:
            json.dump(s, f)
