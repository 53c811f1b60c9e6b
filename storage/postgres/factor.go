package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// TwoFactor implements [identity.Factors].
func (s *Identity) TwoFactor(ctx context.Context, userID uuid.UUID) (identity.TwoFactor, error) {
	var f identity.TwoFactor
	err := s.db.reader(ctx, system)(`SELECT f.secret, f.last_used_step, f.enabled_at,
			(SELECT count(*) FROM auth.recovery_codes c WHERE c.user_id = f.user_id AND c.used_at IS NULL)
		FROM auth.two_factor_auth f WHERE f.user_id = $1`, userID).Scan(&f.Secret, &f.LastStep, toTime(&f.EnabledAt), &f.RecoveryLeft)
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.TwoFactor{}, nil
	}
	return f, err
}

// OfferTOTP implements [identity.Factors].
func (s *Identity) OfferTOTP(ctx context.Context, userID, sessionID uuid.UUID, sealed []byte) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, userID.String(), system, func(t *tx) error {
		if err := holdSession(t, userID, sessionID); err != nil {
			return err
		}
		offered, err := one(t.exec(`INSERT INTO auth.two_factor_auth (user_id, secret, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
			WHERE two_factor_auth.enabled_at IS NULL`, userID, sealed, now))
		if err == nil && !offered {
			return identity.ErrFactorSet
		}
		return err
	})
}

// EnableTOTP implements [identity.Factors].
func (s *Identity) EnableTOTP(ctx context.Context, c identity.FactorChange, step int64, recovery [][]byte) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		enabled, err := one(t.exec(`UPDATE auth.two_factor_auth SET enabled_at = $1, last_used_step = $2
			WHERE user_id = $3 AND enabled_at IS NULL`, now, step, c.UserID))
		if err == nil && !enabled {
			return identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := replaceRecoveryCodes(t, c.UserID, recovery); err != nil {
			return err
		}
		return changeFactors(t, c, true, now)
	})
}

// RemoveTOTP implements [identity.Factors].
func (s *Identity) RemoveTOTP(ctx context.Context, c identity.FactorChange) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		removed, err := one(t.exec(`DELETE FROM auth.two_factor_auth WHERE user_id = $1 AND enabled_at IS NOT NULL`, c.UserID))
		if err == nil && !removed {
			return identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := replaceRecoveryCodes(t, c.UserID, nil); err != nil {
			return err
		}
		return changeFactors(t, c, false, now)
	})
}

// RenewRecoveryCodes implements [identity.Factors].
func (s *Identity) RenewRecoveryCodes(ctx context.Context, c identity.FactorChange, recovery [][]byte) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.UserID.String(), system, func(t *tx) error {
		if err := holdSession(t, c.UserID, c.SessionID); err != nil {
			return err
		}
		enabled := false
		err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth.two_factor_auth WHERE user_id = $1 AND enabled_at IS NOT NULL)`,
			c.UserID).Scan(&enabled)
		if err == nil && !enabled {
			return identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := replaceRecoveryCodes(t, c.UserID, recovery); err != nil {
			return err
		}
		if err := renewCookie(t, c); err != nil {
			return err
		}
		return insertEvent(t, c.Event, now)
	})
}

func replaceRecoveryCodes(t *tx, userID uuid.UUID, hashes [][]byte) error {
	if _, err := t.exec(`DELETE FROM auth.recovery_codes WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := t.exec(`INSERT INTO auth.recovery_codes (user_id, code_hash) VALUES ($1, $2)`, userID, hash); err != nil {
			return err
		}
	}
	return nil
}

// changeFactors notes whether a person has a second factor, gives the session at hand what it has proven and a new
// cookie, ends all others, and writes the event.
func changeFactors(t *tx, c identity.FactorChange, due bool, now time.Time) error {
	if _, err := t.exec(`UPDATE auth.users SET second_factor = $1 WHERE id = $2`, due, c.UserID); err != nil {
		return err
	}
	return secureSession(t, c, now)
}

// secureSession ends all sessions of a person but the one at hand, which gets a new cookie.
func secureSession(t *tx, c identity.FactorChange, now time.Time) error {
	if err := renewCookie(t, c); err != nil {
		return err
	}
	if err := revokeSessions(t, c.UserID, c.SessionID, "factors_changed", now); err != nil {
		return err
	}
	return insertEvent(t, c.Event, now)
}

// renewCookie gives the session at hand a new cookie and what it has proven. [identity.ErrNoSession].
func renewCookie(t *tx, c identity.FactorChange) error {
	kept, err := one(t.exec(`UPDATE auth.sessions SET cookie_hash = $1, amr = $2 WHERE id = $3 AND user_id = $4 AND revoked_at IS NULL`,
		c.CookieHash, encodeList(c.AMR), c.SessionID, c.UserID))
	if err == nil && !kept {
		return identity.ErrNoSession
	}
	return err
}
