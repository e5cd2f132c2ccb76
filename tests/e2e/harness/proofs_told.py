"""What a certificate tells of its proofs, read by a hand that is not the project's (doc/formats.md, section 9)."""
from cryptography import x509

ARC = "1.3.6.1.4.1.32473.7"
POLICIES = {"1.1": "control-dns", "1.2": "use-published", "1.3.2": "quorum-2", "1.3.3": "quorum-3", "1.3.4": "quorum-4",
            "2.1": "egress-declared", "2.2": "quorum-1", "2.3": "dns-insecure", "2.4": "control-above"}
METHODS = {1: "http-01", 2: "dns-01", 3: "tls-alpn-01", 4: "dns-account-01", 6: "tls-client-01"}
PURPOSES = {1: "serverAuth", 2: "clientAuth"}


def with_arc(text, arc=ARC):
    """A configuration with an arc, for Ca(edit=...)."""
    assert 'policy_arc: ""' in text
    return text.replace('policy_arc: ""', f'policy_arc: "{arc}"')


def extension(cert, oid):
    for e in cert.extensions:
        if e.oid.dotted_string == oid:
            assert not e.critical
            return e.value
    return None


def policies(cert, arc=ARC):
    """The set of words; None when the extension is not there."""
    value = extension(cert, "2.5.29.32")
    if value is None:
        return None
    assert all(p.policy_qualifiers is None for p in value)
    oids = [p.policy_identifier.dotted_string for p in value]
    assert all(o.startswith(arc + ".") for o in oids) and oids == sorted(oids)
    return {POLICIES[o[len(arc) + 1:]] for o in oids}


def elements(der):
    """(tag, content) of each element; short lengths and those of one or two octets."""
    while der:
        tag, n, at = der[0], der[1], 2
        if n & 0x80:
            at += n & 0x7f
            n = int.from_bytes(der[2:at], "big")
        assert len(der) >= at + n
        yield tag, der[at:at + n]
        der = der[at + n:]


def sequence(der):
    (tag, content), = elements(der)
    assert tag == 0x30
    return content


def evidence(cert, arc=ARC):
    """{name: {purpose: (control, use or None)}}; None when the extension is not there."""
    value = extension(cert, arc + ".3")
    if value is None:
        return None
    names = [n.value if isinstance(n, x509.DNSName) else str(n.value)
             for n in extension_san(cert)]
    out = []
    for tag, claims in elements(sequence(value.value)):
        assert tag == 0x30
        told = {}
        for tag, claim in elements(claims):
            assert tag == 0x30
            numbers = [int.from_bytes(v, "big") for t, v in elements(claim) if t == 2]
            told[PURPOSES[numbers[0]]] = (METHODS[numbers[1]], METHODS[numbers[2]] if len(numbers) == 3 else None)
        out.append(told)
    assert len(out) == len(names)
    return dict(zip(names, out))


def extension_san(cert):
    return cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
