"""A small internet for one test: hosts on one segment, home networks behind NAT, a DNS server, a CA, and organisations.

All addresses are those of documentation (RFC 5737, RFC 3849); the CA's configuration admits them.
"""
import base64
import hashlib
import os

from .ca import Ca
from .dns import Knot
from .netns import Namespace
from .tabard import Tabard

V4, V6 = "192.0.2.", "2001:db8::"
DNS, CA, FIRST = 53, 1, 10  # the last part of an address, in both families
HOME = "10.0.0."


class Host(Namespace):
    """A machine with one interface. Several addresses of a family: the first is the one that it connects from."""

    def __init__(self, tmp, resolver, label, v4=(), v6=()):
        super().__init__(tmp, resolver=resolver)
        self.label = label
        self.v4, self.v6 = list(v4), list(v6)

    def plug(self, bridge_ns, bridge="br0"):
        """A cable from eth0 to a bridge."""
        far = f"to-{self.label}"[:15]
        bridge_ns.run(["ip", "link", "add", far, "type", "veth", "peer", "name", "eth0", "netns", str(self.holder.pid)])
        bridge_ns.run(["ip", "link", "set", far, "master", bridge, "up"])
        batch = [f"addr add {a}/24 dev eth0" for a in self.v4]
        batch += [f"addr add {a}/64 dev eth0 nodad" + (" preferred_lft 0" if i else "") for i, a in enumerate(self.v6)]
        self.ip(["link set eth0 up"] + batch)

    def ip(self, commands):
        self.run(["ip", "-batch", "-"], stdin="".join(c + "\n" for c in commands))

    def default_route(self, gateway):
        self.ip([f"route add default via {gateway}"])

    def move(self, old, new):
        """Another IPv4 address, as a provider gives out."""
        self.ip([f"addr del {old}/24 dev eth0", f"addr add {new}/24 dev eth0"])
        self.v4 = [new if a == old else a for a in self.v4]


class Internet:
    def __init__(self, tmp):
        self.tmp = str(tmp)
        self.resolver = V4 + str(DNS)
        self.exchange = Namespace(os.path.join(self.tmp, "exchange"))
        self.made = [self.exchange]
        self._bridge(self.exchange)

    @staticmethod
    def _bridge(ns):
        ns.run(["ip", "link", "add", "br0", "type", "bridge"])
        ns.run(["ip", "link", "set", "br0", "up"])

    def host(self, label, v4=(), v6=(), resolver=None):
        if isinstance(v4, str):
            v4 = [v4]
        if isinstance(v6, str):
            v6 = [v6]
        h = Host(os.path.join(self.tmp, label), resolver or (self.resolver if v4 else V6 + str(DNS)), label, v4, v6)
        self.made.append(h)
        h.plug(self.exchange)
        return h

    def nat(self, label, v4):
        """A router with an outside address; its hosts are made by home()."""
        router = self.host(label, v4)
        self._bridge(router)
        router.run(["ip", "addr", "add", HOME + "1/24", "dev", "br0"])
        router.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"])
        router.run(["nft", "-f", "-"], stdin="table ip nat {\n  chain post {\n    type nat hook postrouting priority srcnat;\n"
                                             "    oifname eth0 masquerade\n  }\n}\n")
        return router

    def forward(self, router, port, inside):
        """A port of the outside address goes to a host inside."""
        router.run(["nft", "-f", "-"], stdin="table ip nat {\n  chain pre {\n    type nat hook prerouting priority dstnat;\n"
                                             f"    iifname eth0 tcp dport {port} dnat to {inside}\n  }}\n}}\n")

    def home(self, router, label, v4):
        h = Host(os.path.join(self.tmp, label), self.resolver, label, [v4])
        self.made.append(h)
        h.plug(router)
        h.default_route(HOME + "1")
        return h

    def close(self):
        for ns in reversed(self.made):
            ns.close()


class Org:
    """An organisation: a name, its zone with the key by which it is changed, and a host with the name's addresses."""

    def __init__(self, world, label, number, families):
        self.world, self.label, self.name = world, label, f"{label}.test"
        self.v4 = V4 + str(number) if 4 in families else None
        self.v6 = V6 + format(number, "x") if 6 in families else None
        self.key = (f"key-{label}", "hmac-sha256", base64.b64encode(hashlib.sha256(label.encode()).digest()).decode())
        self.host = None

    def records(self):
        return ([f"@ A {self.v4}"] if self.v4 else []) + ([f"@ AAAA {self.v6}"] if self.v6 else [])

    def boot(self):
        self.host = self.world.net.host(self.label, [self.v4] if self.v4 else [], [self.v6] if self.v6 else [])
        self.key_file = os.path.join(self.host.tmp, "zone.key")
        with open(self.key_file, "w") as f:
            f.write(":".join((self.key[1], self.key[0], self.key[2])) + "\n")

    @property
    def by_dns(self):
        """Options of tabard by which this organisation proves control by dns-01."""
        return ("--dns-update", self.world.dns_address(self.host), "--dns-key", self.key_file)

    def update(self, *lines):
        self.world.dns.update(self.name, *lines)

    def tabard(self, profile=None, name="tabard", host=None):
        ca = self.world.ca
        return Tabard(host or self.host, ca.profile_url(profile) if profile else ca.url, ca.root, name)


class World:
    """orgs: {label: families}; zones: more zones; edit: change of the CA's configuration."""

    def __init__(self, tmp, orgs, zones=None, edit=None, listen="[::]", init=()):
        self.net = Internet(tmp)
        self.orgs = {label: Org(self, label, FIRST + i, families) for i, (label, families) in enumerate(orgs.items())}
        self.ca = self.dns = None
        try:
            ns = self.net.host("dns", V4 + str(DNS), V6 + str(DNS))
            all_zones = {"test": [f"ca A {V4}{CA}", f"ca AAAA {V6}{CA}"], **(zones or {})}
            all_zones.update({o.name: o.records() + all_zones.get(o.name, []) for o in self.orgs.values()})
            self.dns = Knot(ns, all_zones, V4 + str(DNS), also=(V6 + str(DNS),),
                            owners={o.name: o.key for o in self.orgs.values()})
            for o in self.orgs.values():
                o.boot()
            self.ca = Ca(self.net.host("ca", V4 + str(CA), V6 + str(CA)), resolver=V4 + str(DNS) + ":53",
                         allow_private=(V4 + "0/24", V6 + "/64"), address=V4 + str(CA), listen=listen, edit=edit, extra=init)
            self.ca.address6 = V6 + str(CA)
            self.ca.start()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def dns_address(host):
        return V4 + str(DNS) if host.v4 else f"[{V6}{DNS}]"

    def __getattr__(self, label):
        orgs = self.__dict__.get("orgs", {})
        if label in orgs:
            return orgs[label]
        raise AttributeError(label)

    def close(self):
        try:
            if self.ca is not None and self.ca.proc is not None:
                assert self.ca.stop() == 0, "tabardd did not end cleanly"
        finally:
            if self.dns is not None:
                self.dns.stop()
            self.net.close()
