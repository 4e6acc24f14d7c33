package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"time"
)

// Chain is one question: would Go accept this leaf?
type Chain struct {
	Leaf      string `json:"leaf"`
	CA        string `json:"ca"`
	Untrusted string `json:"untrusted"`
	Usage     string `json:"usage"`
	Name      string `json:"name"`
	At        string `json:"at"`
}

// Judgement is the answer: Go's words, or nothing.
type Judgement struct {
	Error *string `json:"error"`
}

func verifyLines(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	writer := bufio.NewWriter(out)
	defer writer.Flush()
	decoder := json.NewDecoder(lines)
	encoder := json.NewEncoder(writer)
	for {
		var chain Chain
		if err := decoder.Decode(&chain); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(Judgement{Error: errorText(verifyChain(chain))}); err != nil {
			return err
		}
	}
}

func verifyChain(chain Chain) error {
	at, err := time.Parse(time.RFC3339, chain.At)
	if err != nil {
		return err
	}
	roots, err := poolOfEveryBlock([]byte(chain.CA))
	if err != nil {
		return err
	}
	var leaf *x509.Certificate
	intermediates := x509.NewCertPool()
	rest := []byte(chain.Leaf)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case leaf == nil && err != nil:
			return err
		case leaf == nil:
			leaf = certificate
		case err == nil:
			intermediates.AddCert(certificate)
		}
	}
	if leaf == nil {
		return errors.New("no leaf")
	}
	addParsable(intermediates, []byte(chain.Untrusted))
	options := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		DNSName:       chain.Name,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{usage(chain.Usage)},
	}
	_, err = leaf.Verify(options)
	return err
}

func addParsable(pool *x509.CertPool, rest []byte) {
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			pool.AddCert(certificate)
		}
	}
}

func usage(name string) x509.ExtKeyUsage {
	switch name {
	case "server":
		return x509.ExtKeyUsageServerAuth
	case "client":
		return x509.ExtKeyUsageClientAuth
	}
	return x509.ExtKeyUsageAny
}
