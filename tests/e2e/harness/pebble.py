"""Debian's pebble: somebody else's ACME server, beside ours."""
import json
import os

from .pki import make


class Pebble:
    def __init__(self, ns, resolver="127.0.0.1:53", http_port=80, tls_port=443, port=14500, eab=None):
        self.ns = ns
        self.dir = os.path.join(ns.tmp, "pebble")
        os.makedirs(self.dir)
        pair = make("pebble", ca=False, names=("localhost",))
        self.root = self._write("root.pem", pair.pem())
        config = {"listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{port + 1}",
                  "certificate": self.root, "privateKey": self._write("key.pem", pair.key_pem()), "httpPort": http_port,
                  "tlsPort": tls_port, "ocspResponderURL": "", "externalAccountBindingRequired": eab is not None}
        if eab:
            config["externalAccountMACKeys"] = eab
        path = self._write("pebble.json", json.dumps({"pebble": config}).encode())
        self.url = f"https://localhost:{port}/dir"
        self.proc = ns.start(["pebble", "-config", path, "-dnsserver", resolver], "pebble-run",
                             env={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "5"})
        self.proc.wait_output("ACME directory available", 20)

    def _write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def stop(self):
        self.proc.stop()
