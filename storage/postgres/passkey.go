package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// StoreChallenge implements [identity.Challenges].
func (s *Identity) StoreChallenge(ctx context.Context, c identity.Challenge) error {
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`INSERT INTO auth.challenges (challenge_hash, browser_hash, user_id, session, expires_at)
			VALUES ($1, $2, $3, $4, $5)`, c.Hash, c.Browser, optionalID(c.UserID), c.Session, c.ExpiresAt)
		return err
	})
}

// TakeChallenge implements [identity.Challenges].
func (s *Identity) TakeChallenge(ctx context.Context, hash, browser []byte) (identity.Challenge, error) {
	now := s.db.clock()
	c := identity.Challenge{Hash: hash, Browser: browser}
	err := s.db.write(ctx, system, func(t *tx) error {
		err := t.queryRow(`DELETE FROM auth.challenges WHERE challenge_hash = $1 AND browser_hash = $2 AND expires_at > $3
			RETURNING user_id, session, expires_at`, hash, browser, now).Scan(toID(&c.UserID), &c.Session, &c.ExpiresAt)
		return notFound(err, identity.ErrPasskey)
	})
	return c, err
}

// Passkeys implements [identity.Passkeys].
func (s *Identity) Passkeys(ctx context.Context, userID uuid.UUID) ([]identity.Passkey, error) {
	var list []identity.Passkey
	err := s.db.read(ctx, system, `SELECT credential_id, name, public_key, sign_count, backup_eligible, kind, backed_up, created_at, last_used_at
		FROM auth.passkeys WHERE user_id = $1 ORDER BY created_at, credential_id`,
		all(&list, func(row pgx.CollectableRow) (identity.Passkey, error) {
			p := identity.Passkey{UserID: userID}
			err := row.Scan(&p.ID, &p.Name, &p.PublicKey, &p.SignCount, &p.BackupEligible, &p.Kind, &p.BackedUp, &p.CreatedAt, toTime(&p.LastUsedAt))
			return p, err
		}), userID)
	return list, err
}

// AddPasskey implements [identity.Passkeys].
func (s *Identity) AddPasskey(ctx context.Context, c identity.FactorChange, p identity.Passkey, limit int) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		var held int
		err := t.queryRow(`SELECT count(*) FROM auth.passkeys WHERE user_id = $1`, p.UserID).Scan(&held)
		if err == nil && held >= limit {
			err = identity.ErrPasskey
		}
		if err != nil {
			return err
		}
		stored, err := one(t.exec(`INSERT INTO auth.passkeys
			(credential_id, user_id, name, public_key, sign_count, backup_eligible, kind, backed_up, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (credential_id) DO NOTHING`,
			p.ID, p.UserID, p.Name, p.PublicKey, p.SignCount, p.BackupEligible, p.Kind, p.BackedUp, p.CreatedAt))
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
	_, err := t.exec(`UPDATE auth.users AS u SET has_passkey = EXISTS (SELECT 1 FROM auth.passkeys p WHERE p.user_id = u.id)
		WHERE id = $1`, userID)
	return err
}

// RenamePasskey implements [identity.Passkeys].
func (s *Identity) RenamePasskey(ctx context.Context, id []byte, name string, e identity.Event) error {
	now := s.db.clock()
	return s.db.write(ctx, system, func(t *tx) error {
		named, err := one(t.exec(`UPDATE auth.passkeys SET name = $1 WHERE credential_id = $2 AND user_id = $3`, name, id, e.UserID))
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
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		removed, err := one(t.exec(`DELETE FROM auth.passkeys WHERE user_id = $1 AND credential_id = $2`, c.UserID, id))
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
	now := s.db.clock()
	var started identity.Session
	var refused error
	err := s.db.writeFor(ctx, u.Session.UserID.String(), system, func(t *tx) error {
		refused = nil
		var before uint32
		err := t.queryRow(`SELECT sign_count FROM auth.passkeys WHERE credential_id = $1 AND user_id = $2 FOR UPDATE`,
			u.ID, u.Session.UserID).Scan(&before)
		if err != nil {
			return notFound(err, identity.ErrPasskey)
		}
		if u.Count <= before && (u.Count > 0 || before > 0) {
			refused = identity.ErrPasskeyCopied
			copied := u.Event
			copied.Type = "passkey_copied"
			return insertEvent(t, copied, now)
		}
		if _, err := t.exec(`UPDATE auth.passkeys SET sign_count = $1, backed_up = $2, last_used_at = $3 WHERE credential_id = $4`,
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
