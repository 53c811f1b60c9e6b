package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// liveAdministrator is a condition on auth_users.
const liveAdministrator = `role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL`

// HasAdministrator implements [identity.Setups].
func (s *Identity) HasAdministrator(ctx context.Context) (bool, error) {
	var found bool
	err := s.db.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM auth_users WHERE `+liveAdministrator+`)`).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("looking for an administrator: %w", err)
	}
	return found, nil
}

// OfferSetup implements [identity.Setups].
func (s *Identity) OfferSetup(ctx context.Context, link identity.SetupLink, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM auth_setup_links`); err != nil {
			return err
		}
		stored, err := one(t.exec(`INSERT INTO auth_setup_links (code_hash, recover, expires_at) SELECT ?, ?, ?
			WHERE ? OR NOT EXISTS (SELECT 1 FROM auth_users WHERE `+liveAdministrator+`)`,
			link.Hash, link.Recover, timestamp(link.ExpiresAt), link.Recover))
		if err != nil {
			return err
		}
		if !stored {
			return identity.ErrSetupDone
		}
		return insertEvent(t, e, timestamp(s.db.clock()))
	})
}

// usableSetup is a condition on auth_setup_links l.
const usableSetup = `(l.recover = 1 OR NOT EXISTS (SELECT 1 FROM auth_users WHERE ` + liveAdministrator + `))`

// SetupOpen implements [identity.Setups].
func (s *Identity) SetupOpen(ctx context.Context) (bool, error) {
	var open bool
	err := s.db.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM auth_setup_links l WHERE `+usableSetup+`)`).Scan(&open)
	if err != nil {
		return false, fmt.Errorf("looking for a setup link: %w", err)
	}
	return open, nil
}

const setupState = `SELECT l.expires_at, ` + usableSetup + ` FROM auth_setup_links l WHERE l.code_hash = ?`

// CheckSetup implements [identity.Setups].
func (s *Identity) CheckSetup(ctx context.Context, hash []byte) error {
	return s.judgeSetup(s.db.queryRow(ctx, setupState, hash))
}

// judgeSetup reads setupState and says what is in the way of a link.
func (s *Identity) judgeSetup(row rowScanner) error {
	var expires int64
	var usable bool
	err := row.Scan(&expires, &usable)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return identity.ErrSetupCode
	case err != nil:
		return fmt.Errorf("reading a setup link: %w", err)
	case !usable:
		return identity.ErrSetupDone
	case expires <= timestamp(s.db.clock()):
		return identity.ErrSetupExpired
	}
	return nil
}

// useSetup uses up a link.
func (s *Identity) useSetup(t *tx, hash []byte) error {
	if err := s.judgeSetup(t.queryRow(setupState, hash)); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM auth_setup_links`)
	return err
}

// SetUp implements [identity.Setups].
func (s *Identity) SetUp(ctx context.Context, hash []byte, a identity.NewAccount) (identity.User, error) {
	err := s.db.write(ctx, func(t *tx) error {
		if err := s.useSetup(t, hash); err != nil {
			return err
		}
		return insertPerson(t, a, s.db.clock())
	})
	if err != nil {
		return identity.User{}, fmt.Errorf("creating an administrator: %w", err)
	}
	return a.User, nil
}

// PromoteBySetup implements [identity.Setups].
func (s *Identity) PromoteBySetup(ctx context.Context, hash []byte, userID uuid.UUID, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := s.useSetup(t, hash); err != nil {
			return err
		}
		promoted, err := one(t.exec(`UPDATE auth_users SET role = 'admin', updated_at = ?
			WHERE id = ? AND disabled_at IS NULL AND deleted_at IS NULL`, now, userID.String()))
		if err != nil {
			return err
		}
		if !promoted {
			return identity.ErrNotFound
		}
		return insertEvent(t, e, now)
	})
}
