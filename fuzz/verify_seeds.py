#!/usr/bin/env python3
"""Seeds of the policy and chain targets: fuzz/verify_seeds.py (from the root of the tree)."""
import base64
import os
import random
import re

KEY = 'sha256:' + '0123456789abcdef' * 4
HEAD = f'version: 1\nissuers:\n  a: {KEY}\nentries:\n'
ENTRY = ('  - {name: n, who: {dns: "*.a.test", issuer: a, purpose: clientAuth}, what: x, until: never, as: y}\n')
POLICIES = {
    'good': HEAD + ENTRY + '...\n',
    'empty-list': 'version: 1\nentries: []\n...\n',
    'empty': '',
    'half': HEAD + ENTRY[:40],
    'not-ended': HEAD + ENTRY,
    'twice': HEAD + ENTRY + ENTRY + '...\n',
    'shadow': HEAD + ENTRY.replace('as: y', 'as: y, mode: shadow') + '...\n',
    'proofs': HEAD + ENTRY.replace('issuer: a', 'issuer: any, proofs: [dns-01, tls-client-01]') + '...\n',
    'arc': HEAD.replace(KEY, f'{{keys: {KEY}, policy_arc: 1.3.6.1.4.1.32473}}') +
    ENTRY.replace('issuer: a', 'issuer: a, proofs: dns-01') + '...\n',
    'arc-too-large': HEAD.replace(KEY, f'{{keys: {KEY}, policy_arc: 2.25.2147483648}}') + ENTRY + '...\n',
    'wildcard-abuse': HEAD + ENTRY.replace('*.a.test', '*') + '...\n',
    'lists': HEAD + ENTRY.replace('dns: "*.a.test"', 'dns: [b.test, c.test], ip: "::1", uri: "x:y"') + '...\n',
    'anchor': HEAD + ENTRY.replace('name: n', 'name: &n n') + '...\n',
}


def spec(subject=0, issuer=1, own=0, signer=1, ca=0, pathlen=None, ku=0, eku=3, san=0, nc=0, flags=0, anchor=False):
    b1 = ca | (2 | 4 | pathlen << 3 if pathlen is not None else 0) | ku << 5
    return bytes([subject | issuer << 2 | own << 4 | signer << 6, b1, eku, san, nc | flags, 0x80 if anchor else 0])


LEAF = spec()
CA = spec(1, 2, 1, 2, ca=1, eku=0, san=8)
ROOT = spec(2, 2, 2, 2, ca=1, eku=0, san=8, anchor=True)
CHAINS = {
    'good': LEAF + CA + ROOT,
    'no-eku': spec(eku=0) + CA + ROOT,
    'any': spec(eku=8) + CA + ROOT,
    'any-and-client': spec(eku=9) + CA + ROOT,
    'issuer-other-eku': LEAF + spec(1, 2, 1, 2, ca=1, eku=2, san=8) + ROOT,
    'forged': spec(signer=3) + CA + ROOT,
    'loop': LEAF + spec(1, 2, 1, 2, ca=1, eku=0, san=8) + spec(2, 1, 2, 1, ca=1, eku=0, san=8) + ROOT,
    'cross': LEAF + spec(1, 3, 1, 3, ca=1, eku=0, san=8) + CA + ROOT,
    'pathlen': LEAF + spec(1, 3, 1, 3, ca=1, eku=0, san=8) + spec(3, 2, 3, 2, ca=1, pathlen=0, eku=0, san=8) + ROOT,
    'constraints': spec(san=1) + spec(1, 2, 1, 2, ca=1, eku=0, san=8, nc=8) + ROOT,
    'self-signed': spec(0, 0, 0, 0, anchor=True),
    'not-a-ca': LEAF + spec(1, 2, 1, 2, ca=0, eku=0, san=8) + ROOT,
    'expired': spec(san=0x60) + CA + ROOT,
}


def write(target, name, data):
    d = os.path.join('fuzz', 'corpus', target)
    os.makedirs(d, exist_ok=True)
    with open(os.path.join(d, name), 'wb') as f:
        f.write(data)


for name, text in POLICIES.items():
    write('policy', name, text.encode())
for name, data in CHAINS.items():
    write('chain', 'client-' + name, b'\0' + data)
    write('chain', 'server-' + name, b'\1' + data)
random.seed(1)
for i in range(40):
    write('chain', f'random-{i}', random.randbytes(1 + 6 * 5)[:1].replace(b'\x80', b'\0') + b''.join(
        spec(random.randrange(4), random.randrange(4), random.randrange(4), random.randrange(4), random.randrange(2),
             None, random.randrange(4), random.randrange(32), random.randrange(16), random.randrange(16), 0,
             random.randrange(3) == 0) for _ in range(6)))
OBJECTS = os.path.join('tests', 'objects', 'chains')
for name in ('eku-both', 'san-nul', 'deep-8', 'nc-inside', 'eku-malformed', 'mesh'):
    pem = open(os.path.join(OBJECTS, name + '.pem'), encoding='ascii').read()
    root = open(os.path.join(OBJECTS, 'roots.pem'), encoding='ascii').read()
    ders = [base64.b64decode(b) for b in re.findall(r'BEGIN CERTIFICATE-----(.*?)-----END', pem, re.S)][:7]
    ders.append(base64.b64decode(re.search(r'BEGIN CERTIFICATE-----(.*?)-----END', root, re.S).group(1)))
    write('chain', 'raw-' + name, b'\x80' + b''.join(ders))
