package sqlite

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// SetAlert implements [ledger.Store].
func (l *Ledger) SetAlert(ctx context.Context, userID uuid.UUID, below ledger.Amount, language string) error {
	return l.db.write(ctx, func(t *tx) error {
		set, err := one(t.exec(`UPDATE credits_balances SET alert_below = ?1, alert_armed = balance + free_credits_remaining >= ?1,
			alert_language = ?2, version = version + 1 WHERE user_id = ?3`, below, language, userID.String()))
		if err == nil && !set {
			err = ledger.ErrNoWallet
		}
		return err
	})
}

// insertAlert puts the mail into the outbox that says that few credits are left.
func insertAlert(t *tx, userID uuid.UUID, now int64) error {
	var language string
	err := t.queryRow(`SELECT alert_language FROM credits_balances WHERE user_id = ?`, userID.String()).Scan(&language)
	if err == nil {
		err = insertMail(t, userID, identity.LowBalance(language, fromTimestamp(now)), now)
	}
	if err != nil {
		return fmt.Errorf("writing an alert: %w", err)
	}
	return nil
}
