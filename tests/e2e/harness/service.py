"""A relying party: a TLS server that demands client certificates, and lets libtabard decide who may come in."""
import contextlib
import hashlib
import json
import os
import socket
import ssl
import threading

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .ca import program
from .x509 import load_chain


class Service:
    """policy: {DNS name: account}; more: other anchors that it should not trust for clients, and does; proofs: methods that
    it demands, which the CA tells under its arc. What a visitor is told: the account, or "denied" and libtabard's reason."""

    def __init__(self, host, ca, cert, key, policy, port=8443, resource="relay", more=(), proofs=(), arc=None):
        self.host, self.ca, self.resource = host, ca, resource
        self.anchors = os.path.join(host.tmp, f"anchors-{port}.pem")
        with open(self.anchors, "w") as out:
            for path in (ca.path("root-client.pem"), *more):
                with open(path) as f:
                    out.write(f.read())
        self.policy = os.path.join(host.tmp, f"policy-{port}.yaml")
        issuer, demand = ("the-ca", f"      proofs: [{', '.join(proofs)}]\n") if proofs else ("any", "")
        with open(self.policy, "w") as f:
            f.write("version: 1\n" + (self.issuers(arc) if proofs else "") + "entries:\n" + "".join(
                f"  - name: {account}\n    who:\n      dns: {name}\n      issuer: {issuer}\n      purpose: clientAuth\n{demand}"
                f"    what: {resource}\n    until: never\n    as: {account}\n" for name, account in policy.items()) + "...\n")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.context.load_verify_locations(self.anchors)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listeners = [host.listen(a, port) for a in host.v4 + host.v6]
        self.threads = [threading.Thread(target=self._serve, args=(s,), daemon=True) for s in self.listeners]
        for t in self.threads:
            t.start()

    def issuers(self, arc):
        issuing, = load_chain(self.ca.path("issuing-client.pem"))
        spki = issuing.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"issuers:\n  the-ca:\n    keys: sha256:{hashlib.sha256(spki).hexdigest()}\n    policy_arc: {arc}\n"

    def _serve(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), conn:
                conn.settimeout(10)
                with self.context.wrap_socket(conn, server_side=True) as tls:
                    tls.sendall(self.decide(tls.getpeercert(True)).encode())

    def decide(self, leaf_der):
        chain = os.path.join(self.host.tmp, "visitor.pem")
        with open(chain, "w") as out, open(self.ca.path("issuing-client.pem")) as issuing:
            out.write(ssl.DER_cert_to_PEM_cert(leaf_der) + issuing.read())
        p = self.host.run([program("tabard"), "policy", "test", self.policy, "--cert", chain, "--anchors", self.anchors,
                           "--role", "client", "--resource", self.resource, "--json"], check=False)
        answer = json.loads(p.stdout)
        return answer["account"] if p.returncode == 0 else f"denied {answer}"

    def close(self):
        for s in self.listeners:
            s.shutdown(socket.SHUT_RDWR)
            s.close()
        for t in self.threads:
            t.join(10)


def visit(host, name, root, cert=None, key=None, port=8443):
    """What the service says to a client; "refused" and the alert when it does not finish the handshake."""
    context = ssl.create_default_context(cafile=root)
    if cert:
        context.load_cert_chain(cert, key)
    address = host.run(["getent", "ahosts", name]).stdout.split()[0]
    raw = host.connect(address, port)
    try:
        with context.wrap_socket(raw, server_hostname=name) as tls:
            return tls.recv(4096).decode() or "nothing"
    except ssl.SSLError as e:
        assert "_ALERT_" in str(e), e
        return f"refused {e}"
