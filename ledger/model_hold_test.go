package ledger_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mana/ledger"
)

// modelHold is a hold as a person would remember it: what it still has.
type modelHold struct {
	id         uuid.UUID
	app        string
	free, paid ledger.Amount
	expires    time.Time
	state      ledger.HoldState
}

func (h modelHold) rest() ledger.Amount { return h.free + h.paid }

func (m *machine) held() ledger.Amount {
	var sum ledger.Amount
	for _, h := range m.holds {
		sum += h.rest()
	}
	return sum
}

// expire is the rule of time: what is held comes back at the end of each hold, in their order.
func (m *machine) expire() {
	var due []*modelHold
	for _, h := range m.holds {
		if h.state == ledger.HoldOpen && !m.now.Before(h.expires) {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *modelHold) int {
		return cmp.Or(a.expires.Compare(b.expires), slices.Compare(a.id[:], b.id[:]))
	})
	for _, h := range due {
		m.endHold(h, ledger.HoldExpired, h.expires)
	}
}

// endHold gives back what a hold has. Paid credits settle debt, which is a row of its own.
func (m *machine) endHold(h *modelHold, state ledger.HoldState, at time.Time) {
	if h.paid > 0 && m.debt > 0 {
		m.rowAt(at)
	}
	m.free += h.free
	m.give(h.paid)
	h.free, h.paid, h.state = 0, 0, state
}

func (m *machine) Reserve(t *rapid.T) {
	r := ledger.Reserve{
		UserID: m.userID, Amount: ledger.Amount(rapid.Int64Range(1, int64(60*ledger.Credit)).Draw(t, "micro")),
		ExpiresIn: time.Duration(rapid.IntRange(1, 86400).Draw(t, "seconds")) * time.Second,
		AppID:     rapid.SampledFrom([]string{"chat", "todo"}).Draw(t, "app"), Description: "x", Caller: "app", IdempotencyKey: drawKey(t),
	}
	if rapid.Bool().Draw(t, "as much as there is") {
		r.Minimum = ledger.Amount(rapid.Int64Range(1, int64(r.Amount)).Draw(t, "minimum"))
	}
	receipt, err := m.ledger.Reserve(t.Context(), r)
	asked := fmt.Sprint("hold ", r.AppID, r.Amount, r.Minimum, r.ExpiresIn)
	if m.known(t, r.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	amount, least := min(r.Amount, m.free+m.paid), cmp.Or(r.Minimum, r.Amount)
	switch {
	case m.debt > 0:
		m.wantRefusal(t, err, ledger.ErrDebt)
		return
	case amount < least:
		m.wantRefusal(t, err, ledger.ErrInsufficient)
		return
	}
	h := &modelHold{app: r.AppID, free: min(amount, m.free), expires: m.now.Add(r.ExpiresIn), state: ledger.HoldOpen}
	h.paid = amount - h.free
	m.free -= h.free
	m.paid -= h.paid
	m.step(t, r.IdempotencyKey, asked, receipt, err)
	h.id = receipt.Hold.ID
	m.holds = append(m.holds, h)
	m.wantHold(t, h, receipt.Hold)
}

// drawHold is one that was made, nil if there is none.
func (m *machine) drawHold(t *rapid.T) *modelHold {
	if len(m.holds) == 0 {
		return nil
	}
	return rapid.SampledFrom(m.holds[max(0, len(m.holds)-4):]).Draw(t, "hold")
}

func (m *machine) Capture(t *rapid.T) {
	h := m.drawHold(t)
	if h == nil {
		return
	}
	c := ledger.Capture{
		HoldRef: ledger.HoldRef{UserID: m.userID, ID: h.id, Caller: "app"}, Keep: rapid.Bool().Draw(t, "keep"),
		Amount: ledger.Amount(rapid.Int64Range(0, int64(30*ledger.Credit)).Draw(t, "micro")), IdempotencyKey: drawKey(t),
	}
	receipt, err := m.ledger.Capture(t.Context(), c)
	asked := fmt.Sprint("capture ", h.id, c.Amount, c.Keep)
	if m.known(t, c.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	amount := cmp.Or(c.Amount, h.rest())
	switch {
	case h.state != ledger.HoldOpen:
		m.wantRefusal(t, err, ledger.HoldEnded{State: h.state})
		return
	case amount > h.rest():
		m.wantRefusal(t, err, ledger.HoldExceeded{Rest: h.rest()})
		return
	}
	free := min(amount, h.free)
	h.free -= free
	h.paid -= amount - free
	m.spent += amount
	final := !c.Keep || h.rest() == 0
	if final && m.debt == 0 {
		m.endHold(h, ledger.HoldCaptured, m.now)
	}
	m.posted(t, c.IdempotencyKey, asked, receipt, err)
	m.uses = append(m.uses, modelUse{receipt.Transaction.ID, h.app, m.lastRow, free, amount - free})
	if final && m.debt > 0 {
		m.endHold(h, ledger.HoldCaptured, m.now)
	}
	m.wantHold(t, h, receipt.Hold)
}

func (m *machine) Extend(t *rapid.T) {
	h := m.drawHold(t)
	if h == nil {
		return
	}
	e := ledger.Extend{
		HoldRef:   ledger.HoldRef{UserID: m.userID, ID: h.id, Caller: "app"},
		ExpiresIn: time.Duration(rapid.IntRange(0, 86400).Draw(t, "seconds")) * time.Second,
		Add:       ledger.Amount(rapid.Int64Range(0, int64(20*ledger.Credit)).Draw(t, "micro")), IdempotencyKey: drawKey(t),
	}
	receipt, err := m.ledger.Extend(t.Context(), e)
	asked := fmt.Sprint("extend ", h.id, e.Add, e.ExpiresIn)
	if m.known(t, e.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	switch {
	case h.state != ledger.HoldOpen:
		m.wantRefusal(t, err, ledger.HoldEnded{State: h.state})
		return
	case e.Add > 0 && m.debt > 0:
		m.wantRefusal(t, err, ledger.ErrDebt)
		return
	case e.Add > m.free+m.paid:
		m.wantRefusal(t, err, ledger.ErrInsufficient)
		return
	}
	free := min(e.Add, m.free)
	m.free, h.free = m.free-free, h.free+free
	m.paid, h.paid = m.paid-(e.Add-free), h.paid+e.Add-free
	if until := m.now.Add(e.ExpiresIn); until.After(h.expires) {
		h.expires = until
	}
	m.step(t, e.IdempotencyKey, asked, receipt, err)
	m.wantHold(t, h, receipt.Hold)
}

func (m *machine) Release(t *rapid.T) {
	h := m.drawHold(t)
	if h == nil {
		return
	}
	r := ledger.Release{HoldRef: ledger.HoldRef{UserID: m.userID, ID: h.id, Caller: rapid.SampledFrom([]string{"", "app", "other"}).Draw(t, "caller")}}
	receipt, err := m.ledger.Release(t.Context(), r)
	m.daily()
	switch {
	case r.Caller == "other":
		m.wantRefusal(t, err, ledger.ErrNoHold)
		return
	case h.state == ledger.HoldCaptured:
		m.wantRefusal(t, err, ledger.HoldEnded{State: h.state})
		return
	case h.state == ledger.HoldOpen:
		m.endHold(h, ledger.HoldReleased, m.now)
		m.step(t, "", "", receipt, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.wantHold(t, h, receipt.Hold)
}

// step notes a request that moved credits and made no row.
func (m *machine) step(t *rapid.T, key, asked string, receipt ledger.Receipt, err error) {
	if key != "" {
		m.keys[key] = asked
	}
	got := receipt.Balance
	if err != nil || receipt.Transaction.ID != uuid.Nil || fmt.Sprint(got.Free, got.Paid, got.Debt, got.Spent) != fmt.Sprint(m.free, m.paid, m.debt, m.spent) {
		t.Fatalf("got %+v, %v, want free %v, paid %v, debt %v, spent %v", receipt, err, m.free, m.paid, m.debt, m.spent)
	}
}

// wantHold compares a hold with its model. What a hold that was not captured to its end did not spend is none of it.
func (m *machine) wantHold(t *rapid.T, h *modelHold, got *ledger.Hold) {
	if got == nil || got.ID != h.id || got.State != h.state || h.state == ledger.HoldOpen && got.Rest() != h.rest() || !got.ExpiresAt.Equal(h.expires) {
		t.Fatalf("got %+v, want %+v", got, h)
	}
	read, err := m.store.Hold(t.Context(), h.id)
	if err != nil || read.State != h.state {
		t.Fatalf("got %+v, %v, want %+v", read, err, h)
	}
	if _, err := m.ledger.Capture(t.Context(), ledger.Capture{HoldRef: ledger.HoldRef{UserID: m.userID, ID: h.id, Caller: "another"}}); !errors.Is(err, ledger.ErrNoHold) {
		t.Fatalf("got %v for somebody else's hold", err)
	}
}
