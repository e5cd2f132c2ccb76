"""External account binding (RFC 8555 section 7.3.4): keys of the operator, their limits, real clients, attacks."""
import hashlib
import hmac
import json
import os
import re
import threading

import pytest

from harness import wire
from harness.acme import Client, Http01, Key, b64u, csr, jws, unb64u
from harness.ca import Ca
from harness.clients import Certbot, Lego
from harness.proc import wait_for
from harness.signer import Account, Signer
from harness.x509 import load_chain, names
from test_dehydrated import Dehydrated
from test_revoke import ask
from test_uacme import Uacme

NAME = "www.example.test"


def setting(value):
    return lambda text: "".join(f"external_account: {value}\n" if line.startswith("external_account:") else line
                                for line in text.splitlines(True))


def ca_with(ns, value):
    c = Ca(ns)
    c.edit(setting(value))
    c.start()
    return c


@pytest.fixture
def ca(ns, dns):
    c = ca_with(ns, "required")
    yield c
    c.stop()


@pytest.fixture
def web(ns):
    w = Http01(ns)
    yield w
    w.close()


def tabard(ca, *args, ok=True):
    r = ca.cli("eab", *args, "--json", check=False)
    assert (r.returncode == 0) == ok, (r.stdout, r.stderr)
    return json.loads(r.stdout)


def add(ca, *args, names=("--any-name",), profiles=("--any-profile",)):
    return tabard(ca, "add", *names, *profiles, *args)


def binding(key, url, eab, alg="HS256", header=None, payload=None, mac_key=None):
    protected = {"alg": alg, "kid": eab["kid"], "url": url, **(header or {})}
    p64 = b64u(json.dumps(protected).encode())
    b64 = b64u(json.dumps(payload or key.jwk()).encode())
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(alg, hashlib.sha256)
    mac = hmac.new(mac_key or unb64u(eab["hmac_key"]), f"{p64}.{b64}".encode(), digest).digest()
    return {"protected": p64, "payload": b64, "signature": b64u(mac)}


def register(cl, eab, **more):
    return cl.register(externalAccountBinding=binding(cl.key, cl.dir["newAccount"], eab, **more))


def refused(r, problem, status):
    assert (r.problem, r.status) == (problem, status), r.body


def issue(cl, web, name=NAME, **more):
    r = cl.new_order([name], **more)
    assert r.status == 201, r.body
    cl.prove_http(web, r.json())
    return cl.finalize(cl.post(r.location, None).json(), csr([name]))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_an_account_with_binding_issues(ca, web, alg):
    cl = Client(ca)
    assert cl.dir["meta"]["externalAccountRequired"] is True
    refused(cl.register(), "externalAccountRequired", 403)
    eab = add(ca, "--label", "one")
    r = register(cl, eab, alg=alg)
    assert r.status == 201 and unb64u(r.json()["externalAccountBinding"]["payload"]), r.body
    assert issue(cl, web).json()["status"] == "valid"
    again = register(cl, eab, alg=alg)
    assert (again.status, again.location) == (200, cl.kid)
    (k,) = tabard(ca, "list")["keys"]
    assert (k["kid"], k["label"], k["state"], k["accounts"], k["accounts_max"]) == (eab["kid"], "one", "used-up", 1, 1)
    other = Client(ca)
    refused(register(other, eab), "unauthorized", 403)
    cl.close(), other.close()


def test_bindings_that_do_not_hold(ca):
    cl, other = Client(ca), Client(ca)
    eab, url = add(ca), cl.dir["newAccount"]
    wrong = [
        ({"mac_key": b"\0" * 32}, "unauthorized", 403), ({"header": {"kid": "nobody"}}, "unauthorized", 403),
        ({"payload": other.key.jwk()}, "malformed", 400), ({"header": {"nonce": "bm9uY2U"}}, "malformed", 400),
        ({"header": {"url": url + "x"}}, "malformed", 400), ({"header": {"alg": "none"}}, "badSignatureAlgorithm", 400),
        ({"header": {"alg": "ES256"}}, "badSignatureAlgorithm", 400), ({"payload": {"kty": "oct"}}, "malformed", 400),
    ]
    for change, problem, status in wrong:
        refused(register(cl, eab, **change), problem, status)
    for value in ("x", {}, [], {**binding(cl.key, url, eab), "header": {}}):
        refused(cl.register(externalAccountBinding=value), "malformed", 400)
    assert tabard(ca, "list")["keys"][0]["accounts"] == 0
    assert register(cl, eab).status == 201
    cl.close(), other.close()


def test_limits_of_names_and_profiles(ca, web):
    cl = Client(ca)
    eab = add(ca, names=("--name", f"{NAME},.below.example.test"), profiles=("--profile", "server"))
    register(cl, eab)
    refused(cl.new_order(["api.example.test"]), "rejectedIdentifier", 400)
    refused(cl.new_order(["below.example.test"]), "rejectedIdentifier", 400)
    refused(cl.new_order(["xbelow.example.test"]), "rejectedIdentifier", 400)
    refused(cl.new_order([NAME], profile="shortlived"), "invalidProfile", 400)
    assert cl.new_order(["a.below.example.test"]).status == 201
    assert issue(cl, web).json()["status"] == "valid"
    order = cl.new_order([NAME]).json()
    tabard(ca, "revoke", eab["kid"])
    refused(cl.finalize(order, csr([NAME])), "unauthorized", 403)
    tabard(ca, "revoke", eab["kid"], ok=False)
    refused(register(Client(ca), eab), "unauthorized", 403)
    cl.close()


def test_a_hundred_at_once_give_the_allowed_number(ca):
    eab, results = add(ca, "--accounts", "7"), []

    def one():
        cl = Client(ca, key=Key("EdDSA"))
        results.append(register(cl, eab).status)
        cl.close()

    threads = [threading.Thread(target=one) for _ in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == [201] * 7 + [403] * 93
    ca.kill("judge")
    wait_for("a judge that is ready", lambda: any(p["role"] == "judge" and p["ready"] and p["pid"] == ca.pid_of("judge")
                                                  for p in ca.cli_json("status")["processes"]))
    assert tabard(ca, "list")["keys"][0]["accounts"] == 7


def test_keys_live_in_the_log_and_their_secrets_nowhere(ca, web):
    cl, eab = Client(ca), add(ca)
    register(cl, eab)
    cl.close()
    ca.stop()
    ca.start()
    assert tabard(ca, "list")["keys"][0]["accounts"] == 1
    cl = Client(ca, key=cl.key)
    cl.register()
    assert issue(cl, web).json()["status"] == "valid"
    cl.close()
    secret = unb64u(eab["hmac_key"])
    for root, _, files in os.walk(ca.path("")):
        for f in (f for f in files if f != "control.sock"):
            with open(os.path.join(root, f), "rb") as fh:
                data = fh.read()
            assert secret not in data and eab["hmac_key"].encode() not in data, f
    assert eab["hmac_key"] not in ca.log()


def test_optional_and_off(ns, dns):
    c = ca_with(ns, "optional")
    try:
        cl = Client(c)
        assert "externalAccountRequired" not in cl.dir["meta"]
        assert cl.register().status == 201
        eab = add(c, profiles=("--profile", "shortlived"))
        # An account that is there already can be bound as well; from then on its limits hold.
        assert register(cl, eab).status == 200
        refused(cl.new_order([NAME]), "invalidProfile", 400)
        cl.close()
    finally:
        c.stop()
    c.edit(setting("off"))
    c.start()
    try:
        cl = Client(c)
        r = register(cl, eab)
        assert r.status == 201 and "externalAccountBinding" not in r.json()
        assert cl.new_order([NAME]).status == 201
        cl.close()
    finally:
        c.stop()


def test_ids_and_keys_begin_no_option(ca):
    """Both stand on command lines: certbot takes "--eab-kid -x" for two options."""
    for _ in range(300):
        eab = ask(ca, {"cmd": "eab-add", "accounts": 1, "lifetime_s": 60, "any_name": True, "any_profile": True})
        assert eab["kid"][0] != "-" and eab["hmac_key"][0] != "-"


def test_words_that_tabard_ca_eab_does_not_take(ca):
    for args in (("add",), ("add", "--any-name"), ("add", "--any-profile"), ("add", "--any-name", "--any-profile", "--accounts", "0"),
                 ("add", "--any-name", "--name", "a.example", "--any-profile"), ("revoke",), ("forget",),
                 ("add", "--any-name", "--any-profile", "--days", "3651")):
        r = ca.cli("eab", *args, check=False)
        assert r.returncode == 2, (args, r.stdout, r.stderr)
    for args in (("--name", "a..example"), ("--name", ".*.a.example"), ("--name", ",")):
        tabard(ca, "add", *args, "--any-profile", ok=False)
    tabard(ca, "add", "--any-name", "--profile", "nosuch", ok=False)
    shown = ca.cli("eab", "add", "--any-name", "--any-profile").stdout
    assert "certbot register" in shown and "lego --server" in shown and "acme.sh --register-account" in shown
    assert shown.count(re.search(r"HMAC key +(\S+)", shown)[1]) == 4


@pytest.mark.interop("certbot", "external account binding")
def test_certbot_binds(ca):
    bot = Certbot(ca)
    assert bot.run("certonly", "--standalone", "-d", NAME, check=False).returncode != 0
    eab = add(ca, names=("--name", NAME))
    bot.run("certonly", "--standalone", "-d", NAME, "--eab-kid", eab["kid"], "--eab-hmac-key", eab["hmac_key"])
    assert names(load_chain(bot.live(NAME))[0]) == [NAME]
    assert bot.run("certonly", "--standalone", "-d", "api.example.test", check=False).returncode != 0


@pytest.mark.interop("lego", "external account binding")
def test_lego_binds(ca):
    lego = Lego(ca)
    assert lego.run("--domains", NAME, "--http", "run", check=False).returncode != 0
    eab = add(ca, names=("--name", ".example.test"))
    lego.run("--eab", "--kid", eab["kid"], "--hmac", eab["hmac_key"], "--domains", NAME, "--http", "run")
    assert names(load_chain(lego.cert(NAME))[0]) == [NAME]


@pytest.mark.interop("uacme", "external account binding")
def test_uacme_binds(ca):
    uacme = Uacme(ca)
    try:
        assert uacme.run("new", check=False).returncode != 0
        eab = add(ca, names=("--name", NAME))
        uacme.run("-e", eab["kid"] + ":" + eab["hmac_key"], "new")
        uacme.run("-t", "EC", "issue", NAME)
        assert names(load_chain(uacme.cert(NAME))[0]) == [NAME]
        assert uacme.run("-t", "EC", "issue", "api.example.test", check=False).returncode != 0
    finally:
        uacme.web.stop()


@pytest.mark.interop("dehydrated", "external account binding")
def test_dehydrated_binds(ca):
    eab = add(ca, names=("--name", NAME))
    client = Dehydrated(ca, f'EAB_KID="{eab["kid"]}"\nEAB_HMAC_KEY="{eab["hmac_key"]}"\n')
    try:
        client.run("--cron", "--domain", NAME)
        assert names(load_chain(client.cert(NAME))[0]) == [NAME]
        assert client.run("--cron", "--domain", "api.example.test", check=False).returncode != 0
    finally:
        client.web.stop()


# In the front's place.


@pytest.fixture
def signer(ns, dns):
    s = Signer(ns, edit=setting("required"))
    yield s
    s.stop()


def control(signer, **request):
    signer.judge.edge.send(wire.CONTROL_REQ, json.dumps(request).encode())
    m = signer.judge.edge.recv()
    assert m[0] == wire.CONTROL_RSP
    return json.loads(m[2])


def new_key(signer, accounts=1, lifetime_s=3600, **limits):
    return control(signer, cmd="eab-add", accounts=accounts, lifetime_s=lifetime_s,
                   **({"any_name": True} if "names" not in limits else {}),
                   **({"any_profile": True} if "profiles" not in limits else {}), **limits)


def state_of(signer, eab):
    return next(k["state"] for k in control(signer, cmd="eab-list")["keys"] if k["kid"] == eab["kid"])


def new_account(signer, account, eab, **more):
    url = signer.base + "/acme/new-acct"
    body = jws(account.key, url, {"externalAccountBinding": binding(account.key, url, eab, **more)}, nonce="bm9uY2U")
    return body, send(signer, body)


def send(signer, body):
    kind, answer = signer.to_judge.ask(wire.ACCOUNT_REQ, wire.var32(body) + wire.var16(b""))
    assert kind == wire.ACCOUNT_RSP
    return wire.Reader(answer).problem()[0]


def why(signer, event="finalize"):
    return re.findall(event + r'-refused.*?reason="([a-z0-9-]+)"', signer.judge.output())[-1]


def test_the_judge_enforces_it_alone(signer):
    account = Account(signer)
    blobs = signer.prove(account, NAME)
    assert signer.finalize(account, csr([NAME]), blobs).cert is None and why(signer) == "eab-missing"
    eab = new_key(signer, names=[NAME], profiles=["server"])
    body, problem = new_account(signer, account, eab)
    assert problem is None
    for _ in range(2):
        assert signer.finalize(account, csr([NAME]), blobs).cert is not None
        other = "api.example.test"
        more = blobs + signer.prove(account, other)
        assert signer.finalize(account, csr([NAME, other]), more).cert is None and why(signer) == "eab-name"
        url = signer.finalize_url(signer.order_number(), profile="shortlived@2026-11")
        assert signer.finalize(account, csr([NAME]), blobs, url=url).cert is None and why(signer) == "eab-profile"
        assert send(signer, body) is None  # sent again it counts once
        stranger = Account(signer)
        assert new_account(signer, stranger, eab)[1] == "unauthorized" and why(signer, "account") == "eab-key-used-up"
        assert signer.finalize(stranger, csr([NAME]), signer.prove(stranger, NAME)).cert is None
        assert why(signer) == "eab-missing"
        signer.restart_signer()
    assert control(signer, cmd="eab-list")["keys"][0]["accounts"] == 1
    control(signer, cmd="eab-revoke", kid=eab["kid"])
    assert signer.finalize(account, csr([NAME]), blobs).cert is None and why(signer) == "eab-key-revoked"


def test_bindings_of_others_and_their_end(signer):
    account, thief = Account(signer), Account(signer)
    eab, short = new_key(signer), new_key(signer, lifetime_s=1)
    url = signer.base + "/acme/new-acct"
    stolen = jws(thief.key, url, {"externalAccountBinding": binding(account.key, url, eab)}, nonce="bm9uY2U")
    assert send(signer, stolen) == "malformed" and why(signer, "account") == "eab-other-key"
    elsewhere = jws(account.key, signer.base + "/acme/new-order", {"externalAccountBinding": binding(account.key, url, eab)}, nonce="bm9uY2U")
    assert send(signer, elsewhere) == "unauthorized" and why(signer, "account") == "url-form"
    assert send(signer, jws(account.key, url, {}, nonce="bm9uY2U")) == "malformed"
    wait_for("the end of the key", lambda: state_of(signer, short) == "expired", 5)
    assert new_account(signer, account, short)[1] == "unauthorized" and why(signer, "account") == "eab-key-expired"
    # A retired key, and the account of a deactivated one, are not bound anew.
    assert new_account(signer, account, eab)[1] is None
    gone = jws(account.key, account.url, {"status": "deactivated"}, nonce="bm9uY2U", kid=account.url)
    kind, _ = signer.to_judge.ask(wire.ACCOUNT_REQ, wire.var32(gone) + wire.var16(account.key.canonical()))
    assert kind == wire.ACCOUNT_RSP
    assert new_account(signer, account, eab)[1] == "unauthorized" and why(signer, "account") == "account-deactivated"
