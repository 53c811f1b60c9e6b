package ledger

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"
)

// spanPage is how many transactions one query of a long list reads.
const spanPage = 1000

// Span is a part of a history, from the transaction First to Last. Numbers have no gaps, and what is in a span never
// changes.
type Span struct{ First, Last int64 }

// Rows is how many transactions a span has.
func (s Span) Rows() int64 { return max(0, s.Last-s.First+1) }

// Span finds the transactions of a person from one moment on and before another; a zero time bounds nothing. It posts
// nothing. [ErrNoWallet].
func (l *Ledger) Span(ctx context.Context, userID uuid.UUID, since, until time.Time) (Span, error) {
	state, _, err := l.store.Wallet(ctx, userID)
	if err != nil {
		return Span{}, fmt.Errorf("reading a wallet: %w", err)
	}
	span := Span{First: 1, Last: state.Wallet.Seq}
	if span.First, err = l.firstFrom(ctx, userID, state.Wallet.Seq, since); err != nil {
		return Span{}, err
	}
	if !until.IsZero() {
		next, err := l.firstFrom(ctx, userID, state.Wallet.Seq, until)
		if err != nil {
			return Span{}, err
		}
		span.Last = next - 1
	}
	return span, nil
}

// firstFrom is the number of the first transaction that is not before a moment; last + 1 when all are. Times never
// decrease along the numbers, so that some 20 probes find it among a million.
func (l *Ledger) firstFrom(ctx context.Context, userID uuid.UUID, last int64, moment time.Time) (int64, error) {
	if moment.IsZero() {
		return 1, nil
	}
	var fault error
	n := sort.Search(int(last), func(i int) bool {
		if fault != nil {
			return true
		}
		var before bool
		before, fault = l.before(ctx, userID, int64(i)+1, moment)
		return !before
	})
	return int64(n) + 1, fault
}

// ReadSpan hands over the transactions of a span in pages, the oldest first, without their postings.
func (l *Ledger) ReadSpan(ctx context.Context, userID uuid.UUID, s Span, page func([]Transaction) error) error {
	for after := s.First - 1; after < s.Last; after += spanPage {
		r := Range{After: after, Before: min(after+spanPage, s.Last) + 1, Limit: spanPage}
		rows, err := l.store.HistoryRange(ctx, userID, r)
		if err != nil {
			return fmt.Errorf("reading a history: %w", err)
		}
		slices.Reverse(rows)
		if err := page(rows); err != nil {
			return err
		}
	}
	return nil
}
