package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// maxSessions is how many sessions of a person administrators see.
const maxSessions = 100

// insertAct writes the event of an administrative act, if whoever acts may.
func insertAct(t *tx, by identity.Actor, e identity.Event, now int64) error {
	if err := authorize(t, by); err != nil {
		return err
	}
	return insertEvent(t, by.Sign(e), now)
}

// authorize looks at an actor's right.
func authorize(t *tx, by identity.Actor) error {
	if by.Admin == uuid.Nil && by.Name != "" {
		return nil
	}
	var id uuid.UUID
	err := t.queryRow(`SELECT id FROM auth_users WHERE id = ? AND `+liveAdministrator, by.Admin.String()).Scan(&id)
	if err != nil {
		return notFound(err, identity.ErrNotAdministrator)
	}
	return nil
}

// SearchPeople implements [identity.Administration].
func (s *Identity) SearchPeople(ctx context.Context, q identity.PeopleQuery) ([]identity.User, error) {
	before, capital := "~", q.Capital() // after every id
	if q.Before != uuid.Nil {
		before = q.Before.String()
	}
	rows, err := s.db.query(ctx, `SELECT `+userColumns+` FROM auth_users u
		WHERE u.deleted_at IS NULL AND u.id < ?1
			AND (?2 = '' OR u.email >= ?2 AND u.email < ?3 OR lower(u.name) >= ?2 AND lower(u.name) < ?3
				OR lower(u.name) >= ?5 AND lower(u.name) < ?6)
		ORDER BY u.id DESC LIMIT ?4`, before, q.Prefix, q.Prefix+"\U0010FFFF", q.Limit, capital, capital+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	defer rows.Close()
	var found []identity.User
	for rows.Next() {
		var r userRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, fmt.Errorf("reading a person: %w", err)
		}
		found = append(found, r.value())
	}
	return found, rows.Err()
}

// Dossier implements [identity.Administration].
func (s *Identity) Dossier(ctx context.Context, id uuid.UUID) (identity.Dossier, error) {
	var d identity.Dossier
	var err error
	if d.User, err = s.UserByID(ctx, id); err != nil {
		return d, err
	}
	if d.Roles, err = s.Roles(ctx, id); err != nil {
		return d, err
	}
	now := timestamp(s.db.clock())
	rows, err := s.db.query(ctx, `SELECT `+sessionColumns+` FROM auth_sessions s
		WHERE s.user_id = ? AND s.revoked_at IS NULL AND `+inTime+` ORDER BY s.last_activity_at DESC LIMIT ?`,
		id.String(), now, now, maxSessions)
	if err != nil {
		return d, fmt.Errorf("listing sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r sessionRow
		if err := rows.Scan(r.targets()...); err != nil {
			return d, fmt.Errorf("reading a session: %w", err)
		}
		session, err := r.value()
		if err != nil {
			return d, err
		}
		d.Sessions = append(d.Sessions, session)
	}
	return d, rows.Err()
}

const listRoles = `SELECT role FROM auth_roles WHERE user_id = ? ORDER BY role`

// Roles implements [identity.Administration].
func (s *Identity) Roles(ctx context.Context, id uuid.UUID) ([]string, error) {
	rows, err := s.db.query(ctx, listRoles, id.String())
	if err != nil {
		return nil, fmt.Errorf("reading roles: %w", err)
	}
	return collectRoles(rows)
}

func collectRoles(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var roles []string
	for rows.Next() {
		var role string
		if err := rows.Scan(&role); err != nil {
			return nil, fmt.Errorf("reading a role: %w", err)
		}
		roles = append(roles, role)
	}
	return roles, rows.Err()
}

// ReviseStanding implements [identity.Administration]. The one writer is the lock.
func (s *Identity) ReviseStanding(ctx context.Context, by identity.Actor, id uuid.UUID, revise func(*identity.Standing) error) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		others, err := otherAdministrators(t, id)
		if err != nil {
			return err
		}
		before, err := loadStanding(t, id)
		if err != nil {
			return err
		}
		after := before
		if err := revise(&after); err != nil {
			return err
		}
		if before.Administrates() && !after.Administrates() && others == 0 {
			return identity.ErrLastAdministrator
		}
		return s.saveStanding(t, by, id, before, after)
	})
}

// otherAdministrators counts those beside a person.
func otherAdministrators(t *tx, beside uuid.UUID) (others int, err error) {
	err = t.queryRow(`SELECT count(*) FROM auth_users WHERE `+liveAdministrator+` AND id <> ?`, beside.String()).Scan(&others)
	if err != nil {
		return 0, fmt.Errorf("counting administrators: %w", err)
	}
	return others, nil
}

func loadStanding(t *tx, id uuid.UUID) (identity.Standing, error) {
	var standing identity.Standing
	err := t.queryRow(`SELECT role, disabled_at IS NOT NULL FROM auth_users WHERE id = ? AND deleted_at IS NULL`, id.String()).
		Scan(&standing.Role, &standing.Disabled)
	if err != nil {
		return standing, notFound(err, identity.ErrNotFound)
	}
	rows, err := t.query(listRoles, id.String())
	if err != nil {
		return standing, fmt.Errorf("reading roles: %w", err)
	}
	standing.Roles, err = collectRoles(rows)
	return standing, err
}

// saveStanding writes what differs, and its events.
func (s *Identity) saveStanding(t *tx, by identity.Actor, id uuid.UUID, before, after identity.Standing) error {
	events, now := identity.StandingEvents(id, before, after), timestamp(s.db.clock())
	if len(events) == 0 {
		return nil
	}
	_, err := t.exec(`UPDATE auth_users SET role = ?, updated_at = ?,
		disabled_at = CASE WHEN ? THEN coalesce(disabled_at, ?) END WHERE id = ?`,
		string(after.Role), now, after.Disabled, now, id.String())
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM auth_roles WHERE user_id = ?`, id.String()); err != nil {
		return err
	}
	for _, role := range after.Roles {
		if _, err := t.exec(`INSERT INTO auth_roles (user_id, role) VALUES (?, ?)`, id.String(), role); err != nil {
			return err
		}
	}
	if after.Disabled && !before.Disabled {
		if err := revokeAll(t, id, "disabled", now); err != nil {
			return err
		}
	}
	for _, e := range events {
		if err := insertEvent(t, by.Sign(e), now); err != nil {
			return err
		}
	}
	return nil
}

// revokeAll ends all sessions, grants and refresh tokens of a person.
func revokeAll(t *tx, id uuid.UUID, reason string, now int64) error {
	_, err := t.exec(`UPDATE auth_sessions SET revoked_at = ?, revoke_reason = ? WHERE user_id = ? AND revoked_at IS NULL`,
		now, reason, id.String())
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE auth_grants SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL`, now, id.String()); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth_refresh_tokens SET revoked_at = ?, salt = NULL WHERE revoked_at IS NULL AND session_id IN
		(SELECT s.id FROM auth_sessions s WHERE s.user_id = ?)`, now, id.String())
	return err
}

// SignOutEverywhere implements [identity.Administration].
func (s *Identity) SignOutEverywhere(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		now := timestamp(s.db.clock())
		if err := insertAct(t, by, e, now); err != nil {
			return err
		}
		var found uuid.UUID
		if err := t.queryRow(`SELECT id FROM auth_users WHERE id = ? AND deleted_at IS NULL`, id.String()).Scan(&found); err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return revokeAll(t, id, "administrator", now)
	})
}

// NoteAct implements [identity.Acts].
func (s *Identity) NoteAct(ctx context.Context, by identity.Actor, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error { return insertAct(t, by, e, timestamp(s.db.clock())) })
}

// listEvents reads the log. What is asked for has words of its own, so that it is read by its index.
func listEvents(q identity.EventQuery) string {
	whose, kind, actor := `?1 IS NULL`, `?2 = ''`, `?3 = ''`
	if q.UserID != uuid.Nil {
		whose = `user_id = ?1`
	}
	if q.Type != "" {
		kind = `event_type = ?2`
	}
	if q.Actor != "" {
		actor = `metadata ->> 'actor' = ?3`
	}
	return `SELECT id, user_id, event_type, ip_address, user_agent, metadata, created_at
		FROM auth_security_events
		WHERE ` + whose + ` AND ` + kind + ` AND ` + actor + `
			AND (?4 IS NULL OR created_at >= ?4) AND (?5 IS NULL OR created_at < ?5)
			AND (?6 IS NULL OR (created_at, id) < (?6, ?7))
		ORDER BY created_at DESC, id DESC LIMIT ?8`
}

// Events implements [identity.Administration].
func (s *Identity) Events(ctx context.Context, q identity.EventQuery) ([]identity.LoggedEvent, error) {
	rows, err := s.db.query(ctx, listEvents(q), optionalID(q.UserID), q.Type, q.Actor,
		optionalTime(q.Since), optionalTime(q.Until), optionalTime(q.BeforeAt), q.BeforeID.String(), q.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading the security log: %w", err)
	}
	defer rows.Close()
	var found []identity.LoggedEvent
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, fmt.Errorf("reading an event: %w", err)
		}
		found = append(found, e)
	}
	return found, rows.Err()
}

func scanEvent(row rowScanner) (identity.LoggedEvent, error) {
	var e identity.LoggedEvent
	var user, metadata sql.NullString
	var at int64
	err := row.Scan(&e.ID, &user, &e.Type, &e.Device.IPAddress, &e.Device.UserAgent, &metadata, &at)
	e.At = fromTimestamp(at)
	if err == nil && user.Valid {
		e.UserID, err = uuid.Parse(user.String)
	}
	if err == nil && metadata.Valid {
		err = json.Unmarshal([]byte(metadata.String), &e.Metadata)
	}
	return e, err
}
