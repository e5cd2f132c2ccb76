"""Knot as the authoritative server of a test: a zone that can be changed while it runs."""
import os
import subprocess


class Knot:
    def __init__(self, ns, zones, address="127.0.0.1", port=53, name="knot", key=None, also=(), owners=None):
        """zones: {"example.test": ["@ A 127.0.0.1", ...]}; key: (name, algorithm, secret) that updates must be signed with;
        also: more addresses to listen at; owners: {zone: key} by which a zone is updated from anywhere"""
        self.ns = ns
        self.address = address
        self.port = port
        self.dir = os.path.join(ns.tmp, name)
        os.makedirs(self.dir)
        owners = owners or {}
        listen = ", ".join(f"{a}@{port}" for a in (address, *also))
        conf = [f"server:\n  rundir: {self.dir}\n  listen: [{listen}]\n  udp-workers: 1\n  tcp-workers: 1\n"
                f"  background-workers: 1\n",
                f"database:\n  storage: {self.dir}\n",
                "log:\n  - target: stdout\n    any: info\n",
                "key:\n" if key or owners else "",
                *(f"  - id: {k[0]}\n    algorithm: {k[1]}\n    secret: {k[2]}\n" for k in ([key] if key else []) + list(owners.values())),
                f"acl:\n  - id: local\n    address: [127.0.0.0/8, ::1, {address}]\n    action: [update, transfer]\n" +
                (f"    key: {key[0]}\n" if key else ""),
                *(f"  - id: of-{zone}\n    key: {k[0]}\n    action: update\n" for zone, k in owners.items()),
                "zone:\n"]
        for zone, records in zones.items():
            path = os.path.join(self.dir, zone + ".zone")
            with open(path, "w") as f:
                f.write(f"$ORIGIN {zone}.\n$TTL 1\n@ SOA ns.{zone}. admin.{zone}. 1 3600 900 86400 1\n@ NS ns\n"
                        f"ns A {address}\n" + "".join(r + "\n" for r in records))
            acl = f"[local, of-{zone}]" if zone in owners else "local"
            conf.append(f"  - domain: {zone}\n    file: {path}\n    acl: {acl}\n    semantic-checks: off\n    zonefile-sync: -1\n"
                        f"    journal-content: none\n    zonefile-load: whole\n")
        self.conf = os.path.join(self.dir, "knot.conf")
        with open(self.conf, "w") as f:
            f.write("".join(conf))
        self.proc = ns.start(["/usr/sbin/knotd", "-c", self.conf], name)
        self.proc.wait_output("server started")

    def update(self, zone, *lines):
        """knsupdate lines, such as 'add www.example.test. 1 A 127.0.0.1'."""
        text = f"server {self.address} {self.port}\nzone {zone}.\n" + "".join(l + "\n" for l in lines) + "send\n"
        self.ns.run(["knsupdate"], stdin=text)

    def stop(self):
        self.proc.stop()
