package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// SessionsOf implements [identity.Records].
func (s *Identity) SessionsOf(ctx context.Context, userID uuid.UUID, limit int) ([]identity.Session, error) {
	var sessions []identity.Session
	err := s.db.read(ctx, user(userID), `SELECT `+sessionColumns+` FROM auth.sessions s
		WHERE s.user_id = $1 AND s.revoked_at IS NULL AND `+inTime+` ORDER BY s.last_activity_at DESC, s.id LIMIT $3`,
		all(&sessions, func(row pgx.CollectableRow) (identity.Session, error) {
			var session sessionRow
			if err := row.Scan(session.targets()...); err != nil {
				return identity.Session{}, err
			}
			return session.value()
		}), userID, s.db.clock(), limit)
	return sessions, err
}

// EndSessionOf implements [identity.Records].
func (s *Identity) EndSessionOf(ctx context.Context, userID, id uuid.UUID, reason string, e identity.Event) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, userID.String(), system, func(t *tx) error {
		var live bool
		err := t.queryRow(`SELECT `+inTime+` FROM auth.sessions s WHERE s.id = $1 AND s.user_id = $3 FOR NO KEY UPDATE`, id, now, userID).
			Scan(&live)
		if err != nil {
			return notFound(err, identity.ErrNoSession)
		}
		ended, err := revokeSession(t, id, reason, now)
		if err != nil {
			return err
		}
		if !ended || !live {
			return identity.ErrNoSession
		}
		if err := endLinks(t, userID, identity.PurposeChange, now); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// EndOtherSessions implements [identity.Records].
func (s *Identity) EndOtherSessions(ctx context.Context, userID, kept uuid.UUID, reason string, e identity.Event) (int, error) {
	now := s.db.clock()
	n := 0
	err := s.db.writeFor(ctx, userID.String(), system, func(t *tx) error {
		if err := endLinks(t, userID, identity.PurposeChange, now); err != nil {
			return err
		}
		rows, err := t.query(`SELECT s.id FROM auth.sessions s WHERE s.user_id = $1 AND s.id <> $3 AND s.revoked_at IS NULL AND `+inTime+`
			ORDER BY s.id FOR NO KEY UPDATE`, userID, now, kept)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		for _, id := range ids {
			if _, err := revokeSession(t, id, reason, now); err != nil {
				return err
			}
		}
		return insertEvent(t, e.With("sessions", strconv.Itoa(n)), now)
	})
	return n, err
}

// EventsOf implements [identity.Records].
func (s *Identity) EventsOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]identity.PastEvent, error) {
	var events []identity.PastEvent
	err := s.db.read(ctx, user(userID), `SELECT id, event_type, ip_address, user_agent, metadata, created_at FROM auth.security_events
		WHERE user_id = $1 AND ($2::uuid IS NULL OR (created_at, id) <
			(SELECT b.created_at, b.id FROM auth.security_events b WHERE b.id = $2 AND b.user_id = $1))
		ORDER BY created_at DESC, id DESC LIMIT $3`,
		all(&events, func(row pgx.CollectableRow) (identity.PastEvent, error) {
			e := identity.PastEvent{Event: identity.Event{UserID: userID}}
			var metadata []byte
			err := row.Scan(&e.ID, &e.Type, &e.Device.IPAddress, &e.Device.UserAgent, &metadata, &e.At)
			if err == nil && metadata != nil {
				err = json.Unmarshal(metadata, &e.Metadata)
			}
			if err != nil {
				err = fmt.Errorf("reading an event: %w", err)
			}
			return e, err
		}), userID, optionalID(before), limit)
	return events, err
}

// NoteEvent implements [identity.Records].
func (s *Identity) NoteEvent(ctx context.Context, e identity.Event) error {
	return s.db.write(ctx, user(e.UserID), func(t *tx) error { return insertEvent(t, e, s.db.clock()) })
}
