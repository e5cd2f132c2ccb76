// One side of a TLS connection as Go makes it, that verifies the other side:
//
//	roles serve ROOTS CHAIN KEY          asks for a client's certificate
//	roles dial  ROOTS CHAIN KEY NAME PORT
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

func main() {
	anchors, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(anchors)
	own, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	if err != nil {
		panic(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert}
	var conn *tls.Conn
	if os.Args[1] == "serve" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
		plain, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		conn = tls.Server(plain, config)
	} else {
		config.ServerName = os.Args[5]
		plain, err := net.Dial("tcp", "127.0.0.1:"+os.Args[6])
		if err != nil {
			panic(err)
		}
		conn = tls.Client(plain, config)
	}
	if err := conn.Handshake(); err != nil {
		fmt.Println("refused:", err)
	} else {
		fmt.Println("accepted")
	}
	conn.Close()
}
