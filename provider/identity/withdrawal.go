package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// EventWithdrawn is the event of a person who withdrew from a purchase. It is told by mail too.
const EventWithdrawn = "purchase_withdrawn"

// NoteWithdrawal notes that a person withdrew from a purchase, and writes the mail that confirms it.
func (s *Service) NoteWithdrawal(ctx context.Context, userID, purchaseID uuid.UUID, d Device) error {
	event := Event{UserID: userID, Type: EventWithdrawn, Device: d, Metadata: map[string]string{"purchaseId": purchaseID.String()}}
	if err := s.store.NoteEvent(ctx, event); err != nil {
		return fmt.Errorf("noting an event: %w", err)
	}
	return nil
}

// PersonAt finds who has an address. [ErrNotFound].
func (s *Service) PersonAt(ctx context.Context, address string) (uuid.UUID, error) {
	email, err := ParseEmail(address)
	if err != nil {
		return uuid.Nil, ErrNotFound
	}
	found, err := s.store.Credential(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return uuid.Nil, ErrNotFound
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("finding a person: %w", err)
	}
	return found.User.ID, nil
}
