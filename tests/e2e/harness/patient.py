"""An ACME client that does not give up: the server may die at any moment, and comes back.

It does what RFC 8555 lets a client do and no more: connect again, take another nonce, look the order up, and repeat what
was not acknowledged. What was acknowledged it remembers, and `check_kept` asks for all of it again.
"""
import hashlib
import http.client
import json
import time

from .acme import Client, Response, csr, jws, unb64u

RANK = {"pending": 0, "ready": 1, "processing": 1, "valid": 2}


class Lost(Exception):
    """The connection ended before the answer; nobody knows what became of the request."""


class GivenUp(AssertionError):
    pass


class Hook:
    """Something that is done once: a request that was lost before it left takes it along to the next try."""

    def __init__(self, run):
        self.run = run

    def __call__(self):
        run, self.run = self.run, None
        if run:
            run()


class Order:
    def __init__(self, names):
        self.names = names
        self.url = None
        self.number = None
        self.status = None
        self.finalize = None
        self.certificate_url = None
        self.chain = None
        self.valid_authz = set()
        self.jws_digests = set()


class Patient(Client):
    def __init__(self, ca, web, key=None, patience=40, disturbed=lambda: 0):
        """patience: seconds, since disturbed() too, which says when something was last done to the server"""
        self.web = web
        self.patience = patience
        self.disturbed = disturbed
        self.orders = []
        self.losses = 0
        super().__init__(ca, key)

    def has_patience(self, since):
        return time.monotonic() < max(since, self.disturbed()) + self.patience

    # transport

    def exchange(self, method, url, body=None, headers=None, sent=None):
        """One try on one connection. sent() runs when the request is on its way and before the answer is read."""
        target = url.split(f":{self.ca.port}", 1)[1] if url.startswith("https:") else url
        try:
            if self.conn is None:
                self.conn = self._connect()
            self.conn.request(method, target, body, headers or {})
            if sent:
                sent()
            r = Response(self.conn.getresponse())
        except (OSError, http.client.HTTPException) as e:
            self.close()
            self.nonce = None  # nonces do not outlive the process that made them
            self.losses += 1
            raise Lost(str(e)) from e
        if r.headers.get("Connection") == "close":
            self.close()
        self.nonce = r.headers.get("Replay-Nonce") or self.nonce
        return r

    def request(self, method, url, body=None, headers=None):
        return self.until(lambda: self.exchange(method, url, body, headers))

    def until(self, attempt):
        """Repeat attempt() until it is answered by something else than 'come back later'."""
        start = time.monotonic()
        why = None
        while self.has_patience(start):
            try:
                r = attempt()
            except Lost as e:
                why = e
            else:
                if r.status != 503:
                    return r
                assert r.headers.get("Retry-After"), r.body
                why = r.body
            time.sleep(0.03)
        raise GivenUp(f"no answer within {self.patience} s: {why}")

    def fill_nonce(self):
        if self.nonce is None:
            self.exchange("HEAD", self.dir["newNonce"])

    def once(self, url, payload, sent=None, use_jwk=False, signed=None):
        self.fill_nonce()
        nonce, self.nonce = self.nonce, None
        body = jws(self.key, url, payload, nonce, None if use_jwk else self.kid)
        if signed:
            signed(body)
        return self.exchange("POST", url, body, {"Content-Type": "application/jose+json"}, sent)

    def post(self, url, payload, sent=None, use_jwk=False, signed=None):
        """Until acknowledged; sent() only the first time."""
        hook = Hook(sent)

        def attempt():
            self.fill_nonce()
            r = self.once(url, payload, hook, use_jwk, signed)
            while r.problem == "badNonce":
                r = self.once(url, payload, None, use_jwk, signed)
            return r
        return self.until(attempt)

    # protocol

    def register(self, sent=None):
        r = self.post(self.dir["newAccount"], {"termsOfServiceAgreed": True}, sent, use_jwk=True)
        assert r.status in (200, 201), r.body
        assert self.kid in (None, r.location)
        self.kid = r.location
        return r

    def order(self, names, sent=None):
        o = Order(names)
        r = self.post(self.dir["newOrder"], {"identifiers": [{"type": "dns", "value": n} for n in names]}, sent)
        assert r.status == 201, r.body
        o.url = r.location
        self.note(o, r.json())
        o.number = int(o.finalize.rsplit("/", 1)[1])
        self.orders.append(o)
        return o

    def note(self, o, shown):
        """What the server says about an order may go forward only."""
        status = shown["status"]
        assert status != "invalid", f"{o.names}: {shown}"
        assert o.status is None or RANK[status] >= RANK[o.status], f"{o.names}: from {o.status} back to {status}"
        assert o.finalize in (None, shown["finalize"])
        o.status, o.finalize, o.authz = status, shown["finalize"], shown["authorizations"]
        if status == "valid":
            assert o.certificate_url in (None, shown["certificate"])
            o.certificate_url = shown["certificate"]

    def look(self, o):
        r = self.post(o.url, None)
        assert r.status == 200, r.body
        self.note(o, r.json())
        return o

    def see_authz(self, o, url):
        a = self.post(url, None)
        assert a.status == 200, a.body
        a = a.json()
        assert a["status"] != "invalid", a
        if a["status"] == "valid":
            o.valid_authz.add(url)
        assert a["status"] == "valid" or url not in o.valid_authz, f"{url} was valid: {a}"
        return a

    def http_challenge(self, o):
        """The challenge of the first authorization that is pending, its answer put in place; None when there is none."""
        for url in o.authz:
            a = self.see_authz(o, url)
            if a["status"] == "pending":
                ch = next(c for c in a["challenges"] if c["type"] == "http-01")
                self.web.answers[ch["token"]] = self.key_authorization(ch["token"])
                return url, ch
        return None

    def answer(self, o, url, ch, sent=None):
        """One authorization to valid. The challenge is posted again only while nobody acknowledged it."""
        r = self.post(ch["url"], {}, sent)
        assert r.status == 200, r.body
        start = time.monotonic()
        while self.see_authz(o, url)["status"] != "valid":
            if not self.has_patience(start):
                raise GivenUp(f"{url} is not decided after {self.patience} s")
            time.sleep(0.03)

    def prove(self, o):
        todo = self.http_challenge(o)
        while todo:
            self.answer(o, *todo)
            todo = self.http_challenge(o)

    def finish(self, o, request=None, sent=None):
        """Finalize until the order is valid, and note the digests of all JWSs that asked for it."""
        request = request or csr(o.names)
        hook = Hook(sent)
        start, why = time.monotonic(), None

        def signed(body):
            j = json.loads(body)
            o.jws_digests.add(hashlib.sha256(f"{j['protected']}.{j['payload']}.".encode() + unb64u(j["signature"])).digest())
        while o.status != "valid":
            if not self.has_patience(start):
                raise GivenUp(f"{o.url} is not valid after {self.patience} s but {o.status}: {why}")
            if o.status == "ready":
                try:
                    r = self.finalize_once(o, request, hook, signed)
                    why = r.body
                except Lost as e:
                    r, why = None, e
                if r is not None and r.status == 200:
                    self.note(o, r.json())
                elif r is not None:
                    # The one finalize that nobody acknowledged may have been carried out.
                    assert r.problem in ("orderNotReady", "badNonce") or r.status == 503, r.body
            if o.status != "valid":
                time.sleep(0.03)
                self.look(o)
        return o

    def finalize_once(self, o, request, sent, signed):
        from .acme import b64u
        return self.once(o.finalize, {"csr": b64u(request)}, sent, signed=signed)

    def download(self, o, sent=None):
        r = self.post(o.certificate_url, None, sent)
        assert r.status == 200, r.body
        assert o.chain in (None, r.body), "another certificate than before"
        o.chain = r.body
        return o

    def whole(self, names):
        o = self.order(names)
        self.prove(o)
        self.look(o)
        self.finish(o)
        return self.download(o)

    def check_kept(self, orders=None):
        """Everything that was acknowledged is still there."""
        r = self.post(self.dir["newAccount"], {"onlyReturnExisting": True}, use_jwk=True)
        assert r.status == 200 and r.location == self.kid, r.body
        for o in self.orders if orders is None else orders:
            self.look(o)
            for url in list(o.valid_authz):
                self.see_authz(o, url)
            if o.chain:
                self.download(o)
