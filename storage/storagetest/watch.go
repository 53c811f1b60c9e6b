package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// testCheckFindsJournal changes the journal past the rules of the database, so that each row alone is as it may be.
func testCheckFindsJournal(t *testing.T, w *wallets) {
	checker, _ := w.checker()
	for i, change := range []struct{ invariant, query string }{
		{"I8", `UPDATE credits.transactions SET free_after = free_after - 1, paid_after = paid_after + 1 WHERE kind = 'grant' AND user_id = ?`},
		{"I8", `UPDATE credits.transactions SET free_after = free_after - 1, held_after = held_after + 1 WHERE kind = 'daily' AND user_id = ?`},
		{"I2", `UPDATE credits.transactions SET legs = legs + 1 WHERE kind = 'use' AND user_id = ?`},
		{"I2", `UPDATE credits.transactions SET kind = 'grant' WHERE kind = 'refund' AND user_id = ?`},
		{"I2", `UPDATE credits.entries SET from_account = -2 WHERE from_account = -1 AND user_id = ?`},
		{"I10", `UPDATE credits.transactions SET idempotency_key = 'other' WHERE kind = 'refund' AND user_id = ?`},
		{"I10", `UPDATE credits.idempotency SET key_hash = ` + w.Blob(16) + ` WHERE object_id IN (SELECT id FROM credits.transactions WHERE kind = 'refund') AND user_id = ?`},
		{"I10", `UPDATE credits.idempotency SET object_id = (SELECT id FROM credits.transactions t
			WHERE t.user_id = credits.idempotency.user_id AND kind = 'refund') WHERE user_id = ?`},
	} {
		w.user = createUser(t, w.Store, fmt.Sprintf("j%d@example.com", i), w.clock.Now())
		w.live(t)
		if err := w.Tamper(t.Context(), replaceMark(change.query, w.user)); err != nil {
			t.Fatal(err)
		}
		report, err := checker.VerifyWallet(t.Context(), w.user.ID, nil)
		if err != nil || !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return f.Invariant == change.invariant }) {
			t.Errorf("%s: got %v, %v, want %s", change.query, report.Faults, err, change.invariant)
		}
	}
	if err := w.Tamper(t.Context(), `UPDATE credits.accounts SET code = 'gift' WHERE no = -4`); err != nil {
		t.Fatal(err)
	}
	faults, err := w.Books.Structure(t.Context(), false)
	if err != nil || len(faults) != 1 || faults[0].Invariant != "I20" {
		t.Errorf("got %v, %v, want the account found", faults, err)
	}
}

// testMend mends a wallet while others are used: they do not wait. If the wallet itself is written to meanwhile,
// nothing is mended.
func testMend(t *testing.T, w *wallets) {
	w.live(t)
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	checker, _ := w.checker()
	if err := w.Exec(t.Context(), replaceMark(raiseFree, w.user)); err != nil {
		t.Fatal(err)
	}
	w.wantWatch(t, checker, true)
	mend := func(meanwhile func() error) error {
		return w.Books.Mend(t.Context(), actor, w.user.ID, func(j ledger.Journal) (ledger.Projections, error) {
			if err := meanwhile(); err != nil {
				return ledger.Projections{}, err
			}
			return ledger.Rebuild(j)
		})
	}
	want(t, mend(func() error { return w.Exec(t.Context(), replaceMark(raiseFree, w.user)) }), ledger.ErrNotRebuilt)
	_, err := w.use(t, 1, "")
	want(t, err, ledger.ErrFrozen)
	err = mend(func() error {
		_, err := w.ledger.Use(t.Context(), ledger.Use{UserID: other.ID, Amount: 1, AppID: "chat", Caller: "first-party"})
		return err
	})
	if err != nil {
		t.Errorf("got %v, want it mended beside the use", err)
	}
	w.mustUse(t, 1)
}

// stuckStore refuses to freeze for a while.
type stuckStore struct {
	ledger.Store
	stuck *bool
}

var errStuck = errors.New("stuck")

// Freeze implements [ledger.Store].
func (s stuckStore) Freeze(ctx context.Context, userID uuid.UUID, reasons []string) error {
	if *s.stuck {
		return errStuck
	}
	return s.Store.Freeze(ctx, userID, reasons)
}

// testWatchFreeze lets freezing fail: it is tried until it works. A wallet that was mended and breaks again is told
// again, and so is one that broke before the check saw it sound.
func testWatchFreeze(t *testing.T, w *wallets) {
	stuck := true
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: stuckStore{w.Ledger, &stuck}, Books: w.Books, Now: w.clock.Now})
	for range 2 {
		if err := w.Exec(t.Context(), replaceMark(raiseFree, w.user)); err != nil {
			t.Fatal(err)
		}
		for i := 0; stuck; i++ {
			if _, err := checker.Watch(t.Context()); !errors.Is(err, errStuck) {
				t.Fatalf("got %v, want another try", err)
			}
			stuck = i < 1
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
