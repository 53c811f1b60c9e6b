package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

func (w *wallets) refund(t *testing.T, amount ledger.Amount, change func(*ledger.Refund)) (ledger.Receipt, error) {
	r := ledger.Refund{UserID: w.user.ID, Amount: amount, AppID: "chat", Description: "Failed", Caller: "first-party"}
	if change != nil {
		change(&r)
	}
	return w.ledger.Refund(t.Context(), r)
}

func (w *wallets) mustUse(t *testing.T, amount ledger.Amount) uuid.UUID {
	t.Helper()
	receipt, err := w.use(t, amount, "")
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Transaction.ID
}

// wantUsage expects what the person's apps charged on a day.
func (w *wallets) wantUsage(t *testing.T, day time.Time, used ledger.Amount, uses int) {
	t.Helper()
	of := fmt.Sprintf(` FROM credits.usage_stats WHERE user_id = '%s' AND app_id = 'chat' AND date = %s`, w.user.ID, w.Day(day))
	wantNumber(t, w.Store, `SELECT coalesce(sum(credits_used), 0)`+of, int(used))
	wantNumber(t, w.Store, `SELECT coalesce(sum(uses), 0)`+of, uses)
}

func testRefundNamed(t *testing.T, w *wallets) {
	use := w.mustUse(t, 10*ledger.Credit)
	name := func(r *ledger.Refund) { r.TransactionID = use }
	receipt, err := w.refund(t, 4*ledger.Credit, name)
	x := receipt.Transaction
	if err != nil || x.Type != ledger.TypeRefund || x.RelatedID != use || x.Amount != 4*ledger.Credit || x.AppID != "chat" ||
		receipt.Balance.Free != 144*ledger.Credit || receipt.Balance.Spent != 6*ledger.Credit || receipt.Balance.Earned != 0 {
		t.Errorf("got %+v, %v", receipt, err)
	}
	anyApp := func(r *ledger.Refund) { r.TransactionID, r.AppID, r.AppIDs = use, "todo", []string{"todo", "chat"} }
	if receipt, err := w.refund(t, ledger.Credit, anyApp); err != nil || receipt.Transaction.AppID != "chat" {
		t.Errorf("got %+v, %v, want a refund of any of the apps", receipt, err)
	}
	for what, c := range map[string]struct {
		amount ledger.Amount
		change func(*ledger.Refund)
		want   error
	}{
		"above the rest":     {5*ledger.Credit + 1, name, ledger.ErrNothingToRefund},
		"another app":        {1, func(r *ledger.Refund) { r.TransactionID, r.AppID = use, "todo" }, ledger.ErrNothingToRefund},
		"unknown":            {1, func(r *ledger.Refund) { r.TransactionID = uuid.New() }, ledger.ErrNothingToRefund},
		"a refund":           {1, func(r *ledger.Refund) { r.TransactionID = x.ID }, ledger.ErrNothingToRefund},
		"no such caller":     {1, func(r *ledger.Refund) { r.Caller = "app:other" }, ledger.ErrNothingToRefund},
		"no such app":        {1, func(r *ledger.Refund) { r.AppID = "todo" }, ledger.ErrNothingToRefund},
		"nothing":            {0, name, ledger.ErrAmount},
		"more than possible": {ledger.MaxOperation + 1, name, ledger.ErrAmount},
	} {
		if _, err := w.refund(t, c.amount, c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	_, err = w.refund(t, 1, func(r *ledger.Refund) { r.UserID, r.TransactionID = other.ID, use })
	want(t, err, ledger.ErrNothingToRefund)
	if receipt, err = w.refund(t, 5*ledger.Credit, name); err != nil || receipt.Balance.Free != bonus || receipt.Balance.Spent != 0 {
		t.Errorf("got %+v, %v, want everything back", receipt, err)
	}
	_, err = w.refund(t, 1, name)
	want(t, err, ledger.ErrNothingToRefund)
}

func testRefundFound(t *testing.T, w *wallets) {
	old := w.mustUse(t, 2*ledger.Credit)
	w.clock.Add(time.Second)
	ten := w.mustUse(t, 10*ledger.Credit)
	three := w.mustUse(t, 3*ledger.Credit)
	five := w.mustUse(t, 5*ledger.Credit)
	w.clock.Add(ledger.RefundWithin) // the oldest use is a second too old
	for _, c := range []struct {
		amount ledger.Amount
		want   uuid.UUID
	}{{3, three}, {4, five}, {1, five}, {6, ten}, {4, ten}} {
		receipt, err := w.refund(t, c.amount*ledger.Credit, nil)
		if err != nil || receipt.Transaction.RelatedID != c.want {
			t.Errorf("%v: got %v, %v, want a refund of %v", c.amount, receipt.Transaction, err, c.want)
		}
	}
	_, err := w.refund(t, ledger.Credit, nil)
	want(t, err, ledger.ErrNothingToRefund)
	if _, err = w.refund(t, ledger.Credit, func(r *ledger.Refund) { r.TransactionID = old }); err != nil {
		t.Errorf("got %v, want an old use refunded by name", err)
	}
}

// testRefundSearch looks for a use while the wallet is locked: a search holds up nobody, and nobody holds it up.
func testRefundSearch(t *testing.T, w *wallets) {
	use := w.mustUse(t, ledger.Credit)
	r := ledger.Refund{UserID: w.user.ID, Amount: ledger.Credit, AppID: "chat", Caller: "first-party"}
	err := w.Ledger.Decide(t.Context(), ledger.Wants{UserID: w.user.ID}, func(time.Time, ledger.State) (ledger.Delta, error) {
		found, err := w.Ledger.FindUse(t.Context(), r)
		if found != use {
			err = errors.Join(err, fmt.Errorf("got %v, want %v", found, use))
		}
		return ledger.Delta{}, err
	})
	if err != nil {
		t.Error(err)
	}
	if found, err := w.Ledger.FindUse(t.Context(), ledger.Refund{UserID: uuid.New(), Amount: 1}); found != uuid.Nil || err != nil {
		t.Errorf("got %v, %v for nobody, want nothing", found, err)
	}
}

// countedSearches counts the searches for uses.
type countedSearches struct {
	ledger.Store
	n atomic.Int64
}

// FindUse implements [ledger.Store].
func (s *countedSearches) FindUse(ctx context.Context, r ledger.Refund) (uuid.UUID, error) {
	s.n.Add(1)
	return s.Store.FindUse(ctx, r)
}

// testRefundRace gives back uses that callers find at one moment: each is given back once, after one search per caller.
func testRefundRace(t *testing.T, w *wallets) {
	counted := &countedSearches{Store: w.Ledger}
	w.ledger = w.ledger.On(counted)
	for range 12 {
		w.mustUse(t, ledger.Credit)
	}
	outcomes := race(16, func(int) error {
		_, err := w.refund(t, ledger.Credit, nil)
		return err
	})
	if outcomes[nil] != 12 || outcomes[ledger.ErrNothingToRefund] != 4 {
		t.Errorf("got %v, want 12 uses given back once", outcomes)
	}
	if n := counted.n.Load(); n != 16 {
		t.Errorf("got %d searches of 16 callers", n)
	}
	w.wantFree(t, bonus)
}

// testRefundOrder spends two free grants and a paid one, and gives them back in two steps.
func testRefundOrder(t *testing.T, w *wallets) {
	w.adjust(t, 20*ledger.Credit, ledger.Paid, "1")
	w.clock.Add(24 * time.Hour)
	use := w.mustUse(t, 160*ledger.Credit) // signup 150, daily 5, paid 5
	name := func(r *ledger.Refund) { r.TransactionID = use }
	for _, c := range []struct{ amount, free, paid ledger.Amount }{{2, 0, 17}, {5, 2, 20}, {153, 155, 20}} {
		receipt, err := w.refund(t, c.amount*ledger.Credit, name)
		if err != nil || receipt.Balance.Free != c.free*ledger.Credit || receipt.Balance.Paid != c.paid*ledger.Credit {
			t.Errorf("got %+v, %v, want free %v and paid %v", receipt.Balance, err, c.free, c.paid)
		}
	}
	wantNumber(t, w.Store, `SELECT count(*) FROM credits.grants WHERE remaining <> issued AND source <> 'daily'`, 0)
}

func testRefundKeys(t *testing.T, w *wallets) {
	w.mustUse(t, 10*ledger.Credit)
	key := func(r *ledger.Refund) { r.IdempotencyKey = "k" }
	first, err := w.refund(t, 4*ledger.Credit, key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.refund(t, 4*ledger.Credit, key)
	if err != nil || !again.Replayed || again.Transaction.ID != first.Transaction.ID || again.Balance != first.Balance ||
		again.Transaction.RelatedID != first.Transaction.RelatedID {
		t.Errorf("got %+v, %v, want the first answer", again, err)
	}
	_, err = w.refund(t, 5*ledger.Credit, key)
	want(t, err, ledger.ErrKeyReused)
	_, err = w.use(t, 4*ledger.Credit, "k")
	want(t, err, ledger.ErrKeyReused)
	outcomes := race(64, func(int) error {
		_, err := w.refund(t, ledger.Credit, nil)
		return err
	})
	if outcomes[nil] != 6 || outcomes[ledger.ErrNothingToRefund] != 58 {
		t.Errorf("got %v, want the rest of 6 given back once", outcomes)
	}
	w.wantFree(t, bonus)
}

// testUsage counts uses on their day, and refunds on the day of their use.
func testUsage(t *testing.T, w *wallets) {
	first := w.clock.Now()
	w.mustUse(t, 10*ledger.Credit)
	use := w.mustUse(t, 5*ledger.Credit)
	w.clock.Add(12 * time.Hour) // midnight
	w.mustUse(t, ledger.Credit)
	if _, err := w.refund(t, 4*ledger.Credit, func(r *ledger.Refund) { r.TransactionID = use }); err != nil {
		t.Fatal(err)
	}
	w.wantUsage(t, first, 11*ledger.Credit, 2)
	w.wantUsage(t, w.clock.Now(), ledger.Credit, 1)
	wantRefusal(t, w.Store, `UPDATE credits.usage_stats SET credits_used = -1`, "usage_stats_used")
}

func (w *wallets) adjust(t *testing.T, amount ledger.Amount, class ledger.Class, key string) ledger.Receipt {
	t.Helper()
	receipt, err := w.ledger.Adjust(t.Context(), ledger.Adjustment{
		UserID: w.user.ID, Amount: amount, Class: class, Reason: "goodwill", IdempotencyKey: key, Actor: actor,
	})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func testAdjust(t *testing.T, w *wallets) {
	given := w.adjust(t, 7*ledger.Credit, "", "1")
	if given.Balance.Free != 157*ledger.Credit || given.Balance.Earned != 0 || given.Transaction.Type != ledger.TypeAdjustment ||
		given.Transaction.Description != "goodwill" {
		t.Errorf("got %+v", given)
	}
	if again := w.adjust(t, 7*ledger.Credit, ledger.Free, "1"); !again.Replayed || again.Transaction.ID != given.Transaction.ID {
		t.Errorf("got %+v, want the first answer", again)
	}
	if paid := w.adjust(t, 3*ledger.Credit, ledger.Paid, "2"); paid.Balance.Paid != 3*ledger.Credit {
		t.Errorf("got %+v, want paid credits", paid)
	}
	if taken := w.adjust(t, -159*ledger.Credit, "", "3"); taken.Balance.Free != 0 || taken.Balance.Paid != ledger.Credit || taken.Balance.Spent != 0 {
		t.Errorf("got %+v, want free credits taken first", taken)
	}
	for _, a := range []ledger.Adjustment{
		{Reason: " "},
		{Reason: strings.Repeat("é", 1001)},
		{Reason: "r\x00"},
		{Reason: "\xff"},
		{IdempotencyKey: "a b"},
		{IdempotencyKey: "\t"},
		{IdempotencyKey: "é"},
		{IdempotencyKey: strings.Repeat("k", 256)},
	} {
		a.UserID, a.Amount, a.Actor = w.user.ID, ledger.Credit, actor
		a.Reason, a.IdempotencyKey = cmp.Or(a.Reason, "r"), cmp.Or(a.IdempotencyKey, "k")
		if _, err := w.ledger.Adjust(t.Context(), a); !errors.Is(err, ledger.ErrReason) {
			t.Errorf("got %v for %.20q and %.20q, want %v", err, a.Reason, a.IdempotencyKey, ledger.ErrReason)
		}
	}
	w.adjust(t, 1, "", strings.Repeat("k", 255))
	for want, a := range map[error]ledger.Adjustment{
		ledger.ErrInsufficient: {Amount: -2 * ledger.Credit, Reason: "r", IdempotencyKey: "4"},
		ledger.ErrKeyReused:    {Amount: 8 * ledger.Credit, Reason: "goodwill", IdempotencyKey: "1"},
		ledger.ErrReason:       {Amount: 1, IdempotencyKey: "5"},
		ledger.ErrAmount:       {Reason: "r", IdempotencyKey: "6"},
	} {
		a.UserID, a.Actor = w.user.ID, actor
		if _, err := w.ledger.Adjust(t.Context(), a); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// testCap fills a wallet up to what it may hold, and finds each way into it closed.
func testCap(t *testing.T, w *wallets) {
	use, p := w.mustUse(t, 10*ledger.Credit), w.order(t, packageOf100)
	for i := range 999 {
		w.adjust(t, ledger.MaxOperation, "", fmt.Sprint(i))
	}
	rest := ledger.MaxWallet - 999*ledger.MaxOperation - 140*ledger.Credit
	_, err := w.ledger.Adjust(t.Context(), ledger.Adjustment{UserID: w.user.ID, Amount: rest + 1, Reason: "r", IdempotencyKey: "over", Actor: actor})
	want(t, err, ledger.ErrBalanceLimit)
	w.adjust(t, rest, "", "full")
	w.wantFree(t, ledger.MaxWallet)
	_, err = w.refund(t, ledger.Credit, func(r *ledger.Refund) { r.TransactionID = use })
	want(t, err, ledger.ErrBalanceLimit)
	_, err = w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: packageOf100})
	want(t, err, ledger.ErrBalanceLimit)
	paid := ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: 100}
	if done := w.tell(t, paid); done.Reason != ledger.ReasonLimit {
		t.Errorf("got %+v, want what does not fit in quarantine", done)
	}
	w.clock.Add(25 * time.Hour)
	w.wantFree(t, ledger.MaxWallet)
	if n := w.count(t, "daily"); n != 0 {
		t.Errorf("got %d daily grants, want the one that does not fit skipped", n)
	}
	w.mustUse(t, 5*ledger.Credit)
	w.wantFree(t, ledger.MaxWallet)
}

// testFreeze freezes a wallet: reads go on, writing does not.
func testFreeze(t *testing.T, w *wallets) {
	for range 2 {
		if err := w.Ledger.Freeze(t.Context(), w.user.ID, []string{"I4: grant 2"}); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Add(25 * time.Hour)
	w.wantFree(t, bonus)
	_, err := w.use(t, ledger.Credit, "")
	want(t, err, ledger.ErrFrozen)
	_, err = w.refund(t, ledger.Credit, nil)
	want(t, err, ledger.ErrFrozen)
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = 'wallet_frozen'`, 1)
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	if _, err := w.ledger.Use(t.Context(), ledger.Use{UserID: other.ID, Amount: ledger.Credit, AppID: "chat", Caller: "first-party"}); err != nil {
		t.Errorf("got %v, want others served", err)
	}
}
