package provider

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// ServiceKeyAdmin changes service keys. Every change is in the security log, with its actor.
type ServiceKeyAdmin struct {
	Store ServiceKeyStore
	By    identity.Actor
	Now   func() time.Time
}

// now is the time as it is stored.
func (a ServiceKeyAdmin) now() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }

// Register checks and stores a new key. It gives the value, which is shown once and never again; an empty one
// lets it be made. [ClientFaults], [ErrServiceKeyTaken].
func (a ServiceKeyAdmin) Register(ctx context.Context, k ServiceKey, value identity.Secret) (ServiceKey, identity.Secret, error) {
	if value == "" {
		value = identity.NewSecret()
	}
	hash := sha256.Sum256([]byte(value))
	k, err := NewServiceKey(k, hash[:], a.now())
	if err != nil {
		return ServiceKey{}, "", err
	}
	err = a.Store.ReviseServiceKeys(ctx, a.By, func([]ServiceKey) ([]ServiceKey, error) { return []ServiceKey{k}, nil })
	return k, value, err
}

// NewServiceKey is a checked key under a new id. [ClientFaults].
func NewServiceKey(k ServiceKey, hash []byte, now time.Time) (ServiceKey, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return ServiceKey{}, fmt.Errorf("making an id: %w", err)
	}
	k.ID, k.Hash, k.CreatedAt = id, hash, now
	return k.Complete()
}

// Rotate gives a key a new value, which is shown once and never again. The value before it stays valid for
// overlap; one before that ends at once. The key is named by its id, or by its name while it is not revoked.
// [ErrUnknownServiceKey], [ErrServiceKeyEnded].
func (a ServiceKeyAdmin) Rotate(ctx context.Context, which string, overlap time.Duration) (ServiceKey, identity.Secret, error) {
	value, now := identity.NewSecret(), a.now()
	k, err := a.change(ctx, which, func(k *ServiceKey) error {
		if !k.Live(now) {
			return fmt.Errorf("service key %q: %w", which, ErrServiceKeyEnded)
		}
		k.OldHash, k.OldUntil = nil, time.Time{}
		if overlap > 0 {
			k.OldHash, k.OldUntil = k.Hash, now.Add(overlap)
		}
		k.Hash = value.Hash()
		return nil
	})
	if err != nil {
		return ServiceKey{}, "", err
	}
	return k, value, nil
}

// Revoke ends a key at once and for ever. The key is named as for [ServiceKeyAdmin.Rotate]. Revoking a revoked
// key changes nothing. [ErrUnknownServiceKey].
func (a ServiceKeyAdmin) Revoke(ctx context.Context, which string) (ServiceKey, error) {
	return a.change(ctx, which, func(k *ServiceKey) error {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = a.now()
		}
		return nil
	})
}

// Change lets f alter a key that is not revoked, checks the outcome and stores it. The key is named as for
// [ServiceKeyAdmin.Rotate]. [ErrUnknownServiceKey], [ErrServiceKeyEnded], [ErrServiceKeyOwner], [ErrServiceKeyTaken],
// [ClientFaults], or the error of f.
func (a ServiceKeyAdmin) Change(ctx context.Context, which string, f func(*ServiceKey) error) (ServiceKey, error) {
	return a.change(ctx, which, func(k *ServiceKey) error {
		if !k.RevokedAt.IsZero() {
			return fmt.Errorf("service key %q: %w", which, ErrServiceKeyEnded)
		}
		before := *k
		if err := f(k); err != nil {
			return err
		}
		after, err := k.Complete()
		if err != nil {
			return err
		}
		if after.Owner() != before.Owner() {
			return ErrServiceKeyOwner
		}
		*k = after
		return nil
	})
}

// change lets f alter a stored key, in one transaction.
func (a ServiceKeyAdmin) change(ctx context.Context, which string, f func(*ServiceKey) error) (ServiceKey, error) {
	var k ServiceKey
	err := a.Store.ReviseServiceKeys(ctx, a.By, func(stored []ServiceKey) ([]ServiceKey, error) {
		at := slices.IndexFunc(stored, func(k ServiceKey) bool {
			return k.ID.String() == which || k.Name == which && k.RevokedAt.IsZero()
		})
		if at < 0 {
			return nil, fmt.Errorf("service key %q: %w", which, ErrUnknownServiceKey)
		}
		k = stored[at]
		if err := f(&k); err != nil {
			return nil, err
		}
		return []ServiceKey{k}, nil
	})
	return k, err
}
