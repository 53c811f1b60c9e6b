package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// RequestLink implements [identity.Links].
func (s *Identity) RequestLink(ctx context.Context, r identity.LinkRequest) error {
	now := s.db.clock()
	attempt, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.db.writeFor(ctx, string(r.Email), system, func(t *tx) error {
		taken, err := takeAttempt(t, attempt, r.Key, r.Limits, now)
		if err != nil || taken.ID == uuid.Nil {
			return err
		}
		var person uuid.UUID
		err = t.queryRow(`SELECT id FROM auth.users WHERE email = $1 AND disabled_at IS NULL AND deleted_at IS NULL
			AND NOT (email_verified AND $2) FOR NO KEY UPDATE`, string(r.Email), r.Unverified).Scan(&person)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
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
	now := s.db.clock()
	return s.db.writeFor(ctx, l.UserID.String(), system, func(t *tx) error {
		if err := insertAct(t, by, l.Event, now); err != nil {
			return err
		}
		var person uuid.UUID
		err := t.queryRow(`SELECT id FROM auth.users WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE`, l.UserID).Scan(&person)
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
func insertLink(t *tx, person uuid.UUID, link identity.NewLink, now time.Time) error {
	if link.Purpose == "" {
		return nil
	}
	if err := endLinks(t, person, link.Purpose, now); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO auth.verification_tokens
		(id, user_id, token_hash, type, target_email, return_to, created_at, expires_at)
		SELECT $1, id, $2, $3, CASE WHEN $4 THEN '' ELSE email END, $5, $6, $7 FROM auth.users WHERE id = $8 AND deleted_at IS NULL`,
		link.ID, link.Hash, string(link.Purpose), link.ByHand, link.ReturnTo, now, link.ExpiresAt, person)
	return err
}

// endLinks ends the links of a person for a purpose.
func endLinks(t *tx, person uuid.UUID, purpose identity.Purpose, now time.Time) error {
	_, err := t.exec(`UPDATE auth.verification_tokens SET used_at = $1 WHERE user_id = $2 AND type = $3 AND used_at IS NULL`,
		now, person, string(purpose))
	return err
}

// liveLink says that a link l with the hash $1 for the purpose $2 works at the time $3.
const liveLink = `l.token_hash = $1 AND l.type = $2 AND l.used_at IS NULL AND l.expires_at > $3
	AND EXISTS (SELECT FROM auth.users u WHERE u.id = l.user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL
		AND (l.target_email IN ('', u.email) OR l.type IN ('email_change', 'email_undo')))`

// Link implements [identity.Links].
func (s *Identity) Link(ctx context.Context, purpose identity.Purpose, hash []byte) (identity.Link, error) {
	var link identity.Link
	var row userRow
	now := s.db.clock()
	read := s.db.reader(ctx, system)
	err := read(`SELECT l.target_email, l.return_to, `+userColumns+` FROM auth.verification_tokens l
		JOIN auth.users u ON u.id = l.user_id WHERE `+liveLink, hash, string(purpose), now).
		Scan(append([]any{&link.Email, &link.ReturnTo}, row.targets()...)...)
	if err != nil {
		return identity.Link{}, deadLink(read, err, purpose, hash, now)
	}
	link.User = row.value()
	return link, nil
}

// useLink uses up a link, by one conditional write.
func useLink(t *tx, purpose identity.Purpose, hash []byte, now time.Time) (identity.Link, error) {
	var link identity.Link
	var row userRow
	_, err := t.exec(`SELECT FROM auth.users u JOIN auth.verification_tokens l ON l.user_id = u.id
		WHERE l.token_hash = $1 FOR NO KEY UPDATE OF u`, hash) // in the order of those who make links
	if err != nil {
		return link, err
	}
	var person uuid.UUID
	err = t.queryRow(`UPDATE auth.verification_tokens l SET used_at = $3 WHERE `+liveLink+`
		RETURNING l.user_id, l.target_email, l.return_to`, hash, string(purpose), now).Scan(&person, &link.Email, &link.ReturnTo)
	if err != nil {
		return identity.Link{}, deadLink(t.queryRow, err, purpose, hash, now)
	}
	err = t.queryRow(`SELECT `+userColumns+` FROM auth.users u WHERE u.id = $1`, person).Scan(row.targets()...)
	link.User = row.value()
	return link, err
}

// deadLink says why no link was found.
func deadLink(read func(string, ...any) pgx.Row, err error, purpose identity.Purpose, hash []byte, now time.Time) error {
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	var expired bool
	err = read(`SELECT used_at IS NULL AND expires_at <= $1 FROM auth.verification_tokens WHERE token_hash = $2 AND type = $3`,
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
	now := s.db.clock()
	var link identity.Link
	err := s.db.writeFor(ctx, string(hash), system, func(t *tx) (err error) {
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
func proveEmail(t *tx, person uuid.UUID, b identity.LateBonus, now time.Time) error {
	first, err := one(t.exec(`UPDATE auth.users SET email_verified = true, updated_at = $1 WHERE id = $2 AND NOT email_verified`, now, person))
	if err != nil || !first {
		return err
	}
	return welcome(t, person, b, now)
}

// ResetPassword implements [identity.Links].
func (s *Identity) ResetPassword(ctx context.Context, r identity.PasswordReset) (identity.Link, error) {
	now := s.db.clock()
	var link identity.Link
	err := s.db.writeFor(ctx, string(r.Hash), system, func(t *tx) (err error) {
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
		if _, err := t.exec(`DELETE FROM auth.login_attempts WHERE account_key = $1`, r.AttemptKey); err != nil {
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
		`DELETE FROM auth.sign_ins WHERE user_id = $1`, // first, as whoever ends one does
		`DELETE FROM auth.consents WHERE user_id = $1`,
		`DELETE FROM auth.accounts WHERE user_id = $1`,
		`DELETE FROM auth.two_factor_auth WHERE user_id = $1`,
		`DELETE FROM auth.recovery_codes WHERE user_id = $1`,
		`DELETE FROM auth.passkeys WHERE user_id = $1`,
		`UPDATE auth.users SET second_factor = false, has_passkey = false WHERE id = $1`,
	} {
		if _, err := t.exec(statement, person); err != nil {
			return err
		}
	}
	return nil
}

func setPassword(t *tx, person uuid.UUID, hash string, now time.Time) error {
	_, err := t.exec(`INSERT INTO auth.passwords (user_id, hashed_password, created_at, updated_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (user_id) DO UPDATE SET hashed_password = $2, updated_at = $3`, person, hash, now)
	return err
}

// revokeSessions ends all sessions of a person but one, with their grants and refresh families, those with offline
// access too, its sign-ins that wait for a second factor, and a change of address that waits.
func revokeSessions(t *tx, person, but uuid.UUID, reason string, now time.Time) error {
	if _, err := t.exec(`DELETE FROM auth.sign_ins WHERE user_id = $1`, person); err != nil { // first: one that ends now is a session then
		return err
	}
	if err := endLinks(t, person, identity.PurposeChange, now); err != nil { // that one of them has asked for
		return err
	}
	_, err := t.exec(`UPDATE auth.sessions SET revoked_at = $1, revoke_reason = $2
		WHERE user_id = $3 AND id <> $4 AND revoked_at IS NULL`, now, reason, person, but)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth.grants SET revoked_at = $1 WHERE user_id = $2 AND session_id <> $3 AND revoked_at IS NULL`, now, person, but)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE auth.refresh_tokens SET revoked_at = $1, salt = NULL
		WHERE user_id = $2 AND session_id <> $3 AND revoked_at IS NULL`, now, person, but)
	if err != nil {
		return err
	}
	return err
}

// ChangePassword implements [identity.Links].
func (s *Identity) ChangePassword(ctx context.Context, c identity.PasswordChange) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		changed, err := one(t.exec(`UPDATE auth.passwords SET hashed_password = $1, updated_at = $2
			WHERE user_id = $3 AND hashed_password = $4 AND EXISTS (SELECT FROM auth.users u
				WHERE u.id = user_id AND u.disabled_at IS NULL AND u.deleted_at IS NULL)`, c.New, now, c.UserID, c.Old))
		if err == nil && !changed {
			err = identity.ErrCredentials
		}
		if err != nil {
			return err
		}
		if err := endLinks(t, c.UserID, identity.PurposeReset, now); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth.sessions SET cookie_hash = $1 WHERE id = $2 AND user_id = $3 AND cookie_hash IS NOT NULL`,
			c.CookieHash, c.SessionID, c.UserID)
		if err != nil {
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
