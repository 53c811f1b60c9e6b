package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// activityEvery bounds how often the last activity of a session is written.
const activityEvery = time.Minute

const sessionColumns = `s.id, s.user_id, s.client_id, s.cookie_hash, s.ip_address, s.user_agent, s.device_id,
	s.device_name, s.auth_time, s.amr, s.last_activity_at, s.created_at, s.expires_at, s.idle_seconds, s.revoked_at`

// inTime says that a session has not ended by its age. The time now is parameter 2.
const inTime = `(s.expires_at > $2 AND (s.idle_seconds = 0 OR s.last_activity_at + s.idle_seconds * interval '1 second' > $2))`

// sessionRow reads sessionColumns.
type sessionRow struct {
	session identity.Session
	amr     string
	idle    int64
}

func (r *sessionRow) targets() []any {
	s := &r.session
	return []any{
		&s.ID, &s.UserID, &s.ClientID, &s.CookieHash, &s.IPAddress, &s.UserAgent, &s.DeviceID,
		&s.DeviceName, &s.AuthTime, &r.amr, &s.LastActivityAt, &s.CreatedAt, &s.ExpiresAt, &r.idle, toTime(&s.RevokedAt),
	}
}

func (r *sessionRow) value() (identity.Session, error) {
	s := r.session
	s.IdleFor = time.Duration(r.idle) * time.Second
	var err error
	s.AMR, err = decodeList[string](r.amr)
	return s, err
}

// StartSession implements [identity.Sessions].
func (s *Identity) StartSession(ctx context.Context, session identity.Session, replaced []byte, e identity.Event) (identity.Session, error) {
	now := s.db.clock()
	started := session
	err := s.db.writeFor(ctx, session.UserID.String(), system, func(t *tx) error {
		err := proofHolds(t, session.UserID, session.Proof)
		if err != nil {
			return err
		}
		if started, err = replaceSession(t, session, replaced, now); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
	return started, err
}

// replaceSession stores a session in place of the one whose cookie hash is replaced, which is renewed when it is the
// same person's.
func replaceSession(t *tx, session identity.Session, replaced []byte, now time.Time) (identity.Session, error) {
	old, err := shown(t, replaced, now)
	if err != nil {
		return session, err
	}
	if old.live && old.user == session.UserID {
		session.ID = old.id
		return session, renewSession(t, session)
	}
	if _, err := revokeSession(t, old.id, "replaced", now); err != nil {
		return session, err
	}
	return session, insertSession(t, session)
}

// shownSession is the session that a browser shows at a sign-in, which may have ended by its age.
type shownSession struct {
	id, user uuid.UUID
	live     bool
}

// shown finds the session of a cookie; the zero value when there is none.
func shown(t *tx, cookieHash []byte, now time.Time) (shownSession, error) {
	var s shownSession
	err := t.queryRow(`SELECT s.id, s.user_id, `+inTime+` FROM auth.sessions s
		WHERE s.cookie_hash = $1 AND s.revoked_at IS NULL FOR NO KEY UPDATE`, cookieHash, now).Scan(&s.id, &s.user, &s.live)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return s, err
}

// renewSession gives a session of the same person a new cookie value and a later proof. What hangs on it,
// such as the tokens of apps, goes on.
func renewSession(t *tx, s identity.Session) error {
	renewed, err := one(t.exec(`UPDATE auth.sessions SET cookie_hash = $1, ip_address = $2, user_agent = $3, auth_time = $4,
			amr = $5, last_activity_at = $6, expires_at = $7, idle_seconds = $8
		WHERE id = $9 AND EXISTS (SELECT 1 FROM auth.users u
			WHERE u.id = user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL)`,
		s.CookieHash, s.IPAddress, printable(s.UserAgent), s.AuthTime, encodeList(s.AMR), s.LastActivityAt,
		s.ExpiresAt, wholeSeconds(s.IdleFor), s.ID))
	if err == nil && !renewed {
		return identity.ErrCredentials
	}
	return err
}

// proofHolds refuses a proof that ended while it was checked. Whoever ends it now waits, and ends what begins here.
// [identity.ErrCredentials].
func proofHolds(t *tx, person uuid.UUID, p identity.Proof) error {
	var of uuid.UUID
	var err error
	switch {
	case p.PasswordHash != "":
		err = t.queryRow(`SELECT user_id FROM auth.passwords WHERE user_id = $1 AND hashed_password = $2 FOR SHARE`,
			person, p.PasswordHash).Scan(&of)
	case p.Provider != "":
		err = t.queryRow(`SELECT user_id FROM auth.accounts WHERE user_id = $1 AND provider = $2 AND provider_account_id = $3 FOR SHARE`,
			person, p.Provider, p.AccountID).Scan(&of)
	}
	return notFound(err, identity.ErrCredentials)
}

// holdSession finds the session at hand live, of a person whom others leave alone until the end of the transaction.
// [identity.ErrNoSession].
func holdSession(t *tx, person, session uuid.UUID) error {
	if _, err := t.exec(`SELECT FROM auth.users WHERE id = $1 FOR NO KEY UPDATE`, person); err != nil {
		return err
	}
	var of uuid.UUID
	err := t.queryRow(`SELECT user_id FROM auth.sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL FOR NO KEY UPDATE`,
		session, person).Scan(&of)
	return notFound(err, identity.ErrNoSession)
}

// insertSession stores a session if its person is live.
func insertSession(t *tx, s identity.Session) error {
	stored, err := one(t.exec(`INSERT INTO auth.sessions
		(id, user_id, client_id, cookie_hash, ip_address, user_agent, device_id, device_name, auth_time, amr,
		 last_activity_at, created_at, expires_at, idle_seconds)
		SELECT $1, id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM auth.users
		WHERE id = $14 AND disabled_at IS NULL AND deleted_at IS NULL`,
		s.ID, s.ClientID, s.CookieHash, s.IPAddress, printable(s.UserAgent), s.DeviceID, s.DeviceName,
		s.AuthTime, encodeList(s.AMR), s.LastActivityAt, s.CreatedAt,
		s.ExpiresAt, wholeSeconds(s.IdleFor), s.UserID))
	if err == nil && !stored {
		return identity.ErrCredentials
	}
	return err
}

// SessionByCookie implements [identity.Sessions].
func (s *Identity) SessionByCookie(ctx context.Context, cookieHash []byte) (identity.Session, identity.User, error) {
	return s.seen(ctx, `s.cookie_hash = $1`, cookieHash)
}

// SessionByID implements [identity.Sessions].
func (s *Identity) SessionByID(ctx context.Context, id uuid.UUID) (identity.Session, identity.User, error) {
	return s.seen(ctx, `s.id = $1`, id)
}

// seen finds a live session and notes its activity.
func (s *Identity) seen(ctx context.Context, where string, key any) (identity.Session, identity.User, error) {
	session, user, err := s.session(ctx, where, key)
	now := s.db.clock()
	if err != nil || now.Sub(session.LastActivityAt) < activityEvery {
		return session, user, err
	}
	err = s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`UPDATE auth.sessions SET last_activity_at = $1 WHERE id = (SELECT id FROM auth.sessions
			WHERE id = $2 AND revoked_at IS NULL AND last_activity_at < $1 FOR NO KEY UPDATE SKIP LOCKED)`, now, session.ID)
		return err
	})
	if err != nil { // the person goes on: the note is made at the next request
		s.db.logger.Warn("noting the activity of a session failed", "error", err)
	}
	return session, user, nil
}

// session finds a live session of a live person.
func (s *Identity) session(ctx context.Context, where string, key any) (identity.Session, identity.User, error) {
	var session sessionRow
	var user userRow
	now := s.db.clock()
	err := s.db.reader(ctx, system)(`SELECT `+sessionColumns+`, `+userColumns+` FROM auth.sessions s
		JOIN auth.users u ON u.id = s.user_id
		WHERE `+where+` AND s.revoked_at IS NULL AND `+inTime+`
		  AND u.disabled_at IS NULL AND u.deleted_at IS NULL`, key, now).
		Scan(append(session.targets(), user.targets()...)...)
	if err != nil {
		return identity.Session{}, identity.User{}, notFound(err, identity.ErrNoSession)
	}
	found, err := session.value()
	return found, user.value(), err
}

// EndSession implements [identity.Sessions].
func (s *Identity) EndSession(ctx context.Context, id uuid.UUID, reason string, e identity.Event) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, id.String(), system, func(t *tx) error {
		ended, err := revokeSession(t, id, reason, now)
		if err != nil || !ended {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// revokeSession ends a session with its grants and their refresh tokens, but for those with offline access.
// It reports whether the session was live.
func revokeSession(t *tx, id uuid.UUID, reason string, now time.Time) (bool, error) {
	ended, err := one(t.exec(`UPDATE auth.sessions SET revoked_at = $1, revoke_reason = $2 WHERE id = $3 AND revoked_at IS NULL`,
		now, reason, id))
	if err != nil || !ended {
		return false, err
	}
	_, err = t.exec(`UPDATE auth.grants SET revoked_at = $1 WHERE session_id = $2 AND NOT offline AND revoked_at IS NULL`, now, id)
	if err != nil {
		return false, err
	}
	_, err = t.exec(`UPDATE auth.refresh_tokens SET revoked_at = $1, salt = NULL
		WHERE session_id = $2 AND revoked_at IS NULL
		  AND NOT EXISTS (SELECT 1 FROM auth.grants g WHERE g.handle = grant_handle AND g.offline)`, now, id)
	return true, err
}
