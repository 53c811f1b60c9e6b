package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// SessionsOf implements [identity.Records].
func (s *Identity) SessionsOf(ctx context.Context, userID uuid.UUID, limit int) ([]identity.Session, error) {
	now := timestamp(s.db.clock())
	rows, err := s.db.query(ctx, `SELECT `+sessionColumns+` FROM auth_sessions s
		WHERE s.user_id = ? AND s.revoked_at IS NULL AND `+inTime+` ORDER BY s.last_activity_at DESC, s.id LIMIT ?`,
		userID.String(), now, now, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var sessions []identity.Session
	for rows.Next() {
		var row sessionRow
		if err := rows.Scan(row.targets()...); err != nil {
			return nil, err
		}
		session, err := row.value()
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, rows.Err()
}

// EndSessionOf implements [identity.Records].
func (s *Identity) EndSessionOf(ctx context.Context, userID, id uuid.UUID, reason string, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		var live bool
		err := t.queryRow(`SELECT `+inTime+` FROM auth_sessions s WHERE s.id = ? AND s.user_id = ?`, now, now, id.String(), userID.String()).
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
	now := timestamp(s.db.clock())
	n := 0
	err := s.db.write(ctx, func(t *tx) error {
		if err := endLinks(t, userID, identity.PurposeChange, now); err != nil {
			return err
		}
		ids, err := otherSessions(t, userID, kept, now)
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

// otherSessions are the live sessions of a person but one.
func otherSessions(t *tx, userID, kept uuid.UUID, now int64) ([]uuid.UUID, error) {
	rows, err := t.query(`SELECT s.id FROM auth_sessions s WHERE s.user_id = ? AND s.id <> ? AND s.revoked_at IS NULL AND `+inTime,
		userID.String(), kept.String(), now, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// EventsOf implements [identity.Records].
func (s *Identity) EventsOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]identity.PastEvent, error) {
	rows, err := s.db.query(ctx, `SELECT id, event_type, ip_address, user_agent, metadata, created_at FROM auth_security_events
		WHERE user_id = ?1 AND (?2 IS NULL OR (created_at, id) <
			(SELECT b.created_at, b.id FROM auth_security_events b WHERE b.id = ?2 AND b.user_id = ?1))
		ORDER BY created_at DESC, id DESC LIMIT ?3`, userID.String(), optionalID(before), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []identity.PastEvent
	for rows.Next() {
		e := identity.PastEvent{Event: identity.Event{UserID: userID}}
		var metadata sql.NullString
		var at int64
		err := rows.Scan(&e.ID, &e.Type, &e.Device.IPAddress, &e.Device.UserAgent, &metadata, &at)
		if err == nil && metadata.Valid {
			err = json.Unmarshal([]byte(metadata.String), &e.Metadata)
		}
		if err != nil {
			return nil, fmt.Errorf("reading an event: %w", err)
		}
		e.At = fromTimestamp(at)
		events = append(events, e)
	}
	return events, rows.Err()
}

// NoteEvent implements [identity.Records].
func (s *Identity) NoteEvent(ctx context.Context, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error { return insertEvent(t, e, timestamp(s.db.clock())) })
}
