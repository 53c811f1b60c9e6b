package sqlite

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// LinkedUser implements [identity.Upstreams].
func (s *Identity) LinkedUser(ctx context.Context, provider, accountID string) (identity.User, error) {
	var row userRow
	err := s.db.queryRow(ctx, `SELECT `+userColumns+` FROM auth_accounts a JOIN auth_users u ON u.id = a.user_id
		WHERE a.provider = ? AND a.provider_account_id = ?`, provider, accountID).Scan(row.targets()...)
	if err != nil {
		return identity.User{}, notFound(err, identity.ErrNotFound)
	}
	return row.value(), nil
}

// LinkedAccounts implements [identity.Upstreams].
func (s *Identity) LinkedAccounts(ctx context.Context, userID uuid.UUID) ([]identity.Linked, error) {
	rows, err := s.db.query(ctx, `SELECT id, user_id, provider, provider_account_id, email, created_at
		FROM auth_accounts WHERE user_id = ? ORDER BY provider`, userID.String())
	if err != nil {
		return nil, fmt.Errorf("listing linked accounts: %w", err)
	}
	defer rows.Close()
	var links []identity.Linked
	for rows.Next() {
		var l identity.Linked
		var created int64
		if err := rows.Scan(&l.ID, &l.UserID, &l.Provider, &l.AccountID, &l.Email, &created); err != nil {
			return nil, fmt.Errorf("reading a linked account: %w", err)
		}
		l.CreatedAt = fromTimestamp(created)
		links = append(links, l)
	}
	return links, rows.Err()
}

// LinkAccount implements [identity.Upstreams].
func (s *Identity) LinkAccount(ctx context.Context, c identity.FactorChange, l identity.Linked) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		if err := renewCookie(t, c); err != nil {
			return err
		}
		stored, err := insertAccount(t, l)
		if err != nil || !stored {
			return err
		}
		return insertEvent(t, c.Event, timestamp(s.db.clock()))
	})
}

// LinkProven implements [identity.Upstreams].
func (s *Identity) LinkProven(ctx context.Context, email identity.Email, l identity.Linked, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		proven := false
		err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_users WHERE id = ? AND email = ? AND email_verified = 1)`,
			l.UserID.String(), string(email)).Scan(&proven)
		if err == nil && !proven {
			err = identity.ErrLinkFirst
		}
		if err != nil {
			return err
		}
		stored, err := insertAccount(t, l)
		if err != nil || !stored {
			return err
		}
		return insertEvent(t, e, timestamp(s.db.clock()))
	})
}

// insertAccount stores a link, unless it is stored already.
func insertAccount(t *tx, l identity.Linked) (bool, error) {
	stored, err := one(t.exec(`INSERT INTO auth_accounts (id, user_id, provider, provider_account_id, email, created_at)
		SELECT ?1, id, ?3, ?4, ?5, ?6 FROM auth_users WHERE id = ?2 AND disabled_at IS NULL AND deleted_at IS NULL
		  AND NOT EXISTS (SELECT 1 FROM auth_accounts WHERE user_id = ?2 AND provider = ?3 AND provider_account_id = ?4)`,
		l.ID.String(), l.UserID.String(), l.Provider, l.AccountID, l.Email, timestamp(l.CreatedAt)))
	if violates(err, "auth_accounts.") {
		return false, identity.ErrLinked
	}
	if err != nil || stored {
		return stored, err
	}
	var live bool
	err = t.queryRow(`SELECT disabled_at IS NULL AND deleted_at IS NULL FROM auth_users WHERE id = ?`, l.UserID.String()).Scan(&live)
	if err == nil && !live {
		return false, identity.ErrCredentials
	}
	return false, notFound(err, identity.ErrCredentials)
}

// ClaimAccount implements [identity.Upstreams].
func (s *Identity) ClaimAccount(ctx context.Context, email identity.Email, l identity.Linked, b identity.LateBonus, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		claimed, err := one(t.exec(`UPDATE auth_users SET email_verified = 1, updated_at = ?
			WHERE id = ? AND email = ? AND email_verified = 0`, now, l.UserID.String(), string(email)))
		if err != nil {
			return err
		}
		if !claimed {
			return identity.ErrLinkFirst
		}
		if err := disown(t, l.UserID); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM auth_passwords WHERE user_id = ?`, l.UserID.String()); err != nil {
			return err
		}
		if err := revokeSessions(t, l.UserID, uuid.Nil, "claimed", now); err != nil {
			return err
		}
		if _, err := insertAccount(t, l); err != nil {
			return err
		}
		if err := welcome(t, l.UserID, b, fromTimestamp(now)); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// UnlinkAccount implements [identity.Upstreams].
func (s *Identity) UnlinkAccount(ctx context.Context, userID uuid.UUID, provider string, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		removed, err := one(t.exec(`DELETE FROM auth_accounts WHERE user_id = ? AND provider = ?`, userID.String(), provider))
		if err == nil && !removed {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := keepWayIn(t, userID); err != nil {
			return err
		}
		return insertEvent(t, e, timestamp(s.db.clock()))
	})
}

// keepWayIn refuses what would leave a person without a way to sign in. [identity.ErrLastWay].
func keepWayIn(t *tx, userID uuid.UUID) error {
	var way bool
	err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_passwords WHERE user_id = ?1)
		OR EXISTS (SELECT 1 FROM auth_accounts WHERE user_id = ?1)
		OR EXISTS (SELECT 1 FROM auth_passkeys WHERE user_id = ?1)`, userID.String()).Scan(&way)
	if err == nil && !way {
		return identity.ErrLastWay
	}
	return err
}
