package storagetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

func testQuarantine(t *testing.T, w *wallets) {
	p, other := w.order(t, packageOf100), w.order(t, packageOf100)
	for id, intent := range map[uuid.UUID]string{p.ID: "pi_1", other.ID: "pi_2"} {
		if err := w.Till.Link(t.Context(), id, ledger.Payment{IntentID: intent}); err != nil {
			t.Fatal(err)
		}
	}
	paid := ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: 100}
	n := 0
	for _, test := range []struct {
		reason ledger.Reason
		change func(*ledger.Fact)
	}{
		{ledger.ReasonAmount, func(x *ledger.Fact) { x.Cents = 99 }},
		{ledger.ReasonAmount, func(x *ledger.Fact) { x.Kind, x.Cents = ledger.FactRefunded, 101 }},
		{ledger.ReasonAmount, func(x *ledger.Fact) {
			x.Kind, x.Refund = ledger.FactRefund, ledger.PaymentRefund{ID: "re_1", Cents: 101, State: ledger.RefundPending}
		}},
		{ledger.ReasonCurrency, func(x *ledger.Fact) { x.Currency = "usd" }},
		{ledger.ReasonLivemode, func(x *ledger.Fact) { x.Livemode = true }},
		{ledger.ReasonAccount, func(x *ledger.Fact) { x.Account = "acct_1" }},
		{ledger.ReasonPayment, func(x *ledger.Fact) { x.Payment.IntentID = "pi_2" }},
		{ledger.ReasonPayment, func(x *ledger.Fact) { x.Payment.IntentID = "pi_3" }},
		{ledger.ReasonUnknown, func(x *ledger.Fact) { x.PurchaseID = uuid.New() }},
	} {
		x := paid
		test.change(&x)
		n++
		if done := w.tell(t, x); done.Outcome != ledger.OutcomeQuarantined || done.Reason != test.reason {
			t.Errorf("%s: got %+v", test.reason, done)
		}
	}
	w.wantPaid(t, 0, 0, 0)
	list, err := w.Till.Quarantined(t.Context(), 100)
	if err != nil || len(list) != n || list[0].ProcessedAt.IsZero() || string(list[0].Body) != "{}" {
		t.Errorf("got %+v, %v, want %d", list, err, n)
	}
	want(t, w.Till.Requeue(t.Context(), "evt_none"), ledger.ErrNoEvent)
	if err := w.Till.Requeue(t.Context(), list[0].ID); err != nil {
		t.Error(err)
	}
	waiting, err := w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 10)
	if err != nil || len(waiting) != 1 || waiting[0].ID != list[0].ID {
		t.Errorf("got %+v, %v, want one that waits", waiting, err)
	}
	w.pay(t, p)
	w.wantPaid(t, 100, 0, 100)
}

func testInbox(t *testing.T, w *wallets) {
	for i := range 3 {
		w.clock.Add(time.Second)
		for n, fresh := range []bool{true, false} {
			got, err := w.Till.Receive(t.Context(), ledger.StripeEvent{ID: fmt.Sprint("evt_", i), Type: "x", Body: []byte{0, byte(n)}})
			if err != nil || got != fresh {
				t.Errorf("got %v, %v, want %v", got, err, fresh)
			}
		}
	}
	first, err := w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 2)
	if err != nil || len(first) != 2 || first[0].ID != "evt_0" || !slices.Equal(first[0].Body, []byte{0, 0}) {
		t.Fatalf("got %+v, %v", first, err)
	}
	rest, err := w.Till.Waiting(t.Context(), first[1], 2)
	if err != nil || len(rest) != 1 || rest[0].ID != "evt_2" {
		t.Errorf("got %+v, %v, want the last", rest, err)
	}
	if backlog, err := w.Till.Backlog(t.Context()); err != nil || backlog.Waiting != 3 || !backlog.Oldest.Equal(w.clock.Now().Add(-2*time.Second)) ||
		!backlog.Last.Equal(w.clock.Now()) {
		t.Errorf("got %+v, %v", backlog, err)
	}
	w.clock.Add(time.Second)
	for range 2 { // the second time changes nothing
		if err := w.Till.Dismiss(t.Context(), "evt_0", ledger.OutcomeIgnored, ""); err != nil {
			t.Error(err)
		}
		if err := w.Till.Dismiss(t.Context(), "evt_1", ledger.OutcomeQuarantined, ledger.ReasonUnreadable); err != nil {
			t.Error(err)
		}
	}
	want(t, w.Till.Dismiss(t.Context(), "evt_9", ledger.OutcomeIgnored, ""), ledger.ErrNoEvent)
	_, err = w.Till.Settle(t.Context(), ledger.Settling{TransactionID: uuid.New(), Fact: ledger.Fact{EventID: "evt_9"}})
	want(t, err, ledger.ErrNoEvent)
	backlog, err := w.Till.Backlog(t.Context())
	if err != nil || backlog.Waiting != 1 || backlog.Quarantined != 1 || !backlog.Last.Equal(w.clock.Now()) {
		t.Errorf("got %+v, %v", backlog, err)
	}
	w.clock.Add(90 * 24 * time.Hour)
	if _, err := w.Clean(t.Context(), 24*time.Hour); err != nil {
		t.Error(err)
	}
	list, err := w.Till.Quarantined(t.Context(), 9)
	if err != nil || len(list) != 1 || len(list[0].Body) == 0 {
		t.Errorf("got %+v, %v, want its body kept: nobody has looked at it", list, err)
	}
	if rest, err = w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 2); err != nil || len(rest) != 1 || len(rest[0].Body) == 0 {
		t.Errorf("got %+v, %v, want it kept", rest, err)
	}
}

// testTake brings events of one wallet three times each, all at one time, beside one of a purchase that nobody knows.
func testTake(t *testing.T, w *wallets) {
	facts := []ledger.Fact{{Kind: ledger.FactPaid, PurchaseID: uuid.New(), Cents: 100, Currency: ledger.Euro}}
	for range 4 {
		p := w.order(t, packageOf100)
		facts = append(facts, ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: 100, Currency: ledger.Euro})
	}
	fresh := make([]atomic.Int64, len(facts))
	var group sync.WaitGroup
	for n := range 3 * len(facts) {
		group.Go(func() {
			x := facts[n%len(facts)]
			x.EventID = fmt.Sprint("evt_", n%len(facts))
			s := ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: x}
			first, done, err := w.Till.Take(t.Context(), ledger.StripeEvent{ID: x.EventID, Body: []byte("{}")}, s)
			if err == nil && first && done.Outcome == "" { // it waits
				_, err = w.Till.Settle(t.Context(), s)
			}
			if err != nil {
				t.Error(err)
			}
			if first {
				fresh[n%len(facts)].Add(1)
			}
		})
	}
	group.Wait()
	for n := range fresh {
		if got := fresh[n].Load(); got != 1 {
			t.Errorf("event %d was fresh %d times, want once", n, got)
		}
	}
	waiting, err := w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 9)
	if err != nil || len(waiting) > 0 {
		t.Errorf("got %+v, %v, want none that waits", waiting, err)
	}
	list, err := w.Till.Quarantined(t.Context(), 9)
	if err != nil || len(list) != 1 || list[0].ID != "evt_0" || list[0].Reason != ledger.ReasonUnknown {
		t.Errorf("got %+v, %v, want the one of nobody's", list, err)
	}
	w.wantPaid(t, 400, 0, 400)
}

// testEarlyEvents hears of a payment before anybody knows whose it is.
func testEarlyEvents(t *testing.T, w *wallets) {
	refund := ledger.Fact{
		Kind: ledger.FactRefund, Payment: ledger.Payment{IntentID: "pi_1"}, Refund: ledger.PaymentRefund{ID: "re_1", Cents: 40, State: ledger.RefundSucceeded},
	}
	for i, learn := range []func(p ledger.Purchase){
		func(p ledger.Purchase) {
			if err := w.Till.Link(t.Context(), p.ID, ledger.Payment{IntentID: "pi_0"}); err != nil {
				t.Error(err)
			}
		},
		func(p ledger.Purchase) {
			w.tell(t, ledger.Fact{Kind: ledger.FactFailed, PurchaseID: p.ID, Payment: ledger.Payment{IntentID: "pi_1"}})
		},
	} {
		refund.Payment.IntentID = fmt.Sprint("pi_", i)
		if done := w.tell(t, refund); done.Reason != ledger.ReasonUnknown {
			t.Errorf("got %+v, want it unknown", done)
		}
		p := w.order(t, packageOf100)
		learn(p)
		waiting, err := w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 10)
		if err != nil || len(waiting) != 1 {
			t.Fatalf("got %+v, %v, want it to wait again", waiting, err)
		}
		refund.EventID, refund.Currency = waiting[0].ID, ledger.Euro
		done, err := w.Till.Settle(t.Context(), ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: refund})
		if err != nil || done.Outcome != ledger.OutcomeSettled || done.Purchase.Facts.RefundedCents() != 40 || done.Transaction.ID != uuid.Nil {
			t.Errorf("got %+v, %v", done, err)
		}
		if done := w.pay(t, p); done.Transaction.Amount != 60*ledger.Credit {
			t.Errorf("got %+v, want what was not given back", done)
		}
	}
	w.wantPaid(t, 120, 0, 120)
}

// testUnsettled are wallets that take nothing.
func testUnsettled(t *testing.T, w *wallets) {
	p := w.order(t, packageOf100)
	if err := w.Ledger.Freeze(t.Context(), w.user.ID, []string{"x"}); err != nil {
		t.Fatal(err)
	}
	paid := ledger.Fact{EventID: "evt_1", Kind: ledger.FactPaid, PurchaseID: p.ID, Currency: ledger.Euro, Cents: 100}
	settling := ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: paid}
	if _, err := w.Till.Receive(t.Context(), ledger.StripeEvent{ID: "evt_1", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Till.Settle(t.Context(), settling)
	want(t, err, ledger.ErrFrozen)
	_, err = w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: packageOf100})
	want(t, err, ledger.ErrFrozen)
	if waiting, err := w.Till.Waiting(t.Context(), ledger.StripeEvent{}, 9); err != nil || len(waiting) != 1 {
		t.Errorf("got %+v, %v, want the event to wait", waiting, err)
	}
	if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
		t.Fatal(err)
	}
	if done, err := w.Till.Settle(t.Context(), settling); err != nil || done.Outcome != ledger.OutcomeSettled {
		t.Errorf("got %+v, %v", done, err)
	}
	w.wantPaid(t, 100, 0, 100)
}
