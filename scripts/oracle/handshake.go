package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// placeholder is served where only the client is judged.
var placeholder = selfSigned()

func selfSigned() *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "placeholder"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// judge finds out what happens on one link.
func judge(directory string, at time.Time, link Link) Answer {
	if link.Tokens != nil {
		return judgeTokens(directory, link.Tokens)
	}
	server := loadedServer{pair: placeholder}
	var serverErr error
	if link.Server.Known {
		server, serverErr = link.Server.load(directory)
	}
	client, clientErr := link.Client.load(directory)
	switch {
	case serverErr != nil:
		// what the client of a server reads that runs on and cannot load its files
		return notLoaded("server", text("remote error: tls: internal error"), errorText(serverErr))
	case clientErr != nil:
		return notLoaded("client", errorText(clientErr), nil)
	case link.Server.Known && link.Client.Plain != link.Server.Plain:
		return judgePlain(link)
	case !link.Server.Known || client.incomplete() || server.incomplete():
		return judgeHalf(at, link, client, server)
	}
	return shake(at, link, client, server)
}

// judgePlain: one side speaks TLS, the other does not.
func judgePlain(link Link) Answer {
	if link.Client.Plain {
		return refused("server", "tls", text("EOF"), text("tls: first record does not look like a TLS handshake"))
	}
	return refused("client", "tls", text("EOF"), nil)
}

// judgeHalf: something is not in this tree. Whoever lacks a pool trusts the very certificate that it is shown, whoever
// lacks a pair is replaced by somebody nobody looks at: what still fails then would fail with any missing half.
func judgeHalf(at time.Time, link Link, client loadedClient, server loadedServer) Answer {
	if !link.Server.Known || server.pairElsewhere {
		server.pair = placeholder
		link.Client.Trust = "none"
	}
	if client.poolElsewhere {
		client.pool = pinned(server.pair)
	}
	switch {
	case client.pairElsewhere || client.pair == nil && !link.Server.Known:
		client.pair = nil
		link.Server.Policy = "none"
	case !link.Server.Known:
		link.Server.Policy = "require"
		server.pool = pinned(client.pair)
	case server.poolElsewhere && client.pair != nil:
		server.pool = pinned(client.pair)
	}
	answer := shake(at, link, client, server)
	if answer.Verdict == "ok" {
		return Answer{Verdict: "unknown"}
	}
	return answer
}

// pinned is a pool of one leaf.
func pinned(pair *tls.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	if leaf, err := x509.ParseCertificate(pair.Certificate[0]); err == nil {
		pool.AddCert(leaf)
	}
	return pool
}

func shake(at time.Time, link Link, client loadedClient, server loadedServer) Answer {
	clientEnd, serverEnd := pipe()
	clientSide := tls.Client(clientEnd, clientConfig(at, link, client))
	serverSide := tls.Server(serverEnd, serverConfig(at, link, server))
	outcome := make(chan error, 1)
	var httpErr error
	go func() {
		err := serverSide.Handshake()
		if err == nil {
			err = checkAddress(serverSide, link.Address)
		}
		if err == nil && link.Server.Policy == "request" {
			httpErr = authenticate(at, link, serverSide, server.pool)
		}
		if err == nil {
			_, err = serverSide.Write([]byte{1})
		}
		if err == nil {
			_, err = io.ReadFull(serverSide, make([]byte, 1))
		}
		serverSide.Close()
		serverEnd.Close()
		outcome <- err
	}()
	clientErr := clientSide.Handshake()
	if clientErr == nil {
		_, clientErr = io.ReadFull(clientSide, make([]byte, 1))
	}
	if clientErr == nil {
		_, clientErr = clientSide.Write([]byte{1})
	}
	clientEnd.closeWrite()
	serverErr := <-outcome
	switch {
	case clientErr != nil || serverErr != nil:
		return refused(whoRefused(clientErr, serverErr), "tls", errorText(clientErr), errorText(serverErr))
	case httpErr != nil:
		return refused("server", "http", text("Unauthorized"), errorText(httpErr))
	}
	return Answer{Verdict: "ok"}
}

// whoRefused: the side that raised the alert does not call its error remote.
func whoRefused(client, server error) string {
	remote := func(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "remote error: ") }
	switch {
	case remote(client), errors.Is(client, io.EOF):
		return "server"
	case client != nil:
		return "client"
	}
	return "server"
}

func clientConfig(at time.Time, link Link, client loadedClient) *tls.Config {
	config := &tls.Config{
		MinVersion:            tls.VersionTLS12,
		Time:                  func() time.Time { return at },
		RootCAs:               client.pool,
		InsecureSkipVerify:    link.Client.Trust == "none",
		VerifyPeerCertificate: allowed(link.Client.AllowedCN, link.Client.AllowedHostname),
	}
	if link.Name != nil {
		config.ServerName = *link.Name
	}
	if client.pair != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return client.pair, nil
		}
	}
	return config
}

func serverConfig(at time.Time, link Link, server loadedServer) *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		Time:       func() time.Time { return at },
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return server.pair, nil
		},
		VerifyPeerCertificate: allowed(link.Server.AllowedCN, link.Server.AllowedHostname),
	}
	switch link.Server.Policy {
	case "require":
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = server.pool
	case "request":
		config.ClientAuth = tls.RequestClientCert
		config.ClientCAs = server.pool
	}
	return config
}

// allowed is the check of etcd's TLSInfo.baseConfig, which it installs on both sides.
func allowed(names, hosts []string) func([][]byte, [][]*x509.Certificate) error {
	if len(names) == 0 && len(hosts) == 0 {
		return nil
	}
	accepts := func(certificate *x509.Certificate) bool {
		for _, name := range names {
			if name == certificate.Subject.CommonName {
				return true
			}
		}
		for _, host := range hosts {
			if certificate.VerifyHostname(host) == nil {
				return true
			}
		}
		return false
	}
	return func(_ [][]byte, chains [][]*x509.Certificate) error {
		for _, chain := range chains {
			if len(chain) != 0 && accepts(chain[0]) {
				return nil
			}
		}
		return errors.New("client certificate authentication failed")
	}
}

// checkAddress is etcd's checkCertSAN with a resolver that knows nothing.
func checkAddress(connection *tls.Conn, address *string) error {
	certificates := connection.ConnectionState().PeerCertificates
	if address == nil || len(certificates) == 0 {
		return nil
	}
	leaf := certificates[0]
	if len(leaf.IPAddresses) == 0 && len(leaf.DNSNames) == 0 {
		return nil
	}
	if len(leaf.IPAddresses) > 0 {
		err := leaf.VerifyHostname(*address)
		if err == nil || len(leaf.DNSNames) == 0 {
			return err
		}
	}
	return fmt.Errorf("tls: %q does not match any of DNSNames %q", *address, leaf.DNSNames)
}

// authenticate is what Kubernetes' x509 authenticator and its request-header verifier do after the handshake.
func authenticate(at time.Time, link Link, connection *tls.Conn, roots *x509.CertPool) error {
	certificates := connection.ConnectionState().PeerCertificates
	if len(certificates) == 0 {
		return errors.New("no client certificate")
	}
	options := x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: at,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if len(certificates) > 1 {
		options.Intermediates = x509.NewCertPool()
		for _, certificate := range certificates[1:] {
			options.Intermediates.AddCert(certificate)
		}
	}
	if _, err := certificates[0].Verify(options); err != nil {
		return err
	}
	names := link.Server.RequestheaderNames
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		if name == certificates[0].Subject.CommonName {
			return nil
		}
	}
	return fmt.Errorf("x509: subject with cn=%s is not in the allowed list: %v", certificates[0].Subject.CommonName, names)
}

// end is one end of a connection in memory whose writes never block, so that no alert is lost in a race.
type end struct {
	in, out *stream
}

type stream struct {
	mutex  sync.Mutex
	filled *sync.Cond
	data   bytes.Buffer
	closed bool
}

func newStream() *stream {
	s := &stream{}
	s.filled = sync.NewCond(&s.mutex)
	return s
}

func pipe() (*end, *end) {
	left, right := newStream(), newStream()
	return &end{in: left, out: right}, &end{in: right, out: left}
}

func (e *end) Read(target []byte) (int, error) {
	e.in.mutex.Lock()
	defer e.in.mutex.Unlock()
	for e.in.data.Len() == 0 {
		if e.in.closed {
			return 0, io.EOF
		}
		e.in.filled.Wait()
	}
	return e.in.data.Read(target)
}

func (e *end) Write(data []byte) (int, error) {
	e.out.mutex.Lock()
	defer e.out.mutex.Unlock()
	defer e.out.filled.Broadcast()
	return e.out.data.Write(data)
}

func (e *end) closeWrite() {
	e.out.mutex.Lock()
	defer e.out.mutex.Unlock()
	e.out.closed = true
	e.out.filled.Broadcast()
}

func (e *end) Close() error {
	e.closeWrite()
	return nil
}

func (e *end) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e *end) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
