package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// activityEvery bounds how often the last activity of a session is written.
const activityEvery = time.Minute

const sessionColumns = `s.id, s.user_id, s.client_id, s.cookie_hash, s.ip_address, s.user_agent, s.device_id,
	s.device_name, s.auth_time, s.amr, s.last_activity_at, s.created_at, s.expires_at, s.idle_seconds, s.revoked_at`

// inTime says that a session has not ended by its age. It takes the time now twice.
const inTime = `(s.expires_at > ? AND (s.idle_seconds = 0 OR s.last_activity_at + s.idle_seconds * 1000000 > ?))`

// sessionRow reads sessionColumns.
type sessionRow struct {
	session                                    identity.Session
	amr                                        string
	authTime, activity, created, expires, idle int64
	revoked                                    sql.NullInt64
}

func (r *sessionRow) targets() []any {
	s := &r.session
	return []any{
		&s.ID, &s.UserID, &s.ClientID, &s.CookieHash, &s.IPAddress, &s.UserAgent, &s.DeviceID,
		&s.DeviceName, &r.authTime, &r.amr, &r.activity, &r.created, &r.expires, &r.idle, &r.revoked,
	}
}

func (r *sessionRow) value() (identity.Session, error) {
	s := r.session
	s.AuthTime, s.LastActivityAt = fromTimestamp(r.authTime), fromTimestamp(r.activity)
	s.CreatedAt, s.ExpiresAt = fromTimestamp(r.created), fromTimestamp(r.expires)
	s.IdleFor, s.RevokedAt = time.Duration(r.idle)*time.Second, fromOptional(r.revoked)
	var err error
	s.AMR, err = decodeList[string](r.amr)
	return s, err
}

// StartSession implements [identity.Sessions].
func (s *Identity) StartSession(ctx context.Context, session identity.Session, replaced []byte, e identity.Event) (identity.Session, error) {
	now := timestamp(s.db.clock())
	started := session
	err := s.db.write(ctx, func(t *tx) error {
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
func replaceSession(t *tx, session identity.Session, replaced []byte, now int64) (identity.Session, error) {
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
func shown(t *tx, cookieHash []byte, now int64) (shownSession, error) {
	var s shownSession
	err := t.queryRow(`SELECT s.id, s.user_id, `+inTime+` FROM auth_sessions s
		WHERE s.cookie_hash = ? AND s.revoked_at IS NULL`, now, now, cookieHash).Scan(&s.id, &s.user, &s.live)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return s, err
}

// renewSession gives a session of the same person a new cookie value and a later proof. What hangs on it,
// such as the tokens of apps, goes on.
func renewSession(t *tx, s identity.Session) error {
	renewed, err := one(t.exec(`UPDATE auth_sessions SET cookie_hash = ?, ip_address = ?, user_agent = ?, auth_time = ?,
			amr = ?, last_activity_at = ?, expires_at = ?, idle_seconds = ?
		WHERE id = ? AND EXISTS (SELECT 1 FROM auth_users u
			WHERE u.id = user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL)`,
		s.CookieHash, s.IPAddress, s.UserAgent, timestamp(s.AuthTime), encodeList(s.AMR), timestamp(s.LastActivityAt),
		timestamp(s.ExpiresAt), wholeSeconds(s.IdleFor), s.ID.String()))
	if err == nil && !renewed {
		return identity.ErrCredentials
	}
	return err
}

// proofHolds refuses a proof that ended while it was checked. [identity.ErrCredentials].
func proofHolds(t *tx, person uuid.UUID, p identity.Proof) error {
	holds := true
	var err error
	switch {
	case p.PasswordHash != "":
		err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_passwords WHERE user_id = ? AND hashed_password = ?)`,
			person.String(), p.PasswordHash).Scan(&holds)
	case p.Provider != "":
		err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_accounts WHERE user_id = ? AND provider = ? AND provider_account_id = ?)`,
			person.String(), p.Provider, p.AccountID).Scan(&holds)
	}
	if err == nil && !holds {
		return identity.ErrCredentials
	}
	return err
}

// holdSession finds the session at hand live, of a person whom others leave alone until the end of the transaction.
// [identity.ErrNoSession].
func holdSession(t *tx, person, session uuid.UUID) error {
	var live bool
	err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ? AND user_id = ? AND revoked_at IS NULL)`,
		session.String(), person.String()).Scan(&live)
	if err == nil && !live {
		return identity.ErrNoSession
	}
	return err
}

// insertSession stores a session if its person is live.
func insertSession(t *tx, s identity.Session) error {
	stored, err := one(t.exec(`INSERT INTO auth_sessions
		(id, user_id, client_id, cookie_hash, ip_address, user_agent, device_id, device_name, auth_time, amr,
		 last_activity_at, created_at, expires_at, idle_seconds)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM auth_users
		WHERE id = ? AND disabled_at IS NULL AND deleted_at IS NULL`,
		s.ID.String(), s.ClientID, s.CookieHash, s.IPAddress, s.UserAgent, s.DeviceID, s.DeviceName,
		timestamp(s.AuthTime), encodeList(s.AMR), timestamp(s.LastActivityAt), timestamp(s.CreatedAt),
		timestamp(s.ExpiresAt), wholeSeconds(s.IdleFor), s.UserID.String()))
	if err == nil && !stored {
		return identity.ErrCredentials
	}
	return err
}

// SessionByCookie implements [identity.Sessions].
func (s *Identity) SessionByCookie(ctx context.Context, cookieHash []byte) (identity.Session, identity.User, error) {
	return s.seen(ctx, `s.cookie_hash = ?`, cookieHash)
}

// SessionByID implements [identity.Sessions].
func (s *Identity) SessionByID(ctx context.Context, id uuid.UUID) (identity.Session, identity.User, error) {
	return s.seen(ctx, `s.id = ?`, id.String())
}

// seen finds a live session and notes its activity.
func (s *Identity) seen(ctx context.Context, where string, key any) (identity.Session, identity.User, error) {
	session, user, err := s.session(ctx, where, key)
	now := s.db.clock()
	if err != nil || now.Sub(session.LastActivityAt) < activityEvery {
		return session, user, err
	}
	err = s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE auth_sessions SET last_activity_at = ? WHERE id = ? AND revoked_at IS NULL AND last_activity_at < ?`,
			timestamp(now), session.ID.String(), timestamp(now))
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
	now := timestamp(s.db.clock())
	err := s.db.queryRow(ctx, `SELECT `+sessionColumns+`, `+userColumns+` FROM auth_sessions s
		JOIN auth_users u ON u.id = s.user_id
		WHERE `+where+` AND s.revoked_at IS NULL AND `+inTime+`
		  AND u.disabled_at IS NULL AND u.deleted_at IS NULL`, key, now, now).
		Scan(append(session.targets(), user.targets()...)...)
	if err != nil {
		return identity.Session{}, identity.User{}, notFound(err, identity.ErrNoSession)
	}
	found, err := session.value()
	return found, user.value(), err
}

// EndSession implements [identity.Sessions].
func (s *Identity) EndSession(ctx context.Context, id uuid.UUID, reason string, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		ended, err := revokeSession(t, id, reason, now)
		if err != nil || !ended {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// revokeSession ends a session with its grants and their refresh tokens, but for those with offline access.
// It reports whether the session was live.
func revokeSession(t *tx, id uuid.UUID, reason string, now int64) (bool, error) {
	ended, err := one(t.exec(`UPDATE auth_sessions SET revoked_at = ?, revoke_reason = ? WHERE id = ? AND revoked_at IS NULL`,
		now, reason, id.String()))
	if err != nil || !ended {
		return false, err
	}
	if _, err := t.exec(`UPDATE auth_refresh_tokens SET revoked_at = ?, salt = NULL
		WHERE session_id = ? AND revoked_at IS NULL
		  AND NOT EXISTS (SELECT 1 FROM auth_grants g WHERE g.handle = grant_handle AND g.offline = 1)`,
		now, id.String()); err != nil {
		return false, err
	}
	_, err = t.exec(`UPDATE auth_grants SET revoked_at = ? WHERE session_id = ? AND offline = 0 AND revoked_at IS NULL`,
		now, id.String())
	return true, err
}
