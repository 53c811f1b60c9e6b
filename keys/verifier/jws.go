package verifier

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses repeated members and tells upper from lower case
)

const (
	maxTokenSize = 8 << 10 // bytes that are parsed at all
	minRSABits   = 2048
)

// ErrToken says that a token is not one to accept. The others say why.
var (
	ErrToken     = errors.New("not a token of this issuer")
	ErrMalformed = fmt.Errorf("%w: malformed", ErrToken)
	ErrSignature = fmt.Errorf("%w: invalid signature", ErrToken)
	ErrType      = fmt.Errorf("%w: another type of token", ErrToken)
	ErrExpired   = fmt.Errorf("%w: expired", ErrToken)
	ErrClaims    = fmt.Errorf("%w: made for another audience, by another issuer, or incomplete", ErrToken)
)

// Open checks that token is a compact JWS (RFC 7515) with exactly this typ, signed by the key that its kid
// names, and returns its payload. The token chooses nothing: the algorithm is that of the key. find gives
// the key, checked by [CheckKey], or an error, which is returned as it is. [ErrToken].
func Open(token, typ string, find func(kid string) (jose.JSONWebKey, error)) ([]byte, error) {
	parts, ok := split(token)
	if !ok {
		return nil, ErrMalformed
	}
	var header map[string]string
	if err := json.Unmarshal(parts[0], &header); err != nil {
		return nil, ErrMalformed
	}
	for name := range header {
		if name != "alg" && name != "kid" && name != "typ" {
			return nil, ErrMalformed // jwk, jku, x5u, crit, b64 and whatever else wants to steer us
		}
	}
	key, err := find(header["kid"])
	if err != nil {
		return nil, err
	}
	if header["alg"] != key.Algorithm {
		return nil, ErrSignature
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(key.Algorithm)})
	if err != nil {
		return nil, ErrMalformed
	}
	payload, err := parsed.Verify(key.Key)
	if err != nil {
		return nil, ErrSignature
	}
	if header["typ"] != typ {
		return nil, ErrType
	}
	return payload, nil
}

// split decodes three non-empty parts in canonical unpadded base64url.
func split(token string) (parts [3][]byte, ok bool) {
	if len(token) > maxTokenSize || strings.Count(token, ".") != len(parts)-1 {
		return parts, false
	}
	i := 0
	for part := range strings.SplitSeq(token, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		// The decoder skips line breaks, which the length tells.
		if err != nil || len(raw) == 0 || base64.RawURLEncoding.EncodedLen(len(raw)) != len(part) {
			return parts, false
		}
		parts[i] = raw
		i++
	}
	return parts, true
}

// CheckKey tells why a key cannot check signatures: it must be public, have a kid, serve signatures, and be
// of the kind that its alg names: RS256 or PS256 with RSA of 2048 bits or more, ES256 with P-256, EdDSA with
// Ed25519.
func CheckKey(key jose.JSONWebKey) error {
	if key.KeyID == "" || key.Use != "" && key.Use != "sig" || !key.Valid() {
		return errors.New("the key has no id, or does not serve signatures")
	}
	fits := false
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		rsaAlgorithm := key.Algorithm == string(jose.RS256) || key.Algorithm == string(jose.PS256)
		fits = rsaAlgorithm && public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		fits = key.Algorithm == string(jose.ES256) && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		fits = key.Algorithm == string(jose.EdDSA)
	}
	if !fits {
		return fmt.Errorf("key %s: its kind does not fit the algorithm %q", key.KeyID, key.Algorithm)
	}
	return nil
}
