"""Hostile hosts: what a validated server, a redirect or a DNS server may answer, and what CAA records say."""
import hashlib
import os
import re
import ssl
import threading
import time

import pytest

from harness.acme import b64u, csr
from harness.attack import CANARY, HostileDns, ScriptedWeb, Site, certificates_of, http_answer, parallel
from harness.x509 import load_chain, names

VALIDATION_S = 4


class Web(ScriptedWeb):
    """Answers challenges from .answers as Http01 does, unless .scripts has a rule for the host: rule(path) -> bytes."""

    def __init__(self, ns, **kw):
        self.answers, self.scripts = {}, {}
        super().__init__(ns, self._default, **kw)

    def _default(self, host, path, port):
        rule = self.scripts.get(host.split(":")[0])
        if rule:
            return rule(path)
        body = self.answers.get(path.rsplit("/", 1)[-1])
        return http_answer(200, body) if body else http_answer(404, CANARY)

    def hosts(self):
        return [h for h, _ in self.seen]


def config(text):
    assert "validation_timeout: 20s" in text
    return re.sub(r"(?m)^caa_identities: .*", 'caa_identities: ["ca.test"]', text).replace(
        "validation_timeout: 20s", f"validation_timeout: {VALIDATION_S}s")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    old = {k: os.environ.get(k) for k in ("http_proxy", "https_proxy", "ALL_PROXY")}
    os.environ.update(dict.fromkeys(old, "http://127.0.0.1:3128"))  # row 25: nobody may ask it
    s = Site(tmp_path_factory.mktemp("site"), own_dns=HostileDns, edit=config, web=False)
    for k, v in old.items():
        os.environ.pop(k) if v is None else os.environ.update({k: v})
    s.web = Web(s.ns)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(s.ca.path("https.pem"), s.ca.path("keys", "https.key"))
    s.tls = Web(s.ns, port=443, context=context)
    s.tls.answers = s.web.answers
    s.others = [Web(s.ns, port=p) for p in (8080, 3128)]
    yield s
    assert [w.seen for w in s.others] == [[], []]
    s.close()
    for w in [s.tls, *s.others]:
        w.close()


@pytest.fixture
def cl(site):
    c = site.client()
    yield c
    c.close()


def challenge(c, name, kind="http-01"):
    """(order answer, authorization URL, challenge) of a new order."""
    r = c.new_order([name])
    assert r.status == 201, r.body
    url = r.json()["authorizations"][0]
    return r, url, next(x for x in c.post(url, None).json()["challenges"] if x["type"] == kind)


def outcome(site, c, name, kind="http-01", answer=True):
    """None when the name was proved, else (problem type, detail) of the challenge."""
    r, url, ch = challenge(c, name, kind)
    if answer and kind == "http-01":
        site.web.answers[ch["token"]] = c.key_authorization(ch["token"])
    elif answer:
        digest = b64u(hashlib.sha256(c.key_authorization(ch["token"]).encode()).digest())
        site.dns.set("_acme-challenge." + name.removeprefix("*."), "TXT", [f'"{digest}"'])
    c.post(ch["url"], {})
    a = c.wait(url, lambda o: o["status"] not in ("pending", "processing"), VALIDATION_S + 10)
    text = c.post(url, None).body.decode() + c.post(r.location, None).body.decode()
    assert CANARY not in text
    if a["status"] == "valid":
        return None
    assert a["status"] == "invalid"
    assert c.post(r.location, None).json()["status"] == "invalid"
    assert certificates_of(site, name) == 0
    error = next(x for x in a["challenges"] if x["type"] == kind)["error"]
    assert error["detail"] and error["status"] >= 400
    return error["type"].rsplit(":", 1)[1], error["detail"]


def goes_to(location, status=302):
    return lambda path: http_answer(status, CANARY, Location=location.replace("PATH", path), X_Secret=CANARY)


# row 25: redirects

@pytest.mark.parametrize("location", [
    "http://TARGET:8080PATH", "http://TARGET:443PATH", "http://TARGET:22PATH", "http://TARGET:0PATH", "http://TARGET:65536PATH",
    "https://TARGET:80PATH", "https://TARGET:8080PATH", "file:///etc/passwd", "ftp://TARGETPATH", "gopher://TARGET/_x", "dict://TARGET/",
    "ldap://TARGET/", "data:text/plain,x", "javascript:alert(1)", "scp://TARGET/x", "unix:///run/x", "http://127.0.0.1PATH",
    "http://127.1PATH", "http://2130706433PATH", "http://0x7f000001PATH", "http://0177.0.0.1PATH", "http://[::1]PATH",
    "http://[::ffff:127.0.0.1]PATH", "http://user@TARGETPATH", "http://user:pw@TARGETPATH", "http://TARGET@evil.test:8080PATH",
    "http://TARGET\\@evil.testPATH", "http:///PATH", "http://", "http://a b/", "http://*.example.testPATH", "http://TARGET.PATH",
    "http://b\xfccher.example.testPATH", "http://TARGETPATH\x01", "http://TARGET/" + "a" * 3000, CANARY + "://x/", "http://" + "a" * 300 + ".testPATH"])
def test_invariant_25_redirects_that_are_not_followed(site, cl, location):
    name, target = site.name(), "target." + site.name()
    site.web.scripts[name] = goes_to(location.replace("TARGET", target))
    kind, detail = outcome(site, cl, name)
    assert kind in ("connection", "incorrectResponse"), detail
    assert site.web.hosts().count(name) == 1 and target not in site.web.hosts() and name not in site.tls.hosts()
    assert "127.0.0.1" not in detail or "port 80" in detail  # no address that a redirect led to
    assert target not in detail


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
                                     "255.255.255.255", "192.0.2.1", "240.0.0.1"])
def test_invariant_25_addresses_that_are_not_contacted(site, cl, address):
    name, target = site.name(), "target." + site.name()
    site.dns.set(name, "A", [address])
    kind, detail = outcome(site, cl, name)
    assert kind == "connection" and address in detail
    direct = site.name()
    site.dns.set(target, "A", [address])
    site.web.scripts[direct] = goes_to(f"http://{target}PATH")
    kind, detail = outcome(site, cl, direct)
    assert kind == "connection" and address not in detail and target not in detail


@pytest.mark.parametrize("address", ["::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", "fc00::1", "64:ff9b::7f00:1", "2002:7f00:1::",
                                     "2001:db8::1", "ff02::1", "2001::1"])
def test_invariant_25_ipv6_addresses_that_are_not_contacted(site, cl, address):
    name = site.name()
    site.dns.set(name, "A", [])
    site.dns.set(name, "AAAA", [address])
    assert outcome(site, cl, name)[0] == "connection"
    assert name not in site.web.hosts()


def test_invariant_25_a_name_is_resolved_once(site, cl):
    name = site.name()
    asked = []

    class Rebinding(list):
        def __iter__(self):
            asked.append(1)
            return iter(["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"])

        def __bool__(self):
            return True

    site.dns.set(name, "A", Rebinding())
    assert outcome(site, cl, name) is None
    assert site.dns.seen.count((name, "A")) == 1 and len(asked) == 1


def test_invariant_25_redirects_in_circles_and_without_end(site, cl):
    one, two, long, ten, none = (site.name() for _ in range(5))
    site.web.scripts[one] = goes_to(f"http://{one}PATH")
    assert outcome(site, cl, one)[0] == "connection" and site.web.hosts().count(one) == 1
    other = "x." + two
    site.web.scripts[two] = goes_to(f"http://{other}PATH")
    site.web.scripts[other] = goes_to(f"http://{two}PATH")
    assert outcome(site, cl, two)[0] == "connection"
    assert (site.web.hosts().count(two), site.web.hosts().count(other)) == (1, 1)
    count = []

    def chain(name, last):
        def rule(path):
            count.append(path)
            if len(count) > last:
                token = path.rsplit("/", 1)[1].split("?")[0]
                return http_answer(200, site.web.answers[token])
            return http_answer(302, CANARY, Location=f"http://{name}{path.split('?')[0]}?hop={len(count)}")
        return rule

    site.web.scripts[long] = chain(long, 11)
    assert outcome(site, cl, long)[0] == "connection" and len(count) == 11  # the first request and ten redirects
    count.clear()
    site.web.scripts[ten] = chain(ten, 10)
    assert outcome(site, cl, ten) is None and len(count) == 11
    site.web.scripts[none] = lambda path: http_answer(302, CANARY)
    assert outcome(site, cl, none)[0] == "connection"


def test_invariant_25_redirects_that_are_followed(site, cl):
    for i, location in enumerate(["http://TARGETPATH", "https://TARGETPATH", "PATH?x=1", "//TARGETPATH", "HTTP://TARGET:80PATH",
                                  "https://TARGET:443PATH"]):
        name, target = site.name(), "target." + site.name()
        site.web.scripts[name] = (lambda there: lambda path: http_answer(302, CANARY, Location=there.replace("PATH", path))
                                  if "?" not in path else http_answer(200, site.web.answers[path.split("?")[0].rsplit("/", 1)[1]])
                                  )(location.replace("TARGET", target))
        assert outcome(site, cl, name) is None, location
        assert target in site.web.hosts() + site.tls.hosts() or i == 2


@pytest.mark.parametrize("status", [100, 201, 204, 206, 300, 303, 304, 305, 400, 401, 403, 404, 407, 500, 503, 999])
def test_invariant_23_only_status_200_counts(site, cl, status):
    name = site.name()
    site.web.scripts[name] = lambda path: http_answer(status, site.web.answers[path.rsplit("/", 1)[1]], X_Secret=CANARY)
    assert outcome(site, cl, name)[0] in ("unauthorized", "connection", "incorrectResponse")


@pytest.mark.parametrize("answer", [
    lambda a: http_answer(200, CANARY), lambda a: http_answer(200, a + CANARY), lambda a: http_answer(200, CANARY + a),
    lambda a: http_answer(200, ""), lambda a: http_answer(200, a * 100000), lambda a: CANARY.encode() * 1000, lambda a: b"",
    lambda a: a.encode(), lambda a: b"HTTP/0.9 200 OK\r\n\r\n" + a.encode(), lambda a: b"HTTP/1.1 200 " + CANARY.encode() * 100000,
    lambda a: b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200000 + b"\r\n\r\n" + a.encode(),
    lambda a: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 87\r\n\r\n" + a.encode(),
    lambda a: b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + a.encode(),
    lambda a: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + a.encode(),
    lambda a: b"\x16\x03\x01\x00\x05" + CANARY.encode(),
    lambda a: b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + CANARY.encode()],
    ids=range(16))
def test_invariant_23_answers_that_prove_nothing_and_are_not_repeated(site, cl, answer):
    name = site.name()
    site.web.scripts[name] = lambda path: answer(site.web.answers[path.rsplit("/", 1)[1]])
    got = outcome(site, cl, name)
    assert got is not None and got[0] in ("incorrectResponse", "connection", "unauthorized", "serverInternal"), got
    assert got[0] != "serverInternal", got


def test_invariant_25_slow_hosts_end_with_the_time_limit(site):
    stop = threading.Event()

    def drip(path):
        stop.wait(VALIDATION_S + 3)
        return http_answer(200, "late")

    def refused_in_time(i):
        c, name = site.client(), slow[i]
        site.web.scripts[name] = drip
        start = time.monotonic()
        got = outcome(site, c, name)
        c.close()
        return got, time.monotonic() - start

    slow = [site.name() for _ in range(20)]
    try:
        for (kind, _), seconds in parallel(20, refused_in_time):
            assert kind == "connection" and seconds < VALIDATION_S + 3
    finally:
        stop.set()


# row 5: DNS

FAILURES = ["servfail", "refused", "silent", "truncated", "garbage"]


def test_invariant_05_dns_failures_are_never_no_record(site):
    """Each failure at each place where "no record" would let the name through."""
    cases = [(kind, at, rule) for rule in FAILURES for kind, at in
             (("A", "name"), ("AAAA", "name"), ("CAA", "name"), ("CAA", "parent"), ("CAA", "top"))]

    def one(i):
        kind, at, rule = cases[i]
        name = f"www.sub.case{i}.top{i}"
        site.dns.set({"name": name, "parent": f"case{i}.top{i}", "top": f"top{i}"}[at], kind, rule)
        c = site.client()
        try:
            return outcome(site, c, name)
        finally:
            c.close()

    for case, got in zip(cases, parallel(len(cases), one)):
        assert got is not None, case
        assert got[0] in ("dns", "connection"), (case, got)
        if case[0] != "CAA" and case[2] != "silent":
            assert got[0] == "dns", (case, got)
    for i, (kind, _, _) in enumerate(cases):
        if kind != "CAA":
            assert f"www.sub.case{i}.top{i}" not in site.web.hosts(), cases[i]


def test_invariant_05_a_txt_that_cannot_be_read_proves_nothing(site):
    rules = FAILURES + ["nxdomain", "foreign", [f'"{CANARY}"'], [], ['""'], [f'"{CANARY}"'] * 1]

    def one(i):
        name = f"txt{i}.example.test"
        site.dns.set("_acme-challenge." + name, "TXT", rules[i])
        c = site.client()
        try:
            return outcome(site, c, name, "dns-01", answer=False)
        finally:
            c.close()

    for rule, got in zip(rules, parallel(len(rules), one)):
        assert got is not None and got[0] in ("dns", "unauthorized", "incorrectResponse"), (rule, got)
        if rule in FAILURES:
            assert got[0] == "dns", (rule, got)


def test_invariant_05_answers_that_are_no_failure(site, cl):
    name = site.name()
    site.dns.set(name, "CAA", "nxdomain")
    assert outcome(site, cl, name) is None
    name = site.name()
    site.dns.set(name, "CAA", ("tcp", ['0 issue "ca.test"']))
    site.dns.set(name, "A", ("tcp", ["127.0.0.1"]))
    assert outcome(site, cl, name) is None
    name = site.name()
    site.dns.set(name, "CAA", ("tcp", ['0 issue ";"']))
    assert outcome(site, cl, name)[0] == "caa"
    name = site.name()
    site.dns.set(name, "A", "nxdomain")
    assert outcome(site, cl, name)[0] == "dns"
    name = site.name()
    site.dns.set(name, "A", "foreign")
    assert outcome(site, cl, name)[0] == "dns"


# CAA (RFC 8659, RFC 8657)

OWN = "https://ca.test:14000/acme/acct/"
CAA = [  # records at the name, at its parent; may http-01 be issued?
    (['0 issue ";"'], None, False),
    (['0 issue ""'], None, False),
    (['0 issue "other.test"'], None, False),
    (['0 issue "ca.test.evil.test"'], None, False),
    (['0 issue "evilca.test"'], None, False),
    (['0 issue "ca.test"'], None, True),
    (['0 ISSUE "CA.TEST"'], None, True),
    (['128 issue "ca.test"'], None, True),
    (['0 issue "other.test"', '0 issue "ca.test"'], None, True),
    (['0 issue ";"', '0 issue "ca.test"'], None, True),
    (['0 issue "ca.test; accounturi=ACCOUNT"'], None, True),
    (['0 issue "ca.test;accounturi=ACCOUNT"'], None, True),
    (['0 issue "ca.test; accounturi=ACCOUNTx"'], None, False),
    ([f'0 issue "ca.test; accounturi={OWN}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"'], None, False),
    (['0 issue "ca.test; accounturi="'], None, False),
    (['0 issue "ca.test; accounturi=ACCOUNT; accounturi=ACCOUNT"'], None, False),
    (['0 issue "ca.test; accounturi=https://evil.test/"', '0 issue "ca.test; accounturi=ACCOUNT"'], None, True),
    (['0 issue "ca.test; validationmethods=http-01"'], None, True),
    (['0 issue "ca.test; validationmethods=dns-01,http-01"'], None, True),
    (['0 issue "ca.test; validationmethods=dns-01"'], None, False),
    (['0 issue "ca.test; validationmethods="'], None, False),
    (['0 issue "ca.test; validationmethods=HTTP-02"'], None, False),
    (['0 issue "ca.test; validationmethods=http-01; accounturi=ACCOUNTx"'], None, False),
    (['0 issue "ca.test; validationmethods=dns-01; accounturi=ACCOUNT"'], None, False),
    (['0 issue "ca.test; validationmethods=http-01; accounturi=ACCOUNT"'], None, True),
    (['0 issue "other.test; accounturi=ACCOUNT"'], None, False),
    (['0 issue "ca.test accounturi=ACCOUNT"'], None, False),
    (['0 issue "%%%%"'], None, False),
    (['0 issue "ca.test; =x"'], None, False),
    (['128 tbs "unknown"'], None, False),
    (['128 tbs "unknown"', '0 issue "ca.test"'], None, False),
    (['0 tbs "unknown"'], None, True),
    (['0 iodef "mailto:a@example.test"'], None, True),
    (['0 issuewild ";"'], None, True),
    (['0 issuewild "ca.test"', '0 issue ";"'], None, False),
    (['0 issuemail ";"'], None, True),
    (None, ['0 issue ";"'], False),
    (None, ['0 issue "ca.test"'], True),
    (['0 issue "ca.test"'], ['0 issue ";"'], True),
    (['0 issue ";"'], ['0 issue "ca.test"'], False),
    (['0 iodef "mailto:a@example.test"'], ['0 issue ";"'], True),  # a set without issue stops the climbing
    (None, ['128 tbs "unknown"'], False),
    (['0 issue "other.test"'] * 1 + [f'0 issue "o{i}.test"' for i in range(20)], None, False),
]


@pytest.mark.parametrize("number", range(len(CAA)))
def test_invariant_01_caa_records(site, cl, number):
    at_name, at_parent, allowed = CAA[number]
    parent = f"caa{number}.test"
    name = "www." + parent
    for where, records in ((name, at_name), (parent, at_parent)):
        if records is not None:
            site.dns.set(where, "CAA", [r.replace("ACCOUNT", cl.kid) for r in records])
    got = outcome(site, cl, name)
    if allowed:
        assert got is None
    else:
        assert got is not None and got[0] == "caa"


@pytest.mark.parametrize("records, allowed", [
    (['0 issuewild ";"'], False), (['0 issuewild ";"', '0 issue "ca.test"'], False), (['0 issuewild "ca.test"', '0 issue ";"'], True),
    (['0 issue ";"'], False), (['0 issue "ca.test"'], True), (['0 issuewild "other.test"'], False),
    (['0 issuewild "ca.test; validationmethods=http-01"'], False), (['0 issuewild "ca.test; validationmethods=dns-01"'], True)],
    ids=range(8))
def test_invariant_01_caa_of_wildcards(site, cl, records, allowed):
    base = "wild." + site.name()
    site.dns.set(base, "CAA", records)
    got = outcome(site, cl, "*." + base, "dns-01")
    assert got is None if allowed else got is not None and got[0] == "caa"


def test_invariant_01_caa_is_found_behind_an_alias(site, cl):
    name, target = site.name(), "alias." + site.name()
    site.dns.set(name, "CAA", "cname:" + target)
    site.dns.set(target, "CAA", ['0 issue ";"'])
    assert outcome(site, cl, name)[0] == "caa"


def test_invariant_01_every_name_has_its_own_caa_result(site, cl):
    good, bad = site.name(), site.name()
    site.dns.set(good, "CAA", ['0 issue "ca.test"'])
    site.dns.set(bad, "CAA", ['0 issue ";"'])
    r = cl.new_order([good, bad])
    ended = {a["identifier"]["value"]: a["status"] for a in cl.prove_http(site.web, r.json())}
    assert ended == {good: "valid", bad: "invalid"}
    o = cl.post(r.location, None).json()
    assert o["status"] == "invalid"
    assert cl.finalize(o, csr([good, bad])).problem == "orderNotReady"
    assert cl.finalize(o, csr([good])).problem == "orderNotReady"
    assert certificates_of(site, good) == certificates_of(site, bad) == 0
    assert names(load_chain(cl.issue(site.web, [good]))[0]) == [good]
    for name in (good, bad):
        assert (name, "CAA") in site.dns.seen


def test_invariant_01_caa_for_the_wildcard_is_not_caa_for_the_name(site, cl):
    """Proved as a plain name, then ordered as a wildcard: another question."""
    base = "both." + site.name()
    site.dns.set(base, "CAA", ['0 issue "ca.test"', '0 issuewild ";"'])
    assert outcome(site, cl, base) is None
    assert outcome(site, cl, "*." + base, "dns-01")[0] == "caa"


def test_invariant_11_the_host_that_is_asked_is_the_identifier(site, cl):
    name = site.name()
    assert outcome(site, cl, name.upper()) is None
    host, path = next((h, p) for h, p in site.web.seen if name in h.lower())
    assert host == name and path.startswith("/.well-known/acme-challenge/") and "?" not in path
