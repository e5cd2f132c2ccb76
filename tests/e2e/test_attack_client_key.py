"""Whoever conquers the process that speaks with servers does not have the account key.

The hook of a challenge runs while everything is under way; it looks as root at its parent and at the key's process.
"""
import json
import os

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from harness.tabard import Tabard

LOOK = r"""#!/usr/bin/python3
import json, os, sys
def memory(pid, needles):
    found = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if rights[0] != "r" or "[v" in line:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(start)
                text = mem.read(end - start)
            except OSError:
                continue
            found.update(n for n, b in needles.items() if b in text)
    return sorted(found)
def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(l.rstrip("\n").split(":\t", 1) for l in f if ":\t" in l)
if sys.argv[1] == "add":
    parent = os.getppid()
    with open(f"/proc/{parent}/task/{parent}/children") as f:
        key_process = [int(p) for p in f.read().split() if int(p) != os.getpid()]
    needles = {n: bytes.fromhex(h) for n, h in json.load(open("NEEDLES")).items()}
    json.dump({"found": {"parent": memory(parent, needles), "key_process": memory(key_process[0], needles)},
               "children": len(key_process), "status": status(key_process[0]),
               "files": [os.readlink(f"/proc/{key_process[0]}/fd/{n}") for n in os.listdir(f"/proc/{key_process[0]}/fd")],
               "net": os.readlink(f"/proc/{key_process[0]}/ns/net") != os.readlink(f"/proc/{parent}/ns/net")},
              open("RESULT", "w"))
sys.exit(1)
"""


def test_the_key_is_only_in_a_process_without_files_and_network(ca, tmp_path):
    t = Tabard(ca.ns, ca.url, ca.root)
    t.run("account", "register")
    with open(t.path("accounts", "ca.test_14000.pem"), "rb") as f:
        key = load_pem_private_key(f.read(), None)
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    needles, result, hook = tmp_path / "needles", tmp_path / "result", tmp_path / "hook"
    # OpenSSL keeps the number in words of the machine, least significant first.
    needles.write_text(json.dumps({"big": scalar.hex(), "little": scalar[::-1].hex()}))
    hook.write_text(LOOK.replace("NEEDLES", str(needles)).replace("RESULT", str(result)))
    hook.chmod(0o755)
    t.get("www.example.test", "--dns-hook", str(hook), want=7)
    seen = json.loads(result.read_text())
    assert seen["found"]["parent"] == [], "the process that speaks with servers has the account key"
    assert seen["found"]["key_process"], "the search finds a key where there is one"
    assert seen["children"] == 1
    assert seen["status"]["Seccomp"] == "2" and seen["status"]["NoNewPrivs"] == "1"
    assert int(seen["status"]["CapEff"], 16) == 0 and seen["net"]
    assert not [f for f in seen["files"] if not f.startswith(("socket:", "pipe:", "/dev/null", str(tmp_path)))], seen["files"]
