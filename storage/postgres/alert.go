package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
)

// SetAlert implements [ledger.Store].
func (l *Ledger) SetAlert(ctx context.Context, userID uuid.UUID, below ledger.Amount, language string) error {
	return l.db.write(ctx, user(userID), func(t *tx) error {
		set, err := one(t.exec(`UPDATE credits.balances SET alert_below = $1, alert_armed = balance + free_credits_remaining >= $1,
			alert_language = $2, version = version + 1 WHERE user_id = $3`, below, language, userID))
		if err == nil && !set {
			err = ledger.ErrNoWallet
		}
		return err
	})
}

// queueAlerts puts mails into the outbox that say that few credits are left. Only the system sees the outbox and
// addresses: the transaction goes on as that, and these are the last of its statements that need a person.
func (j *journal) queueAlerts(batch *pgx.Batch) {
	if len(j.alerts) == 0 {
		return
	}
	batch.Queue(actAs, system.name, system.subject())
	for person, now := range j.alerts {
		m := identity.LowBalance("", now)
		batch.Queue(deleteWaitingMail, person, string(m.Kind))
		batch.Queue(insertMailRow, mailRow(person, "", m, now)...)
	}
}
