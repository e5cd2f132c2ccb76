"""A small ACME client that can also do what no client should: for tests of refusals and races."""
import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

URN = "urn:ietf:params:acme:error:"


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """An account key: ES256, ES384, EdDSA or RS256."""

    def __init__(self, alg="ES256"):
        self.alg = alg
        if alg in ("ES256", "ES384"):
            self.key = ec.generate_private_key(ec.SECP256R1() if alg == "ES256" else ec.SECP384R1())
        elif alg == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        pub = self.key.public_key()
        if self.alg in ("ES256", "ES384"):
            n = 32 if self.alg == "ES256" else 48
            p = pub.public_numbers()
            return {"crv": "P-256" if n == 32 else "P-384", "kty": "EC", "x": b64u(p.x.to_bytes(n, "big")),
                    "y": b64u(p.y.to_bytes(n, "big"))}
        if self.alg == "EdDSA":
            raw = pub.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"crv": "Ed25519", "kty": "OKP", "x": b64u(raw)}
        p = pub.public_numbers()
        return {"e": b64u(p.e.to_bytes(3, "big")), "kty": "RSA", "n": b64u(p.n.to_bytes(256, "big"))}

    def canonical(self):
        return json.dumps(self.jwk(), sort_keys=True, separators=(",", ":")).encode()

    def thumbprint(self):
        return hashlib.sha256(self.canonical()).digest()

    def sign(self, data):
        if self.alg in ("ES256", "ES384"):
            h, n = (hashes.SHA256(), 32) if self.alg == "ES256" else (hashes.SHA384(), 48)
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(h)))
            return r.to_bytes(n, "big") + s.to_bytes(n, "big")
        if self.alg == "EdDSA":
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def jws(key, url, payload, nonce=None, kid=None, header=None):
    """Flattened JWS as bytes. payload: None = POST-as-GET, bytes as they are, else JSON. header: overrides (None removes)."""
    protected = {"alg": key.alg, "url": url}
    if nonce is not None:
        protected["nonce"] = nonce
    protected.update({"kid": kid} if kid else {"jwk": key.jwk()})
    for k, v in (header or {}).items():
        if v is None:
            protected.pop(k, None)
        else:
            protected[k] = v
    body = b"" if payload is None else payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    p64, b64 = b64u(json.dumps(protected).encode()), b64u(body)
    return json.dumps({"protected": p64, "payload": b64, "signature": b64u(key.sign(f"{p64}.{b64}".encode()))}).encode()


class Response:
    def __init__(self, raw):
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The last word of the problem's type, or None."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return None
        t = self.json()["type"]
        assert t.startswith(URN), t
        return t[len(URN):]

    @property
    def location(self):
        return self.headers["Location"]


class Http01:
    """Answers http-01 for every token that was put in; a thread per test."""

    def __init__(self, ns, address="127.0.0.1", port=80):
        self.answers = {}
        self.seen = []
        self.delay = 0
        self.sock = ns.listen(address, port)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                conn, peer = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        with conn:
            conn.settimeout(10)
            data = b""
            try:
                while b"\r\n\r\n" not in data:
                    more = conn.recv(4096)
                    if not more:
                        return
                    data += more
                path = data.split(b" ")[1].decode()
                self.seen.append(path)
                if self.delay:
                    time.sleep(self.delay)
                body = self.answers.get(path.rsplit("/", 1)[-1])
                head = "HTTP/1.1 200 OK" if body else "HTTP/1.1 404 Not Found"
                body = (body or "no").encode()
                conn.sendall(f"{head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            except OSError:
                pass

    def close(self):
        # Shutting down wakes the thread that accepts; closing alone would leave it behind.
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(10)


class Client:
    def __init__(self, ca, key=None, directory=None, ns=None):
        self.ca = ca
        self.ns = ns or ca.ns
        self.key = key or Key()
        self.kid = None
        self.nonce = None
        self.conn = None
        self.context = ssl.create_default_context(cafile=ca.root)
        self.dir = self.get(directory or ca.url).json()

    # transport

    def _connect(self):
        conn = http.client.HTTPSConnection(self.ca.name, self.ca.port, context=self.context, timeout=60)
        raw = self.ns.connect(self.ca.address, self.ca.port, timeout=60)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two writes
        conn.sock = self.context.wrap_socket(raw, server_hostname=self.ca.name)
        return conn

    def request(self, method, url, body=None, headers=None):
        target = url.split(f":{self.ca.port}", 1)[1] if url.startswith("https:") else url
        for attempt in (0, 1):
            fresh = self.conn is None
            if fresh:
                self.conn = self._connect()
            try:
                self.conn.request(method, target, body, headers or {})
                r = Response(self.conn.getresponse())
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                # A kept connection may have been closed while it was idle; a new one may not.
                self.conn.close()
                self.conn = None
                if fresh:
                    raise
        if r.headers.get("Connection") == "close":
            self.conn.close()
            self.conn = None
        if r.headers.get("Replay-Nonce"):
            self.nonce = r.headers["Replay-Nonce"]
        return r

    def get(self, url):
        return self.request("GET", url)

    def close(self):
        if self.conn:
            self.conn.close()
            self.conn = None

    def take_nonce(self):
        if self.nonce is None:
            self.request("HEAD", self.dir["newNonce"])
        nonce, self.nonce = self.nonce, None
        return nonce

    def post_raw(self, url, body, content_type="application/jose+json"):
        return self.request("POST", url, body, {"Content-Type": content_type})

    def post(self, url, payload, key=None, kid=None, header=None, use_jwk=False, signed_url=None):
        body = jws(key or self.key, signed_url or url, payload, self.take_nonce(),
                   None if use_jwk else (kid or self.kid), header)
        r = self.post_raw(url, body)
        if r.problem == "badNonce" and (header is None or "nonce" not in header):
            body = jws(key or self.key, signed_url or url, payload, self.take_nonce(),
                       None if use_jwk else (kid or self.kid), header)
            r = self.post_raw(url, body)
        return r

    # protocol

    def register(self, **payload):
        r = self.post(self.dir["newAccount"], {"termsOfServiceAgreed": True, **payload}, use_jwk=True)
        if r.status in (200, 201):
            self.kid = r.location
        return r

    def new_order(self, names, **more):
        idents = [n if isinstance(n, dict) else {"type": "dns", "value": n} for n in names]
        return self.post(self.dir["newOrder"], {"identifiers": idents, **more})

    def key_authorization(self, token):
        return f"{token}.{b64u(self.key.thumbprint())}"

    def authz(self, order):
        return [self.post(u, None).json() for u in order["authorizations"]]

    def prove_http(self, web, order, seconds=30):
        """Answer every pending authorization by http-01; returns them as they ended."""
        out = []
        for url in order["authorizations"]:
            a = self.post(url, None).json()
            if a["status"] == "pending":
                ch = next(c for c in a["challenges"] if c["type"] == "http-01")
                web.answers[ch["token"]] = self.key_authorization(ch["token"])
                self.post(ch["url"], {})
                a = self.wait(url, lambda o: o["status"] not in ("pending", "processing"), seconds)
            out.append(a)
        return out

    def wait(self, url, good, seconds=30):
        end = time.monotonic() + seconds
        while True:
            o = self.post(url, None).json()
            if good(o):
                return o
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s: {o}")
            time.sleep(0.1)

    def ready_order(self, web, names, **more):
        """(order URL, order object in state ready)"""
        r = self.new_order(names, **more)
        assert r.status == 201, r.body
        url = r.location
        self.prove_http(web, r.json())
        o = self.post(url, None).json()
        assert o["status"] == "ready", o
        return url, o

    def finalize(self, order, csr):
        return self.post(order["finalize"], {"csr": b64u(csr)})

    def issue(self, web, names, key=None, **more):
        """Whole issuance; returns the PEM chain."""
        url, order = self.ready_order(web, names, **more)
        r = self.finalize(order, csr(names, key))
        assert r.status == 200, r.body
        o = self.wait(url, lambda x: x["status"] != "processing")
        assert o["status"] == "valid", o
        return self.post(o["certificate"], None).body


def csr(names, key=None, cn=None, extensions=(), attributes=()):
    """DER of a request; extensions: (cryptography extension, critical) pairs beside the SAN."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else []
    b = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject + list(attributes)))
    if names:
        san = [x509.DNSName(n) if isinstance(n, str) else n for n in names]
        b = b.add_extension(x509.SubjectAlternativeName(san), False)
    for ext, critical in extensions:
        b = b.add_extension(ext, critical)
    alg = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return b.sign(key, alg).public_bytes(serialization.Encoding.DER)
