package postgres

import (
	"context"
	"time"

	"mana/provider/identity"
)

// BeginSignIn implements [identity.SignIns].
func (s *Identity) BeginSignIn(ctx context.Context, w identity.WaitingSignIn) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := proofHolds(t, w.UserID, w.Proof); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO auth.sign_ins (sign_in_hash, user_id, auth_time, amr, remember, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, w.Hash, w.UserID, w.AuthTime, encodeList(w.AMR), w.Remember,
			w.CreatedAt, w.ExpiresAt)
		return err
	})
}

// SignIn implements [identity.SignIns].
func (s *Identity) SignIn(ctx context.Context, hash []byte) (identity.WaitingSignIn, identity.User, error) {
	w := identity.WaitingSignIn{Hash: hash}
	var user userRow
	var amr string
	err := s.db.reader(ctx, system)(`SELECT w.auth_time, w.amr, w.remember, w.created_at, w.expires_at, `+userColumns+`
		FROM auth.sign_ins w JOIN auth.users u ON u.id = w.user_id
		WHERE w.sign_in_hash = $1 AND w.expires_at > $2 AND u.disabled_at IS NULL AND u.deleted_at IS NULL`,
		hash, s.db.clock()).
		Scan(append([]any{&w.AuthTime, &amr, &w.Remember, &w.CreatedAt, &w.ExpiresAt}, user.targets()...)...)
	if err != nil {
		return identity.WaitingSignIn{}, identity.User{}, notFound(err, identity.ErrNoSignIn)
	}
	w.UserID = user.user.ID
	w.AMR, err = decodeList[string](amr)
	return w, user.value(), err
}

// FinishSignIn implements [identity.SignIns].
func (s *Identity) FinishSignIn(ctx context.Context, f identity.FinishedSignIn) (identity.FinishedSession, error) {
	now := s.db.clock()
	var done identity.FinishedSession
	err := s.db.writeFor(ctx, f.Session.UserID.String(), system, func(t *tx) error {
		done = identity.FinishedSession{}
		if _, err := t.exec(`SELECT FROM auth.users WHERE id = $1 FOR KEY SHARE`, f.Session.UserID); err != nil { // in the order of a deletion
			return err
		}
		waited, err := one(t.exec(`DELETE FROM auth.sign_ins WHERE sign_in_hash = $1 AND user_id = $2 AND expires_at > $3`,
			f.Hash, f.Session.UserID, now))
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
func useProof(t *tx, f identity.FinishedSignIn, now time.Time) (left int, err error) {
	person := f.Session.UserID
	if f.Proof.RecoveryHash == nil {
		used, err := one(t.exec(`UPDATE auth.two_factor_auth SET last_used_step = $1
			WHERE user_id = $2 AND enabled_at IS NOT NULL AND last_used_step < $3`, f.Proof.Step, person, f.Proof.Step))
		if err == nil && !used {
			return 0, identity.ErrCodeUsed
		}
		return 0, err
	}
	used, err := one(t.exec(`UPDATE auth.recovery_codes SET used_at = $1 WHERE user_id = $2 AND code_hash = $3 AND used_at IS NULL`,
		now, person, f.Proof.RecoveryHash))
	if err != nil {
		return 0, err
	}
	if !used {
		known := false
		err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth.recovery_codes WHERE user_id = $1 AND code_hash = $2)`,
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
	err = t.queryRow(`SELECT count(*) FROM auth.recovery_codes WHERE user_id = $1 AND used_at IS NULL`, person).Scan(&left)
	return left, err
}
