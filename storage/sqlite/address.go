package sqlite

import (
	"context"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// RequestAddress implements [identity.Addresses].
func (s *Identity) RequestAddress(ctx context.Context, r identity.AddressRequest) error {
	at := s.db.clock()
	now := timestamp(at)
	return s.db.write(ctx, func(t *tx) error {
		if err := holdSession(t, r.UserID, r.SessionID); err != nil {
			return err
		}
		for _, key := range r.Keys {
			taken, err := takeAttempt(t, uuid.Must(uuid.NewV7()), key, r.Limits, at)
			if err == nil && taken.ID == uuid.Nil {
				err = &identity.LockedError{RetryAfter: max(taken.RetryAfter, time.Second)}
			}
			if err != nil {
				return err
			}
		}
		if err := insertLinkTo(t, r.UserID, r.Email, r.Link, now); err != nil {
			return err
		}
		if err := insertMailTo(t, r.UserID, r.Email, r.Mail, now); err != nil {
			return err
		}
		return insertEvent(t, r.Event, now)
	})
}

// insertLinkTo ends the older links of its purpose and stores one for an address that need not be the person's.
func insertLinkTo(t *tx, person uuid.UUID, target identity.Email, link identity.NewLink, now int64) error {
	if err := endLinks(t, person, link.Purpose, now); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO auth_verification_tokens
		(id, user_id, token_hash, type, target_email, return_to, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		link.ID.String(), person.String(), link.Hash, string(link.Purpose), string(target), link.ReturnTo, now, timestamp(link.ExpiresAt))
	return err
}

// ChangeAddress implements [identity.Addresses].
func (s *Identity) ChangeAddress(ctx context.Context, c identity.AddressChange) (identity.Link, error) {
	now := timestamp(s.db.clock())
	var link identity.Link
	err := s.db.write(ctx, func(t *tx) (err error) {
		if link, err = useLink(t, identity.PurposeChange, c.Hash, now); err != nil {
			return err
		}
		if err := setAddress(t, link, now); err != nil {
			return err
		}
		if err := tellBefore(t, link, c, now); err != nil {
			return err
		}
		event := c.Event
		event.UserID = link.User.ID
		return insertEvent(t, event, now)
	})
	return link, err
}

// setAddress gives a person the proven address of a link. [identity.ErrEmailTaken].
func setAddress(t *tx, link identity.Link, now int64) error {
	_, err := t.exec(`UPDATE auth_users SET email = ?, email_verified = 1, updated_at = ? WHERE id = ?`,
		string(link.Email), now, link.User.ID.String())
	if violates(err, "auth_users.email") {
		return identity.ErrEmailTaken
	}
	if err != nil {
		return err
	}
	return unclaimed(t, link.User.ID, link.Email, now)
}

// unclaimed refuses an address that somebody else may still take back. It comes after the write of the address, which
// waits for whoever gives it up. [identity.ErrEmailTaken].
func unclaimed(t *tx, person uuid.UUID, email identity.Email, now int64) error {
	var claimed bool
	err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_verification_tokens
		WHERE target_email = ? AND type = 'email_undo' AND used_at IS NULL AND expires_at > ? AND user_id <> ?)`,
		string(email), now, person.String()).Scan(&claimed)
	if err == nil && claimed {
		err = identity.ErrEmailTaken
	}
	return err
}

// tellBefore writes to the address that a person had.
func tellBefore(t *tx, link identity.Link, c identity.AddressChange, now int64) error {
	before := link.User
	if !before.EmailVerified {
		return tellUnproven(t, link, c, now)
	}
	var earlier bool
	err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_verification_tokens
		WHERE user_id = ? AND type = ? AND used_at IS NULL AND expires_at > ?)`,
		before.ID.String(), string(identity.PurposeUndo), now).Scan(&earlier)
	if err != nil {
		return err
	}
	if earlier {
		return insertMailTo(t, before.ID, before.Email, c.Notice, now)
	}
	if err := insertLinkTo(t, before.ID, before.Email, c.Undo, now); err != nil {
		return err
	}
	return insertMailTo(t, before.ID, before.Email, c.UndoMail, now)
}

// tellUnproven writes to an address that was not proven, if it may have another mail. The new one is the first that is
// proven, which brings the bonus.
func tellUnproven(t *tx, link identity.Link, c identity.AddressChange, now int64) error {
	before := link.User
	if err := welcome(t, before.ID, c.Bonus, fromTimestamp(now)); err != nil || before.Email == link.Email {
		return err
	}
	taken, err := takeAttempt(t, uuid.Must(uuid.NewV7()), c.Key, c.Limits, fromTimestamp(now))
	if err != nil || taken.ID == uuid.Nil {
		return err
	}
	return insertMailTo(t, before.ID, before.Email, c.Notice, now)
}

// UndoAddress implements [identity.Addresses].
func (s *Identity) UndoAddress(ctx context.Context, hash []byte, e identity.Event) (identity.Link, error) {
	now := timestamp(s.db.clock())
	var link identity.Link
	err := s.db.write(ctx, func(t *tx) (err error) {
		if link, err = useLink(t, identity.PurposeUndo, hash, now); err != nil {
			return err
		}
		person := link.User.ID
		if err := setAddress(t, link, now); err != nil {
			return err
		}
		if err := disown(t, person); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM auth_passwords WHERE user_id = ?`, person.String()); err != nil {
			return err
		}
		for _, purpose := range []identity.Purpose{identity.PurposeChange, identity.PurposeReset} {
			if err := endLinks(t, person, purpose, now); err != nil {
				return err
			}
		}
		if err := revokeSessions(t, person, uuid.Nil, "email_restored", now); err != nil {
			return err
		}
		event := e
		event.UserID = person
		return insertEvent(t, event, now)
	})
	return link, err
}
