package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const minRSABits = 2048

// importedKey reads JWT_PRIVATE_KEY (PKCS#1 or PKCS#8, "\n" written as two characters accepted), nil if it
// is not set, and compares JWT_PUBLIC_KEY with it.
func (c *config) importedKey() (*rsa.PrivateKey, error) {
	if c.importKey == "" {
		return nil, nil
	}
	private, err := parsePrivateKey(c.importKey)
	if err != nil {
		return nil, fmt.Errorf("JWT_PRIVATE_KEY: %w", err)
	}
	if c.publicKey == "" {
		return private, nil
	}
	block := pemBlock(c.publicKey)
	if block == nil {
		return nil, errors.New("JWT_PUBLIC_KEY: is not PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if public, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return nil, errors.New("JWT_PUBLIC_KEY: is not a public key")
		}
	}
	if !private.PublicKey.Equal(public) {
		return nil, errors.New("JWT_PUBLIC_KEY: is not the public half of JWT_PRIVATE_KEY")
	}
	return private, nil
}

// checkIDTokenAlg tells why ID tokens cannot be signed with an algorithm that a client asks for; empty is the
// default, RS256.
func (c *config) checkIDTokenAlg(alg string) error {
	if alg == "" || slices.Contains(c.signingAlgs, alg) {
		return nil
	}
	return fmt.Errorf("ID tokens cannot be signed with %q: SIGNING_ALGS has %s", alg, strings.Join(c.signingAlgs, ", "))
}

func parsePrivateKey(text string) (*rsa.PrivateKey, error) {
	block := pemBlock(text)
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("is not a private key in PKCS#1 or PKCS#8")
		}
		var ok bool
		if private, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, errors.New("is not an RSA key")
		}
	}
	if private.N.BitLen() < minRSABits || private.E != 65537 {
		return nil, fmt.Errorf("must have %d bits or more and the exponent 65537", minRSABits)
	}
	return private, nil
}

func pemBlock(text string) *pem.Block {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	return block
}
