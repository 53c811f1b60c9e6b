package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// checker is one for the store, and where it tells what it finds.
func (w *wallets) checker() (*ledger.Checker, *metrics.Set) {
	set := metrics.NewSet()
	return ledger.NewChecker(ledger.CheckerConfig{Store: w.Ledger, Books: w.Books, Now: w.clock.Now, Metrics: set}), set
}

// live gives the wallet a history of every kind.
func (w *wallets) live(t *testing.T) {
	t.Helper()
	w.adjust(t, 20*ledger.Credit, ledger.Paid, "1")
	w.clock.Add(25 * time.Hour)
	use := w.mustUse(t, 160*ledger.Credit)
	if _, err := w.refund(t, 8*ledger.Credit, func(r *ledger.Refund) { r.TransactionID, r.IdempotencyKey = use, "r" }); err != nil {
		t.Fatal(err)
	}
	w.clock.Add(25 * time.Hour)
	w.mustUse(t, ledger.Credit)
	w.disputed(t, w.purchase(t), ledger.DisputeOpen)
	w.purchase(t)
}

// lateStructure are books that note whether their structure was looked at after something.
type lateStructure struct {
	ledger.Books
	before func() bool
	called bool
}

// Structure implements [ledger.Books].
func (b *lateStructure) Structure(ctx context.Context, deep bool) ([]ledger.Fault, error) {
	b.called = b.before()
	return b.Books.Structure(ctx, deep)
}

func testVerify(t *testing.T, w *wallets) {
	w.live(t)
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	checker, _ := w.checker()
	total, err := w.Transactions(t.Context())
	if err != nil || total != 11 {
		t.Errorf("got %d, %v, want 11 transactions", total, err)
	}
	var last int64
	report, err := checker.Verify(t.Context(), func(n int64) { last = n })
	if err != nil || len(report.Faults) > 0 || report.Wallets != 2 || report.Transactions != 11 || last != 11 ||
		report.Imbalance().Sign() != 0 || report.Accounts[ledger.AccountUsage].Int64() != int64(153*ledger.Credit) {
		t.Errorf("got %+v, %v, last %d", report, err, last)
	}
	late := lateStructure{Books: w.Books, before: func() bool { return last != 0 }}
	last = 0
	checker = ledger.NewChecker(ledger.CheckerConfig{Store: w.Ledger, Books: &late, Now: w.clock.Now})
	if _, err = checker.Verify(t.Context(), func(n int64) { last = n }); err != nil || !late.called {
		t.Errorf("got %v, structure looked at: %v, want that after the first progress", err, late.called)
	}
	if report, err = checker.VerifyWallet(t.Context(), other.ID, nil); err != nil || report.Transactions != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	_, err = checker.VerifyWallet(t.Context(), uuid.New(), nil)
	want(t, err, ledger.ErrNoWallet)
	page, err := w.Books.Page(t.Context(), w.user.ID, 5, 1)
	if err != nil || len(page) != 1 || page[0].Seq != 6 {
		t.Errorf("got %v, %v, want transaction 6", page, err)
	}
}

// testCheckFinds changes one micro-credit behind the ledger's back in each projection: the watch finds it, freezes
// that wallet alone and says so once; what was recomputed is right again.
func testCheckFinds(t *testing.T, w *wallets) {
	for i, change := range []string{
		`UPDATE credits.balances SET free_credits_remaining = free_credits_remaining + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET balance = balance - 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET total_spent = total_spent + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET total_earned = total_earned + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET held_free = 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET seq = seq + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.grants SET remaining = remaining - 1 WHERE source LIKE 'promotion:%' AND user_id = ?`,
		`UPDATE credits.grants SET remaining = remaining + 1, open = (remaining + 1 > 0), issued = issued + 1 WHERE source = 'signup' AND user_id = ?`,
		`UPDATE credits.grants SET issued = issued + 1 WHERE source = 'daily' AND user_id = ?`,
		`UPDATE credits.grants SET priority = 50 WHERE source = 'daily' AND user_id = ?`,
		`UPDATE credits.grants SET class = 'paid', priority = 50 WHERE source = 'daily' AND user_id = ?`,
		`UPDATE credits.grants SET source = 'promotion:x' WHERE source = 'daily' AND user_id = ?`,
		`UPDATE credits.grants SET class = 'free', priority = 10 WHERE class = 'paid' AND user_id = ?`,
		`UPDATE credits.balances SET grants = grants + 1, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET last_daily_reset_at = created_at, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.balances SET last_at = created_at, version = version + 1 WHERE user_id = ?`,
		`UPDATE credits.purchases SET posted = posted - 1 WHERE posted > 0 AND user_id = ?`,
		`UPDATE credits.usage_stats SET credits_used = credits_used + 1 WHERE user_id = ?`,
		`DELETE FROM credits.usage_stats WHERE user_id = ?`,
		`DELETE FROM credits.grants WHERE source = 'daily' AND user_id = ?`,
		`INSERT INTO credits.grants (user_id, no, class, source, priority, issued, remaining, held, open, expires_at)
			SELECT user_id, 99, 'paid', 'made up', 50, 7, 7, 0, open, NULL FROM credits.grants WHERE open AND source LIKE 'promotion:%' AND user_id = ?`,
		`UPDATE credits.grants SET held = 1 WHERE source LIKE 'promotion:%' AND user_id = ?`,
		`UPDATE credits.grants SET no = 100 - no WHERE source IN ('signup', 'daily') AND user_id = ?`,
	} {
		w.user = createUser(t, w.Store, fmt.Sprintf("p%d@example.com", i), w.clock.Now())
		w.live(t)
		checker, set := w.checker()
		w.wantWatch(t, checker, false)
		if err := w.Tamper(t.Context(), replaceMark(change, w.user)); err != nil {
			t.Fatal(err)
		}
		w.wantWatch(t, checker, true)
		w.wantWatch(t, checker, false)
		if _, err := w.use(t, 1, ""); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("%s: got %v, want the wallet frozen", change, err)
		}
		other := createUser(t, w.Store, fmt.Sprintf("other%d@example.com", i), w.clock.Now())
		if _, err := w.ledger.Use(t.Context(), ledger.Use{UserID: other.ID, Amount: 1, AppID: "chat", Caller: "first-party"}); err != nil {
			t.Errorf("%s: got %v, want others served", change, err)
		}
		if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
			t.Errorf("%s: got %v", change, err)
		}
		w.mustUse(t, ledger.Credit)
		w.wantWatch(t, checker, false)
		if n := metric(t, set, "ledger_violations_total"); n == 0 {
			t.Errorf("%s: got no violation counted", change)
		}
		if at := metric(t, set, "ledger_verified_timestamp_seconds"); at != float64(w.clock.Now().Unix()) {
			t.Errorf("got a verification at %v", at)
		}
	}
	err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild)
	want(t, err, ledger.ErrNotRebuilt) // it is not frozen
}

func replaceMark(query string, u identity.User) string {
	at := slices.Index([]byte(query), '?')
	return query[:at] + "'" + u.ID.String() + "'" + query[at+1:]
}

// wantWatch watches once and expects faults of this wallet, or none.
func (w *wallets) wantWatch(t *testing.T, checker *ledger.Checker, found bool) {
	t.Helper()
	faults, err := checker.Watch(t.Context())
	if err != nil || len(faults) > 0 != found {
		t.Fatalf("got %v, %v, want faults: %v", faults, err, found)
	}
	for _, f := range faults {
		if f.UserID != w.user.ID && f.Invariant != "I3" {
			t.Errorf("got a fault of %v: %v", f.UserID, f)
		}
	}
}

func metric(t *testing.T, set *metrics.Set, name string) float64 {
	t.Helper()
	var text strings.Builder
	set.WritePrometheus(&text)
	for line := range strings.Lines(text.String()) {
		rest, ok := strings.CutPrefix(line, name+" ")
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// testStructure takes a rule away.
func testStructure(t *testing.T, w *wallets) {
	checker, _ := w.checker()
	w.wantWatch(t, checker, false)
	if err := w.Weaken(t.Context()); err != nil {
		t.Fatal(err)
	}
	faults, err := checker.Watch(t.Context())
	if err != nil || len(faults) != 1 || faults[0].Invariant != "I20" || faults[0].UserID != uuid.Nil {
		t.Errorf("got %v, %v, want the missing rule", faults, err)
	}
	if report, err := checker.Verify(t.Context(), nil); err != nil || len(report.Faults) != 1 {
		t.Errorf("got %+v, %v, want the missing rule", report, err)
	}
	if err := w.Intrude(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report, err := checker.Verify(t.Context(), nil); err != nil || len(report.Faults) != 2 {
		t.Errorf("got %+v, %v, want the foreign trigger too", report, err)
	}
	if err := w.Exec(t.Context(), `INSERT INTO credits.idempotency (user_id, key_hash, fingerprint, object, object_id, created_at)
		SELECT id, `+w.Blob(16)+`, `+w.Blob(32)+`, 'transaction', id, created_at FROM auth.users
		WHERE id = '`+w.user.ID.String()+`'`); err != nil {
		t.Fatal(err)
	}
	report, err := checker.Verify(t.Context(), nil)
	if err != nil || !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return f.Invariant == "I10" }) {
		t.Errorf("got %+v, %v, want a key without its transaction", report, err)
	}
	if _, err := w.use(t, ledger.Credit, ""); err != nil {
		t.Errorf("got %v, want wallets served though the structure is not sound", err)
	}
}

// slowClock is a clock that goes on with each look: checks that take their time.
type slowClock struct {
	*Clock
	step time.Duration
}

func (c slowClock) Now() time.Time {
	c.Add(c.step)
	return c.Clock.Now()
}

// testWatchShare lets a check take long: each step does a part, and pays for what it took beyond its share.
func testWatchShare(t *testing.T, w *wallets) {
	for i := range 9 {
		createUser(t, w.Store, fmt.Sprintf("p%d@example.com", i), w.clock.Now())
	}
	set := metrics.NewSet()
	slow := slowClock{NewClock(), time.Second}
	checker := ledger.NewChecker(ledger.CheckerConfig{Store: w.Ledger, Books: w.Books, Now: slow.Now, Metrics: set})
	verified := func() bool {
		if _, err := checker.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		return metric(t, set, "ledger_verified_timestamp_seconds") != 0
	}
	steps := 1
	for ; !verified(); steps++ {
		if steps == 100 {
			t.Fatal("got no end of a pass")
		}
	}
	if steps < 5 {
		t.Errorf("got a pass over 10 wallets in %d steps, want it spread", steps)
	}
}

// testDigests runs one log of commands on the store and on a wallet in memory, at the same times and with the same
// ids: both end the same, result by result and byte by byte.
func testDigests(t *testing.T, w *wallets) {
	memoryClock, engineClock := NewClock(), w.clock
	account := newAccount("digest@example.com", engineClock.Now())
	user, err := w.Identity.CreateAccount(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := ledger.Open(user.ID, memoryClock.Now(), account.Opening, true)
	if err != nil {
		t.Fatal(err)
	}
	memory := NewMemory(memoryClock.Now, opened)
	on := func(store ledger.Store) *ledger.Ledger {
		return ledger.New(ledger.Config{Store: store, DailyFree: 5 * ledger.Credit, NewID: sequence()})
	}
	engine, model := on(w.Ledger), on(memory)
	log := newLog(user.ID)
	for range 400 {
		wait, command := log.next()
		engineClock.Add(wait)
		memoryClock.Add(wait)
		gotEngine, engineErr := command(engine)
		gotModel, modelErr := command(model)
		if root(engineErr) != root(modelErr) || fmt.Sprint(gotEngine) != fmt.Sprint(gotModel) {
			t.Fatalf("got %v, %v and in memory %v, %v", gotEngine, engineErr, gotModel, modelErr)
		}
		log.note(root(engineErr), gotEngine)
	}
	if log.done[nil] < 100 || log.done[ledger.ErrKeyReused] == 0 || log.done[ledger.ErrNothingToRefund] == 0 || log.replays == 0 {
		t.Errorf("got %v and %d replays, want the interesting cases", log.done, log.replays)
	}
	modelDigest, err := ledger.Digest(memory.Journal())
	if err != nil {
		t.Fatal(err)
	}
	err = w.Books.Inspect(t.Context(), user.ID, func(j ledger.Journal) error {
		digest, err := ledger.Digest(j)
		if digest != modelDigest {
			t.Errorf("got digest %x, in memory %x", digest, modelDigest)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// sequence makes the same ids each time.
func sequence() func() (uuid.UUID, error) {
	n := byte(0)
	high := byte(0)
	return func() (uuid.UUID, error) {
		if n++; n == 0 {
			high++
		}
		return uuid.UUID{0x01, 0x9a, 6: 0x70, 8: 0x80, 14: high, 15: n}, nil
	}
}
