package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// LinkedUser implements [identity.Upstreams].
func (s *Identity) LinkedUser(ctx context.Context, provider, accountID string) (identity.User, error) {
	var row userRow
	err := s.db.reader(ctx, system)(`SELECT `+userColumns+` FROM auth.accounts a JOIN auth.users u ON u.id = a.user_id
		WHERE a.provider = $1 AND a.provider_account_id = $2`, provider, accountID).Scan(row.targets()...)
	if err != nil {
		return identity.User{}, notFound(err, identity.ErrNotFound)
	}
	return row.value(), nil
}

// LinkedAccounts implements [identity.Upstreams].
func (s *Identity) LinkedAccounts(ctx context.Context, userID uuid.UUID) ([]identity.Linked, error) {
	var links []identity.Linked
	err := s.db.read(ctx, user(userID), `SELECT id, user_id, provider, provider_account_id, email, created_at
		FROM auth.accounts WHERE user_id = $1 ORDER BY provider`, all(&links, func(row pgx.CollectableRow) (l identity.Linked, err error) {
		err = row.Scan(&l.ID, &l.UserID, &l.Provider, &l.AccountID, &l.Email, &l.CreatedAt)
		return l, err
	}), userID)
	if err != nil {
		return nil, fmt.Errorf("listing linked accounts: %w", err)
	}
	return links, nil
}

// LinkAccount implements [identity.Upstreams].
func (s *Identity) LinkAccount(ctx context.Context, c identity.FactorChange, l identity.Linked) error {
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
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
		return insertEvent(t, c.Event, s.db.clock())
	})
}

// LinkProven implements [identity.Upstreams].
func (s *Identity) LinkProven(ctx context.Context, email identity.Email, l identity.Linked, e identity.Event) error {
	return s.db.writeFor(ctx, l.UserID.String(), system, func(t *tx) error {
		var proven uuid.UUID
		err := t.queryRow(`SELECT id FROM auth.users WHERE id = $1 AND email = $2 AND email_verified FOR NO KEY UPDATE`,
			l.UserID, string(email)).Scan(&proven)
		if err != nil {
			return notFound(err, identity.ErrLinkFirst)
		}
		stored, err := insertAccount(t, l)
		if err != nil || !stored {
			return err
		}
		return insertEvent(t, e, s.db.clock())
	})
}

// insertAccount stores a link, unless it is stored already.
func insertAccount(t *tx, l identity.Linked) (bool, error) {
	var live bool
	err := t.queryRow(`SELECT disabled_at IS NULL AND deleted_at IS NULL FROM auth.users WHERE id = $1 FOR NO KEY UPDATE`, l.UserID).Scan(&live)
	if err == nil && !live {
		err = identity.ErrCredentials
	}
	if err != nil {
		return false, notFound(err, identity.ErrCredentials)
	}
	stored, err := one(t.exec(`INSERT INTO auth.accounts (id, user_id, provider, provider_account_id, email, created_at)
		SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS
			(SELECT FROM auth.accounts WHERE user_id = $2 AND provider = $3 AND provider_account_id = $4)`,
		l.ID, l.UserID, l.Provider, l.AccountID, printable(l.Email), l.CreatedAt))
	if violates(err, "accounts_provider_account_key") || violates(err, "accounts_user_provider_key") {
		return false, identity.ErrLinked
	}
	return stored, err
}

// ClaimAccount implements [identity.Upstreams].
func (s *Identity) ClaimAccount(ctx context.Context, email identity.Email, l identity.Linked, b identity.LateBonus, e identity.Event) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, string(email), system, func(t *tx) error {
		claimed, err := one(t.exec(`UPDATE auth.users SET email_verified = true, updated_at = $1
			WHERE id = $2 AND email = $3 AND NOT email_verified`, now, l.UserID, string(email)))
		if err != nil {
			return err
		}
		if !claimed {
			return identity.ErrLinkFirst
		}
		if err := disown(t, l.UserID); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM auth.passwords WHERE user_id = $1`, l.UserID); err != nil {
			return err
		}
		if err := revokeSessions(t, l.UserID, uuid.Nil, "claimed", now); err != nil {
			return err
		}
		if _, err := insertAccount(t, l); err != nil {
			return err
		}
		if err := welcome(t, l.UserID, b, now); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// UnlinkAccount implements [identity.Upstreams].
func (s *Identity) UnlinkAccount(ctx context.Context, userID uuid.UUID, provider string, e identity.Event) error {
	return s.db.writeFor(ctx, userID.String(), system, func(t *tx) error {
		if _, err := t.exec(`SELECT FROM auth.users WHERE id = $1 FOR NO KEY UPDATE`, userID); err != nil { // one change at a time
			return err
		}
		removed, err := one(t.exec(`DELETE FROM auth.accounts WHERE user_id = $1 AND provider = $2`, userID, provider))
		if err == nil && !removed {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := keepWayIn(t, userID); err != nil {
			return err
		}
		return insertEvent(t, e, s.db.clock())
	})
}

// keepWayIn refuses what would leave a person, whose row is locked, without a way to sign in. [identity.ErrLastWay].
func keepWayIn(t *tx, userID uuid.UUID) error {
	var way bool
	err := t.queryRow(`SELECT EXISTS (SELECT FROM auth.passwords WHERE user_id = $1)
		OR EXISTS (SELECT FROM auth.accounts WHERE user_id = $1)
		OR EXISTS (SELECT FROM auth.passkeys WHERE user_id = $1)`, userID).Scan(&way)
	if err == nil && !way {
		return identity.ErrLastWay
	}
	return err
}
