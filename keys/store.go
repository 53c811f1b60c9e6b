package keys

import (
	"context"
	"errors"
	"time"
)

// State is where a signing key stands in its life.
type State string

// The states of a key: published ahead, signing, still verifying, gone.
const (
	Pending  State = "pending"
	Active   State = "active"
	Retiring State = "retiring"
	Removed  State = "removed"
)

// How long a key stays published before it signs, and after it signed. The first is longer than any cache
// may keep the key set, the second longer than any token lives.
const (
	PendingFor  = 24 * time.Hour
	RetiringFor = 30 * 24 * time.Hour
)

// ErrUnknownKey says that no key has this id, or that it was removed already.
var ErrUnknownKey = errors.New("no such signing key")

// StoredKey is a signing key as it lies in storage: the private part sealed.
type StoredKey struct {
	ID          string // RFC 7638 thumbprint
	Algorithm   string // "RS256", "PS256", "ES256" or "EdDSA"
	State       State
	Sealed      []byte // PKCS#8, sealed under the master key with ID as additional data; empty: removed
	CreatedAt   time.Time
	ActivatesAt time.Time // of a pending key: when it begins to sign
	ActivatedAt time.Time // zero: never
	RetiredAt   time.Time // zero: never
	RemovedAt   time.Time // zero: not removed
	Reason      string    // why it was revoked
}

// Revocation takes a key away at once.
type Revocation struct {
	ID     string
	Reason string
	At     time.Time
	Spare  StoredKey // of the same algorithm; signs if no other key of it does
}

// Store keeps signing keys. Each method is one transaction, decides by what is stored then, and may be
// called by several processes at once: one of them acts.
type Store interface {
	// SigningKeys lists all keys ever made, oldest first, those removed without their material.
	SigningKeys(ctx context.Context) ([]StoredKey, error)
	// AddFirstKey stores an active key unless its algorithm has one; it reports whether it did.
	AddFirstKey(ctx context.Context, k StoredKey) (bool, error)
	// PublishKey stores a pending key if no key of any algorithm is pending, and the active key of its
	// algorithm is the one with the id replaces; it reports whether it did.
	PublishKey(ctx context.Context, k StoredKey, replaces string) (bool, error)
	// AdvanceKeys lets the pending key that is due longest take over from the active one, and removes and
	// erases keys that retired [RetiringFor] ago.
	AdvanceKeys(ctx context.Context, now time.Time) error
}

// Changes are what somebody does to signing keys. Storage gives them for one who acts: each looks at their right and
// writes the security log in its transaction, as the methods of [Store] decide by what is stored then.
type Changes interface {
	// RotateKey lets a new key follow the active one. With k pending, a key of its algorithm that is pending
	// already signs as soon as it was published for [PendingFor]; else k is stored. With k active, the
	// pending key, or else k, signs at once, and the active one retires. It returns the key that follows.
	RotateKey(ctx context.Context, k StoredKey) (StoredKey, error)
	// RevokeKey removes and erases a key. If no key of its algorithm is active then, the pending one becomes
	// active, or else the spare. [ErrUnknownKey].
	RevokeKey(ctx context.Context, r Revocation) error
	// Rewrap replaces each sealed value by what again makes of it, [MasterKey.Rewrap]. If any was of another key, it
	// removes recovery codes, whose hashes are of that key too. An error of again changes nothing.
	Rewrap(ctx context.Context, again Again) (Rewrapped, error)
}

// Again seals anew a value of a label and a row; nil: it stays.
type Again func(label, row string, sealed []byte) ([]byte, error)

// Rewrapped counts what lies under a new master key, and the recovery codes that are gone.
type Rewrapped struct {
	Keys          int64 `json:"keys"`
	Factors       int64 `json:"second_factors"`
	RecoveryCodes int64 `json:"recovery_codes_removed"`
}
