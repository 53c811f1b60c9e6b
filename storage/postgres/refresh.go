package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider"
	"mana/provider/identity"
)

// refreshGrace is how long the predecessor of a live token is answered with the same successor.
const refreshGrace = 30 * time.Second

// refreshRow is one token of a family.
type refreshRow struct {
	family, session, user uuid.UUID
	client                string
	handle, salt          []byte // no handle: a first-party session
	generation            int64
	expires               time.Time
	rotated, revoked      time.Time // zero: not
}

const selectRefresh = `SELECT family_id, session_id, user_id, client_id, grant_handle, salt, generation, expires_at,
	rotated_at, revoked_at FROM auth.refresh_tokens WHERE token_hash = $1`

func (r *refreshRow) targets() []any {
	return []any{
		&r.family, &r.session, &r.user, &r.client, &r.handle, &r.salt, &r.generation, &r.expires,
		toTime(&r.rotated), toTime(&r.revoked),
	}
}

func loadRefresh(queryRow func(string, ...any) pgx.Row, hash []byte) (refreshRow, error) {
	var r refreshRow
	err := queryRow(selectRefresh, hash).Scan(r.targets()...)
	return r, notFound(err, provider.ErrInvalidGrant)
}

func insertRefresh(t *tx, r refreshRow, hash []byte, issued time.Time) error {
	_, err := t.exec(`INSERT INTO auth.refresh_tokens (token_hash, family_id, session_id, user_id, client_id, grant_handle,
		generation, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, hash, r.family, r.session,
		r.user, r.client, r.handle, r.generation, issued, r.expires)
	return err
}

// facts reads what the family stands on: its grant, or its first-party session.
func (r refreshRow) facts(queryRow func(string, ...any) pgx.Row) (provider.Facts, error) {
	if r.handle != nil {
		return loadFacts(queryRow, r.handle, "")
	}
	return sessionFacts(queryRow, r.session, r.client)
}

// sessionFacts reads a first-party session with its person.
func sessionFacts(queryRow func(string, ...any) pgx.Row, id uuid.UUID, client string) (provider.Facts, error) {
	var session sessionRow
	var user userRow
	err := queryRow(`SELECT `+sessionColumns+`, `+userColumns+` FROM auth.sessions s
		JOIN auth.users u ON u.id = s.user_id WHERE s.id = $1`, id).
		Scan(append(session.targets(), user.targets()...)...)
	if err != nil {
		return provider.Facts{}, notFound(err, provider.ErrInvalidGrant)
	}
	facts := provider.Facts{Client: provider.Client{ID: client}, User: user.value()}
	facts.Session, err = session.value()
	return facts, err
}

// Refresh implements [provider.Refreshes]. A refusal that must leave a trace is returned after the commit.
func (s *Provider) Refresh(ctx context.Context, r provider.Rotation, decide func(provider.Facts) (time.Time, error)) (provider.Refreshed, error) {
	var done provider.Refreshed
	var refused error
	err := s.db.writeFor(ctx, string(r.Hash), system, func(t *tx) error {
		done, refused = provider.Refreshed{}, nil
		now := s.db.clock()
		row, err := lockRefresh(t, r.Hash)
		if err != nil {
			return err
		}
		grace, err := inGrace(t, row, now)
		if err != nil {
			return err
		}
		rotated := !row.rotated.IsZero()
		switch {
		case row.client != r.ClientID:
			refused = provider.ErrInvalidGrant
			return insertEvent(t, refreshEvent(row, "refresh_token_foreign", r.Device), now)
		case !row.revoked.IsZero():
			return provider.ErrInvalidGrant
		case rotated && !grace:
			refused = provider.ErrRepeated
			return endFamily(t, row, "refresh_token_reused", r.Device, now)
		case !rotated && !row.expires.After(now):
			return provider.ErrRefreshExpired
		}
		if done.Facts, err = row.facts(t.queryRow); err != nil {
			return err
		}
		done.Facts.Now = now
		until, err := decide(done.Facts)
		if err != nil {
			return err
		}
		if rotated {
			done.Salt = row.salt
			return nil
		}
		row.expires = until
		done.Salt, err = rotate(t, r, row, now)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return provider.Refreshed{}, err
	}
	return done, nil
}

// lockRefresh finds a token with what it stands on locked, in one round trip. The locks are those of [lockGrant] and
// lockSession; what they lock never changes for a token, and the token itself is read after them.
func lockRefresh(t *tx, hash []byte) (row refreshRow, err error) {
	batch := new(pgx.Batch)
	batch.Queue(`SELECT FROM auth.sessions WHERE id = (SELECT session_id FROM auth.refresh_tokens WHERE token_hash = $1)
		FOR NO KEY UPDATE`, hash)
	batch.Queue(`SELECT FROM auth.grants WHERE handle = (SELECT grant_handle FROM auth.refresh_tokens WHERE token_hash = $1)
		FOR NO KEY UPDATE`, hash)
	batch.Queue(selectRefresh, hash).QueryRow(func(found pgx.Row) error { return found.Scan(row.targets()...) })
	err = t.conn.SendBatch(t.ctx, batch).Close()
	return row, notFound(err, provider.ErrInvalidGrant)
}

// inGrace reports whether a rotated token may be answered once more: its successor is live and unused.
func inGrace(t *tx, row refreshRow, now time.Time) (bool, error) {
	if row.salt == nil || !row.rotated.Add(refreshGrace).After(now) {
		return false, nil
	}
	var live int
	err := t.queryRow(`SELECT count(*) FROM auth.refresh_tokens
		WHERE family_id = $1 AND generation = $2 AND rotated_at IS NULL AND revoked_at IS NULL`,
		row.family, row.generation+1).Scan(&live)
	return live == 1, err
}

// rotate puts the successor into the place of the presented token, by one conditional update, and gives the
// salt that makes it; nil where tokens do not rotate. row has the end of the token that is live afterwards.
func rotate(t *tx, r provider.Rotation, row refreshRow, now time.Time) ([]byte, error) {
	if row.handle == nil {
		if err := noteDevice(t, row.session, r.Device, now); err != nil {
			return nil, err
		}
	}
	if !r.Rotate {
		_, err := t.exec(`UPDATE auth.refresh_tokens SET expires_at = $1, issued_at = $2 WHERE token_hash = $3`, row.expires, now, r.Hash)
		return nil, err
	}
	won, err := one(t.exec(`UPDATE auth.refresh_tokens SET rotated_at = $1, salt = $2
		WHERE token_hash = $3 AND rotated_at IS NULL AND revoked_at IS NULL`, now, r.Salt, r.Hash))
	if err != nil {
		return nil, err
	}
	if !won {
		return nil, provider.ErrInvalidGrant
	}
	if _, err := t.exec(`UPDATE auth.refresh_tokens SET salt = NULL
		WHERE family_id = $1 AND generation < $2 AND salt IS NOT NULL`, row.family, row.generation); err != nil {
		return nil, err
	}
	row.generation++
	return r.Salt, insertRefresh(t, row, r.Successor(r.Salt), now)
}

// noteDevice keeps where a first-party session was last seen.
func noteDevice(t *tx, session uuid.UUID, d identity.Device, now time.Time) error {
	_, err := t.exec(`UPDATE auth.sessions SET last_activity_at = $1, ip_address = $2, user_agent = $3 WHERE id = $4`,
		now, d.IPAddress, printable(d.UserAgent), session)
	return err
}

// endFamily revokes a family with what it stands on. The event is written when anything was live.
func endFamily(t *tx, row refreshRow, event string, d identity.Device, now time.Time) error {
	var ended bool
	var err error
	if row.handle != nil {
		ended, err = revokeGrant(t, row.handle, now)
	} else {
		ended, err = revokeSession(t, row.session, event, now)
	}
	if err != nil || !ended {
		return err
	}
	return insertEvent(t, refreshEvent(row, event, d), now)
}

func refreshEvent(row refreshRow, event string, d identity.Device) identity.Event {
	return identity.Event{UserID: row.user, Type: event, Device: d, Metadata: map[string]string{"client_id": row.client}}
}

// revokeGrant ends a grant with its refresh tokens. It reports whether the grant was live.
func revokeGrant(t *tx, handle []byte, now time.Time) (bool, error) {
	ended, err := one(t.exec(`UPDATE auth.grants SET revoked_at = $1 WHERE handle = $2 AND revoked_at IS NULL`, now, handle))
	if err != nil {
		return false, err
	}
	_, err = t.exec(`UPDATE auth.refresh_tokens SET revoked_at = $1, salt = NULL WHERE grant_handle = $2 AND revoked_at IS NULL`,
		now, handle)
	return ended, err
}

// RefreshFacts implements [provider.Refreshes].
func (s *Provider) RefreshFacts(ctx context.Context, hash []byte) (provider.Facts, time.Time, error) {
	read := s.db.reader(ctx, system)
	row, err := loadRefresh(read, hash)
	if err != nil {
		return provider.Facts{}, time.Time{}, err
	}
	now := s.db.clock()
	if !row.revoked.IsZero() || !row.rotated.IsZero() || !row.expires.After(now) {
		return provider.Facts{}, time.Time{}, provider.ErrInvalidGrant
	}
	facts, err := row.facts(read)
	facts.Now = now
	return facts, row.expires, err
}

// RefreshFamily implements [provider.Refreshes].
func (s *Provider) RefreshFamily(ctx context.Context, hash []byte) (uuid.UUID, error) {
	row, err := loadRefresh(s.db.reader(ctx, system), hash)
	if err != nil && !errors.Is(err, provider.ErrInvalidGrant) {
		err = fmt.Errorf("reading a refresh token: %w", err)
	}
	return row.family, err
}

// RevokeRefresh implements [provider.Refreshes].
func (s *Provider) RevokeRefresh(ctx context.Context, hash []byte, clientID string, e identity.Event) (bool, error) {
	known := false
	err := s.db.writeFor(ctx, string(hash), system, func(t *tx) error {
		known = false
		row, err := loadRefresh(t.queryRow, hash)
		if errors.Is(err, provider.ErrInvalidGrant) || err == nil && row.client != clientID {
			return nil
		}
		if err != nil {
			return err
		}
		known = true
		return endFamily(t, row, e.Type, e.Device, s.db.clock())
	})
	return known, err
}

// RevokeToken implements [provider.Refreshes].
func (s *Provider) RevokeToken(ctx context.Context, tokenID string, expires time.Time) error {
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`INSERT INTO auth.revoked_tokens (token_id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			tokenID, expires)
		return err
	})
}

// TokenRevoked implements [provider.Grants].
func (s *Provider) TokenRevoked(ctx context.Context, tokenID string) (bool, error) {
	var revoked bool
	err := s.db.reader(ctx, system)(`SELECT EXISTS (SELECT 1 FROM auth.revoked_tokens WHERE token_id = $1)`,
		tokenID).Scan(&revoked)
	return revoked, err
}
