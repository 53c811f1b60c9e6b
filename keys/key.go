package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mana/keys/verifier"
)

// key is a signing key in memory. It never changes.
type key struct {
	id      string
	alg     string
	public  jose.JSONWebKey
	signers map[string]jose.Signer // by typ
}

// Thumbprint is the key id of a public key (RFC 7638, SHA-256, base64url).
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("computing a key id: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// seal makes the stored form of a private key.
func seal(master MasterKey, alg string, state State, private crypto.Signer, now time.Time) (StoredKey, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return StoredKey{}, fmt.Errorf("encoding a signing key: %w", err)
	}
	id, err := Thumbprint(private.Public())
	if err != nil {
		return StoredKey{}, err
	}
	k := StoredKey{ID: id, Algorithm: alg, State: state, Sealed: master.Seal(SigningLabel, id, der), CreatedAt: now}
	switch state {
	case Active:
		k.ActivatedAt = now
	case Pending:
		k.ActivatesAt = now.Add(PendingFor)
	}
	return k, nil
}

// Check tells whether a master key opens all keys that are not removed. [ErrSeal].
func Check(master MasterKey, stored []StoredKey) error {
	for _, s := range stored {
		if s.State == Removed {
			continue
		}
		if _, err := open(master, s); err != nil {
			return err
		}
	}
	return nil
}

// open reads a stored key. [ErrSeal].
func open(master MasterKey, s StoredKey) (*key, error) {
	der, err := master.Open(SigningLabel, s.ID, s.Sealed)
	if err != nil {
		return nil, fmt.Errorf("opening signing key %s: %w", s.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading signing key %s: %w", s.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s cannot sign", s.ID)
	}
	public := jose.JSONWebKey{Key: private.Public(), KeyID: s.ID, Use: "sig", Algorithm: s.Algorithm}
	if err := verifier.CheckKey(public); err != nil {
		return nil, err
	}
	k := &key{id: s.ID, alg: s.Algorithm, public: public, signers: make(map[string]jose.Signer)}
	for _, typ := range []string{TypeAccessToken, TypeIDToken} {
		options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", s.ID)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.Algorithm), Key: private}, options)
		if err != nil {
			return nil, fmt.Errorf("preparing signing key %s: %w", s.ID, err)
		}
		k.signers[typ] = signer
	}
	return k, nil
}
