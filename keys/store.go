package keys

import (
	"context"
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

// StoredKey is a signing key as it lies in storage: the private part sealed.
type StoredKey struct {
	ID          string // RFC 7638 thumbprint
	Algorithm   string // "RS256"
	State       State
	Sealed      []byte // PKCS#8, sealed under the master key with ID as additional data
	CreatedAt   time.Time
	ActivatedAt time.Time // zero: never
}

// Store keeps signing keys. Each method is one transaction.
type Store interface {
	// SigningKeys lists the keys that are not removed, oldest first.
	SigningKeys(ctx context.Context) ([]StoredKey, error)
	// AddFirstKey stores k unless a key of its algorithm exists; it reports whether it did. Several
	// processes may try at once: one wins.
	AddFirstKey(ctx context.Context, k StoredKey) (bool, error)
}
