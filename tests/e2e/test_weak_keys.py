"""Weak and blocked keys, of accounts and of certificates."""
import hashlib
import os
import random

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.acme import Client, Http01, Key, csr


def is_prime(n, rounds=16):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(rounds):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def close_rsa():
    """RSA whose second prime is the next one after the first."""
    while True:
        p = rsa.generate_private_key(65537, 2048).private_numbers().p
        q = p + 2
        while not (all(q % k for k in (3, 5, 7, 11, 13, 17, 19, 23)) and is_prime(q)):
            q += 2
        if (p - 1) % 65537 and (q - 1) % 65537 and (p * q).bit_length() == 2048:
            break
    d = pow(65537, -1, (p - 1) * (q - 1))
    pub = rsa.RSAPublicNumbers(65537, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), pub).private_key()


def rsa_of(p, q):
    pub = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), pub).private_key()


def spki_hex(key):
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def test_weak_and_blocked_keys(ns, make_ca):
    blocked = ec.generate_private_key(ec.SECP256R1())
    blocked_account = Key()
    ca = make_ca(edit=lambda t: t.replace('blocked_keys: ""', "blocked_keys: blocked.txt"))
    with open(ca.path("blocked.txt"), "w") as f:
        f.write(f"# keys that got lost\n{spki_hex(blocked)}\n{spki_hex(blocked_account.key)}\n")
    ca.start()
    web = Http01(ns)

    weak_account = Key("RS256")
    weak_account.key = close_rsa()
    for key in (weak_account, blocked_account):
        c = Client(ca, key=key)
        r = c.register()
        assert (r.status, r.problem) == (400, "badPublicKey"), r.body
        assert c.post(c.dir["newAccount"], {"onlyReturnExisting": True}, use_jwk=True).problem == "accountDoesNotExist"
        c.close()

    c = Client(ca, key=Key("RS256"))  # a sound one
    assert c.register().status == 201
    for key in (close_rsa(), blocked):
        url, order = c.ready_order(web, ["www.example.test"])
        r = c.finalize(order, csr(["www.example.test"], key))
        assert (r.status, r.problem) == (400, "badCSR"), r.body
    assert ca.refusals() == ["csr-weak-key", "csr-weak-key"]
    assert c.issue(web, ["www.example.test"], rsa.generate_private_key(65537, 2048))
    c.close()
    web.close()


def test_a_key_that_shares_a_factor_with_another(ns, make_ca):
    """Bad random numbers: two hosts draw the same first prime.  Also after a restart, when the log is all there is."""
    ca = make_ca().start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    one, two = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    numbers, others = one.private_numbers(), two.private_numbers()
    assert c.issue(web, ["www.example.test"], one)
    ca.kill("judge")
    for q in (others.p, others.q):
        _, order = c.ready_order(web, ["api.example.test"])
        r = c.finalize(order, csr(["api.example.test"], rsa_of(numbers.p, q)))
        assert (r.status, r.problem) == (400, "badCSR"), r.body
        assert "prime factor in common" in r.json()["detail"]
    assert ca.refusals() == ["csr-shared-factor"] * 2
    assert c.issue(web, ["api.example.test"], two)
    assert c.issue(web, ["www.example.test"], one)  # a renewal with the same key
    c.close()
    web.close()


def debian_keys(num):
    """What CVE-2008-0166 left of the random numbers was a process id: the list holds the keys of all of them."""
    def number(i):
        return int.from_bytes(hashlib.sha256(f"pid {i}".encode()).digest(), "big") >> 1
    return [ec.derive_private_key(number(i), ec.SECP256R1()) for i in range(num)]


def test_a_long_list_of_known_keys(ns, make_ca):
    """32768 lines for each kind and length of key, as lists of Debian's weak keys have."""
    keys = debian_keys(32)
    lines = [spki_hex(k) for k in keys] + [hashlib.sha256(f"filler {i}".encode()).hexdigest() for i in range(3 * 32768)]
    random.shuffle(lines)
    ca = make_ca(edit=lambda t: t.replace('blocked_keys: ""', "blocked_keys: blocked.txt"))
    with open(ca.path("blocked.txt"), "w") as f:
        f.write("\n".join(lines))
    ca.start()
    web = Http01(ns)
    c = Client(ca)
    c.register()
    for key in keys:
        _, order = c.ready_order(web, ["www.example.test"])
        r = c.finalize(order, csr(["www.example.test"], key))
        assert (r.status, r.problem) == (400, "badCSR"), r.body
    assert ca.refusals() == ["csr-weak-key"] * len(keys)
    assert c.issue(web, ["www.example.test"])
    c.close()
    web.close()


def test_a_list_that_cannot_be_read_stops_the_start(ns, make_ca):
    ca = make_ca(edit=lambda t: t.replace('blocked_keys: ""', "blocked_keys: blocked.txt"))
    run = [os.path.join(os.environ.get("BUILD", "build"), "ca", "tabardd"), "check-config", "--config", ca.config]
    p = ns.run(run, check=False, cwd=os.getcwd())
    assert p.returncode == 3 and "blocked.txt: No such file" in p.stdout
    with open(ca.path("blocked.txt"), "w") as f:
        f.write("00\n")
    p = ns.run(run, check=False, cwd=os.getcwd())
    assert p.returncode == 3 and "blocked.txt:1: expected a SHA-256" in p.stdout
