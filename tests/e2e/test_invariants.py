"""What certificate authorities got wrong elsewhere, by number: tests are named after the rows, and each row has one.

A row may have tests at several places: `grep -r invariant_NN_ tests`.
"""
import os
import re

import pytest

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")

ROWS = {
    1: "each identifier has a CAA result of its own, young enough at signing",
    2: "tls-alpn-01: version, ALPN, extension and names are exact",
    3: "default virtual hosts and mere presence prove nothing",
    4: "CA certificates are checked against chain and purpose before they are used",
    5: "a DNS failure is never an absent record",
    6: "one validation for a challenge, whose state moves once",
    7: "account, URL and owner are looked at anew on every route",
    8: "limits hold for the certificate that results",
    9: "names match label by label",
    10: "over nothing the answer is no",
    11: "the validated identifier is the one in challenge and certificate, byte for byte",
    12: "nothing of a CSR is believed but key and names",
    13: "a refusal or a narrowing never gives more, never nothing, never any usage",
    14: "a policy that cannot be understood stops the start",
    15: "an issuer signs its own usages only",
    16: "the key proved is the key certified",
    17: "each way to a signature denies what it does not know",
    18: "one order, one certificate",
    19: "what is signed is recorded before it leaves, with its status",
    20: "parsers survive everything",
    21: "JSON is limited before it is parsed, and has no member twice",
    22: "base64url without padding and foreign characters",
    23: "no text of a validated host, and no secret, in errors and logs",
    24: "zero never means unlimited",
    25: "outbound requests go to the address that was checked, and nowhere private",
    26: "what a stranger causes is bounded",
    27: "what may be used n times is used n times under races",
    28: "parallel orders succeed, and tables converge",
    29: "kill -9 at each step loses nothing that was acknowledged",
    30: "who is revoked and unexpired is on the CRL",
    31: "each change has its record",
    32: "the directory lists what works",
    33: "a changed key ends what the old one proved; revocation compares key and certificate",
    34: "a certificate without the purpose is denied in that role",
    35: "without a policy nobody passes",
    36: "a reload never opens a window",
    37: "back-off has a floor",
    38: "what a server sends is no file name and no shell word",
    39: "a private key is 0600 and stays",
}


def named():
    """{row: names of tests} of everything below tests/."""
    out = {}
    for top, _, files in os.walk(TESTS):
        for name in files:
            if not name.endswith((".py", ".c")) or name == os.path.basename(__file__):
                continue
            with open(os.path.join(top, name)) as f:
                for test, row in re.findall(r"\b(?:def test_|static void )(invariant_(\d\d)_\w+)\(", f.read()):
                    out.setdefault(int(row), []).append(test)
    return out


@pytest.fixture(scope="module")
def tests():
    return named()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test_of_its_name(tests, row):
    assert tests.get(row), ROWS[row]


def test_no_test_is_named_after_a_row_that_is_none(tests):
    assert set(tests) <= set(ROWS)
