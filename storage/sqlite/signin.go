package sqlite

import (
	"context"

	"mana/provider/identity"
)

// BeginSignIn implements [identity.SignIns].
func (s *Identity) BeginSignIn(ctx context.Context, w identity.WaitingSignIn) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := proofHolds(t, w.UserID, w.Proof); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO auth_sign_ins (sign_in_hash, user_id, auth_time, amr, remember, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, w.Hash, w.UserID.String(), timestamp(w.AuthTime), encodeList(w.AMR), w.Remember,
			timestamp(w.CreatedAt), timestamp(w.ExpiresAt))
		return err
	})
}

// SignIn implements [identity.SignIns].
func (s *Identity) SignIn(ctx context.Context, hash []byte) (identity.WaitingSignIn, identity.User, error) {
	w := identity.WaitingSignIn{Hash: hash}
	var user userRow
	var amr string
	var authTime, created, expires int64
	err := s.db.queryRow(ctx, `SELECT w.auth_time, w.amr, w.remember, w.created_at, w.expires_at, `+userColumns+`
		FROM auth_sign_ins w JOIN auth_users u ON u.id = w.user_id
		WHERE w.sign_in_hash = ? AND w.expires_at > ? AND u.disabled_at IS NULL AND u.deleted_at IS NULL`,
		hash, timestamp(s.db.clock())).
		Scan(append([]any{&authTime, &amr, &w.Remember, &created, &expires}, user.targets()...)...)
	if err != nil {
		return identity.WaitingSignIn{}, identity.User{}, notFound(err, identity.ErrNoSignIn)
	}
	w.UserID, w.AuthTime = user.user.ID, fromTimestamp(authTime)
	w.CreatedAt, w.ExpiresAt = fromTimestamp(created), fromTimestamp(expires)
	w.AMR, err = decodeList[string](amr)
	return w, user.value(), err
}

// FinishSignIn implements [identity.SignIns].
func (s *Identity) FinishSignIn(ctx context.Context, f identity.FinishedSignIn) (identity.FinishedSession, error) {
	now := timestamp(s.db.clock())
	var done identity.FinishedSession
	err := s.db.write(ctx, func(t *tx) error {
		done = identity.FinishedSession{}
		waited, err := one(t.exec(`DELETE FROM auth_sign_ins WHERE sign_in_hash = ? AND user_id = ? AND expires_at > ?`,
			f.Hash, f.Session.UserID.String(), now))
		if err == nil && !waited {
			return identity.ErrNoSignIn
		}
		if err != nil {
			return err
		}
		if done.RecoveryLeft, err = useProof(t, f, now); err != nil {
			return err
		}
		if done.Session, err = replaceSession(t, f.Session, f.Replaced, now); err != nil {
			return err
		}
		return insertEvent(t, f.Event, now)
	})
	return done, err
}

// useProof uses a code up. It tells how many recovery codes are left then.
func useProof(t *tx, f identity.FinishedSignIn, now int64) (left int, err error) {
	person := f.Session.UserID.String()
	if f.Proof.RecoveryHash == nil {
		used, err := one(t.exec(`UPDATE auth_two_factor_auth SET last_used_step = ?
			WHERE user_id = ? AND enabled_at IS NOT NULL AND last_used_step < ?`, f.Proof.Step, person, f.Proof.Step))
		if err == nil && !used {
			return 0, identity.ErrCodeUsed
		}
		return 0, err
	}
	used, err := one(t.exec(`UPDATE auth_recovery_codes SET used_at = ? WHERE user_id = ? AND code_hash = ? AND used_at IS NULL`,
		now, person, f.Proof.RecoveryHash))
	if err != nil {
		return 0, err
	}
	if !used {
		known := false
		err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_recovery_codes WHERE user_id = ? AND code_hash = ?)`,
			person, f.Proof.RecoveryHash).Scan(&known)
		if err == nil && known {
			return 0, identity.ErrCodeUsed
		}
		if err == nil {
			err = identity.ErrCodeWrong
		}
		return 0, err
	}
	recovered := f.Event
	recovered.Type = "recovery_code_used"
	if err := insertEvent(t, recovered, now); err != nil {
		return 0, err
	}
	err = t.queryRow(`SELECT count(*) FROM auth_recovery_codes WHERE user_id = ? AND used_at IS NULL`, person).Scan(&left)
	return left, err
}
