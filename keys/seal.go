// Package keys makes, seals, loads and publishes the signing keys, and seals other secrets at rest.
//
// It promises that a private key lies in storage only sealed under the master key, that a key signs
// with its own algorithm only, that the published set holds public members only, and that no key is
// made while a usable one exists. Its threat is a copy of the database without the master key.
package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
)

// MasterKeySize is the length of a master key in bytes.
const MasterKeySize = 32

// sealVersion is the first byte of every sealed value:
//
//	version (1) | nonce (12) | AES-256-GCM ciphertext and tag
const sealVersion = 1

// The labels of what lies sealed in storage, each with the id of its row.
const (
	SigningLabel = "signing-key"
	FactorLabel  = "identity/second-factor"
)

// ErrSeal says that a sealed value cannot be opened: another master key, another label or another row.
var ErrSeal = errors.New("sealed value cannot be opened with this master key")

// MasterKey is the secret from which all others are derived. It lies outside the database.
type MasterKey struct {
	secret []byte
	old    *MasterKey // nil: none; opens what lies sealed from before
}

// After is the key with the one before it, which opens what the new one does not, until [MasterKey.Rewrap] sealed it
// anew. old may be nil.
func (k MasterKey) After(old *MasterKey) MasterKey {
	k.old = old
	return k
}

// NewMasterKey makes a master key of 32 random bytes.
func NewMasterKey() MasterKey {
	secret := make([]byte, MasterKeySize)
	rand.Read(secret)
	return MasterKey{secret: secret}
}

// ParseMasterKey reads a key of 32 bytes in base64 (standard alphabet with padding).
func ParseMasterKey(text string) (MasterKey, error) {
	secret, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != MasterKeySize {
		return MasterKey{}, fmt.Errorf("a master key is %d bytes in base64", MasterKeySize)
	}
	return MasterKey{secret: secret}, nil
}

// Encode gives the key in base64, the form that [ParseMasterKey] reads. The result is a secret.
func (k MasterKey) Encode() string { return base64.StdEncoding.EncodeToString(k.secret) }

// Weak reports whether the key cannot be random: so many equal bytes happen in no lifetime.
func (k MasterKey) Weak() bool {
	var seen [256]bool
	different := 0
	for _, b := range k.secret {
		if !seen[b] {
			seen[b] = true
			different++
		}
	}
	return different < MasterKeySize/2
}

// String, GoString, LogValue and MarshalJSON keep the key out of every output.
func (k MasterKey) String() string { return "redacted" }

// GoString implements [fmt.GoStringer].
func (k MasterKey) GoString() string { return "redacted" }

// LogValue implements [slog.LogValuer].
func (k MasterKey) LogValue() slog.Value { return slog.StringValue("redacted") }

// MarshalJSON implements json.Marshaler.
func (k MasterKey) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// Derive gives 32 bytes for one purpose (RFC 5869, HKDF with SHA-256). Different labels give unrelated keys.
func (k MasterKey) Derive(label string) []byte {
	derived, err := hkdf.Key(sha256.New, k.secret, nil, "mana/"+label, MasterKeySize)
	if err != nil {
		panic(err) // the length is a constant within bounds
	}
	return derived
}

// Seal encrypts plain for the given label and row. Opening demands the same two.
func (k MasterKey) Seal(label, row string, plain []byte) []byte {
	aead := k.aead(label)
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+len(plain)+aead.Overhead())
	out[0] = sealVersion
	rand.Read(out[1:])
	return aead.Seal(out, out[1:], plain, []byte(row))
}

// Open decrypts what [MasterKey.Seal] made. [ErrSeal].
func (k MasterKey) Open(label, row string, sealed []byte) ([]byte, error) {
	aead := k.aead(label)
	if len(sealed) < 1+aead.NonceSize() || sealed[0] != sealVersion {
		return nil, ErrSeal
	}
	nonce, text := sealed[1:1+aead.NonceSize()], sealed[1+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, []byte(row))
	if err == nil {
		return plain, nil
	}
	if k.old != nil {
		return k.old.Open(label, row, sealed)
	}
	return nil, ErrSeal
}

// Rewrap seals anew, under the key itself, what the one before sealed. It gives nil for what lies under the key already.
// [ErrSeal].
func (k MasterKey) Rewrap(label, row string, sealed []byte) ([]byte, error) {
	if _, err := k.After(nil).Open(label, row, sealed); err == nil {
		return nil, nil
	}
	plain, err := k.Open(label, row, sealed)
	if err != nil {
		return nil, fmt.Errorf("sealing %s %s anew: %w", label, row, err)
	}
	return k.Seal(label, row, plain), nil
}

// Sealer is [MasterKey.Seal] for one label.
func (k MasterKey) Sealer(label string) func(row string, plain []byte) []byte {
	return func(row string, plain []byte) []byte { return k.Seal(label, row, plain) }
}

// Opener is [MasterKey.Open] for one label.
func (k MasterKey) Opener(label string) func(row string, sealed []byte) ([]byte, error) {
	return func(row string, sealed []byte) ([]byte, error) { return k.Open(label, row, sealed) }
}

func (k MasterKey) aead(label string) cipher.AEAD {
	block, err := aes.NewCipher(k.Derive("seal/" + label))
	if err != nil {
		panic(err) // the derived key has the right length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return aead
}
