package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/provider/identity"
)

// maxSessions is how many sessions of a person administrators see.
const maxSessions = 100

// insertAct writes the event of an administrative act, if whoever acts may.
func insertAct(t *tx, by identity.Actor, e identity.Event, now time.Time) error {
	if err := authorize(t, by); err != nil {
		return err
	}
	return insertEvent(t, by.Sign(e), now)
}

// authorize looks at an actor's right, and holds it until the end of the transaction.
func authorize(t *tx, by identity.Actor) error {
	if by.Admin == uuid.Nil && by.Name != "" {
		return nil
	}
	var id uuid.UUID
	err := t.queryRow(`SELECT id FROM auth.users WHERE id = $1 AND `+liveAdministrator+` FOR SHARE`, by.Admin).Scan(&id)
	if err != nil {
		return notFound(err, identity.ErrNotAdministrator)
	}
	return nil
}

// SearchPeople implements [identity.Administration].
func (s *Identity) SearchPeople(ctx context.Context, q identity.PeopleQuery) ([]identity.User, error) {
	var found []identity.User
	q.Prefix = printable(q.Prefix)
	prefix := q.Prefix
	err := s.db.read(ctx, system, `SELECT `+userColumns+` FROM auth.users u
		WHERE u.deleted_at IS NULL AND ($1::uuid IS NULL OR u.id < $1)
			AND ($2 = '' OR u.email COLLATE "C" >= $2 AND u.email COLLATE "C" < $3
				OR lower(u.name) COLLATE "C" >= $2 AND lower(u.name) COLLATE "C" < $3
				OR lower(u.name) COLLATE "C" >= $5 AND lower(u.name) COLLATE "C" < $6)
		ORDER BY u.id DESC LIMIT $4`, all(&found, func(row pgx.CollectableRow) (identity.User, error) {
		var r userRow
		err := row.Scan(r.targets()...)
		return r.value(), err
	}), optionalID(q.Before), prefix, prefix+"\U0010FFFF", q.Limit, q.Capital(), q.Capital()+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	return found, nil
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
	err = s.db.read(ctx, user(id), `SELECT `+sessionColumns+` FROM auth.sessions s
		WHERE s.user_id = $1 AND s.revoked_at IS NULL AND `+inTime+` ORDER BY s.last_activity_at DESC LIMIT $3`,
		all(&d.Sessions, func(row pgx.CollectableRow) (identity.Session, error) {
			var r sessionRow
			if err := row.Scan(r.targets()...); err != nil {
				return identity.Session{}, err
			}
			return r.value()
		}), id, s.db.clock(), maxSessions)
	if err != nil {
		return d, fmt.Errorf("listing sessions: %w", err)
	}
	return d, nil
}

const listRoles = `SELECT role FROM auth.roles WHERE user_id = $1 ORDER BY role COLLATE "C"`

// Roles implements [identity.Administration].
func (s *Identity) Roles(ctx context.Context, id uuid.UUID) ([]string, error) {
	var roles []string
	if err := s.db.read(ctx, user(id), listRoles, all(&roles, pgx.RowTo[string]), id); err != nil {
		return nil, fmt.Errorf("reading roles: %w", err)
	}
	return roles, nil
}

// ReviseStanding implements [identity.Administration]. The rows of administrators come first, in one order: so two
// of them cannot take each other's right at once, nor wait for each other.
func (s *Identity) ReviseStanding(ctx context.Context, by identity.Actor, id uuid.UUID, revise func(*identity.Standing) error) error {
	return s.db.writeFor(ctx, id.String(), system, func(t *tx) error {
		others, err := lockAdministrators(t, id)
		if err != nil {
			return err
		}
		if err := authorize(t, by); err != nil {
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

// lockAdministrators counts those beside a person.
func lockAdministrators(t *tx, beside uuid.UUID) (int, error) {
	rows, err := t.query(`SELECT id FROM auth.users WHERE ` + liveAdministrator + ` ORDER BY id FOR NO KEY UPDATE`)
	if err != nil {
		return 0, fmt.Errorf("locking administrators: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("locking administrators: %w", err)
	}
	others := 0
	for _, id := range found {
		if id != beside {
			others++
		}
	}
	return others, nil
}

func loadStanding(t *tx, id uuid.UUID) (identity.Standing, error) {
	var standing identity.Standing
	err := t.queryRow(`SELECT role, disabled_at IS NOT NULL FROM auth.users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE`, id).
		Scan(&standing.Role, &standing.Disabled)
	if err != nil {
		return standing, notFound(err, identity.ErrNotFound)
	}
	rows, err := t.query(listRoles, id)
	if err == nil {
		standing.Roles, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return standing, fmt.Errorf("reading roles: %w", err)
	}
	return standing, nil
}

// saveStanding writes what differs, and its events.
func (s *Identity) saveStanding(t *tx, by identity.Actor, id uuid.UUID, before, after identity.Standing) error {
	events, now := identity.StandingEvents(id, before, after), s.db.clock()
	if len(events) == 0 {
		return nil
	}
	_, err := t.exec(`UPDATE auth.users SET role = $1, updated_at = $2,
		disabled_at = CASE WHEN $3 THEN coalesce(disabled_at, $2) END WHERE id = $4`, string(after.Role), now, after.Disabled, id)
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM auth.roles WHERE user_id = $1`, id); err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO auth.roles (user_id, role) SELECT $1, unnest($2::text[])`, id, after.Roles); err != nil {
		return err
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
func revokeAll(t *tx, id uuid.UUID, reason string, now time.Time) error {
	_, err := t.exec(`UPDATE auth.sessions SET revoked_at = $1, revoke_reason = $2 WHERE user_id = $3 AND revoked_at IS NULL`, now, reason, id)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE auth.grants SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL`, now, id); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth.refresh_tokens SET revoked_at = $1, salt = NULL WHERE revoked_at IS NULL AND session_id IN
		(SELECT s.id FROM auth.sessions s WHERE s.user_id = $2)`, now, id)
	return err
}

// SignOutEverywhere implements [identity.Administration].
func (s *Identity) SignOutEverywhere(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	return s.db.writeFor(ctx, id.String(), system, func(t *tx) error {
		now := s.db.clock()
		if err := insertAct(t, by, e, now); err != nil {
			return err
		}
		var found uuid.UUID
		if err := t.queryRow(`SELECT id FROM auth.users WHERE id = $1 AND deleted_at IS NULL`, id).Scan(&found); err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return revokeAll(t, id, "administrator", now)
	})
}

// NoteAct implements [identity.Acts].
func (s *Identity) NoteAct(ctx context.Context, by identity.Actor, e identity.Event) error {
	return s.db.write(ctx, system, func(t *tx) error { return insertAct(t, by, e, s.db.clock()) })
}

// Events implements [identity.Administration].
func (s *Identity) Events(ctx context.Context, q identity.EventQuery) ([]identity.LoggedEvent, error) {
	var found []identity.LoggedEvent
	err := s.db.read(ctx, system, `SELECT id, user_id, event_type, ip_address, user_agent, metadata::text, created_at
		FROM auth.security_events
		WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2 = '' OR event_type = $2) AND ($3 = '' OR metadata->>'actor' = $3)
			AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at < $5)
			AND ($6::timestamptz IS NULL OR (created_at, id) < ($6, $7::uuid))
		ORDER BY created_at DESC, id DESC LIMIT $8`, all(&found, scanEvent), optionalID(q.UserID), printable(q.Type), printable(q.Actor),
		optionalTime(q.Since), optionalTime(q.Until), optionalTime(q.BeforeAt), q.BeforeID, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading the security log: %w", err)
	}
	return found, nil
}

func scanEvent(row pgx.CollectableRow) (identity.LoggedEvent, error) {
	var e identity.LoggedEvent
	var metadata zeronull.Text
	err := row.Scan(&e.ID, toID(&e.UserID), &e.Type, &e.Device.IPAddress, &e.Device.UserAgent, &metadata, &e.At)
	if err == nil && metadata != "" {
		err = json.Unmarshal([]byte(metadata), &e.Metadata)
	}
	return e, err
}
