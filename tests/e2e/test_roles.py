"""Other people's servers refuse a certificate for servers from a client, their clients one for clients from a server.

Real connections with certificates of our profiles: the program under test verifies, its peer (Python's ssl) shows
whatever it was given. All roots are trusted by both sides, so that nothing but the purpose can be refused.
"""
import os
import re
import smtplib
import ssl
import threading

import pytest

from harness.internet import World
from harness.machine import furnish, has_users
from harness.netns import Namespace
from harness.postfix import Postfix

NAME = "alpha.test"
PROFILES = ("server", "client", "peer")
HERE = os.path.dirname(os.path.abspath(__file__))


def obtain(lab):
    """PROFILE.pem, its parts, PROFILE.key, PROFILE-all.pem with key and chain, and all roots as bundle.pem."""
    world = World(os.path.join(lab.tmp, "world"), {"alpha": (4,)}, init=("--peer",))
    try:
        for profile in PROFILES:
            tabard = world.alpha.tabard(profile)
            tabard.get(NAME, "--name", profile)
            parts = [read(tabard.path(profile, f)) for f in ("privkey.pem", "cert.pem", "chain.pem")]
            for name, data in ((".key", parts[0]), ("-leaf.pem", parts[1]), ("-issuing.pem", parts[2]),
                               (".pem", parts[1] + parts[2]), ("-all.pem", "".join(parts))):
                write(lab.file(profile + name), data)
        write(lab.file("bundle.pem"), "".join(read(world.ca.path(f"root-{profile}.pem")) for profile in PROFILES))
    finally:
        world.close()


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


class Lab:
    def __init__(self, tmp):
        self.tmp = str(tmp)
        obtain(self)
        self.ns = Namespace(tmp, hosts=[NAME])
        self.bundle = self.file("bundle.pem")
        self.made = {}
        self.count = 0

    def file(self, name):
        return os.path.join(self.tmp, name)

    def once(self, what, make):
        if what not in self.made:
            self.made[what] = make()
        return self.made[what]

    def start(self, argv, until):
        self.count += 1
        proc = self.ns.start(argv, f"p{self.count}")
        proc.wait_output(until, 60)
        return proc

    def close(self):
        for thing in self.made.values():
            if hasattr(thing, "stop"):
                thing.stop()
        self.ns.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    one = Lab(tmp_path_factory.mktemp("roles"))
    yield one
    one.close()


# The peers


def context(lab, side, role):
    ctx = ssl.SSLContext(side)
    ctx.load_cert_chain(lab.file(role + ".pem"), lab.file(role + ".key"))
    if side == ssl.PROTOCOL_TLS_CLIENT:
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
    return ctx


def show_to_server(lab, port, role, say=b""):
    """A client with the certificate of that role; what the server said."""
    data = b""
    try:
        with lab.ns.connect("127.0.0.1", port) as plain, \
                context(lab, ssl.PROTOCOL_TLS_CLIENT, role).wrap_socket(plain, server_hostname=NAME) as tls:
            tls.sendall(say)
            while part := tls.recv(65536):
                data += part
    except OSError as e:
        data += str(e).encode()
    return data.decode(errors="replace")


def smtp_start_tls(conn):
    lines = conn.makefile("rb")
    conn.sendall(b"220 alpha.test ESMTP\r\n")
    lines.readline()
    conn.sendall(b"250-alpha.test\r\n250 STARTTLS\r\n")
    lines.readline()
    conn.sendall(b"220 go\r\n")


class Shown:
    """A server with the certificate of that role, for one connection."""

    def __init__(self, lab, role, before=None):
        self.listener = lab.ns.listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, args=(context(lab, ssl.PROTOCOL_TLS_SERVER, role), before))
        self.thread.start()

    def run(self, ctx, before):
        conn, _ = self.listener.accept()
        conn.settimeout(60)
        try:
            if before:
                before(conn)
            with ctx.wrap_socket(conn, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass
        finally:
            conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.thread.join(60)
        self.listener.close()
        assert not self.thread.is_alive()


# Each stack, as a server that is shown a certificate, and as a client: (lab, role) -> (accepted?, what it said)


def openssl_server(lab, role):
    proc = lab.start(["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-naccept", "1", "-Verify", "3",
                      "-verify_return_error", "-CAfile", lab.bundle, "-cert", lab.file("server-leaf.pem"),
                      "-key", lab.file("server.key"), "-cert_chain", lab.file("server-issuing.pem")], "ACCEPT")
    port = int(re.search(r"ACCEPT \S*:(\d+)", proc.output()).group(1))
    answer = show_to_server(lab, port, role, b"GET / HTTP/1.0\r\n\r\n")
    proc.stop()
    return "200 ok" in answer, proc.output() + answer


def openssl_client(lab, role):
    with Shown(lab, role) as peer:
        p = lab.ns.run(["openssl", "s_client", "-connect", f"127.0.0.1:{peer.port}", "-servername", NAME,
                        "-verify_return_error", "-verify_hostname", NAME, "-CAfile", lab.bundle], stdin="x\n",
                       check=False)
    return "Verified peername: " + NAME in p.stdout, p.stdout


def go(lab):
    def build():
        lab.ns.run(["go", "build", "-o", lab.file("roles-go"), os.path.join(HERE, "verifiers", "roles.go")], timeout=240,
                   env={"GOPROXY": "off", "GO111MODULE": "off", "GOCACHE": lab.file("go-cache")})
        return lab.file("roles-go")
    return [lab.once("go", build)], lambda role: [lab.file(role + ".pem"), lab.file(role + ".key")]


def java(lab):
    def build():
        lab.ns.run(["javac", "-d", lab.file("java"), os.path.join(HERE, "verifiers", "Roles.java")], timeout=240)
        for role in PROFILES:
            lab.ns.run(["openssl", "pkcs12", "-export", "-in", lab.file(role + ".pem"), "-inkey", lab.file(role + ".key"),
                        "-out", lab.file(role + ".p12"), "-passout", "pass:public"])
        return lab.file("java")
    return ["java", "-cp", lab.once("java", build), "Roles"], lambda role: [lab.file(role + ".p12")]


def serves(program):
    def server(lab, role):
        argv, own = program(lab)
        proc = lab.start(argv + ["serve", lab.bundle] + own("server"), "port ")
        show_to_server(lab, int(proc.output().split("port ")[1].split()[0]), role)
        assert proc.popen.wait(60) == 0, proc.output()
        return "accepted" in proc.output(), proc.output()
    return server


def dials(program):
    def client(lab, role):
        argv, own = program(lab)
        with Shown(lab, role) as peer:
            p = lab.ns.run(argv + ["dial", lab.bundle] + own("client") + [NAME, peer.port])
        return "accepted" in p.stdout, p.stdout
    return client


def gnutls_server(lab, role):
    def start():
        return lab.start(["gnutls-serv", "--port", "5556", "--http", "--require-client-cert", "--verify-client-cert",
                          "--x509cafile", lab.bundle, "--x509certfile", lab.file("server.pem"), "--x509keyfile",
                          lab.file("server.key")], "listening on IPv4")
    lab.once("gnutls-serv", start)
    answer = show_to_server(lab, 5556, role, b"GET / HTTP/1.0\r\n\r\n")
    return "200 OK" in answer, answer


def gnutls_client(lab, role):
    with Shown(lab, role) as peer:
        p = lab.ns.run(["gnutls-cli", "--x509cafile", lab.bundle, "--verify-hostname", NAME, "--port", peer.port,
                        "127.0.0.1"], stdin="x\n", check=False)
    return "Handshake was completed" in p.stdout, p.stdout


NGINX = """
daemon off;
user root;
error_log stderr info;
pid {tmp}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {tmp}/body;
    proxy_temp_path {tmp}/proxy;
    fastcgi_temp_path {tmp}/fastcgi;
    uwsgi_temp_path {tmp}/uwsgi;
    scgi_temp_path {tmp}/scgi;
    server {{
        listen 127.0.0.1:8443 ssl;
        ssl_certificate {tmp}/server.pem;
        ssl_certificate_key {tmp}/server.key;
        ssl_client_certificate {tmp}/bundle.pem;
        ssl_verify_client on;
        ssl_verify_depth 2;
        return 200 "admitted";
    }}
    server {{
        listen 127.0.0.1:8080;
        location ~ ^/([0-9]+)$ {{
            proxy_pass https://127.0.0.1:$1;
            proxy_ssl_verify on;
            proxy_ssl_verify_depth 2;
            proxy_ssl_name {name};
            proxy_ssl_trusted_certificate {tmp}/bundle.pem;
        }}
    }}
}}
"""


def nginx(lab):
    def start():
        write(lab.file("nginx.conf"), NGINX.format(tmp=lab.tmp, name=NAME))
        return lab.start(["/usr/sbin/nginx", "-e", "stderr", "-c", lab.file("nginx.conf")], "start worker process ")
    return lab.once("nginx", start)


def nginx_server(lab, role):
    proc = nginx(lab)
    seen = len(proc.output())
    answer = show_to_server(lab, 8443, role, b"GET / HTTP/1.0\r\n\r\n")
    return "200 OK" in answer and "admitted" in answer, answer + proc.output()[seen:]


def nginx_client(lab, role):
    proc = nginx(lab)
    seen = len(proc.output())
    with Shown(lab, role) as peer:
        p = lab.ns.run(["curl", "-s", "-i", "--noproxy", "*", f"http://127.0.0.1:8080/{peer.port}"])
    return "200 OK" in p.stdout, p.stdout + proc.output()[seen:]


def postfix(lab):
    if not has_users():
        pytest.skip("Postfix needs more users than this user namespace has")
    return lab.once("postfix", lambda: Postfix(
        furnish(lab.ns, NAME), myhostname=NAME, smtpd_tls_security_level="may", smtpd_tls_chain_files=lab.file("server-all.pem"),
        smtpd_tls_CAfile=lab.bundle, smtpd_tls_ask_ccert="yes", smtpd_tls_loglevel="1",
        smtpd_relay_restrictions="permit_tls_all_clientcerts, reject_unauth_destination").start())


class Smtp(smtplib.SMTP):
    def __init__(self, ns):
        self.ns = ns
        super().__init__("127.0.0.1", 25, NAME, 60)

    def _get_socket(self, host, port, timeout):
        return self.ns.connect(host, port, timeout)


def postfix_server(lab, role):
    """Relaying is for clients with a certificate that was verified."""
    server = postfix(lab)
    seen = len(server.log())
    with Smtp(lab.ns) as smtp:
        smtp.starttls(context=context(lab, ssl.PROTOCOL_TLS_CLIENT, role))
        smtp.ehlo()
        smtp.mail("a@example.test")
        code, text = smtp.rcpt("b@elsewhere.test")
    return code == 250, text.decode() + server.log()[seen:]


def postfix_client(lab, role):
    postfix(lab)
    with Shown(lab, role, smtp_start_tls) as peer:
        p = lab.ns.run(["posttls-finger", "-c", "-l", "secure", "-F", lab.bundle, "-P", "/nowhere",
                        f"[127.0.0.1]:{peer.port}", NAME], check=False)
    return "Verified TLS connection established" in p.stdout, p.stdout


# program, its server, its client, the words of a refusal by either
STACKS = [
    ("OpenSSL", openssl_server, openssl_client, "unsuitable certificate purpose", "unsuitable certificate purpose"),
    ("Go", serves(go), dials(go), "incompatible key usage", "incompatible key usage"),
    ("Java", serves(java), dials(java), "Extended key usage does not permit use for TLS client authentication",
     "Extended key usage does not permit use for TLS server authentication"),
    ("nginx", nginx_server, nginx_client, "unsuitable certificate purpose", "unsuitable certificate purpose"),
    ("Postfix", postfix_server, postfix_client, "Relay access denied",
     "not designated for use as a server certificate"),
]
ids = [s[0] for s in STACKS]


def rows(side, what, word):
    return [pytest.param(s[side], s[word], id=s[0], marks=pytest.mark.interop(s[0], what)) for s in STACKS]


@pytest.mark.parametrize("server", [s[1] for s in STACKS] + [gnutls_server], ids=ids + ["GnuTLS"])
def test_a_client_certificate_is_taken_from_a_client(lab, server):
    accepted, said = server(lab, "client")
    assert accepted, said


@pytest.mark.parametrize("client", [s[2] for s in STACKS] + [gnutls_client], ids=ids + ["GnuTLS"])
def test_a_server_certificate_is_taken_from_a_server(lab, client):
    accepted, said = client(lab, "server")
    assert accepted, said


@pytest.mark.parametrize("side", [s[i] for s in STACKS for i in (1, 2)] + [gnutls_server, gnutls_client],
                         ids=[f"{s}-{side}" for s in ids + ["GnuTLS"] for side in ("server", "client")])
def test_a_peer_certificate_is_taken_from_both(lab, side):
    accepted, said = side(lab, "peer")
    assert accepted, said


@pytest.mark.parametrize("server,word", rows(1, "server refuses a `server` certificate from a client", 3))
def test_a_server_certificate_is_refused_from_a_client(lab, server, word):
    accepted, said = server(lab, "server")
    assert not accepted and word in said, said


@pytest.mark.parametrize("client,word", rows(2, "client refuses a `client` certificate from a server", 4))
def test_a_client_certificate_is_refused_from_a_server(lab, client, word):
    accepted, said = client(lab, "client")
    assert not accepted and word in said, said


@pytest.mark.interop("GnuTLS", "client refuses a `client` certificate from a server")
def test_gnutls_cli_asks_for_the_purpose(lab):
    accepted, said = gnutls_client(lab, "client")
    assert not accepted and "certificate is NOT trusted" in said and "purpose" in said, said


@pytest.mark.interop("GnuTLS", "gnutls-serv asks for no key purpose: it takes a `server` certificate from a client")
def test_gnutls_serv_asks_for_no_purpose(lab):
    accepted, said = gnutls_server(lab, "server")
    assert accepted, said


@pytest.mark.interop("GnuTLS", "asked with a key purpose, refuses each certificate in the other role")
@pytest.mark.parametrize("role,purpose,good", [("server", 1, True), ("server", 2, False), ("client", 2, True),
                                               ("client", 1, False)])
def test_gnutls_asked_with_a_purpose(lab, role, purpose, good):
    p = lab.ns.run(["certtool", "--verify", "--load-ca-certificate", lab.bundle, "--verify-purpose",
                    f"1.3.6.1.5.5.7.3.{purpose}", "--infile", lab.file(role + ".pem")], check=False)
    assert (p.returncode == 0) == good, p.stdout
    assert ("Chain verification output: Verified" in p.stdout) == good, p.stdout
