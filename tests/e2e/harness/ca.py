"""A tabardd of a test: init, run, the control commands, restart."""
import json
import os
import re
import signal
import ssl

from .proc import children, cmdline, wait_for

BUILD = os.environ["BUILD"] = os.path.abspath(os.environ.get("BUILD", "build"))  # programs run in other directories


def program(name):
    for sub in ("ca", "cli"):
        path = os.path.join(BUILD, sub, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError(f"{name} is not built in {BUILD}: run make")


class Ca:
    def __init__(self, ns, name="ca.test", port=14000, resolver="127.0.0.1:53", allow_private=("127.0.0.0/8",),
                 subdir="ca", edit=None, metrics=None, extra=(), address="127.0.0.1", listen=None):
        """address: where clients find it; listen: address that it listens at, when that is another"""
        self.ns = ns
        self.name = name
        self.port = port
        self.address = address
        self.dir = os.path.join(ns.tmp, subdir)
        self.subdir = subdir
        self.config = os.path.join(self.dir, "tabard.yaml")
        argv = [program("tabardd"), "init", "--dir", self.dir, "--name", name, "--listen", f"{listen or address}:{port}"]
        if resolver:
            argv += ["--resolver", resolver]
        for net in allow_private:
            argv += ["--allow-private", net]
        if metrics:
            argv += ["--metrics", metrics]
        self.init_output = ns.run(argv + list(extra)).stdout
        if edit:
            self.edit(edit)
        self.proc = None
        self.starts = 0

    def edit(self, change):
        """change(text) -> text of the configuration file."""
        with open(self.config) as f:
            text = f.read()
        with open(self.config, "w") as f:
            f.write(change(text))

    @property
    def url(self):
        return f"https://{self.name}:{self.port}/directory"

    def profile_url(self, profile):
        return f"https://{self.name}:{self.port}/{profile}/directory"

    @property
    def root(self):
        return os.path.join(self.dir, "root-server.pem")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start(self, extra=()):
        self.starts += 1
        self.proc = self.ns.start([program("tabardd"), "run", "--config", self.config, *extra],
                                  f"{self.subdir}-run-{self.starts}")
        self.proc.wait_output("tabardd: ready: ", 30)
        return self

    def stop(self, sig=signal.SIGTERM):
        code = self.proc.stop(sig)
        self.proc = None
        return code

    def log(self):
        return self.proc.output()

    def parent_pid(self):
        """nsenter execs the program, so the pid is tabardd's own."""
        return self.proc.pid

    def pid_of(self, role):
        for pid in children(self.parent_pid()):
            if role in cmdline(pid):
                return pid
        return None

    def kill(self, role, sig=signal.SIGKILL):
        """End one process and wait until another stands in its place."""
        pid = self.pid_of(role)
        os.kill(pid, sig)
        wait_for(f"a new {role}", lambda: self.pid_of(role) not in (None, pid))

    def cli(self, *args, check=True):
        return self.ns.run([program("tabard"), "ca", *args, "--dir", self.dir], check=check)

    def cli_json(self, *args):
        return json.loads(self.cli(*args, "--json").stdout)

    def refusals(self):
        return re.findall(r'finalize-refused.*?reason="?([a-z0-9-]+)', self.log())

    def client_ssl(self):
        return ssl.create_default_context(cafile=self.root)
