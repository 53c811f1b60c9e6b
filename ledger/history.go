package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// HistoryRows is how many transactions one page of a filtered history looks at.
const HistoryRows = 5000

// Filter says which transactions of a history are wanted. The zero value takes all.
type Filter struct {
	AppID string
	Type  Type
	Since time.Time // from this moment on
	Until time.Time // before this moment
}

// Range is a part of a history: at most Limit transactions with After < Seq < Before that the filter takes.
type Range struct {
	Filter
	After, Before int64
	Limit         int
}

// UsageQuery asks for what apps charged a person from one day on and before another, days since 1970, UTC.
type UsageQuery struct {
	Since, Until int64
	ByDay        bool // sums of each day, in their order; else of each app, the largest first
	Limit        int
}

// Records are the storage as people read it. Each method is one snapshot.
type Records interface {
	// History lists at most limit transactions, newest first by commit order, skipping offset. Postings
	// are not loaded.
	History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]Transaction, error)
	// HistoryRange lists a part of the history, newest first. Postings are not loaded.
	HistoryRange(ctx context.Context, userID uuid.UUID, r Range) ([]Transaction, error)
	// Entry gives a transaction of a person and the refunds of it, oldest first; nothing when they have no such one.
	// Postings are not loaded.
	Entry(ctx context.Context, userID, id uuid.UUID) ([]Transaction, error)
	// Usage sums up what apps charged. Sums of days have no app, and those of apps no day.
	Usage(ctx context.Context, userID uuid.UUID, q UsageQuery) ([]UsageDay, error)
	// Packages lists the active packages by sort order, then name.
	Packages(ctx context.Context) ([]Package, error)
}

// History lists transactions, newest first, posting the daily grant first if it is due. limit is 1 to
// 1,000, offset 0 or more. [ErrNoWallet].
func (l *Ledger) History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]Transaction, error) {
	if _, err := l.Balance(ctx, userID); err != nil {
		return nil, err
	}
	history, err := l.store.History(ctx, userID, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	return history, nil
}

// HistoryPage lists transactions with a number below before, newest first, posting the daily grant first if it is
// due; before 0 begins with the newest. next continues the list: 0 at its end. A page that looked at
// [HistoryRows] transactions may be short, or empty, and not the last. [ErrNoWallet].
func (l *Ledger) HistoryPage(ctx context.Context, userID uuid.UUID, f Filter, before int64, limit int) (page []Transaction, next int64, err error) {
	if before == 0 {
		if _, err := l.Balance(ctx, userID); err != nil {
			return nil, 0, err
		}
		state, _, err := l.store.Wallet(ctx, userID)
		if err != nil {
			return nil, 0, fmt.Errorf("reading a wallet: %w", err)
		}
		before = state.Wallet.Seq + 1
	}
	r := Range{Filter: f, After: max(0, before-1-HistoryRows), Before: before, Limit: limit}
	if page, err = l.store.HistoryRange(ctx, userID, r); err != nil {
		return nil, 0, fmt.Errorf("reading a history: %w", err)
	}
	next = r.After + 1
	if len(page) == limit {
		next = page[limit-1].Seq
	}
	if next == 1 {
		return page, 0, nil
	}
	over, err := l.before(ctx, userID, next, f.Since)
	if over {
		next = 0
	}
	return page, next, err
}

// before reports whether a transaction, and so all older ones, was before a moment.
func (l *Ledger) before(ctx context.Context, userID uuid.UUID, seq int64, since time.Time) (bool, error) {
	if since.IsZero() {
		return false, nil
	}
	one, err := l.store.HistoryRange(ctx, userID, Range{After: seq - 1, Before: seq + 1, Limit: 1})
	if err != nil {
		return false, fmt.Errorf("reading a history: %w", err)
	}
	return len(one) > 0 && one[0].At.Before(since), nil
}

// Entry gives a transaction of a person and the refunds of it, oldest first. [ErrNoTransaction].
func (l *Ledger) Entry(ctx context.Context, userID, id uuid.UUID) (Transaction, []Transaction, error) {
	entries, err := l.store.Entry(ctx, userID, id)
	if err != nil {
		return Transaction{}, nil, fmt.Errorf("reading an entry: %w", err)
	}
	if len(entries) == 0 || entries[0].ID != id {
		return Transaction{}, nil, ErrNoTransaction
	}
	return entries[0], entries[1:], nil
}

// Owner tells whose transaction an id names. [ErrNoTransaction].
func (l *Ledger) Owner(ctx context.Context, transactionID uuid.UUID) (uuid.UUID, error) {
	owner, err := l.store.Owner(ctx, transactionID)
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for a transaction: %w", err)
	}
	return owner, nil
}

// Usage sums up what apps charged a person.
func (l *Ledger) Usage(ctx context.Context, userID uuid.UUID, q UsageQuery) ([]UsageDay, error) {
	usage, err := l.store.Usage(ctx, userID, q)
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	return usage, nil
}

// Packages lists what can be bought.
func (l *Ledger) Packages(ctx context.Context) ([]Package, error) {
	packages, err := l.store.Packages(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading packages: %w", err)
	}
	return packages, nil
}
