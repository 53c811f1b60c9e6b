package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// longWallet are books in which reading one wallet takes its time.
type longWallet struct {
	ledger.Books
	id    uuid.UUID
	clock *Clock
	took  time.Duration
}

// Inspect implements [ledger.Books].
func (b longWallet) Inspect(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error {
	if userID == b.id {
		b.clock.Add(b.took)
	}
	return b.Books.Inspect(ctx, userID, read)
}

// raiseFree gives a wallet a micro-credit that its journal does not know.
const raiseFree = `UPDATE credits.balances SET free_credits_remaining = free_credits_remaining + 1, version = version + 1 WHERE user_id = ?`

// testWatchLong uses a wallet all the time whose check takes longer than a step may: others have their turn.
func testWatchLong(t *testing.T, w *wallets) {
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	clock := NewClock()
	checker := ledger.NewChecker(ledger.CheckerConfig{
		Store: w.Ledger, Books: longWallet{w.Books, w.user.ID, clock, 4 * time.Second}, Now: clock.Now,
	})
	for range 10 { // what is new now is soon looked at
		w.wantWatch(t, checker, false)
	}
	if err := w.Exec(t.Context(), replaceMark(raiseFree, other)); err != nil {
		t.Fatal(err)
	}
	for step := 0; ; step++ {
		w.mustUse(t, 1)
		faults, err := checker.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(faults) > 0 {
			break
		}
		if step == 20 {
			t.Fatal("got no look at the other wallet")
		}
	}
}

// stuckStore refuses to freeze for some calls.
type stuckStore struct {
	ledger.Store
	refusals *int
}

var errStuck = errors.New("stuck")

// Freeze implements [ledger.Store].
func (s stuckStore) Freeze(ctx context.Context, userID uuid.UUID, reasons []string) error {
	if *s.refusals > 0 {
		*s.refusals--
		return errStuck
	}
	return s.Store.Freeze(ctx, userID, reasons)
}

// testWatchFreeze lets freezing fail: it is tried until it works. A wallet that was mended and breaks again is told
// again, and so is one that broke before the check saw it sound.
func testWatchFreeze(t *testing.T, w *wallets) {
	refusals := 2
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: stuckStore{w.Ledger, &refusals}, Books: w.Books, Now: w.clock.Now})
	for range 2 {
		if err := w.Exec(t.Context(), replaceMark(raiseFree, w.user)); err != nil {
			t.Fatal(err)
		}
		for refusals > 0 {
			if _, err := checker.Watch(t.Context()); !errors.Is(err, errStuck) {
				t.Fatalf("got %v, want another try", err)
			}
		}
		w.wantWatch(t, checker, true)
		w.wantWatch(t, checker, false)
		_, err := w.use(t, 1, "")
		want(t, err, ledger.ErrFrozen)
		if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
			t.Fatal(err)
		}
	}
}
