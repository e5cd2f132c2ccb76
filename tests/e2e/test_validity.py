"""notBefore and notAfter of an order (RFC 8555 section 7.4): narrowed exactly, or refused."""
import time
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509

from harness.acme import Client, Http01, csr
from harness.attack import refused
from harness.signer import Account, Signer
from harness.x509 import load_chain, validity

NAME = "www.example.test"
DAY = 86400


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def text(t):
    return datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(t):
    return int(t.replace(tzinfo=timezone.utc).timestamp())


def test_a_narrower_validity_is_honoured_exactly(ca, web):
    cl = Client(ca)
    cl.register()
    cl.ready_order(web, [NAME])
    now = int(time.time())
    for nb, na in ((None, now + 3 * DAY + 7), (now - 61, None), (now - 100, now + 1000), (now + 120, now + 44 * DAY)):
        want = {k: text(v) for k, v in (("notBefore", nb), ("notAfter", na)) if v is not None}
        r = cl.new_order([NAME], **want)
        assert r.status == 201, r.body
        o = cl.finalize(r.json(), csr([NAME])).json()
        assert o["status"] == "valid", o
        assert {k: o[k] for k in ("notBefore", "notAfter") if k in o} == want
        leaf = load_chain(cl.post(o["certificate"], None).body)[0]
        begin, end = validity(leaf)
        assert nb is None or seconds(begin) == nb
        assert na is None or seconds(end) == na
        assert end - begin <= timedelta(days=45)
    # Another zone is the same instant.
    zone = datetime.fromtimestamp(now + DAY, timezone(timedelta(hours=5))).isoformat()
    assert cl.new_order([NAME], notAfter=zone).json()["notAfter"] == text(now + DAY)
    cl.close()


def test_what_the_profile_does_not_give_is_refused(ca):
    cl = Client(ca)
    cl.register()
    now = int(time.time())
    for more in ({"notBefore": text(now - 3700)}, {"notBefore": text(now + 900)}, {"notAfter": text(now + 46 * DAY)},
                 {"notAfter": text(now + 60)}, {"notAfter": text(now - DAY)}, {"notAfter": "9999-12-31T23:59:59Z"},
                 {"notBefore": text(now), "notAfter": text(now)}, {"notBefore": ""}, {"notBefore": None}, {"notAfter": now + DAY},
                 {"notAfter": text(now + DAY)[:-1]}, {"notAfter": text(now + DAY)[:-1] + ".5Z"}, {"notAfter": "1970-01-01T00:00:00Z"},
                 {"notAfter": [text(now + DAY)]}):
        refused(cl.new_order([NAME], **more), "malformed", 400)
    refused(cl.new_order([NAME], profile="shortlived", notAfter=text(now + 8 * DAY)), "malformed", 400)
    cl.close()


def test_the_judge_bounds_what_the_front_says(ns, dns):
    signer = Signer(ns)
    try:
        account = Account(signer)
        blobs = signer.prove(account, NAME)
        now = int(time.time())
        for wanted in ((0, now + 46 * DAY), (now - 4000, 0), (now + 900, 0), (0, now + 60), (0, 1), (1, 0), (0, 2 ** 63 - 1),
                         (2 ** 63 - 1, 2 ** 63 - 1), (now + 299, now + 299)):
            r = signer.finalize(account, csr([NAME]), blobs, validity=wanted)
            assert r.cert is None and r.problem == "orderNotReady", wanted
        assert signer.judge.output().count('reason="validity"') == 9
        r = signer.finalize(account, csr([NAME]), blobs, validity=(now - 5, now + DAY))
        leaf = x509.load_der_x509_certificate(r.cert)
        assert [seconds(t) for t in validity(leaf)] == [now - 5, now + DAY]
    finally:
        signer.stop()
