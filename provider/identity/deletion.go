package identity

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mana/ledger"
)

// NewDeletion prepares the end of an account on the word of actor, such as "user" or "command line". The reason is
// noted in the security log, and may be empty.
func NewDeletion(l *ledger.Ledger, id uuid.UUID, actor, reason string) (Deletion, error) {
	closing, err := l.Closing(actor)
	if err != nil {
		return Deletion{}, err
	}
	event := Event{UserID: id, Type: "account_deleted", Metadata: map[string]string{"actor": actor}}
	if reason != "" {
		event.Metadata["reason"] = reason
	}
	return Deletion{UserID: id, Closing: closing, Event: event}, nil
}

// DeleteAccount ends the account of a person who proves it by the password once more: see [Accounts]. The reason is
// what the person says about it, and may be empty. [ErrCredentials], [*LockedError], [ErrBusy], [ErrLastAdministrator].
func (s *Service) DeleteAccount(ctx context.Context, user User, password, reason string, d Device) error {
	proven, err := s.confirm(ctx, user.Email, password, d)
	if err != nil {
		return err
	}
	if proven.User.ID != user.ID { // the address has changed hands meanwhile
		return ErrCredentials
	}
	return s.CloseAccount(ctx, user.ID, reason, d)
}

// CloseAccount ends the account of a person who has just been proven. [ErrNotFound], [ErrLastAdministrator].
func (s *Service) CloseAccount(ctx context.Context, id uuid.UUID, reason string, d Device) error {
	deletion, err := NewDeletion(s.ledger, id, "user", reason)
	if err != nil {
		return err
	}
	return s.closeAccount(ctx, deletion, d)
}

func (s *Service) closeAccount(ctx context.Context, deletion Deletion, d Device) error {
	deletion.Event.Device.Language = d.Language
	if err := s.store.DeleteAccount(ctx, deletion); err != nil {
		return fmt.Errorf("deleting an account: %w", err)
	}
	return nil
}
