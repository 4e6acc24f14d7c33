package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// judgeTokens asks whether every signer's public half is among the verifiers' keys, read as client-go's keyutil reads.
func judgeTokens(directory string, tokens *Tokens) Answer {
	var trusted []crypto.PublicKey
	for i := range tokens.Verifiers {
		content, err := tokens.Verifiers[i].read(directory)
		if err != nil {
			return notLoaded("server", nil, errorText(err))
		}
		keys := publicKeys(content)
		if len(keys) == 0 {
			return notLoaded("server", nil, text("data does not contain any valid RSA or ECDSA public keys"))
		}
		trusted = append(trusted, keys...)
	}
	for i := range tokens.Signers {
		content, err := tokens.Signers[i].read(directory)
		if err != nil {
			return notLoaded("client", errorText(err), nil)
		}
		key, err := privateKey(content)
		if err != nil {
			return notLoaded("client", errorText(err), nil)
		}
		if !contains(trusted, key) {
			return refused("server", "http", text("Unauthorized"), text("invalid bearer token"))
		}
	}
	return Answer{Verdict: "ok"}
}

func contains(trusted []crypto.PublicKey, key crypto.PublicKey) bool {
	for _, candidate := range trusted {
		if same, ok := candidate.(interface{ Equal(crypto.PublicKey) bool }); ok && same.Equal(key) {
			return true
		}
	}
	return false
}

// privateKey is keyutil.ParsePrivateKeyPEM, and the public half of what it finds.
func privateKey(rest []byte) (crypto.PublicKey, error) {
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, errors.New("data does not contain a valid RSA or ECDSA private key")
		}
		switch block.Type {
		case "EC PRIVATE KEY":
			if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
				return key.Public(), nil
			}
		case "RSA PRIVATE KEY":
			if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
				return key.Public(), nil
			}
		case "PRIVATE KEY":
			if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer.Public(), nil
				}
			}
		}
	}
}

// publicKeys is keyutil.ParsePublicKeysPEM.
func publicKeys(rest []byte) []crypto.PublicKey {
	var keys []crypto.PublicKey
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return keys
		}
		if key := publicKey(block.Bytes); key != nil {
			keys = append(keys, key)
		}
	}
}

func publicKey(der []byte) crypto.PublicKey {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key.Public()
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key.Public()
		}
	}
	if key := supported(pkixOrCertificate(der)); key != nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key.Public()
	}
	return nil
}

func pkixOrCertificate(der []byte) crypto.PublicKey {
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		return key
	}
	if certificate, err := x509.ParseCertificate(der); err == nil {
		return certificate.PublicKey
	}
	return nil
}

func supported(key crypto.PublicKey) crypto.PublicKey {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return key
	}
	return nil
}
