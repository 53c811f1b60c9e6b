package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider/identity"
)

// Till is the part of an engine that knows what people buy.
type Till interface {
	ledger.Purchases
	ledger.Inbox
	ledger.Payments
}

// Packages of the migrations.
var (
	packageOf100 = uuid.MustParse("019ab000-0000-7000-8000-000000000001")
	packageOf500 = uuid.MustParse("019ab000-0000-7000-8000-000000000002")
)

func (w *wallets) order(t *testing.T, pack uuid.UUID) ledger.Purchase {
	t.Helper()
	p, err := w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: pack})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tell brings a fact as an event of its own.
func (w *wallets) tell(t *testing.T, x ledger.Fact) ledger.Settled {
	t.Helper()
	x.EventID = "evt_" + uuid.NewString()
	if fresh, err := w.Till.Receive(t.Context(), ledger.StripeEvent{ID: x.EventID, Type: string(x.Kind), Body: []byte("{}")}); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if x.Currency == "" {
		x.Currency = ledger.Euro
	}
	done, err := w.Till.Settle(t.Context(), ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: x})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (w *wallets) pay(t *testing.T, p ledger.Purchase) ledger.Settled {
	t.Helper()
	done := w.tell(t, ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: p.PriceEuroCents})
	if done.Outcome != ledger.OutcomeSettled || done.Purchase.Status != ledger.PurchaseCompleted {
		t.Fatalf("got %+v, want the purchase completed", done)
	}
	return done
}

// purchase buys 100 credits.
func (w *wallets) purchase(t *testing.T) ledger.Purchase {
	t.Helper()
	return w.pay(t, w.order(t, packageOf100)).Purchase
}

func (w *wallets) refunded(t *testing.T, p ledger.Purchase, cents int64) ledger.Settled {
	t.Helper()
	return w.tell(t, ledger.Fact{Kind: ledger.FactRefunded, PurchaseID: p.ID, Cents: cents})
}

func (w *wallets) disputed(t *testing.T, p ledger.Purchase, state ledger.DisputeState) ledger.Settled {
	t.Helper()
	return w.tell(t, ledger.Fact{
		Kind: ledger.FactDispute, PurchaseID: p.ID, Dispute: ledger.Dispute{ID: "dp_1", Cents: p.PriceEuroCents, State: state},
	})
}

// wantPaid reads paid credits, debt and earned ones, in credits, and checks the wallet.
func (w *wallets) wantPaid(t *testing.T, paid, debt, earned ledger.Amount) {
	t.Helper()
	got, err := w.ledger.Balance(t.Context(), w.user.ID)
	if err != nil || got.Paid != paid*ledger.Credit || got.Debt != debt*ledger.Credit || got.Earned != earned*ledger.Credit {
		t.Errorf("got %+v, %v, want %d paid, %d owed, %d earned", got, err, paid, debt, earned)
	}
	w.wantSound(t)
}

func testPurchase(t *testing.T, w *wallets) {
	o := ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: packageOf500, Metadata: []byte(`{"room": 1}`)}
	p, err := w.Till.Order(t.Context(), o)
	if err != nil || p.Status != ledger.PurchasePending || p.Credits != 500*ledger.Credit || p.PriceEuroCents != 500 || p.Currency != ledger.Euro ||
		!p.ExpiresAt.Equal(w.clock.Now().Add(24*time.Hour)) {
		t.Errorf("got %+v, %v", p, err)
	}
	again, err := w.Till.Order(t.Context(), o)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
		t.Errorf("got %+v, %v for the same order, want %+v", again, err, p)
	}
	payment := ledger.Payment{IntentID: "pi_1", CheckoutID: "cs_1", CustomerID: "cus_1"}
	for range 2 {
		if err := w.Till.Link(t.Context(), p.ID, payment); err != nil {
			t.Fatal(err)
		}
	}
	want(t, w.Till.Link(t.Context(), p.ID, ledger.Payment{IntentID: "pi_2"}), ledger.ErrLinked)
	want(t, w.Till.Link(t.Context(), uuid.Must(uuid.NewV7()), payment), ledger.ErrNoPurchase)
	want(t, w.Till.Link(t.Context(), w.order(t, packageOf100).ID, ledger.Payment{CheckoutID: "cs_1"}), ledger.ErrLinked)
	w.clock.Add(time.Minute)
	done := w.tell(t, ledger.Fact{Kind: ledger.FactPaid, Payment: payment, Cents: 500})
	if x := done.Transaction; x.Type != ledger.TypePurchase || x.Amount != 500*ledger.Credit || x.PurchaseID != p.ID ||
		x.AppID != "stripe" || x.Description != "Credit purchase: 500 credits" ||
		string(x.Metadata) != fmt.Sprintf(`{"purchaseId":%q,"packageId":%q,"stripePaymentIntentId":"pi_1","priceEuroCents":500}`, p.ID, packageOf500) {
		t.Errorf("got %+v, metadata %s", x, x.Metadata)
	}
	for _, payment := range []ledger.Payment{{IntentID: "pi_1"}, {CheckoutID: "cs_1"}} {
		if done := w.tell(t, ledger.Fact{Kind: ledger.FactPaid, Payment: payment, Cents: 500}); done.Transaction.ID != uuid.Nil {
			t.Errorf("got %+v, want nothing posted twice", done)
		}
	}
	w.wantPaid(t, 500, 0, 500)
	stored, err := w.Till.Purchase(t.Context(), w.user.ID, p.ID)
	if err != nil || fmt.Sprint(stored) != fmt.Sprint(done.Purchase) || stored.Payment != payment || string(stored.Metadata) != `{"room": 1}` ||
		!stored.CompletedAt.Equal(w.clock.Now()) || stored.Posted != 500*ledger.Credit {
		t.Errorf("got %+v, %v, want %+v", stored, err, done.Purchase)
	}
	list, err := w.Till.PurchasesOf(t.Context(), w.user.ID, 1000)
	if err != nil || len(list) != 2 || list[1].ID != p.ID {
		t.Errorf("got %+v, %v, want two, newest first", list, err)
	}
	all, err := w.Till.PurchasesSince(t.Context(), w.clock.Now().Add(-time.Hour), p.ID, 10)
	if err != nil || len(all) != 1 || all[0].ID != list[0].ID {
		t.Errorf("got %+v, %v, want the one after", all, err)
	}
	wantNewest(t, w, list)
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	_, err = w.Till.Purchase(t.Context(), other.ID, p.ID)
	want(t, err, ledger.ErrNoPurchase)
	_, err = w.Till.Withdraw(t.Context(), ledger.Withdrawal{RequestID: uuid.New(), UserID: other.ID, PurchaseID: p.ID})
	want(t, err, ledger.ErrNoPurchase)
}

func testPending(t *testing.T, w *wallets) {
	outcomes := race(16, func(int) error {
		_, err := w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: packageOf100})
		return root(err)
	})
	if outcomes[nil] != ledger.MaxPending || outcomes[ledger.ErrTooManyPending] != 16-ledger.MaxPending {
		t.Errorf("got %v, want %d orders", outcomes, ledger.MaxPending)
	}
	_, err := w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: uuid.New()})
	want(t, err, ledger.ErrNoPackage)
	if backlog, err := w.Till.Backlog(t.Context()); err != nil || backlog.Pending != ledger.MaxPending {
		t.Errorf("got %+v, %v", backlog, err)
	}
	w.clock.Add(24 * time.Hour)
	late := w.order(t, packageOf100) // those before have expired
	if n, err := w.Till.CancelExpired(t.Context(), 3); err != nil || n != 3 {
		t.Errorf("got %d, %v, want 3", n, err)
	}
	if n, err := w.Till.CancelExpired(t.Context(), 9); err != nil || n != 2 {
		t.Errorf("got %d, %v, want 2", n, err)
	}
	list, err := w.Till.PurchasesOf(t.Context(), w.user.ID, 10)
	if err != nil || len(list) != 6 || list[0].ID != late.ID || list[0].Status != ledger.PurchasePending || list[5].Status != ledger.PurchaseCancelled {
		t.Fatalf("got %+v, %v", list, err)
	}
	w.pay(t, list[5]) // money that comes late counts
	if done := w.tell(t, ledger.Fact{Kind: ledger.FactCancelled, PurchaseID: list[5].ID}); done.Purchase.Status != ledger.PurchaseCompleted {
		t.Errorf("got %+v, want it completed for good", done)
	}
	failed := w.tell(t, ledger.Fact{Kind: ledger.FactFailed, PurchaseID: late.ID})
	if failed.Purchase.Status != ledger.PurchaseFailed {
		t.Errorf("got %+v, want it failed", failed)
	}
	w.pay(t, late)
	w.wantPaid(t, 200, 0, 200)
}

// testDebt is the worked example.
func testDebt(t *testing.T, w *wallets) {
	p := w.pay(t, w.order(t, packageOf500)).Purchase
	w.mustUse(t, 260*ledger.Credit) // 150 are free
	done := w.refunded(t, p, 500)
	if x := done.Transaction; x.Kind != "reversal" || x.Type != ledger.TypeAdjustment || x.Amount != -500*ledger.Credit || x.After != -110*ledger.Credit ||
		x.EarnedAfter != 0 || fmt.Sprint(x.Postings) != "[{1 3 -4 390} {2 1 -4 110}]" {
		t.Errorf("got %+v", x)
	}
	w.wantPaid(t, 0, 110, 0)
	_, err := w.use(t, ledger.Credit, "")
	want(t, err, ledger.ErrDebt)
	second := w.pay(t, w.order(t, packageOf500))
	if fmt.Sprint(second.Transaction.Postings) != "[{1 -4 1 110} {2 -4 4 390}]" || second.Transaction.Type != ledger.TypePurchase {
		t.Errorf("got %+v, want the debt settled first", second.Transaction)
	}
	w.wantPaid(t, 390, 0, 500)
	w.mustUse(t, 390*ledger.Credit)
	w.disputed(t, second.Purchase, ledger.DisputeOpen)
	w.wantPaid(t, 0, 500, 0)
	if _, err := w.ledger.Adjust(t.Context(), ledger.Adjustment{
		UserID: w.user.ID, Amount: 200 * ledger.Credit, Class: ledger.Paid, Reason: "forgiven", IdempotencyKey: "k", Actor: actor,
	}); err != nil {
		t.Error(err)
	}
	w.wantPaid(t, 0, 300, 0)
	w.disputed(t, second.Purchase, ledger.DisputeLost)
	w.wantPaid(t, 0, 300, 0)
	won := w.disputed(t, second.Purchase, ledger.DisputeWon)
	if x := won.Transaction; x.Kind != "reinstatement" || x.Type != ledger.TypeAdjustment || fmt.Sprint(x.Postings) != "[{1 -4 1 300} {2 -4 4 200}]" {
		t.Errorf("got %+v, want what was taken", x)
	}
	w.wantPaid(t, 200, 0, 500)
	w.refunded(t, second.Purchase, 1)
	w.wantPaid(t, 199, 0, 499)
	if err := w.Ledger.Freeze(t.Context(), w.user.ID, []string{"x"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Books.Mend(t.Context(), actor, w.user.ID, ledger.Rebuild); err != nil {
		t.Error(err)
	}
	w.wantPaid(t, 199, 0, 499)
}

// testReversalOrder takes a purchase's own credits, then others that were paid, the latest first, and none that are free.
func testReversalOrder(t *testing.T, w *wallets) {
	first, second, third := w.purchase(t), w.purchase(t), w.purchase(t)
	w.mustUse(t, (150+30)*ledger.Credit) // all that are free, and of the first
	if done := w.refunded(t, second, 50); fmt.Sprint(done.Transaction.Postings) != "[{1 4 -4 50}]" {
		t.Errorf("got %+v", done.Transaction)
	}
	if done := w.refunded(t, first, 100); fmt.Sprint(done.Transaction.Postings) != "[{1 3 -4 70} {2 5 -4 30}]" {
		t.Errorf("got %+v", done.Transaction)
	}
	if done := w.refunded(t, third, 100); fmt.Sprint(done.Transaction.Postings) != "[{1 5 -4 70} {2 4 -4 30}]" {
		t.Errorf("got %+v", done.Transaction)
	}
	w.wantPaid(t, 20, 0, 50)
}

// wantEvents counts the events of a kind that name a purchase of the wallet.
func (w *wallets) wantEvents(t *testing.T, kind string, n int) {
	t.Helper()
	wantNumber(t, w.Store, `SELECT count(*) FROM auth.security_events WHERE event_type = '`+kind+`' AND user_id = '`+w.user.ID.String()+`'`, n)
}

// testPurchaseEvents: what a payment did is in the security log once, whatever told of it.
func testPurchaseEvents(t *testing.T, w *wallets) {
	p := w.order(t, packageOf100)
	w.wantEvents(t, identity.EventPurchased, 0)
	for range 2 {
		w.pay(t, p)
		w.refunded(t, p, 40)
		w.tell(t, ledger.Fact{Kind: ledger.FactRefund, PurchaseID: p.ID, Refund: ledger.PaymentRefund{ID: "re_1", Cents: 40, State: ledger.RefundSucceeded}})
		w.disputed(t, p, ledger.DisputeWarning)
	}
	w.wantEvents(t, identity.EventPurchased, 1)
	w.wantEvents(t, identity.EventPaidBack, 1)
	w.wantEvents(t, identity.EventDisputed, 0)
	for range 2 {
		w.disputed(t, p, ledger.DisputeOpen)
		w.disputed(t, p, ledger.DisputeWon)
	}
	w.wantEvents(t, identity.EventDisputed, 2)
	w.wantEvents(t, identity.EventWithdrawn, 0)
}

// testWithdrawalMails: each withdrawal is confirmed by a mail of its own, with its number and cents, and none without it.
func testWithdrawalMails(t *testing.T, w *wallets) {
	numbers := make(map[string]string)
	for range 2 {
		p := w.purchase(t)
		ask := ledger.Withdrawal{
			RequestID: uuid.Must(uuid.NewV7()), TransactionID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PurchaseID: p.ID, Actor: "user",
			IPAddress: "203.0.113.7", UserAgent: "Browser", Language: "de",
		}
		for range 2 {
			if _, err := w.Till.Withdraw(t.Context(), ask); err != nil {
				t.Fatal(err)
			}
		}
		numbers[p.ID.String()] = "100"
	}
	w.wantEvents(t, identity.EventWithdrawn, 2)
	if _, err := w.Till.Withdraw(t.Context(), ledger.Withdrawal{RequestID: uuid.New(), UserID: w.user.ID, PurchaseID: w.order(t, packageOf100).ID}); err == nil {
		t.Error("withdrew from what is not paid")
	}
	mails, err := w.Identity.Mails(t.Context(), 9)
	if err != nil || len(mails) != 2 {
		t.Fatalf("got %+v, %v, want a mail of each withdrawal", mails, err)
	}
	for range mails {
		m, err := w.Identity.LeaseMail(t.Context(), time.Minute)
		if err != nil || m.Kind != identity.MailWithdrawn || m.Language != "de" || numbers[m.About[identity.MetaPurchase]] != m.About[identity.MetaCents] {
			t.Errorf("got %+v, %v", m, err)
		}
		delete(numbers, m.About[identity.MetaPurchase])
	}
}

func testWithdrawal(t *testing.T, w *wallets) {
	p := w.purchase(t)
	w.mustUse(t, 160*ledger.Credit+ledger.Credit/4)
	ask := ledger.Withdrawal{
		RequestID: uuid.Must(uuid.NewV7()), TransactionID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PurchaseID: p.ID, Actor: "user",
	}
	w.clock.Add(ledger.WithdrawWithin)
	for range 2 { // the second time changes nothing
		p, err := w.Till.Withdraw(t.Context(), ask)
		if err != nil || p.Posted != 11*ledger.Credit || p.Facts.RefundedCents() != 0 {
			t.Errorf("got %+v, %v, want 89 whole credits back", p, err)
		}
	}
	got, err := w.ledger.Balance(t.Context(), w.user.ID)
	if err != nil || got.Paid != ledger.Credit*3/4 || got.Earned != 11*ledger.Credit {
		t.Errorf("got %+v, %v, want the fraction left", got, err)
	}
	again := ask
	again.RequestID, again.TransactionID = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	_, err = w.Till.Withdraw(t.Context(), again)
	want(t, err, ledger.ErrNotWithdrawable)
	if asked, err := w.Till.AskedRefunds(t.Context(), uuid.Nil, 9); err != nil || len(asked) != 0 {
		t.Errorf("got %+v, %v, want none while the payment is not known", asked, err)
	}
	if err := w.Till.Link(t.Context(), p.ID, ledger.Payment{IntentID: "pi_1"}); err != nil {
		t.Fatal(err)
	}
	asked, err := w.Till.AskedRefunds(t.Context(), uuid.Nil, 9)
	if err != nil || len(asked) != 1 || asked[0] != (ledger.AskedRefund{RequestID: ask.RequestID, PurchaseID: p.ID, IntentID: "pi_1", Cents: 89}) {
		t.Errorf("got %+v, %v", asked, err)
	}
	if after, err := w.Till.AskedRefunds(t.Context(), ask.RequestID, 9); err != nil || len(after) != 0 {
		t.Errorf("got %+v, %v, want none after it", after, err)
	}
	back := ledger.Fact{Kind: ledger.FactRefund, PurchaseID: p.ID, Refund: ledger.PaymentRefund{
		ID: "re_1", RequestID: ask.RequestID, Cents: 89, State: ledger.RefundPending,
	}}
	if done := w.tell(t, back); done.Transaction.ID != uuid.Nil || done.Purchase.Facts.RefundedCents() != 89 || len(done.Purchase.Facts.Refunds) != 1 {
		t.Errorf("got %+v, want the same refund", done)
	}
	if asked, err = w.Till.AskedRefunds(t.Context(), uuid.Nil, 9); err != nil || len(asked) != 0 {
		t.Errorf("got %+v, %v, want it done", asked, err)
	}
	back.Refund.State, back.Refund.RequestID = ledger.RefundFailed, uuid.Nil
	if done := w.tell(t, back); done.Transaction.Amount != 89*ledger.Credit {
		t.Errorf("got %+v, want the credits back", done)
	}
	w.clock.Add(time.Microsecond)
	_, err = w.Till.Withdraw(t.Context(), again)
	want(t, err, ledger.ErrNotWithdrawable) // it is too late
	w.wantSound(t)
	_, err = w.Till.Withdraw(t.Context(), ledger.Withdrawal{RequestID: uuid.New(), UserID: w.user.ID, PurchaseID: w.order(t, packageOf100).ID})
	want(t, err, ledger.ErrNotWithdrawable) // it is not paid
}

// testSettleRace has many settle the same event, and the same payment by others, while others spend.
func testSettleRace(t *testing.T, w *wallets) {
	p := w.order(t, packageOf100)
	for i := range 8 {
		if _, err := w.Till.Receive(t.Context(), ledger.StripeEvent{ID: fmt.Sprint("evt_", i), Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	outcomes := race(48, func(i int) error {
		switch i % 3 {
		case 0:
			_, err := w.use(t, ledger.Credit, "")
			return err
		case 1:
			_, err := w.Till.Settle(t.Context(), ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: ledger.Fact{
				Kind: ledger.FactRefunded, PurchaseID: p.ID, Currency: ledger.Euro, Cents: int64(i),
			}})
			return err
		}
		_, err := w.Till.Settle(t.Context(), ledger.Settling{TransactionID: uuid.Must(uuid.NewV7()), Fact: ledger.Fact{
			EventID: fmt.Sprint("evt_", i%8), Kind: ledger.FactPaid, PurchaseID: p.ID, Payment: ledger.Payment{IntentID: "pi_1"},
			Currency: ledger.Euro, Cents: 100,
		}})
		return err
	})
	if outcomes[nil] != 48 {
		t.Errorf("got %v, want all done", outcomes)
	}
	w.wantPaid(t, 100-46, 0, 100-46)
}

func testCustomers(t *testing.T, w *wallets) {
	for _, id := range []string{"cus_1", "cus_2"} {
		if got, err := w.Till.NoteCustomer(t.Context(), w.user.ID, id); err != nil || got != "cus_1" {
			t.Errorf("got %v, %v, want the first", got, err)
		}
	}
	other := createUser(t, w.Store, "eve@example.com", w.clock.Now())
	if got, err := w.Till.Customer(t.Context(), other.ID); err != nil || got != "" {
		t.Errorf("got %v, %v, want none", got, err)
	}
	if got, err := w.Till.Customer(t.Context(), w.user.ID); err != nil || got != "cus_1" {
		t.Errorf("got %v, %v", got, err)
	}
}

// testPurchaseClosed deletes the person between the order and the payment, and between a withdrawal and its refund.
func testPurchaseClosed(t *testing.T, w *wallets) {
	paid := w.purchase(t)
	if err := w.Till.Link(t.Context(), paid.ID, ledger.Payment{IntentID: "pi_1"}); err != nil {
		t.Fatal(err)
	}
	ask := ledger.Withdrawal{RequestID: uuid.Must(uuid.NewV7()), TransactionID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PurchaseID: paid.ID, Actor: "user"}
	if _, err := w.Till.Withdraw(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	p := w.order(t, packageOf100)
	if err := w.Identity.DeleteAccount(t.Context(), deletion(w.user.ID)); err != nil {
		t.Fatal(err)
	}
	if done := w.tell(t, ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: 100}); done.Reason != ledger.ReasonClosed {
		t.Errorf("got %+v, want it in quarantine", done)
	}
	if done := w.tell(t, ledger.Fact{Kind: ledger.FactCancelled, PurchaseID: p.ID}); done.Purchase.Status != ledger.PurchaseCancelled {
		t.Errorf("got %+v, want it cancelled: the wallet has nothing to do with it", done)
	}
	back := ledger.Fact{Kind: ledger.FactRefund, PurchaseID: paid.ID, Refund: ledger.PaymentRefund{
		ID: "re_1", RequestID: ask.RequestID, Cents: 100, State: ledger.RefundSucceeded,
	}}
	if done := w.tell(t, back); done.Outcome != ledger.OutcomeSettled {
		t.Errorf("got %+v, want the refund noted that was asked for before", done)
	}
	if asked, err := w.Till.AskedRefunds(t.Context(), uuid.Nil, 9); err != nil || len(asked) != 0 {
		t.Errorf("got %+v, %v, want none that is asked for again", asked, err)
	}
	back.Refund.State = ledger.RefundFailed
	if done := w.tell(t, back); done.Reason != ledger.ReasonClosed {
		t.Errorf("got %+v, want it in quarantine: there is no wallet to give the credits to", done)
	}
	w.wantSound(t)
	_, err := w.Till.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: w.user.ID, PackageID: packageOf100})
	if !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("got %v, want it refused", err)
	}
}

// wantNewest expects the newest purchases of everybody to be some of one person, in each state and within a limit.
func wantNewest(t *testing.T, w *wallets, of []ledger.Purchase) {
	t.Helper()
	for _, c := range []struct {
		since time.Time
		state ledger.PurchaseStatus
		limit int
		want  []ledger.Purchase
	}{
		{time.Time{}, "", 10, of},
		{time.Time{}, "", 1, of[:1]},
		{w.clock.Now().Add(time.Hour), "", 10, nil},
		{time.Time{}, of[1].Status, 10, of[1:]},
		{time.Time{}, ledger.PurchaseCancelled, 10, nil},
	} {
		got, err := w.Till.NewestPurchases(t.Context(), c.since, c.state, c.limit)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("since %v, %q, at most %d: got %+v, %v, want %+v", c.since, c.state, c.limit, got, err, c.want)
		}
	}
}
