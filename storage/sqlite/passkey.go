package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// StoreChallenge implements [identity.Challenges].
func (s *Identity) StoreChallenge(ctx context.Context, c identity.Challenge) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO auth_challenges (challenge_hash, browser_hash, user_id, session, expires_at)
			VALUES (?, ?, ?, ?, ?)`, c.Hash, c.Browser, optionalID(c.UserID), c.Session, timestamp(c.ExpiresAt))
		return err
	})
}

// TakeChallenge implements [identity.Challenges].
func (s *Identity) TakeChallenge(ctx context.Context, hash, browser []byte) (identity.Challenge, error) {
	now := timestamp(s.db.clock())
	c := identity.Challenge{Hash: hash, Browser: browser}
	err := s.db.write(ctx, func(t *tx) error {
		var person uuid.NullUUID
		var expires int64
		err := t.queryRow(`DELETE FROM auth_challenges WHERE challenge_hash = ? AND browser_hash = ? AND expires_at > ?
			RETURNING user_id, session, expires_at`, hash, browser, now).Scan(&person, &c.Session, &expires)
		c.UserID, c.ExpiresAt = person.UUID, fromTimestamp(expires)
		return notFound(err, identity.ErrPasskey)
	})
	return c, err
}

// Passkeys implements [identity.Passkeys].
func (s *Identity) Passkeys(ctx context.Context, userID uuid.UUID) ([]identity.Passkey, error) {
	rows, err := s.db.query(ctx, `SELECT credential_id, name, public_key, sign_count, backup_eligible, kind, backed_up, created_at, last_used_at
		FROM auth_passkeys WHERE user_id = ? ORDER BY created_at, credential_id`, userID.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []identity.Passkey
	for rows.Next() {
		p := identity.Passkey{UserID: userID}
		var created int64
		var used sql.NullInt64
		if err := rows.Scan(&p.ID, &p.Name, &p.PublicKey, &p.SignCount, &p.BackupEligible, &p.Kind, &p.BackedUp, &created, &used); err != nil {
			return nil, err
		}
		p.CreatedAt, p.LastUsedAt = fromTimestamp(created), fromOptional(used)
		list = append(list, p)
	}
	return list, rows.Err()
}

// AddPasskey implements [identity.Passkeys].
func (s *Identity) AddPasskey(ctx context.Context, c identity.FactorChange, p identity.Passkey, limit int) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		var held int
		err := t.queryRow(`SELECT count(*) FROM auth_passkeys WHERE user_id = ?`, p.UserID.String()).Scan(&held)
		if err == nil && held >= limit {
			err = identity.ErrPasskey
		}
		if err != nil {
			return err
		}
		stored, err := one(t.exec(`INSERT INTO auth_passkeys
			(credential_id, user_id, name, public_key, sign_count, backup_eligible, kind, backed_up, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (credential_id) DO NOTHING`,
			p.ID, p.UserID.String(), p.Name, p.PublicKey, p.SignCount, p.BackupEligible, p.Kind, p.BackedUp, timestamp(p.CreatedAt)))
		if err == nil && !stored {
			err = identity.ErrPasskeyTaken
		}
		if err != nil {
			return err
		}
		if err := notePasskeys(t, p.UserID); err != nil {
			return err
		}
		return secureSession(t, c, now)
	})
}

// notePasskeys notes at a person whether there are passkeys.
func notePasskeys(t *tx, userID uuid.UUID) error {
	_, err := t.exec(`UPDATE auth_users AS u SET has_passkey = EXISTS (SELECT 1 FROM auth_passkeys p WHERE p.user_id = u.id)
		WHERE id = ?`, userID.String())
	return err
}

// RenamePasskey implements [identity.Passkeys].
func (s *Identity) RenamePasskey(ctx context.Context, id []byte, name string, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		named, err := one(t.exec(`UPDATE auth_passkeys SET name = ? WHERE credential_id = ? AND user_id = ?`,
			name, id, e.UserID.String()))
		if err == nil && !named {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}

// RemovePasskey implements [identity.Passkeys].
func (s *Identity) RemovePasskey(ctx context.Context, c identity.FactorChange, id []byte) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		removed, err := one(t.exec(`DELETE FROM auth_passkeys WHERE user_id = ? AND credential_id = ?`, c.UserID.String(), id))
		if err == nil && !removed {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := keepWayIn(t, c.UserID); err != nil {
			return err
		}
		if err := notePasskeys(t, c.UserID); err != nil {
			return err
		}
		return secureSession(t, c, now)
	})
}

// UsePasskey implements [identity.Passkeys]. A refusal that must leave a trace is returned after the commit.
func (s *Identity) UsePasskey(ctx context.Context, u identity.PasskeyUse) (identity.Session, error) {
	now := timestamp(s.db.clock())
	var started identity.Session
	var refused error
	err := s.db.write(ctx, func(t *tx) error {
		refused = nil
		var before uint32
		err := t.queryRow(`SELECT sign_count FROM auth_passkeys WHERE credential_id = ? AND user_id = ?`,
			u.ID, u.Session.UserID.String()).Scan(&before)
		if err != nil {
			return notFound(err, identity.ErrPasskey)
		}
		if u.Count <= before && (u.Count > 0 || before > 0) {
			refused = identity.ErrPasskeyCopied
			copied := u.Event
			copied.Type = "passkey_copied"
			return insertEvent(t, copied, now)
		}
		if _, err := t.exec(`UPDATE auth_passkeys SET sign_count = ?, backed_up = ?, last_used_at = ? WHERE credential_id = ?`,
			u.Count, u.BackedUp, now, u.ID); err != nil {
			return err
		}
		if started, err = replaceSession(t, u.Session, u.Replaced, now); err != nil {
			return err
		}
		return insertEvent(t, u.Event, now)
	})
	if err == nil {
		err = refused
	}
	return started, err
}
