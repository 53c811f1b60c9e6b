package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
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

// testTouched begins at the end of the journal, and goes on with what is new.
func testTouched(t *testing.T, w *wallets) {
	w.mustUse(t, 1)
	ids, end, err := w.Books.Touched(t.Context(), 0, 10)
	if err != nil || len(ids) != 0 || end == 0 {
		t.Fatalf("got %v up to %d, %v, want the end alone", ids, end, err)
	}
	w.mustUse(t, 1)
	for late := time.Now().Add(10 * time.Second); len(ids) == 0; { // transactions of others may still hold the end back
		if ids, _, err = w.Books.Touched(t.Context(), end, 10); err != nil || time.Now().After(late) {
			t.Fatalf("got %v, %v, want the wallet that was used", ids, err)
		}
	}
	if !slices.Equal(ids, []uuid.UUID{w.user.ID}) {
		t.Errorf("got %v, want the wallet that was used", ids)
	}
}

// testCheckFindsJournal changes the journal past the rules of the database, so that each row alone is as it may be.
func testCheckFindsJournal(t *testing.T, w *wallets) {
	checker, _ := w.checker()
	for i, change := range []struct{ invariant, query string }{
		{"I12", `UPDATE credits.balances SET created_at = last_at, version = version + 1 WHERE user_id = ?`},
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

// testWriteOnWrong changes a wallet, or what belongs to it, and then writes to it in each way before a check: it is
// frozen and nothing is written, so that it can be rebuilt.
func testWriteOnWrong(t *testing.T, w *wallets) {
	changes := []string{
		`UPDATE credits.balances SET free_credits_remaining = free_credits_remaining - 1, version = version + 1 WHERE user_id = ?`,
		raiseFree,
		`UPDATE credits.balances SET total_spent = total_spent + 5, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET seq = seq + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.grants SET remaining = remaining - 1 WHERE source = 'daily' AND user_id = ?`,
		`UPDATE credits.grants SET held = 1 WHERE source = 'daily' AND user_id = ?`,
	}
	for i, change := range changes {
		for name, write := range map[string]func(*testing.T, uuid.UUID) error{
			"use": func(t *testing.T, _ uuid.UUID) error { _, err := w.use(t, 1, ""); return err },
			"refund": func(t *testing.T, use uuid.UUID) error {
				_, err := w.refund(t, 1, func(r *ledger.Refund) { r.TransactionID = use })
				return err
			},
			"grant": func(t *testing.T, _ uuid.UUID) error {
				_, err := w.ledger.Adjust(t.Context(), ledger.Adjustment{UserID: w.user.ID, Amount: 1, Reason: "r", IdempotencyKey: "k", Actor: actor})
				return err
			},
			"read": func(t *testing.T, _ uuid.UUID) error {
				w.clock.Add(25 * time.Hour)
				_, err := w.ledger.Balance(t.Context(), w.user.ID)
				return errors.Join(err, errors.New("refused below"))
			},
		} {
			w.user = createUser(t, w.Store, fmt.Sprintf("w%d%s@example.com", i, name), w.clock.Now())
			w.clock.Add(25 * time.Hour)
			use := w.mustUse(t, ledger.Credit)
			if err := w.Tamper(t.Context(), replaceMark(change, w.user)); err != nil {
				t.Fatal(err)
			}
			if err := write(t, use); err == nil {
				t.Errorf("%s: got a %s", change, name)
			}
			if _, err := w.use(t, 1, ""); !errors.Is(err, ledger.ErrFrozen) {
				t.Errorf("%s, %s: got %v, want the wallet frozen", change, name, err)
			}
			if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
				t.Errorf("%s, %s: got %v", change, name, err)
			}
		}
	}
}

// unreadWallet are books of which one wallet cannot be read.
type unreadWallet struct {
	ledger.Books
	id uuid.UUID
}

// Inspect implements [ledger.Books].
func (b unreadWallet) Inspect(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error {
	if userID == b.id {
		return errors.New("no such form")
	}
	return b.Books.Inspect(ctx, userID, read)
}

// testWatchUnreadable cannot read a wallet: it is frozen, counted and told once, and no pass over all is claimed.
func testWatchUnreadable(t *testing.T, w *wallets) {
	createUser(t, w.Store, "eve@example.com", w.clock.Now())
	set := metrics.NewSet()
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: w.Ledger, Books: unreadWallet{w.Books, w.user.ID}, Now: w.clock.Now, Metrics: set})
	faults, err := checker.Watch(t.Context())
	own := func(f ledger.Fault) bool { return f.UserID == w.user.ID && f.Invariant == "I20" }
	if err != nil || !slices.ContainsFunc(faults, own) || metric(t, set, "ledger_violations_total") == 0 {
		t.Errorf("got %v, %v, want the wallet that cannot be read", faults, err)
	}
	if faults, err = checker.Watch(t.Context()); err != nil || slices.ContainsFunc(faults, own) {
		t.Errorf("got %v, %v, want it told once", faults, err)
	}
	if at := metric(t, set, "ledger_verified_timestamp_seconds"); at != 0 {
		t.Errorf("got a pass at %v", at)
	}
	_, err = w.use(t, 1, "")
	want(t, err, ledger.ErrFrozen)
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.balances WHERE state = 'frozen'`, 1)
}

// testLostWallet takes a wallet away behind the ledger's back: the deep check names it, by what has lost it.
func testLostWallet(t *testing.T, w *wallets) {
	checker, _ := w.checker()
	if report, err := checker.Verify(t.Context(), nil); err != nil || len(report.Faults) > 0 {
		t.Fatalf("got %v, %v, want none lost", report.Faults, err)
	}
	account := newAccount("lost@example.com", w.clock.Now())
	account.Opening.Bonus = 0 // nothing names the wallet but its person
	lost, err := w.Identity.CreateAccount(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Tamper(t.Context(), replaceMark(`DELETE FROM credits.balances WHERE user_id = ?`, lost)); err != nil {
		t.Fatal(err)
	}
	report, err := checker.Verify(t.Context(), nil)
	if err != nil || len(report.Faults) != 1 || report.Faults[0].UserID != lost.ID || report.Faults[0].Invariant != "I20" {
		t.Errorf("got %v, %v, want the person without a wallet", report.Faults, err)
	}
	_, err = checker.VerifyWallet(t.Context(), lost.ID, nil)
	want(t, err, ledger.ErrNoWallet)
}
