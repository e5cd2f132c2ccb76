"""Terms of service (RFC 8555 section 7.3.3): agreed to, changed, agreed to anew."""
import re

import pytest

from harness.acme import Client, Http01, csr
from harness.attack import refused
from harness.clients import Certbot

OLD, NEW = "https://ca.test/terms/1", "https://ca.test/terms/2"
NAME = "www.example.test"


def setting(url):
    return lambda t: re.sub(r"(?m)^#? ?terms_of_service:.*$", f'terms_of_service: "{url}"', t)


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def terms_link(r):
    return re.findall(r'<([^>]*)>;rel="terms-of-service"', ", ".join(r.headers.get_all("Link")))


def test_changed_terms_stop_new_business_until_they_are_agreed_to(make_ca, web):
    ca = make_ca(edit=setting(OLD)).start()
    cl = Client(ca)
    assert cl.dir["meta"]["termsOfService"] == OLD
    r = cl.register(termsOfServiceAgreed=False)
    refused(r, "malformed", 400)
    assert terms_link(r) == [OLD]
    assert cl.register().json()["termsOfServiceAgreed"] is True
    url, order = cl.ready_order(web, [NAME])
    cl.close()
    ca.stop()
    ca.edit(setting(NEW))
    ca.start()
    for r in (cl.new_order([NAME]), cl.post(cl.dir["newAuthz"], {"identifier": {"type": "dns", "value": NAME}})):
        refused(r, "userActionRequired", 403)
        assert terms_link(r) == [NEW]
        page = cl.get(r.json()["instance"])
        assert page.status == 200 and NEW in page.body.decode() and "newAccount" in page.body.decode()
    # What was begun goes on; the account says that it agreed to nothing that counts now.
    assert "termsOfServiceAgreed" not in cl.post(cl.kid, None).json()
    assert cl.finalize(cl.post(url, None).json(), csr([NAME])).json()["status"] == "valid"
    # Neither an update, nor asking, nor another "no" is an agreement.
    cl.post(cl.kid, {"termsOfServiceAgreed": True})
    cl.register(onlyReturnExisting=True)
    cl.register(termsOfServiceAgreed=False)
    refused(cl.new_order([NAME]), "userActionRequired", 403)
    kid = cl.kid
    r = cl.register()
    assert (r.status, r.location) == (200, kid) and r.json()["termsOfServiceAgreed"] is True
    assert cl.new_order([NAME]).status == 201
    cl.close()
    ca.stop()
    ca.start()
    assert cl.new_order([NAME]).status == 201  # it was written down
    cl.close()


def test_without_terms_nothing_is_asked(ca):
    cl = Client(ca)
    assert cl.register(termsOfServiceAgreed=False).status == 201
    assert cl.new_order([NAME]).status == 201
    assert cl.get("/acme/terms").status == 404
    cl.close()


def test_certbot_agrees(make_ca):
    ca = make_ca(edit=setting(OLD)).start()
    bot = Certbot(ca)
    bot.run("certonly", "--standalone", "-d", NAME)
