package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
)

// cappedLedger is the ledger's store for one use under the day's cap of a service key.
type cappedLedger struct {
	*Ledger
	cap dayCap
}

var _ ledger.Store = cappedLedger{}

// dayCap is the cap that one use stands under.
type dayCap struct {
	key            uuid.UUID
	perDay, amount ledger.Amount
}

// usedCap is what a key has used: days since 1970, UTC.
type usedCap struct {
	key  uuid.UUID
	day  int64
	used ledger.Amount
}

// Capped is the store for one use of amount by a service key that may use perDay a day, UTC. What the key has
// used is counted in the use's own transaction, when it posts; a use that would pass the cap is refused before
// the balance is looked at: [provider.ErrKeyLimit].
func (l *Ledger) Capped(key uuid.UUID, perDay, amount ledger.Amount) ledger.Store {
	return cappedLedger{l, dayCap{key, perDay, amount}}
}

// Decide implements [ledger.Store].
func (l cappedLedger) Decide(ctx context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	c := newCommand(w, decide)
	c.cap = &l.cap
	return l.db.committer.decide(ctx, c)
}

// apply decides a use under the cap, and counts it. A clock that was set back goes on with the later day.
func (c dayCap) apply(used *usedCap, now time.Time, s ledger.State, decide func(time.Time, ledger.State) (ledger.Delta, error)) (ledger.Delta, error) {
	if s.Key != nil || s.Done != nil { // a replay or a refusal: nothing is spent
		return decide(now, s)
	}
	today := *used
	if day := now.Unix() / int64(24*time.Hour/time.Second); day > used.day {
		today.day, today.used = day, 0
	}
	if c.amount > c.perDay-today.used {
		return ledger.Delta{}, provider.ErrKeyLimit
	}
	delta, err := decide(now, s)
	if err == nil && slices.ContainsFunc(delta.Transactions, isUsage) {
		today.used += c.amount
		*used = today
	}
	return delta, err
}

func isUsage(x ledger.Transaction) bool { return x.Type == ledger.TypeUsage }
