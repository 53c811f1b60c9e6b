package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// DeleteAccount implements [identity.Accounts].
func (s *Identity) DeleteAccount(ctx context.Context, d identity.Deletion) error {
	now := s.db.clock()
	err := s.db.write(ctx, func(t *tx) error {
		if err := denied(t, d, timestamp(now)); err != nil {
			return err
		}
		if err := insertEvent(t, d.Event, timestamp(now)); err != nil { // while the address is known
			return err
		}
		if err := forgetPerson(t, d.UserID, timestamp(now)); err != nil {
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
func denied(t *tx, d identity.Deletion, now int64) error {
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
func forgetPerson(t *tx, id uuid.UUID, now int64) error {
	others, err := otherAdministrators(t, id)
	if err != nil {
		return err
	}
	var last bool
	err = t.queryRow(`UPDATE auth_users SET email = NULL, email_verified = 0, name = '', avatar_url = '', claims = '{}', second_factor = 0, has_passkey = 0,
		deleted_at = ?1, updated_at = ?1 WHERE id = ?2 AND deleted_at IS NULL
		RETURNING role = 'admin' AND disabled_at IS NULL AND ?3 = 0`, now, id.String(), others).Scan(&last)
	if err != nil {
		return notFound(err, identity.ErrNotFound)
	}
	if last {
		return identity.ErrLastAdministrator
	}
	for _, statement := range []string{
		`UPDATE auth_sessions SET cookie_hash = NULL, ip_address = '', user_agent = '', device_id = '', device_name = '',
			revoked_at = coalesce(revoked_at, ?1), revoke_reason = coalesce(revoke_reason, 'deleted') WHERE user_id = ?2`,
		`UPDATE auth_grants SET revoked_at = coalesce(revoked_at, ?1) WHERE user_id = ?2`,
		`UPDATE auth_refresh_tokens SET revoked_at = coalesce(revoked_at, ?1), salt = NULL WHERE user_id = ?2`,
		`DELETE FROM auth_passwords WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_two_factor_auth WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_recovery_codes WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_passkeys WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_challenges WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_sign_ins WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_consents WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_accounts WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_mails WHERE ?1 AND user_id = ?2 AND kind <> 'account_deleted'`,
		`DELETE FROM auth_verification_tokens WHERE ?1 AND user_id = ?2`,
		`DELETE FROM auth_roles WHERE ?1 AND user_id = ?2`,
		`UPDATE auth_security_events SET ip_address = '', user_agent = ''
			WHERE ?1 AND user_id = ?2 AND (ip_address <> '' OR user_agent <> '')`,
	} {
		if _, err := t.exec(statement, now, id.String()); err != nil {
			return err
		}
	}
	return nil
}

// closeWallet closes a wallet. One that contradicts itself is frozen, and one that is lost is left to the checks: what
// is wrong with credits keeps no person from being deleted.
func closeWallet(t *tx, userID uuid.UUID, c ledger.Closing, now time.Time) error {
	state, err := loadState(t, ledger.Wants{UserID: userID})
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
	if err := updateWallet(t, delta.Wallet); err != nil {
		return err
	}
	return writeJournal(t, delta)
}
