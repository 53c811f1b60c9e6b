package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mana/ledger"
	"mana/provider"
)

// cappedLedger is the ledger's store for one use, or one hold, under the caps of a service key.
type cappedLedger struct {
	*Ledger
	key    provider.ServiceKey
	amount ledger.Amount
}

var _ ledger.Store = cappedLedger{}

// Capped is the store for one use of amount by a service key under its caps, or for holding it. What a key with a cap for the day, UTC,
// has used is counted in the use's own transaction, when it posts; a use that would pass a cap is refused before
// the balance is looked at: [provider.ErrKeyLimit]. A replay passes none. An amount of 0 is that of the end of a hold: what
// the key itself held on the same day counts no longer.
func (l *Ledger) Capped(key provider.ServiceKey, amount ledger.Amount) ledger.Store {
	return cappedLedger{l, key, amount}
}

// Decide implements [ledger.Store].
func (l cappedLedger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	return l.db.write(ctx, func(t *tx) error {
		return l.decide(t, w, func(now time.Time, s ledger.State) (ledger.Delta, error) {
			today, err := l.usedOn(t, now.Unix()/secondsOfDay)
			if err != nil {
				return ledger.Delta{}, err
			}
			if l.passes(today.used) {
				s.Barred = provider.ErrKeyLimit
			}
			delta, err := decide(now, s)
			change := delta.Charged() - delta.Returned(l.key.Actor(), time.Unix(today.day*secondsOfDay, 0))
			if err != nil || l.key.CapDay == 0 || change == 0 {
				return delta, err
			}
			today.used = max(0, today.used+change)
			return delta, l.count(t, today)
		})
	})
}

const secondsOfDay = int64(24 * time.Hour / time.Second)

// usedCap is what a key has used on a day, counted since 1970, UTC.
type usedCap struct {
	day  int64
	used ledger.Amount
}

// passes reports whether the use would pass a cap, after what was used on its day.
func (l cappedLedger) passes(used ledger.Amount) bool {
	return l.key.CapUse > 0 && l.amount > l.key.CapUse || l.key.CapDay > 0 && l.amount > l.key.CapDay-used
}

// usedOn is what the key has used on a day. A clock that was set back goes on with the later day.
func (l cappedLedger) usedOn(t *tx, day int64) (usedCap, error) {
	today := usedCap{day: day}
	err := t.queryRow(`SELECT day, used FROM credits_key_caps WHERE key_id = ? AND day >= ?`, l.key.ID.String(), day).Scan(&today.day, &today.used)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return today, fmt.Errorf("reading what a key has used: %w", err)
	}
	return today, nil
}

func (l cappedLedger) count(t *tx, today usedCap) error {
	_, err := t.exec(`INSERT INTO credits_key_caps (key_id, day, used) VALUES (?, ?, ?)
		ON CONFLICT (key_id) DO UPDATE SET day = excluded.day, used = excluded.used`, l.key.ID.String(), today.day, today.used)
	if err != nil {
		return fmt.Errorf("counting what a key has used: %w", err)
	}
	return nil
}
