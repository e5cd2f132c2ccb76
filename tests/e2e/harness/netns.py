"""A network and mount namespace for one test, with its own /etc/hosts and resolv.conf.

Ports 53, 80 and 443 are free in it, and nothing leaves it. The runner (tests/run.sh) gives everybody but root a user
namespace in which they are root.
"""
import concurrent.futures
import ctypes
import os
import socket
import subprocess

from .proc import Proc, wait_for


_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Namespace:
    KINDS = ["--net", "--mount", "--uts"]

    def __init__(self, tmp, hosts=(), resolver="127.0.0.1"):
        self.tmp = str(tmp)
        os.makedirs(self.tmp, exist_ok=True)
        self._hosts = os.path.join(self.tmp, "hosts")
        self._resolv = os.path.join(self.tmp, "resolv.conf")
        with open(self._hosts, "w") as f:
            f.write("127.0.0.1 localhost\n::1 localhost\n" + "".join(f"127.0.0.1 {h}\n" for h in hosts))
        with open(self._resolv, "w") as f:
            f.write(f"nameserver {resolver}\n")
        ready = os.path.join(self.tmp, "ns-ready")
        script = (f"mount --make-rprivate / && mount --bind '{self._hosts}' /etc/hosts && "
                  f"mount --bind '{self._resolv}' /etc/resolv.conf && ip link set lo up && "
                  f": > '{ready}' && exec sleep infinity")
        self.holder = Proc(["unshare", *self.KINDS, "sh", "-c", script], os.path.join(self.tmp, "ns.log"))
        wait_for("the namespace", lambda: os.path.exists(ready) or not self.holder.alive())
        if not self.holder.alive():
            raise RuntimeError("no namespace could be made: " + self.holder.output())

    def enter(self):
        return ["nsenter", "-t", str(self.holder.pid), *self.KINDS]

    def inside(self, make):
        """What make() returns: sockets that it makes belong to the namespace, and stay in it.

        A thread of its own enters and ends there. Who is root in a user namespace only could not go back.
        """
        def there():
            self._enter()
            return make()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(there).result()

    def _enter(self):
        there = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(there, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(there)

    def connect(self, address, port, timeout=30):
        return self.inside(lambda: socket.create_connection((address, port), timeout=timeout))

    def listen(self, address, port, backlog=256):
        def make():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            s.listen(backlog)
            return s
        return self.inside(make)

    def run(self, argv, timeout=120, env=None, check=True, cwd=None, stdin=None):
        full_env = dict(os.environ, **(env or {}))
        p = subprocess.run(self.enter() + [str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=timeout, env=full_env, cwd=cwd or self.tmp, text=True, errors="replace", input=stdin,
                           stdin=None if stdin is not None else subprocess.DEVNULL)
        if check and p.returncode != 0:
            raise AssertionError(f"{argv[0]} ended with {p.returncode}:\n{p.stdout}")
        return p

    def start(self, argv, name, env=None, pass_fds=()):
        full_env = dict(os.environ, **(env or {}))
        return Proc(self.enter() + [str(a) for a in argv], os.path.join(self.tmp, name + ".log"), env=full_env,
                    cwd=self.tmp, pass_fds=pass_fds)

    def add_address(self, address):
        self.run(["ip", "addr", "add", address, "dev", "lo"])

    def close(self):
        self.holder.stop()
