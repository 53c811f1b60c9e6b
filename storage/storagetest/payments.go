package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mana/ledger"
)

// PaidWallet is a wallet on one engine, with [FirstBonus] free credits and nothing else, of a person whom all engines
// know by the same id.
type PaidWallet struct {
	Name string
	Till interface {
		Order(ctx context.Context, o ledger.Order) (ledger.Purchase, error)
		Withdraw(ctx context.Context, w ledger.Withdrawal) (ledger.Purchase, error)
		Receive(ctx context.Context, e ledger.StripeEvent) (bool, error)
		Take(ctx context.Context, e ledger.StripeEvent, s ledger.Settling) (bool, ledger.Settled, error)
		Waiting(ctx context.Context, after ledger.StripeEvent, limit int) ([]ledger.StripeEvent, error)
		Settle(ctx context.Context, s ledger.Settling) (ledger.Settled, error)
		Purchase(ctx context.Context, userID, id uuid.UUID) (ledger.Purchase, error)
	}
	Store   ledger.Store
	Inspect func(ctx context.Context, userID uuid.UUID, read func(ledger.Journal) error) error
}

// FirstBonus is what the wallets of [Payments] begin with.
const FirstBonus = bonus

// payments is a sequence of what happens at Stripe, of events about it that arrive in any order, twice or never, and of
// programs that die between two calls of the storage; beside it a model that knows neither the core nor its facts.
type payments struct {
	*rapid.T
	clock   *Clock
	userID  uuid.UUID
	wallets []PaidWallet
	bought  []*payment
	queue   []*told           // events on their way
	sent    map[string]*told  // by their id
	ids     int               // of Stripe's objects
	free    ledger.Amount     // of the model
	debt    ledger.Amount     // of the model
	lots    []*payment        // of the model, in order of their first credits
	left    map[*payment]*lot // of the model
}

type lot struct{ amount ledger.Amount }

// payment is a payment as it is at Stripe, and what the program was told of it.
type payment struct {
	id       uuid.UUID
	price    int64
	paid     bool
	refunds  []*moneyBack
	disputes []*moneyBack

	knownPaid bool
	reported  int64
	posted    int64 // credits
}

// moneyBack is a refund or a dispute: its state, and the furthest one that was told.
type moneyBack struct {
	id      string
	request uuid.UUID
	cents   int64
	state   string
	known   string
}

// told is an event.
type told struct {
	of   *payment
	what *moneyBack
	fact ledger.Fact
}

// Payments runs one sequence on the wallets of a person, and demands of each the same state as of the model, after
// each step, and equal digests at the end, when everything that was lost has been read again from Stripe's objects.
func Payments(r *rapid.T, clock *Clock, userID uuid.UUID, wallets ...PaidWallet) {
	p := &payments{
		T: r, clock: clock, userID: userID, wallets: wallets, sent: make(map[string]*told), free: FirstBonus,
		left: make(map[*payment]*lot),
	}
	p.order()
	for range rapid.IntRange(3, 22).Draw(r, "steps") {
		clock.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "hours")) * time.Hour)
		switch rapid.SampledFrom([]string{
			"order", "pay", "pay", "fail", "refund", "refund", "dispute", "move", "move", "use", "withdraw", "job",
			"deliver", "deliver", "deliver", "deliver", "deliver",
		}).Draw(r, "step") {
		case "order":
			p.order()
		case "pay":
			p.pay()
		case "fail":
			of := p.drawPayment()
			p.tell(of, nil, ledger.Fact{Kind: rapid.SampledFrom([]ledger.FactKind{ledger.FactFailed, ledger.FactCancelled}).Draw(r, "kind")})
		case "refund":
			p.refund()
		case "dispute":
			p.dispute()
		case "move":
			p.move()
		case "use":
			p.use()
		case "withdraw":
			p.withdraw()
		case "job":
			p.job()
		default:
			p.deliver()
		}
		p.compare()
	}
	p.job()
	p.reconcile()
	p.compareEnd()
}

func (p *payments) drawPayment() *payment { return rapid.SampledFrom(p.bought).Draw(p.T, "payment") }

// each does something on all engines.
func (p *payments) each(do func(w PaidWallet) error) {
	for _, w := range p.wallets {
		if err := do(w); err != nil {
			p.Fatalf("%s: %v", w.Name, err)
		}
	}
}

func (p *payments) order() {
	if len(p.bought) == 3 {
		return
	}
	of := &payment{id: uuid.Must(uuid.NewV7()), price: 500}
	p.bought = append(p.bought, of)
	for range rapid.IntRange(1, 2).Draw(p.T, "times") {
		p.each(func(w PaidWallet) error {
			_, err := w.Till.Order(p.Context(), ledger.Order{ID: of.id, UserID: p.userID, PackageID: packageOf500})
			return err
		})
	}
}

// tell sends an event on its way.
func (p *payments) tell(of *payment, what *moneyBack, x ledger.Fact) {
	p.ids++
	x.EventID = fmt.Sprintf("evt_%s_%d", p.userID, p.ids)
	e := &told{of: of, what: what, fact: x}
	p.queue = append(p.queue, e)
	p.sent[x.EventID] = e
}

func (p *payments) pay() {
	of := p.drawPayment()
	of.paid = true
	p.tell(of, nil, ledger.Fact{Kind: ledger.FactPaid, Cents: of.price})
}

func (p *payments) newID(prefix string) string {
	p.ids++
	return fmt.Sprintf("%s_%s_%d", prefix, p.userID, p.ids)
}

// back is what was really given back.
func (of *payment) back() int64 {
	var sum int64
	for _, b := range of.refunds {
		if b.state != "failed" && b.state != "asked" {
			sum += b.cents
		}
	}
	return sum
}

// refund gives a part back, and tells of it by the refund and by the sum.
func (p *payments) refund() {
	of := p.drawPayment()
	rest := of.price - of.back()
	if !of.paid || rest == 0 {
		return
	}
	b := &moneyBack{id: p.newID("re"), cents: rapid.Int64Range(1, rest).Draw(p.T, "cents"), state: "pending"}
	of.refunds = append(of.refunds, b)
	p.tellRefund(of, b)
}

func (p *payments) tellRefund(of *payment, b *moneyBack) {
	p.tell(of, b, refundFact(b))
	p.tell(of, nil, ledger.Fact{Kind: ledger.FactRefunded, Cents: of.back()})
}

func refundFact(b *moneyBack) ledger.Fact {
	return ledger.Fact{Kind: ledger.FactRefund, Refund: ledger.PaymentRefund{
		ID: b.id, RequestID: b.request, Cents: b.cents, State: ledger.RefundState(b.state),
	}}
}

func disputeFact(b *moneyBack) ledger.Fact {
	return ledger.Fact{Kind: ledger.FactDispute, Dispute: ledger.Dispute{ID: b.id, Cents: b.cents, State: ledger.DisputeState(b.state)}}
}

func (p *payments) dispute() {
	of := p.drawPayment()
	if !of.paid || len(of.disputes) == 2 {
		return
	}
	b := &moneyBack{
		id: p.newID("dp"), cents: rapid.Int64Range(1, of.price).Draw(p.T, "cents"),
		state: rapid.SampledFrom([]string{"warning", "open"}).Draw(p.T, "state"),
	}
	of.disputes = append(of.disputes, b)
	p.tell(of, b, disputeFact(b))
}

// move has one refund or dispute come further.
func (p *payments) move() {
	of := p.drawPayment()
	next := map[string][]string{
		"asked": {"pending", "failed"}, "pending": {"succeeded", "failed"}, "succeeded": {"failed"},
		"warning": {"open"}, "open": {"won", "lost"}, "lost": {"won"},
	}
	all := slices.Concat(of.refunds, of.disputes)
	all = slices.DeleteFunc(all, func(b *moneyBack) bool { return next[b.state] == nil })
	if len(all) == 0 {
		return
	}
	b := rapid.SampledFrom(all).Draw(p.T, "what")
	asked := b.state == "asked"
	b.state = rapid.SampledFrom(next[b.state]).Draw(p.T, "state")
	switch {
	case asked && (b.state == "failed" || of.back() > of.price): // Stripe refuses the call, and the program notes it
		b.state = "failed"
		p.settle(&told{of: of, what: b, fact: refundFact(b)}, "")
	case asked:
		b.id = p.newID("re")
		p.tellRefund(of, b)
	case slices.Contains(of.refunds, b):
		p.tellRefund(of, b)
	default:
		p.tell(of, b, disputeFact(b))
	}
}

// deliver brings one of the events on their way, once or twice, loses it, or dies in between.
func (p *payments) deliver() {
	if len(p.queue) == 0 {
		return
	}
	at := rapid.IntRange(0, len(p.queue)-1).Draw(p.T, "event")
	e := p.queue[at]
	fate := rapid.SampledFrom([]string{"arrives", "at once", "at once", "at once twice", "twice", "lost", "dies before", "dies between", "dies after"}).Draw(p.T, "fate")
	if fate == "dies before" {
		return // it is sent again some time
	}
	p.queue = slices.Delete(p.queue, at, at+1)
	if fate == "lost" {
		return
	}
	if strings.HasPrefix(fate, "at once") {
		p.take(e)
		if fate == "at once twice" {
			p.take(e)
		}
		return
	}
	p.receive(e)
	if fate == "dies between" {
		return // the job finds it
	}
	p.settle(e, e.fact.EventID)
	if fate == "twice" || fate == "dies after" { // Stripe sends it again
		p.receive(e)
		p.settle(e, e.fact.EventID)
	}
}

func (p *payments) receive(e *told) {
	p.each(func(w PaidWallet) error {
		_, err := w.Till.Receive(p.Context(), ledger.StripeEvent{ID: e.fact.EventID, Type: string(e.fact.Kind), Body: []byte("{}")})
		return err
	})
}

// job settles what waits in the inbox.
func (p *payments) job() {
	var waiting [][]ledger.StripeEvent
	p.each(func(w PaidWallet) error {
		found, err := w.Till.Waiting(p.Context(), ledger.StripeEvent{}, 1000)
		waiting = append(waiting, slices.DeleteFunc(found, func(e ledger.StripeEvent) bool { return p.sent[e.ID] == nil })) // of others
		return err
	})
	for i := range waiting {
		if len(waiting[i]) != len(waiting[0]) {
			p.Fatalf("%s: %d events wait, of %s %d", p.wallets[i].Name, len(waiting[i]), p.wallets[0].Name, len(waiting[0]))
		}
	}
	for _, e := range waiting[0] {
		p.settle(p.sent[e.ID], e.ID)
	}
}

// take has an event stored and settled in one commit.
func (p *payments) take(e *told) {
	stored := ledger.StripeEvent{ID: e.fact.EventID, Type: string(e.fact.Kind), Body: []byte("{}")}
	p.settleBy(e, stored.ID, func(w PaidWallet, s ledger.Settling) (ledger.Settled, error) {
		fresh, done, err := w.Till.Take(p.Context(), stored, s)
		if err == nil && (!fresh || done.Outcome == "") { // it is there already, or waits
			done, err = w.Till.Settle(p.Context(), s)
		}
		return done, err
	})
}

// settle has a fact taken in, and the model follow.
func (p *payments) settle(e *told, eventID string) {
	p.settleBy(e, eventID, func(w PaidWallet, s ledger.Settling) (ledger.Settled, error) { return w.Till.Settle(p.Context(), s) })
}

func (p *payments) settleBy(e *told, eventID string, settle func(PaidWallet, ledger.Settling) (ledger.Settled, error)) {
	x := e.fact
	x.EventID, x.PurchaseID, x.Currency = eventID, e.of.id, ledger.Euro
	id := uuid.Must(uuid.NewV7())
	p.each(func(w PaidWallet) error {
		done, err := settle(w, ledger.Settling{TransactionID: id, Fact: x})
		if err == nil && done.Outcome != ledger.OutcomeSettled {
			err = fmt.Errorf("got %+v for %+v", done, x)
		}
		return err
	})
	switch x.Kind {
	case ledger.FactPaid:
		e.of.knownPaid = true
	case ledger.FactRefunded:
		e.of.reported = max(e.of.reported, x.Cents)
	case ledger.FactRefund:
		e.what.learn(string(x.Refund.State))
	case ledger.FactDispute:
		e.what.learn(string(x.Dispute.State))
	case ledger.FactFailed, ledger.FactCancelled:
	}
	p.post(e.of)
}

func (p *payments) use() {
	amount := ledger.Amount(rapid.Int64Range(1, 300_000_000).Draw(p.T, "micro"))
	paid := p.paid()
	id := uuid.Must(uuid.NewV7())
	var want error
	switch {
	case p.debt > 0:
		want = ledger.ErrDebt
	case p.free+paid < amount:
		want = ledger.ErrInsufficient
	}
	p.each(func(w PaidWallet) error {
		on := ledger.New(ledger.Config{Store: w.Store, NewID: func() (uuid.UUID, error) { return id, nil }})
		_, err := on.Use(p.Context(), ledger.Use{UserID: p.userID, Amount: amount, AppID: "chat", Description: "Reply", Caller: "first-party"})
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			return fmt.Errorf("got %w, want %w", err, want)
		}
		return nil
	})
	if want != nil {
		return
	}
	part := min(amount, p.free)
	p.free -= part
	amount -= part
	for _, of := range p.lots {
		part = min(amount, p.left[of].amount)
		p.left[of].amount -= part
		amount -= part
	}
}

// withdraw asks for what is unspent, in whole cents. A program that dies asks again.
func (p *payments) withdraw() {
	of := p.drawPayment()
	var cents int64
	if l := p.left[of]; l != nil {
		cents = int64(l.amount / ledger.Credit)
	}
	b := &moneyBack{request: uuid.Must(uuid.NewV7()), cents: cents, state: "asked", known: "asked"}
	id := uuid.Must(uuid.NewV7())
	for range rapid.IntRange(1, 2).Draw(p.T, "times") {
		p.each(func(w PaidWallet) error {
			_, err := w.Till.Withdraw(p.Context(), ledger.Withdrawal{
				RequestID: b.request, TransactionID: id, UserID: p.userID, PurchaseID: of.id, Actor: "user",
			})
			if cents == 0 && errors.Is(err, ledger.ErrNotWithdrawable) {
				return nil
			}
			return err
		})
	}
	if cents > 0 {
		of.refunds = append(of.refunds, b)
		p.post(of)
	}
}

// reconcile reads everything again from Stripe's objects, whatever was lost.
func (p *payments) reconcile() {
	for _, of := range p.bought {
		if of.paid {
			p.settle(&told{of: of, fact: ledger.Fact{Kind: ledger.FactPaid, Cents: of.price}}, "")
		}
		for _, b := range of.refunds {
			p.settle(&told{of: of, what: b, fact: refundFact(b)}, "")
		}
		for _, b := range of.disputes {
			p.settle(&told{of: of, what: b, fact: disputeFact(b)}, "")
		}
	}
}
