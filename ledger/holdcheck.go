package ledger

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// heldSum is what holds have at one moment, by class. slack is what was added to them at a time that no row tells.
type heldSum struct{ free, paid, slack Amount }

func (s *heldSum) add(o heldSum, sign Amount) {
	s.free += sign * o.free
	s.paid += sign * o.paid
	s.slack += sign * o.slack
}

// tracked is a hold while the journal is walked backwards.
type tracked struct {
	Hold
	free     Amount // of Amount, from free grants
	captured Amount // by the transactions that are not walked over yet
}

// has is what the hold has at the moment that the walk is at: captures take the free parts first.
func (h *tracked) has() heldSum {
	free := max(0, h.free-h.captured)
	return heldSum{free, h.Amount - h.captured - free, h.Added}
}

// last is the number of the last transaction that has the hold among what is held.
func (h *tracked) last(of Wallet) int64 {
	if h.State == HoldOpen {
		return of.Seq
	}
	return h.EndedSeq
}

// holdWalk follows what is held backwards through a journal.
type holdWalk struct {
	byID   map[uuid.UUID]*tracked
	later  []*tracked // not met yet, those that ended first at the front
	active []*tracked // met, and made before
	sum    heldSum    // of those that are active
	keyed  int        // holds with an idempotency key, less the records that were met
}

func newHoldWalk(w Wallet, holds []Hold, grants map[int]Grant) holdWalk {
	walk := holdWalk{byID: make(map[uuid.UUID]*tracked, len(holds))}
	for _, h := range holds {
		t := &tracked{Hold: h, captured: h.Captured}
		for _, p := range h.Parts {
			if grants[p.Grant].Class == Free {
				t.free += p.Amount
			}
		}
		walk.byID[h.ID], walk.later = t, append(walk.later, t)
		if h.IdempotencyKey != "" {
			walk.keyed++
		}
	}
	slices.SortFunc(walk.later, func(a, b *tracked) int { return cmp.Compare(a.last(w), b.last(w)) })
	return walk
}

// at goes to right after the transaction of a number.
func (h *holdWalk) at(seq int64, w Wallet) heldSum {
	for n := len(h.later); n > 0 && h.later[n-1].last(w) >= seq; n-- {
		met := h.later[n-1]
		h.later = h.later[:n-1]
		h.active = append(h.active, met)
		h.sum.add(met.has(), 1)
	}
	h.active = slices.DeleteFunc(h.active, func(t *tracked) bool {
		if seq <= t.MadeSeq {
			h.sum.add(t.has(), -1)
		}
		return seq <= t.MadeSeq
	})
	return h.sum
}

// before goes over a transaction that captured a hold, if it is one.
func (h *holdWalk) before(t Transaction) {
	of := h.byID[t.HoldID]
	if of == nil || t.Kind != kindCapture {
		return
	}
	active := slices.Contains(h.active, of)
	if active {
		h.sum.add(of.has(), -1)
	}
	if of.captured += t.Amount; active {
		h.sum.add(of.has(), 1)
	}
}

// hold holds a transaction against the hold that it names.
func (c *checker) hold(t Transaction) {
	if t.Kind != kindCapture && t.Kind != kindRepayment {
		if t.HoldID != uuid.Nil {
			c.fail("I6", "transaction %d of kind %s names a hold", t.Seq, t.Kind)
		}
		return
	}
	h := c.held.byID[t.HoldID]
	if h == nil || t.Kind == kindCapture && (h.Caller != t.Caller || h.AppID != t.AppID) {
		c.fail("I6", "transaction %d is of hold %s, which this wallet has not, or for another", t.Seq, t.HoldID)
	}
	c.held.before(t)
}

// holdRecord counts the record of an idempotency key that names a hold.
func (c *checker) holdRecord(r KeyRecord) {
	h := c.held.byID[r.HoldID]
	if h == nil {
		c.fail("I10", "an idempotency key is of hold %s, which this wallet has not", r.HoldID)
		return
	}
	if h.IdempotencyKey != "" && r.Key.Hash == keyHash(h.Caller, h.IdempotencyKey) {
		c.held.keyed--
	}
}

// holds holds the holds against themselves, against the grants, and against what the journal captured.
func (c *checker) holds() {
	held := heldOf(c.all)
	for _, h := range c.held.byID {
		if h.faulty(c.wallet) {
			c.fail("I6", "hold %s of %s, %s captured and %s cannot be", h.ID, h.Amount, h.Captured, h.State)
		}
		if h.captured != 0 {
			c.fail("I6", "hold %s has %s captured, which the journal says otherwise by %s", h.ID, h.Captured, h.captured)
		}
	}
	for no, g := range c.grants {
		if g.Held != held[no] {
			c.fail("I6", "grant %d holds %s, its open holds %s", no, g.Held, held[no])
		}
		delete(held, no)
	}
	for no, amount := range held {
		c.fail("I6", "holds have %s of grant %d, which is not there", amount, no)
	}
	if c.held.keyed != 0 {
		c.fail("I10", "%d holds have an idempotency key that is not recorded", c.held.keyed)
	}
}

// faulty reports whether a hold contradicts itself.
func (h *tracked) faulty(of Wallet) bool {
	var amount, captured Amount
	for _, p := range h.Parts {
		if amount += p.Amount; p.Captured < 0 || p.Captured > p.Amount {
			return true
		}
		captured += p.Captured
	}
	open := h.State == HoldOpen
	switch {
	case amount != h.Amount, captured != h.Captured, h.Captured > h.Amount, h.Added < 0, h.Added >= h.Amount,
		open != h.EndedAt.IsZero(), open && h.Rest() == 0, (h.Captured > 0) != (h.Capture != uuid.Nil),
		h.State == HoldCaptured && h.Captured == 0, h.last(of) > of.Seq, h.last(of) < h.MadeSeq, h.UserID != of.UserID:
		return true
	}
	return false
}

// heldOf is what the open holds have of each grant.
func heldOf(holds []Hold) map[int]Amount {
	held := make(map[int]Amount)
	for _, h := range holds {
		if h.State != HoldOpen {
			continue
		}
		for _, p := range h.Parts {
			held[p.Grant] += p.Amount - p.Captured
		}
	}
	return held
}
