package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

// DeleteAccount implements [identity.Accounts]. It locks the administrators, as
// [Identity.ReviseStanding] does, the person, then the wallet.
func (s *Identity) DeleteAccount(ctx context.Context, d identity.Deletion) error {
	now := s.db.clock()
	err := s.db.writeFor(ctx, d.UserID.String(), system, func(t *tx) error {
		others, err := lockAdministrators(t, d.UserID)
		if err != nil {
			return err
		}
		if _, err := t.exec(`SELECT FROM auth.users WHERE id = $1 FOR UPDATE`, d.UserID); err != nil { // before the mail refers to it
			return err
		}
		if err := denied(t, d, now); err != nil {
			return err
		}
		if err := insertEvent(t, d.Event, now); err != nil { // while the address is known
			return err
		}
		if err := forgetPerson(t, d.UserID, others, now); err != nil {
			return err
		}
		return closeWallet(t, d.UserID, d.Closing, now)
	})
	if err != nil {
		return fmt.Errorf("deleting an account: %w", err)
	}
	return nil
}

// denied uses up the link on whose word an account ends.
func denied(t *tx, d identity.Deletion, now time.Time) error {
	if d.Denied == nil {
		return nil
	}
	link, err := useLink(t, identity.PurposeVerify, d.Denied, now)
	if err == nil && (link.User.ID != d.UserID || link.User.EmailVerified || link.Email == "") {
		return identity.ErrLinkInvalid
	}
	return err
}

// forgetPerson marks a person as deleted, and ends and erases what belongs to the person alone: not the
// last administrator.
func forgetPerson(t *tx, id uuid.UUID, others int, now time.Time) error {
	var last bool
	err := t.queryRow(`UPDATE auth.users SET email = NULL, email_verified = false, name = '', avatar_url = '', claims = '{}', second_factor = false, has_passkey = false,
		deleted_at = $1, updated_at = $1 WHERE id = $2 AND deleted_at IS NULL
		RETURNING role = 'admin' AND disabled_at IS NULL AND $3 = 0`, now, id, others).Scan(&last)
	if err != nil {
		return notFound(err, identity.ErrNotFound)
	}
	if last {
		return identity.ErrLastAdministrator
	}
	batch := new(pgx.Batch)
	for _, statement := range []string{
		`UPDATE auth.sessions SET cookie_hash = NULL, ip_address = '', user_agent = '', device_id = '', device_name = '',
			revoked_at = coalesce(revoked_at, $1), revoke_reason = coalesce(revoke_reason, 'deleted') WHERE user_id = $2`,
		`UPDATE auth.grants SET revoked_at = coalesce(revoked_at, $1) WHERE user_id = $2`,
		`UPDATE auth.refresh_tokens SET revoked_at = coalesce(revoked_at, $1), salt = NULL WHERE user_id = $2`,
	} {
		batch.Queue(statement, now, id)
	}
	for _, statement := range []string{
		`DELETE FROM auth.passwords WHERE user_id = $1`,
		`DELETE FROM auth.two_factor_auth WHERE user_id = $1`,
		`DELETE FROM auth.recovery_codes WHERE user_id = $1`,
		`DELETE FROM auth.passkeys WHERE user_id = $1`,
		`DELETE FROM auth.challenges WHERE user_id = $1`,
		`DELETE FROM auth.sign_ins WHERE user_id = $1`,
		`DELETE FROM auth.consents WHERE user_id = $1`,
		`DELETE FROM auth.accounts WHERE user_id = $1`,
		`DELETE FROM auth.mails WHERE user_id = $1 AND kind <> 'account_deleted'`,
		`DELETE FROM auth.verification_tokens WHERE user_id = $1`,
		`DELETE FROM auth.roles WHERE user_id = $1`,
		`SELECT auth.forget_devices($1)`,
	} {
		batch.Queue(statement, id)
	}
	return t.conn.SendBatch(t.ctx, batch).Close()
}

// closeWallet closes a wallet. One that contradicts itself is frozen, and one that is lost is left to the checks: what
// is wrong with credits keeps no person from being deleted.
func closeWallet(t *tx, userID uuid.UUID, c ledger.Closing, now time.Time) error {
	state, err := lockState(t, userID)
	if errors.Is(err, ledger.ErrNoWallet) {
		return nil
	}
	if err != nil {
		return err
	}
	if state.Holds, err = openHolds(t, userID); err != nil {
		return err
	}
	delta, err := ledger.Close(state, now, c)
	if errors.Is(err, ledger.ErrImpossible) {
		return freeze(t, userID, []string{err.Error()}, now)
	}
	if err != nil || delta.Empty() {
		return err
	}
	return updateLocked(t, state.Wallet, delta)
}

// lockState loads a wallet and locks it. [ledger.ErrNoWallet].
func lockState(t *tx, userID uuid.UUID) (state ledger.State, err error) {
	if state.Wallet, err = loadWallet(t, userID, ` FOR NO KEY UPDATE`); err != nil {
		return state, err
	}
	rows, err := t.query(selectGrants, []uuid.UUID{userID})
	if err != nil {
		return state, err
	}
	var of uuid.UUID
	var g ledger.Grant
	_, err = pgx.ForEachRow(rows, grantTargets(&of, &g), func() error {
		state.Grants = append(state.Grants, g)
		return nil
	})
	if err != nil {
		return state, err
	}
	if rows, err = t.query(selectMarks, []uuid.UUID{userID}); err == nil {
		err = eachMark(rows, func(_ uuid.UUID, last ledger.Mark) { state.Last = last })
	}
	return state, err
}

// updateLocked writes what became of a wallet that lockState has loaded.
func updateLocked(t *tx, before ledger.Wallet, delta ledger.Delta) error {
	j := journal{wallets: []ledger.Wallet{delta.Wallet}}
	j.addDelta(before.UserID, delta)
	for _, g := range delta.Grants {
		j.addGrant(before.UserID, g, before.Grants)
	}
	j.moved = delta.Holds
	return j.write(t)
}
