"""What a profile makes of the extended key usages that a CSR asks for."""
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU

from harness.acme import Client, Http01, csr
from harness.attack import refused
from harness.signer import Account, Signer
from harness.x509 import SERVER_AUTH, ekus, load_chain

NAME = "www.example.test"
ANY = x509.ObjectIdentifier("2.5.29.37.0")
ASKS = {"none": None, "same": [EKU.SERVER_AUTH], "both": [EKU.SERVER_AUTH, EKU.CLIENT_AUTH], "other": [EKU.CLIENT_AUTH],
        "any": [ANY], "same and any": [EKU.SERVER_AUTH, ANY], "private": [x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")]}
REFUSED = {"ignore": set(), "narrow": {"other", "any", "private"},
           "reject": {"both", "other", "any", "same and any", "private"}}


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def mode(word):
    """Of the first profile, server."""
    return lambda text: text.replace("csr_eku: ignore", "csr_eku: " + word, 1)


def request(ask):
    return csr([NAME], extensions=[(x509.ExtendedKeyUsage(ask), False)] if ask else ())


@pytest.mark.parametrize("word", REFUSED)
def test_modes(make_ca, web, word):
    cl = Client(make_ca(edit=mode(word)).start())
    cl.register()
    cl.ready_order(web, [NAME])
    for what, ask in ASKS.items():
        r = cl.new_order([NAME])
        got = cl.finalize(r.json(), request(ask))
        if what in REFUSED[word]:
            refused(got, "badCSR", 400)
            got = cl.finalize(r.json(), request(None))  # the order stays ready
        o = got.json()
        assert o["status"] == "valid", (what, o)
        assert ekus(load_chain(cl.post(o["certificate"], None).body)[0]) == [SERVER_AUTH], what
        told = what not in ("none", "same") and what not in REFUSED[word]
        assert ("notices" in o) == told, (what, o)
        assert cl.post(r.location, None).json().get("notices") == o.get("notices")
    cl.close()


@pytest.mark.parametrize("word", ["narrow", "reject"])
def test_the_judge_decides_from_the_csr_itself(ns, dns, word):
    signer = Signer(ns, edit=mode(word))
    try:
        account = Account(signer)
        blobs = signer.prove(account, NAME)
        for what, ask in ASKS.items():
            r = signer.finalize(account, request(ask), blobs)
            if what in REFUSED[word]:
                assert r.cert is None and r.problem is not None, what
                assert 'reason="csr-eku"' in signer.judge.output()
            else:
                assert ekus(x509.load_der_x509_certificate(r.cert)) == [SERVER_AUTH], what
    finally:
        signer.stop()
