package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// RequestLink implements [identity.Links].
func (s *Identity) RequestLink(ctx context.Context, r identity.LinkRequest) error {
	at := s.db.clock()
	now := timestamp(at)
	attempt, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.db.write(ctx, func(t *tx) error {
		taken, err := takeAttempt(t, attempt, r.Key, r.Limits, at)
		if err != nil || taken.ID == uuid.Nil {
			return err
		}
		var person uuid.UUID
		err = t.queryRow(`SELECT id FROM auth_users WHERE email = ? AND disabled_at IS NULL AND deleted_at IS NULL
			AND NOT (email_verified = 1 AND ?)`, string(r.Email), r.Unverified).Scan(&person)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := insertLink(t, person, r.Link, now); err != nil { // for nobody too: it takes as long
			return err
		}
		if err := insertMail(t, person, r.Mail, now); err != nil {
			return err
		}
		event := r.Event
		event.UserID = person
		return insertEvent(t, event, now)
	})
}

// IssueLink implements [identity.Links].
func (s *Identity) IssueLink(ctx context.Context, by identity.Actor, l identity.IssuedLink) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := insertAct(t, by, l.Event, now); err != nil {
			return err
		}
		var person uuid.UUID
		err := t.queryRow(`SELECT id FROM auth_users WHERE id = ? AND deleted_at IS NULL`, l.UserID.String()).Scan(&person)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		if err := insertLink(t, person, l.Link, now); err != nil {
			return err
		}
		return insertMail(t, person, l.Mail, now)
	})
}

// insertLink ends the older links of its purpose and stores one, if there is such a person and a purpose.
func insertLink(t *tx, person uuid.UUID, link identity.NewLink, now int64) error {
	if link.Purpose == "" {
		return nil
	}
	if err := endLinks(t, person, link.Purpose, now); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO auth_verification_tokens
		(id, user_id, token_hash, type, target_email, return_to, created_at, expires_at)
		SELECT ?, id, ?, ?, CASE WHEN ? THEN '' ELSE email END, ?, ?, ? FROM auth_users WHERE id = ? AND deleted_at IS NULL`,
		link.ID.String(), link.Hash, string(link.Purpose), link.ByHand, link.ReturnTo, now, timestamp(link.ExpiresAt), person.String())
	return err
}

// endLinks ends the links of a person for a purpose.
func endLinks(t *tx, person uuid.UUID, purpose identity.Purpose, now int64) error {
	_, err := t.exec(`UPDATE auth_verification_tokens SET used_at = ? WHERE user_id = ? AND type = ? AND used_at IS NULL`,
		now, person.String(), string(purpose))
	return err
}

// liveLink says that a link l with a hash, for a purpose, works at a time.
const liveLink = `l.token_hash = ? AND l.type = ? AND l.used_at IS NULL AND l.expires_at > ?
	AND EXISTS (SELECT 1 FROM auth_users u WHERE u.id = l.user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL
		AND (l.target_email IN ('', u.email) OR l.type IN ('email_change', 'email_undo')))`

// Link implements [identity.Links].
func (s *Identity) Link(ctx context.Context, purpose identity.Purpose, hash []byte) (identity.Link, error) {
	var link identity.Link
	var row userRow
	now := timestamp(s.db.clock())
	read := func(query string, args ...any) *sql.Row { return s.db.queryRow(ctx, query, args...) }
	err := read(`SELECT l.target_email, l.return_to, `+userColumns+` FROM auth_verification_tokens l
		JOIN auth_users u ON u.id = l.user_id WHERE `+liveLink, hash, string(purpose), now).
		Scan(append([]any{&link.Email, &link.ReturnTo}, row.targets()...)...)
	if err != nil {
		return identity.Link{}, deadLink(read, err, purpose, hash, now)
	}
	link.User = row.value()
	return link, nil
}

// useLink uses up a link, by one conditional write.
func useLink(t *tx, purpose identity.Purpose, hash []byte, now int64) (identity.Link, error) {
	var link identity.Link
	var row userRow
	var person uuid.UUID
	err := t.queryRow(`UPDATE auth_verification_tokens AS l SET used_at = ? WHERE `+liveLink+`
		RETURNING user_id, target_email, return_to`, now, hash, string(purpose), now).Scan(&person, &link.Email, &link.ReturnTo)
	if err != nil {
		return identity.Link{}, deadLink(t.queryRow, err, purpose, hash, now)
	}
	err = t.queryRow(`SELECT `+userColumns+` FROM auth_users u WHERE u.id = ?`, person.String()).Scan(row.targets()...)
	link.User = row.value()
	return link, err
}

// deadLink says why no link was found.
func deadLink(read func(string, ...any) *sql.Row, err error, purpose identity.Purpose, hash []byte, now int64) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var expired bool
	err = read(`SELECT used_at IS NULL AND expires_at <= ? FROM auth_verification_tokens WHERE token_hash = ? AND type = ?`,
		now, hash, string(purpose)).Scan(&expired)
	if expired {
		return identity.ErrLinkExpired
	}
	if err == nil {
		return identity.ErrLinkInvalid
	}
	return notFound(err, identity.ErrLinkInvalid)
}

// ConfirmEmail implements [identity.Links].
func (s *Identity) ConfirmEmail(ctx context.Context, hash []byte, b identity.LateBonus, e identity.Event) (identity.Link, error) {
	now := timestamp(s.db.clock())
	var link identity.Link
	err := s.db.write(ctx, func(t *tx) (err error) {
		if link, err = useLink(t, identity.PurposeVerify, hash, now); err != nil {
			return err
		}
		if err := proveEmail(t, link.User.ID, b, now); err != nil {
			return err
		}
		event := e
		event.UserID = link.User.ID
		return insertEvent(t, event, now)
	})
	return link, err
}

// proveEmail notes that an address is proven. The first time brings the bonus.
func proveEmail(t *tx, person uuid.UUID, b identity.LateBonus, now int64) error {
	first, err := one(t.exec(`UPDATE auth_users SET email_verified = 1, updated_at = ? WHERE id = ? AND email_verified = 0`, now, person.String()))
	if err != nil || !first {
		return err
	}
	return welcome(t, person, b, fromTimestamp(now))
}

// ResetPassword implements [identity.Links].
func (s *Identity) ResetPassword(ctx context.Context, r identity.PasswordReset) (identity.Link, error) {
	now := timestamp(s.db.clock())
	var link identity.Link
	err := s.db.write(ctx, func(t *tx) (err error) {
		if link, err = useLink(t, identity.PurposeReset, r.Hash, now); err != nil {
			return err
		}
		person := link.User.ID
		if !link.User.EmailVerified {
			if err := disown(t, person); err != nil {
				return err
			}
		}
		if link.Email != "" {
			if err := proveEmail(t, person, r.Bonus, now); err != nil {
				return err
			}
		}
		if err := setPassword(t, person, r.PasswordHash, now); err != nil {
			return err
		}
		if err := revokeSessions(t, person, uuid.Nil, "password_reset", now); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM auth_login_attempts WHERE account_key = ?`, r.AttemptKey); err != nil {
			return err
		}
		if err := insertMail(t, person, r.Mail, now); err != nil {
			return err
		}
		event := r.Event
		event.UserID = person
		return insertEvent(t, event, now)
	})
	return link, err
}

// disown removes what a stranger could have set on an account whose address was never proven, but for the password and
// sessions, which end at every reset.
func disown(t *tx, person uuid.UUID) error {
	for _, statement := range []string{
		`DELETE FROM auth_sign_ins WHERE user_id = ?`,
		`DELETE FROM auth_consents WHERE user_id = ?`,
		`DELETE FROM auth_accounts WHERE user_id = ?`,
		`DELETE FROM auth_two_factor_auth WHERE user_id = ?`,
		`DELETE FROM auth_recovery_codes WHERE user_id = ?`,
		`DELETE FROM auth_passkeys WHERE user_id = ?`,
		`UPDATE auth_users SET second_factor = 0, has_passkey = 0 WHERE id = ?`,
	} {
		if _, err := t.exec(statement, person.String()); err != nil {
			return err
		}
	}
	return nil
}

func setPassword(t *tx, person uuid.UUID, hash string, now int64) error {
	_, err := t.exec(`INSERT INTO auth_passwords (user_id, hashed_password, created_at, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET hashed_password = excluded.hashed_password, updated_at = excluded.updated_at`,
		person.String(), hash, now, now)
	return err
}

// revokeSessions ends all sessions of a person but one, with their grants and refresh families, those with offline
// access too, its sign-ins that wait for a second factor, and a change of address that waits.
func revokeSessions(t *tx, person, but uuid.UUID, reason string, now int64) error {
	if _, err := t.exec(`DELETE FROM auth_sign_ins WHERE user_id = ?`, person.String()); err != nil {
		return err
	}
	if err := endLinks(t, person, identity.PurposeChange, now); err != nil { // that one of them has asked for
		return err
	}
	_, err := t.exec(`UPDATE auth_sessions SET revoked_at = ?, revoke_reason = ?
		WHERE user_id = ? AND id <> ? AND revoked_at IS NULL`, now, reason, person.String(), but.String())
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth_grants SET revoked_at = ? WHERE user_id = ? AND session_id <> ? AND revoked_at IS NULL`,
		now, person.String(), but.String())
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth_refresh_tokens SET revoked_at = ?, salt = NULL
		WHERE user_id = ? AND session_id <> ? AND revoked_at IS NULL`, now, person.String(), but.String())
	if err != nil {
		return err
	}
	return err
}

// ChangePassword implements [identity.Links].
func (s *Identity) ChangePassword(ctx context.Context, c identity.PasswordChange) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		changed, err := one(t.exec(`UPDATE auth_passwords SET hashed_password = ?, updated_at = ?
			WHERE user_id = ? AND hashed_password = ? AND EXISTS (SELECT 1 FROM auth_users u
				WHERE u.id = user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL)`, c.New, now, c.UserID.String(), c.Old))
		if err == nil && !changed {
			err = identity.ErrCredentials
		}
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth_sessions SET cookie_hash = ? WHERE id = ? AND user_id = ? AND cookie_hash IS NOT NULL`,
			c.CookieHash, c.SessionID.String(), c.UserID.String())
		if err != nil {
			return err
		}
		if err := endLinks(t, c.UserID, identity.PurposeReset, now); err != nil {
			return err
		}
		if err := revokeSessions(t, c.UserID, c.SessionID, "password_changed", now); err != nil {
			return err
		}
		if err := insertMail(t, c.UserID, c.Mail, now); err != nil {
			return err
		}
		return insertEvent(t, c.Event, now)
	})
}
