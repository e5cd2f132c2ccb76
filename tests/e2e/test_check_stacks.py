"""What tabard check says as documented of other stacks, beside those that this machine has."""
import json
import os
import shutil
import subprocess

import pytest

from harness.ca import program
from harness.pki import MORE, NINE, Chain

OIDS = {"client": "1.3.6.1.5.5.7.3.2", "server": "1.3.6.1.5.5.7.3.1"}
SHAPES = {**NINE, **MORE}

GO = """package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	uses := map[string]x509.ExtKeyUsage{"client": x509.ExtKeyUsageClientAuth, "server": x509.ExtKeyUsageServerAuth}
	for _, dir := range os.Args[1:] {
		chain, _ := os.ReadFile(dir + "/chain.pem")
		anchor, _ := os.ReadFile(dir + "/root.pem")
		roots, others := x509.NewCertPool(), x509.NewCertPool()
		roots.AppendCertsFromPEM(anchor)
		var leaf *x509.Certificate
		for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				panic(err)
			}
			if leaf == nil {
				leaf = cert
			} else {
				others.AddCert(cert)
			}
		}
		for role, use := range uses {
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: others, KeyUsages: []x509.ExtKeyUsage{use}})
			fmt.Println(dir, role, err == nil)
		}
	}
}
"""

JAVA = """
import java.io.*;
import java.security.KeyStore;
import java.security.cert.*;
import javax.net.ssl.*;

public class V {
    interface Check { void run() throws CertificateException; }

    static void say(String dir, String role, Check check) {
        boolean ok = true;
        try { check.run(); } catch (CertificateException e) { ok = false; }
        System.out.println(dir + " " + role + " " + ok);
    }

    public static void main(String[] args) throws Exception {
        CertificateFactory f = CertificateFactory.getInstance("X.509");
        for (String dir : args) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("r", f.generateCertificate(new FileInputStream(dir + "/root.pem")));
            TrustManagerFactory t = TrustManagerFactory.getInstance("PKIX");
            t.init(store);
            X509TrustManager m = (X509TrustManager) t.getTrustManagers()[0];
            X509Certificate[] chain =
                f.generateCertificates(new FileInputStream(dir + "/chain.pem")).toArray(new X509Certificate[0]);
            say(dir, "client", () -> m.checkClientTrusted(chain, "EC"));
            say(dir, "server", () -> m.checkServerTrusted(chain, "ECDHE_ECDSA"));
        }
    }
}
"""


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("stacks")
    return {name: Chain(tmp, name, shape) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def documented(chains):
    """(stack, chain, role): accepted"""
    out = {}
    for name, c in chains.items():
        r = subprocess.run([program("tabard"), "check", c.chain_file, "--anchors", c.root_file, "--json"],
                           capture_output=True, text=True, timeout=60)
        for role, a in json.loads(r.stdout)["results"][0]["roles"].items():
            for d in a["documented"]:
                out[d["stack"], name, role] = d["verdict"] == "accepted"
    return out


def compare(documented, stack, seen):
    said = {(n, r): v for (s, n, r), v in documented.items() if s == stack}
    assert len(seen) == 2 * len(SHAPES)
    assert {k: (said[k], v) for k, v in seen.items() if said[k] != v} == {}


def of_program(argv, chains):
    r = subprocess.run(argv + [c.dir for c in chains.values()], capture_output=True, text=True, timeout=300, check=True)
    lines = [line.split() for line in r.stdout.splitlines()]
    return {(os.path.basename(d), role): ok == "true" for d, role, ok in lines}


def needs(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")


def test_gnutls(chains, documented):
    needs("certtool")
    seen = {}
    for name, c in chains.items():
        for role, oid in OIDS.items():
            r = subprocess.run(["certtool", "--verify", "--verify-purpose", oid, "--load-ca-certificate", c.root_file,
                                "--infile", c.chain_file], capture_output=True, timeout=60)
            seen[name, role] = r.returncode == 0
    compare(documented, "GnuTLS", seen)


def test_go(chains, documented, tmp_path):
    needs("go")
    (tmp_path / "v.go").write_text(GO)
    compare(documented, "Go", of_program(["go", "run", str(tmp_path / "v.go")], chains))


def test_java(chains, documented, tmp_path):
    needs("javac")
    (tmp_path / "V.java").write_text(JAVA)
    compare(documented, "Java", of_program(["java", str(tmp_path / "V.java")], chains))


def test_nss(chains, documented, tmp_path):
    needs("certutil")
    seen = {}
    for name, c in chains.items():
        db = tmp_path / name
        db.mkdir()
        subprocess.run(["certutil", "-N", "-d", db, "--empty-password"], check=True, timeout=60)
        for nick, trust, path in (("r", "CT,,", c.root_file), ("c", ",,", c.ca_file), ("l", ",,", c.leaf_file)):
            subprocess.run(["certutil", "-A", "-d", db, "-n", nick, "-t", trust, "-a", "-i", path], check=True, timeout=60)
        for role, usage in (("client", "C"), ("server", "V")):
            r = subprocess.run(["certutil", "-V", "-d", db, "-n", "l", "-u", usage, "-e"], capture_output=True, timeout=60)
            seen[name, role] = r.returncode == 0
    compare(documented, "NSS", seen)
