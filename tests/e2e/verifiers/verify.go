// A certificate as Go's crypto/x509 sees it: verify ROOT ISSUING LEAF NAME server|client, or verify LEAF: is it one?
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func load(path string) *x509.Certificate {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	block, rest := pem.Decode(data)
	if block == nil || len(rest) != 0 {
		panic(path + ": not one PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return cert
}

func main() {
	if len(os.Args) == 2 {
		leaf := load(os.Args[1])
		fmt.Println("names:", leaf.DNSNames, leaf.IPAddresses, "policies:", leaf.PolicyIdentifiers)
		return
	}
	usages := map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}
	usage, known := usages[os.Args[5]]
	if !known {
		panic("neither server nor client")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(load(os.Args[1]))
	between.AddCert(load(os.Args[2]))
	leaf := load(os.Args[3])
	fmt.Println("names:", leaf.DNSNames)
	if len(leaf.UnhandledCriticalExtensions) != 0 {
		panic("critical extensions that Go does not know")
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: os.Args[4],
		KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("accepted")
}
