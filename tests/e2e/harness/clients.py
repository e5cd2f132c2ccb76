"""Other people's ACME clients, as Debian ships them, unmodified."""
import glob
import os


class Certbot:
    def __init__(self, ca, directory=None, name="certbot", ns=None):
        self.ca = ca
        self.ns = ns or ca.ns
        self.dir = os.path.join(self.ns.tmp, name)
        self.directory = directory or ca.url

    def run(self, *args, check=True, env=None):
        argv = ["certbot", *args, "--config-dir", f"{self.dir}/etc", "--work-dir", f"{self.dir}/work",
                "--logs-dir", f"{self.dir}/log", "--server", self.directory, "--non-interactive", "--agree-tos",
                "--register-unsafely-without-email"]
        return self.ns.run(argv, env=dict(env or {}, REQUESTS_CA_BUNDLE=self.ca.root), check=check, timeout=180)

    def live(self, name, what="fullchain"):
        return os.path.join(self.dir, "etc", "live", name, what + ".pem")


class Lego:
    def __init__(self, ca, directory=None, name="lego", ns=None):
        self.ca = ca
        self.ns = ns or ca.ns
        self.dir = os.path.join(self.ns.tmp, name)
        self.directory = directory or ca.url

    def run(self, *args, check=True, env=None):
        argv = ["lego", "--server", self.directory, "--email", "admin@example.test", "--accept-tos", "--path", self.dir, *args]
        return self.ns.run(argv, env=dict(env or {}, LEGO_CA_CERTIFICATES=self.ca.root), check=check, timeout=180)

    def cert(self, name):
        return os.path.join(self.dir, "certificates", name.replace("*", "_") + ".crt")

    def certs(self):
        return glob.glob(os.path.join(self.dir, "certificates", "*.crt"))
