package sqlite

import (
	"context"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// TakeApp implements [identity.WaysIn].
func (s *Identity) TakeApp(ctx context.Context, by identity.Actor, e identity.Event) error {
	return s.takeWay(ctx, by, e, func(t *tx) (bool, error) {
		removed, err := one(t.exec(`DELETE FROM auth_two_factor_auth WHERE user_id = ? AND enabled_at IS NOT NULL`, e.UserID.String()))
		if err != nil || !removed {
			return removed, err
		}
		if _, err := t.exec(`UPDATE auth_users SET second_factor = 0 WHERE id = ?`, e.UserID.String()); err != nil {
			return false, err
		}
		return true, replaceRecoveryCodes(t, e.UserID, nil)
	})
}

// TakePasskey implements [identity.WaysIn].
func (s *Identity) TakePasskey(ctx context.Context, by identity.Actor, credential []byte, e identity.Event) error {
	return s.takeWay(ctx, by, e, func(t *tx) (bool, error) {
		removed, err := one(t.exec(`DELETE FROM auth_passkeys WHERE user_id = ? AND credential_id = ?`, e.UserID.String(), credential))
		if err != nil || !removed {
			return removed, err
		}
		return true, notePasskeys(t, e.UserID)
	})
}

// TakeAccount implements [identity.WaysIn].
func (s *Identity) TakeAccount(ctx context.Context, by identity.Actor, provider string, e identity.Event) error {
	return s.takeWay(ctx, by, e, func(t *tx) (bool, error) {
		return one(t.exec(`DELETE FROM auth_accounts WHERE user_id = ? AND provider = ?`, e.UserID.String(), provider))
	})
}

// takeWay takes one way in from a person who keeps another, and signs the person out.
func (s *Identity) takeWay(ctx context.Context, by identity.Actor, e identity.Event, remove func(*tx) (bool, error)) error {
	return s.db.write(ctx, func(t *tx) error {
		now := timestamp(s.db.clock())
		if err := authorize(t, by); err != nil {
			return err
		}
		var person uuid.UUID
		if err := t.queryRow(`SELECT id FROM auth_users WHERE id = ?`, e.UserID.String()).Scan(&person); err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		removed, err := remove(t)
		if err == nil && !removed {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return finishTaking(t, by, e, now)
	})
}

// finishTaking refuses to leave a person without a way in, ends all sessions and writes the event.
func finishTaking(t *tx, by identity.Actor, e identity.Event, now int64) error {
	if err := keepWayIn(t, e.UserID); err != nil {
		return err
	}
	if err := revokeSessions(t, e.UserID, uuid.Nil, "factors_changed", now); err != nil {
		return err
	}
	return insertEvent(t, by.Sign(e), now)
}
