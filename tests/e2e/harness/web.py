"""A plain web server for http-01 by files, and a trust store in which a test's root counts."""
import os

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Webroot:
    """Serves DIR/.well-known/acme-challenge on port 80 of the namespace; bind "::" is both families."""

    def __init__(self, ns, name="webroot", bind="127.0.0.1"):
        self.dir = os.path.join(ns.tmp, name)
        self.challenges = os.path.join(self.dir, ".well-known", "acme-challenge")
        os.makedirs(self.challenges)
        self.proc = ns.start(["/usr/bin/python3", "-u", "-m", "http.server", "80", "--bind", bind, "--directory",
                              self.dir], name)
        self.proc.wait_output("Serving HTTP", 20)

    def stop(self):
        self.proc.stop()


def trust(ns, root):
    """For clients that have no option for a CA of one's own: the system's bundle, in this namespace alone."""
    merged = os.path.join(ns.tmp, "bundle.pem")
    with open(merged, "wb") as out:
        for path in (BUNDLE, root):
            with open(path, "rb") as f:
                out.write(f.read() + b"\n")
    ns.run(["mount", "--bind", merged, BUNDLE])
