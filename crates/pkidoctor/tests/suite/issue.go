// The reference for what `issue` makes: kubeadm's own code around Go's crypto/x509.
// Reads a list of jobs as JSON, writes a list of PEM texts.
//
// After kubeadm app/util/pkiutil/pki_helpers.go (NewSignedCert, NewCertificateAuthority, NewCSR) and
// client-go util/keyutil (MarshalPrivateKeyToPEM).
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

type job struct {
	Make          string   `json:"make"`
	Authority     string   `json:"authority"`
	AuthorityKey  string   `json:"authority_key"`
	Key           string   `json:"key"`
	CommonName    string   `json:"common_name"`
	Organizations []string `json:"organizations"`
	DNS           []string `json:"dns"`
	IPs           []string `json:"ips"`
	Server        bool     `json:"server"`
	Client        bool     `json:"client"`
	Constraints   bool     `json:"basic_constraints"`
	NotBefore     int64    `json:"not_before"`
	NotAfter      int64    `json:"not_after"`
	Serial        string   `json:"serial"`
	KeyID         []byte   `json:"key_id"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func key(text string) crypto.Signer {
	block, _ := pem.Decode([]byte(text))
	if found, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return found
	}
	if found, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return found
	}
	found, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(err)
	return found.(crypto.Signer)
}

func certificate(text string) *x509.Certificate {
	block, _ := pem.Decode([]byte(text))
	found, err := x509.ParseCertificate(block.Bytes)
	check(err)
	return found
}

func encode(label string, der []byte, err error) string {
	check(err)
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func (j job) subject() pkix.Name {
	return pkix.Name{CommonName: j.CommonName, Organization: j.Organizations}
}

func (j job) ips() (ips []net.IP) {
	for _, text := range j.IPs {
		ips = append(ips, net.ParseIP(text))
	}
	return ips
}

func (j job) template() *x509.Certificate {
	serial, _ := new(big.Int).SetString(j.Serial, 16)
	usages := []x509.ExtKeyUsage{}
	if j.Server {
		usages = append(usages, x509.ExtKeyUsageServerAuth)
	}
	if j.Client {
		usages = append(usages, x509.ExtKeyUsageClientAuth)
	}
	return &x509.Certificate{
		Subject:               j.subject(),
		DNSNames:              j.DNS,
		IPAddresses:           j.ips(),
		SerialNumber:          serial,
		NotBefore:             time.Unix(j.NotBefore, 0).UTC(),
		NotAfter:              time.Unix(j.NotAfter, 0).UTC(),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           usages,
		BasicConstraintsValid: j.Constraints,
		IsCA:                  false,
	}
}

func (j job) run() string {
	switch j.Make {
	case "certificate":
		public := key(j.Key).Public()
		der, err := x509.CreateCertificate(rand.Reader, j.template(), certificate(j.Authority), public, key(j.AuthorityKey))
		return encode("CERTIFICATE", der, err)
	case "authority":
		template := j.template()
		template.KeyUsage |= x509.KeyUsageCertSign
		template.BasicConstraintsValid, template.IsCA = true, true
		template.SubjectKeyId = j.KeyID
		signer := key(j.Key)
		der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
		return encode("CERTIFICATE", der, err)
	case "request":
		template := &x509.CertificateRequest{Subject: j.subject(), DNSNames: j.DNS, IPAddresses: j.ips()}
		der, err := x509.CreateCertificateRequest(rand.Reader, template, key(j.Key))
		return encode("CERTIFICATE REQUEST", der, err)
	case "pkcs1":
		return encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key(j.Key).(*rsa.PrivateKey)), nil)
	case "sec1":
		der, err := x509.MarshalECPrivateKey(key(j.Key).(*ecdsa.PrivateKey))
		return encode("EC PRIVATE KEY", der, err)
	case "pkcs8":
		der, err := x509.MarshalPKCS8PrivateKey(key(j.Key))
		return encode("PRIVATE KEY", der, err)
	case "public":
		der, err := x509.MarshalPKIXPublicKey(key(j.Key).Public())
		return encode("PUBLIC KEY", der, err)
	}
	panic(j.Make)
}

func main() {
	var jobs []job
	check(json.NewDecoder(os.Stdin).Decode(&jobs))
	texts := []string{}
	for _, j := range jobs {
		texts = append(texts, j.run())
	}
	check(json.NewEncoder(os.Stdout).Encode(texts))
}
