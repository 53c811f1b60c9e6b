package storagetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
)

// memoryPackage is what a wallet in memory can buy.
var memoryPackage = ledger.Package{Active: true, Credits: 500 * ledger.Credit, PriceEuroCents: 500}

// Order sells the one package.
func (m *Memory) Order(_ context.Context, o ledger.Order) (ledger.Purchase, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pack := memoryPackage
	pack.ID = o.PackageID
	pending := 0
	for _, p := range m.purchases {
		if p.Status == ledger.PurchasePending && p.ExpiresAt.After(m.now()) {
			pending++
		}
	}
	p, err := ledger.NewPurchase(m.wallet, pending, pack, m.now(), o)
	if err == nil {
		m.purchases[p.ID] = p
	}
	return p, err
}

// sale is the wallet with the grant of a purchase.
func (m *Memory) sale(p ledger.Purchase) ledger.State {
	s := m.state()
	for _, g := range m.grants {
		if g.Source == p.Source() && g.Remaining == 0 {
			s.Grants = append(s.Grants, g)
		}
	}
	slices.SortFunc(s.Grants, func(a, b ledger.Grant) int { return a.No - b.No })
	return s
}

// Withdraw implements a method of [ledger.Purchases].
func (m *Memory) Withdraw(_ context.Context, w ledger.Withdrawal) (ledger.Purchase, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, known := m.purchases[w.PurchaseID]
	if !known {
		return p, ledger.ErrNoPurchase
	}
	delta, p, err := ledger.Withdraw(m.sale(p), p, m.now(), w)
	if err != nil {
		return ledger.Purchase{}, err
	}
	if !delta.Empty() {
		m.write(delta)
	}
	m.purchases[p.ID] = p
	return p, nil
}

// Receive implements a method of [ledger.Inbox].
func (m *Memory) Receive(_ context.Context, e ledger.StripeEvent) (fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.events[e.ID]; known {
		return false, nil
	}
	e.ReceivedAt = m.now()
	m.events[e.ID] = e
	return true, nil
}

// Take implements a method of [ledger.Inbox].
func (m *Memory) Take(ctx context.Context, e ledger.StripeEvent, x ledger.Settling) (fresh bool, done ledger.Settled, err error) {
	if fresh, err = m.Receive(ctx, e); err == nil && fresh {
		done, err = m.Settle(ctx, x)
	}
	return fresh, done, err
}

// Settle implements a method of [ledger.Inbox].
func (m *Memory) Settle(_ context.Context, x ledger.Settling) (ledger.Settled, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, known := m.events[x.Fact.EventID]; x.Fact.EventID != "" && !known {
		return ledger.Settled{}, ledger.ErrNoEvent
	} else if e.Outcome != "" {
		return ledger.Settled{Outcome: e.Outcome, Reason: e.Reason}, nil
	}
	of := m.find(x.Fact)
	if len(of) != 1 {
		done := ledger.Settled{Outcome: ledger.OutcomeQuarantined, Reason: ledger.ReasonUnknown}
		if len(of) > 1 {
			done.Reason = ledger.ReasonPayment
		}
		m.conclude(x.Fact, done)
		return done, nil
	}
	delta, done, err := ledger.Settle(m.sale(of[0]), of[0], m.now(), x)
	if err != nil {
		return done, errors.Join(err, errors.New("in memory"))
	}
	if !delta.Empty() {
		m.write(delta)
	}
	if done.Outcome == ledger.OutcomeSettled {
		m.purchases[of[0].ID] = done.Purchase
	}
	m.conclude(x.Fact, done)
	if done.Purchase.Payment.IntentID != of[0].Payment.IntentID {
		m.requeue(done.Purchase.Payment.IntentID)
	}
	return done, nil
}

func (m *Memory) find(x ledger.Fact) []ledger.Purchase {
	var found []ledger.Purchase
	for _, p := range m.purchases {
		if p.ID == x.PurchaseID || p.Payment.IntentID != "" && p.Payment.IntentID == x.Payment.IntentID ||
			p.Payment.CheckoutID != "" && p.Payment.CheckoutID == x.Payment.CheckoutID {
			found = append(found, p)
		}
	}
	return found
}

func (m *Memory) conclude(x ledger.Fact, done ledger.Settled) {
	if x.EventID == "" {
		return
	}
	e := m.events[x.EventID]
	e.ProcessedAt, e.Outcome, e.Reason, e.IntentID = m.now(), done.Outcome, done.Reason, x.Payment.IntentID
	m.events[x.EventID] = e
}

func (m *Memory) requeue(intentID string) {
	for id, e := range m.events {
		if e.Reason == ledger.ReasonUnknown && e.IntentID == intentID {
			m.events[id] = ledger.StripeEvent{ID: e.ID, Type: e.Type, Body: e.Body, ReceivedAt: e.ReceivedAt}
		}
	}
}

// Waiting implements a method of [ledger.Inbox], without pages.
func (m *Memory) Waiting(context.Context, ledger.StripeEvent, int) ([]ledger.StripeEvent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ledger.StripeEvent
	for _, e := range m.events {
		if e.Outcome == "" {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b ledger.StripeEvent) int {
		if a.ReceivedAt.Equal(b.ReceivedAt) {
			return strings.Compare(a.ID, b.ID)
		}
		return a.ReceivedAt.Compare(b.ReceivedAt)
	})
	return found, nil
}

// Purchase gives a purchase.
func (m *Memory) Purchase(_ context.Context, _, id uuid.UUID) (ledger.Purchase, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, known := m.purchases[id]
	if !known {
		return p, ledger.ErrNoPurchase
	}
	return p, nil
}
