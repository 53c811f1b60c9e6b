package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
)

// cappedLedger is the ledger's store for one use, or one hold, under the caps of a service key.
type cappedLedger struct {
	*Ledger
	cap keyCap
}

var _ ledger.Store = cappedLedger{}

// keyCap is what one use stands under: the caps of a key.
type keyCap struct {
	key    provider.ServiceKey
	amount ledger.Amount
}

// usedCap is what a key has used: days since 1970, UTC.
type usedCap struct {
	key  uuid.UUID
	day  int64
	used ledger.Amount
}

// Capped is the store for one use of amount by a service key under its caps, or for holding it. What a key with a cap for the day, UTC,
// has used is counted in the use's own transaction, when it posts; a use that would pass a cap is refused before
// the balance is looked at: [provider.ErrKeyLimit]. A replay passes none.
func (l *Ledger) Capped(key provider.ServiceKey, amount ledger.Amount) ledger.Store {
	return cappedLedger{l, keyCap{key, amount}}
}

// Decide implements [ledger.Store].
func (l cappedLedger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	c := newCommand(w, decide)
	c.cap = &l.cap
	return l.db.committer.decide(ctx, c)
}

// apply decides a use under the caps. used is nil if there is none for the day, else the use is counted there. A
// clock that was set back goes on with the later day.
func (c keyCap) apply(used *usedCap, now time.Time, s ledger.State, decide func(time.Time, ledger.State) (ledger.Delta, error)) (ledger.Delta, error) {
	if c.key.CapUse > 0 && c.amount > c.key.CapUse {
		s.Barred = provider.ErrKeyLimit
	}
	if used == nil {
		return decide(now, s)
	}
	today := *used
	if day := now.Unix() / int64(24*time.Hour/time.Second); day > used.day {
		today.day, today.used = day, 0
	}
	if c.amount > c.key.CapDay-today.used {
		s.Barred = provider.ErrKeyLimit
	}
	delta, err := decide(now, s)
	if charged := delta.Charged(); err == nil && charged > 0 {
		today.used += charged
		*used = today
	}
	return delta, err
}
