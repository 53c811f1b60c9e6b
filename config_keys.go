package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mana/keys"
)

const minRSABits = 2048

// parseImportKey reads a private key in PEM (PKCS#1 or PKCS#8, "\n" written as two characters accepted).
func parseImportKey(c *config, value string) (err error) {
	c.importKey, err = parsePrivateKey(value)
	return err
}

// parsePublicKey reads a public key in PEM (PKIX or PKCS#1).
func parsePublicKey(c *config, value string) error {
	block := pemBlock(value)
	if block == nil {
		return errors.New("is not PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if public, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return errors.New("is not a public key")
		}
	}
	c.publicKey = public
	return nil
}

// checkKeyPair tells why the public key does not go with the private one.
func (c *config) checkKeyPair(given map[string]string) string {
	private := given["JWT_PRIVATE_KEY"] + given["JWT_PRIVATE_KEY_FILE"]
	switch {
	case c.publicKey == nil || c.importKey == nil && private != "":
		return "" // not given, or refused by itself
	case c.importKey == nil:
		return "is only compared with JWT_PRIVATE_KEY, which is not set"
	case !c.importKey.PublicKey.Equal(c.publicKey):
		return "is not the public half of JWT_PRIVATE_KEY"
	}
	return ""
}

// keyWarnings are notices about the private key of the settings: a store that had keys already does not take it.
func (c *config) keyWarnings(ring *keys.Ring) []string {
	if c.importKey == nil {
		return nil
	}
	kid, err := keys.Thumbprint(c.importKey.Public())
	if err == nil {
		_, err = ring.Key(kid)
	}
	if err == nil {
		return nil
	}
	return []string{"JWT_PRIVATE_KEY is not used: the store has other signing keys, see mana keys list"}
}

// checkIDTokenAlg tells why ID tokens cannot be signed with an algorithm that a client asks for; empty is the
// default, RS256.
func (c *config) checkIDTokenAlg(alg string) error {
	_, unknown := keys.ParseAlgorithms(keys.RS256 + "," + alg) // which the check of clients refuses by itself
	if alg == "" || unknown != nil || slices.Contains(c.signingAlgs, alg) {
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
