package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// ServiceKey lets the back end of one application act on the credits of people, without a token of theirs.
type ServiceKey struct {
	ID          uuid.UUID
	Name        string        // unique among the keys that are not revoked
	Hash        []byte        // SHA-256 of the value
	OldHash     []byte        // of the value before it, while a rotation overlaps; else nil
	OldUntil    time.Time     // when that one ends
	AppIDs      []string      // what may stand in appId; the first owns the key, and is meant when none is named
	Permissions []string      // what it may do
	CapUse      ledger.Amount // of one use; 0: none
	CapDay      ledger.Amount // of all uses of one UTC day; refunds do not give it back; 0: none
	Rate        int           // calls a minute; 0: that of the class service
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: not revoked
	LastUsedAt  time.Time // zero: never; up to a few seconds old
}

// The permissions of a service key.
const (
	MayBalance = "balance"
	MayUse     = "use"
	MayRefund  = "refund"
	MayHold    = "hold"
)

// KeyPermissions are all permissions that a service key can have.
func KeyPermissions() []string { return []string{MayBalance, MayUse, MayRefund, MayHold} }

// maxKeyRate is the highest rate that may be set, in calls a minute.
const maxKeyRate = 1_000_000

// ServiceKeyStore keeps service keys. Each method is one transaction.
type ServiceKeyStore interface {
	// ListServiceKeys lists all service keys by name, also revoked ones.
	ListServiceKeys(ctx context.Context) ([]ServiceKey, error)
	// ReviseServiceKeys creates or replaces the keys that revise makes of all stored ones, each with the
	// event of [ServiceKeyEvent]. Those that are as stored are not written. An error of revise is returned,
	// and nothing is stored. [ErrServiceKeyTaken].
	ReviseServiceKeys(ctx context.Context, by identity.Actor, revise func(stored []ServiceKey) ([]ServiceKey, error)) error
	// NoteServiceKeys stores when keys were last used.
	NoteServiceKeys(ctx context.Context, used map[uuid.UUID]time.Time) error
}

// Owner is the application that the key belongs to.
func (k ServiceKey) Owner() string { return k.AppIDs[0] }

// Caller is the scope of idempotency keys: it outlives the value of the key.
func (k ServiceKey) Caller() string { return "app:" + k.Owner() }

// Actor is the key as the one who acts, in the journal and the security log.
func (k ServiceKey) Actor() string { return "service:" + k.ID.String() }

// May reports whether the key has a permission.
func (k ServiceKey) May(permission string) bool { return slices.Contains(k.Permissions, permission) }

// Serves reports whether the key may name an app.
func (k ServiceKey) Serves(app string) bool { return slices.Contains(k.AppIDs, app) }

// Live reports whether the key is neither revoked nor expired.
func (k ServiceKey) Live(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Check says everything that is wrong with a key that is to be stored, as [ClientFaults].
func (k ServiceKey) Check() error {
	var faults ClientFaults
	if !validClientName(k.Name) {
		faults.Add("name", "must be 1 to %d printable characters", maxClientName)
	}
	if len(k.Hash) != sha256.Size {
		faults.Add("value", "must be a SHA-256 hash")
	}
	k.checkLists(&faults)
	limit := func(field string, amount ledger.Amount) {
		if amount < 0 || amount > ledger.MaxOperation {
			faults.Add(field, "must be 0 to %s", ledger.MaxOperation)
		}
	}
	limit("cap_use", k.CapUse)
	limit("cap_day", k.CapDay)
	if k.Rate < 0 || k.Rate > maxKeyRate {
		faults.Add("rate", "must be 0 to %d calls a minute", maxKeyRate)
	}
	if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(k.CreatedAt) {
		faults.Add("expires_at", "must be in the future")
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

func (k ServiceKey) checkLists(faults *ClientFaults) {
	if len(k.AppIDs) == 0 {
		faults.Add("app_ids", "at least one is needed; the first owns the key")
	}
	for i, id := range k.AppIDs {
		if !appIDForm.MatchString(id) || slices.Contains(k.AppIDs[:i], id) {
			faults.Add("app_ids", "%q must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen, and occur once", id)
		}
	}
	if len(k.Permissions) == 0 {
		faults.Add("permissions", "at least one is needed; there are: %s", strings.Join(KeyPermissions(), " "))
	}
	for _, permission := range k.Permissions {
		if !slices.Contains(KeyPermissions(), permission) {
			faults.Add("permissions", "%q does not exist; there are: %s", permission, strings.Join(KeyPermissions(), " "))
		}
	}
}

// Complete is a checked key in the form in which it is stored: permissions in their order, each once.
// [ClientFaults].
func (k ServiceKey) Complete() (ServiceKey, error) {
	if err := k.Check(); err != nil {
		return k, err
	}
	given := k.Permissions
	k.Permissions = slices.DeleteFunc(KeyPermissions(), func(p string) bool { return !slices.Contains(given, p) })
	return k, nil
}

// ServiceKeyEvent is the entry of the security log for a change of a key; before is the zero value
// when the key is new. It holds no value and no hash.
func ServiceKeyEvent(before, after ServiceKey) identity.Event {
	what := "service_key_changed"
	metadata := map[string]string{"keyId": after.ID.String(), "name": after.Name, "after": after.summary()}
	switch {
	case before.ID == uuid.Nil:
		what = "service_key_created"
	case before.RevokedAt.IsZero() && !after.RevokedAt.IsZero():
		what = "service_key_revoked"
	case !bytes.Equal(before.Hash, after.Hash):
		what = "service_key_rotated"
	}
	if before.ID != uuid.Nil {
		metadata["before"] = before.summary()
	}
	return identity.Event{Type: what, Metadata: metadata}
}

// summary is everything that a key allows.
func (k ServiceKey) summary() string {
	text := fmt.Sprintf("apps=%s permissions=%s cap_use=%s cap_day=%s rate=%d", strings.Join(k.AppIDs, ","),
		strings.Join(k.Permissions, ","), k.CapUse, k.CapDay, k.Rate)
	if !k.ExpiresAt.IsZero() {
		text += " expires_at=" + k.ExpiresAt.Format(time.RFC3339)
	}
	return text
}
