package identity

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

const (
	maxSessions = 1000 // of a person, in lists
	maxEvents   = 500  // of a list
)

// EventRevoked is the event of a session that its person ended from another one.
const EventRevoked = "session_revoked"

// EventExported is the event of a person who downloaded what is kept of them.
const EventExported = "data_exported"

// NoteExport notes that a person downloads what is kept of them.
func (s *Service) NoteExport(ctx context.Context, userID uuid.UUID, d Device) error {
	if err := s.store.NoteEvent(ctx, Event{UserID: userID, Type: EventExported, Device: d}); err != nil {
		return fmt.Errorf("noting an event: %w", err)
	}
	return nil
}

// SessionsOf lists the live sessions of a person, the one with the latest activity first.
func (s *Service) SessionsOf(ctx context.Context, userID uuid.UUID) ([]Session, error) {
	sessions, err := s.store.SessionsOf(ctx, userID, maxSessions)
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	return sessions, nil
}

// EndSessionOf ends a session of a person, with what [Service.SignOut] ends. [ErrNoSession] when it is somebody else's
// or has ended.
func (s *Service) EndSessionOf(ctx context.Context, userID, id uuid.UUID, d Device) error {
	event := Event{UserID: userID, Type: EventRevoked, Device: d, Metadata: map[string]string{"sessionId": id.String()}}
	if err := s.store.EndSessionOf(ctx, userID, id, "revoked", event); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// EndOtherSessions ends all sessions of a person but one, and tells how many.
func (s *Service) EndOtherSessions(ctx context.Context, userID, kept uuid.UUID, d Device) (int, error) {
	n, err := s.store.EndOtherSessions(ctx, userID, kept, "revoked", Event{UserID: userID, Type: EventRevoked, Device: d})
	if err != nil {
		return 0, fmt.Errorf("ending sessions: %w", err)
	}
	return n, nil
}

// EventsOf lists events of a person that are older than one of them, the newest first; the nil UUID begins with the
// newest. limit is 1 to 500.
func (s *Service) EventsOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]PastEvent, error) {
	events, err := s.store.EventsOf(ctx, userID, before, min(limit, maxEvents))
	if err != nil {
		return nil, fmt.Errorf("listing events: %w", err)
	}
	return events, nil
}
