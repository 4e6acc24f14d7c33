package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errElsewhere marks material that is not in the tree.
var errElsewhere = errors.New("not in this tree")

// read returns the bytes of a file, and its errors with the path that the component knows.
func (m *Material) read(directory string) ([]byte, error) {
	if m.Base64 != nil {
		return base64.StdEncoding.DecodeString(*m.Base64)
	}
	if m.File == "" {
		return nil, errElsewhere
	}
	content, err := os.ReadFile(filepath.Join(directory, m.File))
	var failure *fs.PathError
	if errors.As(err, &failure) {
		failure.Path = m.Path
	}
	return content, err
}

// etcdPair loads as etcd's TLSInfo.baseConfig and tlsutil.NewCert do; neither file named means no pair.
func etcdPair(directory string, cert, key *Material) (*tls.Certificate, error) {
	if cert == nil && key == nil {
		return nil, nil
	}
	if cert == nil || key == nil {
		return nil, fmt.Errorf("KeyFile and CertFile must both be present[key: %v, cert: %v]", named(key), named(cert))
	}
	return filePair(directory, cert, key)
}

func named(m *Material) string {
	if m == nil {
		return ""
	}
	return m.Path
}

func filePair(directory string, cert, key *Material) (*tls.Certificate, error) {
	certBytes, err := cert.read(directory)
	if err != nil {
		return nil, err
	}
	keyBytes, err := key.read(directory)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certBytes, keyBytes)
	if err != nil {
		return nil, err
	}
	return &pair, nil
}

// etcdPool loads as etcd's tlsutil.NewCertPool: every block counts, whatever its label.
func etcdPool(directory string, ca *Material) (*x509.CertPool, error) {
	rest, err := ca.read(directory)
	if err != nil {
		return nil, err
	}
	return poolOfEveryBlock(rest)
}

func poolOfEveryBlock(rest []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return pool, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(certificate)
	}
}

// apiserverPool loads as client-go's cert.NewPoolFromBytes over ParseCertsPEM.
func apiserverPool(directory string, ca *Material) (*x509.CertPool, error) {
	rest, err := ca.read(directory)
	if err != nil {
		return nil, err
	}
	pool, found := x509.NewCertPool(), false
	for len(rest) > 0 {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, errors.New("data does not contain any valid RSA or ECDSA certificates")
	}
	return pool, nil
}

// kubeconfigPool loads as client-go's rootCertPool.
func kubeconfigPool(content []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if len(content) == 0 || pool.AppendCertsFromPEM(content) {
		return pool, nil
	}
	return nil, fmt.Errorf("unable to load root certificates: %w", whyNoCertificates(content))
}

// whyNoCertificates is client-go's createErrorParsingCAData.
func whyNoCertificates(rest []byte) error {
	for len(rest) > 0 {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return errors.New("unable to parse bytes as PEM block")
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("failed to parse certificate: %w", err)
		}
	}
	return errors.New("no valid certificate authority data seen")
}

// loadedClient is what a client has in memory before it dials.
type loadedClient struct {
	pair                         *tls.Certificate
	pool                         *x509.CertPool
	pairElsewhere, poolElsewhere bool
}

func (c loadedClient) incomplete() bool { return c.pairElsewhere || c.poolElsewhere }

// elsewhere notes that material is not in this tree, which is no error.
func elsewhere(err error, note *bool) error {
	if errors.Is(err, errElsewhere) {
		*note = true
		return nil
	}
	return err
}

func (c *Client) load(directory string) (loadedClient, error) {
	if c.Loader == "kubeconfig" {
		return c.loadKubeconfig(directory)
	}
	var loaded loadedClient
	var err error
	loaded.pair, err = etcdPair(directory, c.Cert, c.Key)
	if err = elsewhere(err, &loaded.pairElsewhere); err != nil {
		return loaded, err
	}
	switch {
	case c.Trust != "pool":
		loaded.pool = x509.NewCertPool()
	case c.Loader == "etcd":
		loaded.pool, err = etcdPool(directory, c.CA)
	default:
		loaded.pool, err = apiserverPool(directory, c.CA)
	}
	return loaded, elsewhere(err, &loaded.poolElsewhere)
}

// loadKubeconfig follows clientcmd: decode the fields, validate user and cluster, then client-go's TLSConfigFor.
func (c *Client) loadKubeconfig(directory string) (loadedClient, error) {
	var loaded loadedClient
	contents := map[*Material][]byte{}
	for _, field := range []*Material{c.CA, c.Cert, c.Key} {
		if field == nil || field.Base64 == nil {
			continue
		}
		content, err := field.read(directory)
		if err != nil {
			return loaded, fmt.Errorf("error loading config file %q: %w", c.Conf, err)
		}
		contents[field] = content
	}
	if c.Cert != nil && c.Key == nil {
		return loaded, fmt.Errorf("client-key-data or client-key must be specified for %v to use the clientCert authentication method.", c.User)
	}
	for _, path := range []struct {
		label, owner string
		material     *Material
	}{{"client-cert", c.User, c.Cert}, {"client-key", c.User, c.Key}, {"certificate-authority", "kubernetes", c.CA}} {
		if path.material == nil || path.material.Base64 != nil {
			continue
		}
		content, err := path.material.read(directory)
		if errors.Is(err, errElsewhere) {
			loaded.pairElsewhere = loaded.pairElsewhere || path.material != c.CA
			loaded.poolElsewhere = loaded.poolElsewhere || path.material == c.CA
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return loaded, fmt.Errorf("unable to read %s %v for %v due to %w", path.label, path.material.Path, path.owner, err)
		}
		if err != nil {
			return loaded, err
		}
		contents[path.material] = content
	}
	if c.Insecure && c.CA != nil {
		return loaded, errors.New("specifying a root certificates file with the insecure flag is not allowed")
	}
	var err error
	if loaded.pool, err = kubeconfigPool(contents[c.CA]); err != nil {
		return loaded, err
	}
	if c.Cert != nil && c.Key != nil && !loaded.pairElsewhere {
		pair, err := tls.X509KeyPair(contents[c.Cert], contents[c.Key])
		if err != nil {
			return loaded, err
		}
		loaded.pair = &pair
	}
	return loaded, nil
}

// loadedServer is what a server has in memory before it is dialled.
type loadedServer struct {
	pair                         *tls.Certificate
	pool                         *x509.CertPool
	pairElsewhere, poolElsewhere bool
}

func (s loadedServer) incomplete() bool { return s.pairElsewhere || s.poolElsewhere }

func (s *Server) load(directory string) (loadedServer, error) {
	var loaded loadedServer
	var err error
	if s.Cert != nil || s.Key != nil {
		loaded.pair, err = etcdPair(directory, s.Cert, s.Key)
		if err = elsewhere(err, &loaded.pairElsewhere); err != nil {
			return loaded, err
		}
	} else {
		loaded.pair = placeholder
	}
	switch {
	case s.CA == nil:
		loaded.pool = x509.NewCertPool()
	case s.Loader == "etcd":
		loaded.pool, err = etcdPool(directory, s.CA)
	case s.Policy == "none":
		loaded.pool = x509.NewCertPool()
	default:
		loaded.pool, err = apiserverPool(directory, s.CA)
	}
	return loaded, elsewhere(err, &loaded.poolElsewhere)
}
