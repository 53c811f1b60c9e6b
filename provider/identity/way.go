package identity

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"
)

// WayKind is a kind of what somebody signs in with, beside the password.
type WayKind string

// The kinds of ways in. An administrator can take each from a person, for example when a device was lost.
const (
	WayApp     WayKind = "app"     // the authenticator app, with its recovery codes
	WayPasskey WayKind = "passkey" // ID is that of the credential
	WayAccount WayKind = "account" // with another provider; ID is its name
)

// Way is one way in of a person.
type Way struct {
	Kind WayKind
	ID   string // of a passkey in base64url
}

// Ways is what a person signs in with, beside the password.
type Ways struct {
	App      TwoFactor
	Passkeys []Passkey
	Accounts []Linked
}

// credential is the id of a passkey; nil if it is none.
func (w Way) credential() []byte {
	id, err := base64.RawURLEncoding.DecodeString(w.ID)
	if err != nil {
		return nil
	}
	return id
}

// PasskeyWay names a passkey.
func PasskeyWay(p Passkey) Way {
	return Way{Kind: WayPasskey, ID: base64.RawURLEncoding.EncodeToString(p.ID)}
}

// WaysIn takes ways in from people. Each method is one transaction.
type WaysIn interface {
	// TakeApp removes the authenticator app and the recovery codes of a person, ends all that the person is signed in to
	// and writes the event. [ErrNotAdministrator]; [ErrNotFound].
	TakeApp(ctx context.Context, by Actor, e Event) error
	// TakePasskey removes a passkey of a person, else as TakeApp. [ErrLastWay].
	TakePasskey(ctx context.Context, by Actor, credential []byte, e Event) error
	// TakeAccount removes the link to another provider, else as TakePasskey.
	TakeAccount(ctx context.Context, by Actor, provider string, e Event) error
}

// Ways lists what a person signs in with.
func (s *Service) Ways(ctx context.Context, userID uuid.UUID) (w Ways, err error) {
	if w.App, err = s.store.TwoFactor(ctx, userID); err != nil {
		return w, fmt.Errorf("reading a second factor: %w", err)
	}
	if w.Passkeys, err = s.store.Passkeys(ctx, userID); err != nil {
		return w, fmt.Errorf("listing passkeys: %w", err)
	}
	w.Accounts, err = s.store.LinkedAccounts(ctx, userID)
	return w, err
}

// TakeWay takes a way in from a person on the word of an actor. The person is signed out everywhere, and told by mail.
// [ErrNotFound], [ErrNotAdministrator]; [ErrLastWay] of a person who would not get in any more.
func (s *Service) TakeWay(ctx context.Context, by Actor, userID uuid.UUID, w Way) error {
	event := Event{UserID: userID}
	var err error
	switch w.Kind {
	case WayApp:
		event.Type = "two_factor_disabled"
		err = s.store.TakeApp(ctx, by, event)
	case WayPasskey:
		event.Type = "passkey_deleted"
		err = s.store.TakePasskey(ctx, by, w.credential(), event)
	case WayAccount:
		event.Type, event.Metadata = "account_unlinked", map[string]string{"provider": w.ID}
		err = s.store.TakeAccount(ctx, by, w.ID, event)
	default:
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("taking a way in: %w", err)
	}
	return nil
}
