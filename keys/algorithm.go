package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The algorithms of signatures (RFC 7518, section 3.1; RFC 8037, section 3.1).
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256" // with P-256
	EdDSA = "EdDSA" // with Ed25519
)

const defaultRSABits = 2048

// ParseAlgorithms reads a comma list of algorithms. RS256 must be in it, since OpenID Connect demands it of
// every provider, and comes first.
func ParseAlgorithms(text string) ([]string, error) {
	algorithms := []string{RS256}
	found := false
	for part := range strings.SplitSeq(text, ",") {
		alg := strings.TrimSpace(part)
		if !slices.Contains([]string{RS256, PS256, ES256, EdDSA}, alg) {
			return nil, fmt.Errorf("%q is not one of RS256, PS256, ES256, EdDSA", alg)
		}
		found = found || alg == RS256
		if !slices.Contains(algorithms, alg) {
			algorithms = append(algorithms, alg)
		}
	}
	if !found {
		return nil, errors.New("RS256 must be in the list")
	}
	return algorithms, nil
}

// Generate makes a private key for an algorithm. rsaBits is the size of RSA keys; 0: 2048.
func Generate(alg string, rsaBits int) (crypto.Signer, error) {
	switch alg {
	case RS256, PS256:
		if rsaBits == 0 {
			rsaBits = defaultRSABits
		}
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("algorithm %q: %w", alg, ErrAlgorithm)
}

// TokenHash is the at_hash or c_hash in an ID token of an algorithm: the left half of the hash of that
// algorithm over the ASCII of the token or code (OpenID Connect Core 1.0, section 3.1.3.6). Ed25519 hashes
// with SHA-512, the others with SHA-256.
func TokenHash(alg, token string) string {
	if alg == EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
