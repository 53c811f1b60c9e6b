package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"mana/ledger"
)

// The events of purchases. Each names the purchase, and cents in all.
const (
	EventPurchased = "purchase_completed"
	EventPaidBack  = "purchase_refunded"  // by Stripe, or a refund has failed
	EventDisputed  = "purchase_disputed"  // the money is withdrawn, or came back
	EventWithdrawn = "purchase_withdrawn" // by the person. It is told by mail too
)

// The metadata of these events.
const (
	MetaPurchase = "purchaseId"
	MetaCents    = "cents"
)

// PurchaseEvents are the entries of the security log for what a decision made of a purchase; by is who withdraws.
func PurchaseEvents(before, after ledger.Purchase, by Device) (events []Event) {
	add := func(kind string, cents int64, of Device) {
		events = append(events, Event{UserID: after.UserID, Type: kind, Device: of, Metadata: map[string]string{
			MetaPurchase: after.ID.String(), MetaCents: strconv.FormatInt(cents, 10),
		}})
	}
	if before.CompletedAt.IsZero() && !after.CompletedAt.IsZero() {
		add(EventPurchased, after.PriceEuroCents, Device{})
	}
	if cents := after.Facts.RefundedCents(); cents != before.Facts.RefundedCents() {
		add(EventPaidBack, cents, Device{})
	}
	if cents := after.Facts.DisputedCents(); cents != before.Facts.DisputedCents() {
		add(EventDisputed, cents, Device{})
	}
	for _, r := range after.Facts.Refunds {
		if r.State == ledger.RefundAsked && !slices.Contains(before.Facts.Refunds, r) {
			add(EventWithdrawn, r.Cents, by)
		}
	}
	return events
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
