package ledger

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
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

// tracked is what a check keeps of a hold while the journal is walked backwards. A wallet may have as many as it has
// transactions.
type tracked struct {
	id                  uuid.UUID
	key                 [16]byte // of its idempotency key; zero: it has none
	made, last          int64    // numbers around what has it among what is held
	amount, added, free Amount   // free: of amount, from free grants
	captured            Amount   // by the transactions that are not walked over yet
	by                  int      // its caller and app, in holdWalk.callers
}

// has is what the hold has at the moment that the walk is at: captures take the free parts first.
func (h *tracked) has() heldSum {
	free := max(0, h.free-h.captured)
	return heldSum{free, h.amount - h.captured - free, h.added}
}

// last is the number of the last transaction that has the hold among what is held.
func (h Hold) last(of Wallet) int64 {
	if h.State == HoldOpen {
		return of.Seq
	}
	return h.EndedSeq
}

// holdWalk follows what is held backwards through a journal.
type holdWalk struct {
	all     []tracked         // by id
	later   []*tracked        // not met yet, those that ended first at the front
	active  []*tracked        // met, and made before
	sum     heldSum           // of those that are active
	keyed   int               // holds with an idempotency key, less the records that were met
	open    map[int]Amount    // what open holds have of each grant
	callers map[[2]string]int // with their apps, counted from 1
}

// trackHolds reads the holds of a wallet, and holds each against itself.
func (c *checker) trackHolds(holds iter.Seq2[Hold, error]) error {
	c.held = holdWalk{open: make(map[int]Amount), callers: make(map[[2]string]int)}
	if holds == nil {
		return nil
	}
	for h, err := range holds {
		if err != nil {
			return fmt.Errorf("reading holds: %w", err)
		}
		if h.faulty(c.wallet) {
			c.fail("I6", "hold %s of %s, %s captured and %s cannot be", h.ID, h.Amount, h.Captured, h.State)
		}
		c.held.track(h, c.wallet, c.grants)
	}
	slices.SortFunc(c.held.all, func(a, b tracked) int { return slices.Compare(a.id[:], b.id[:]) })
	c.held.later = make([]*tracked, len(c.held.all))
	for i := range c.held.all {
		c.held.later[i] = &c.held.all[i]
	}
	slices.SortFunc(c.held.later, func(a, b *tracked) int { return cmp.Compare(a.last, b.last) })
	return nil
}

func (h *holdWalk) track(of Hold, in Wallet, grants map[int]Grant) {
	t := tracked{id: of.ID, made: of.MadeSeq, last: of.last(in), amount: of.Amount, added: of.Added, captured: of.Captured}
	for _, p := range of.Parts {
		if grants[p.Grant].Class == Free {
			t.free += p.Amount
		}
		if of.State == HoldOpen {
			h.open[p.Grant] += p.Amount - p.Captured
		}
	}
	if of.IdempotencyKey != "" {
		t.key = keyHash(of.Caller, of.IdempotencyKey)
		h.keyed++
	}
	caller := [2]string{of.Caller, of.AppID}
	if h.callers[caller] == 0 {
		h.callers[caller] = len(h.callers) + 1
	}
	t.by = h.callers[caller]
	h.all = append(h.all, t)
}

// byID is nil if there is no such hold.
func (h *holdWalk) byID(id uuid.UUID) *tracked {
	at, known := slices.BinarySearchFunc(h.all, id, func(t tracked, id uuid.UUID) int { return slices.Compare(t.id[:], id[:]) })
	if !known {
		return nil
	}
	return &h.all[at]
}

// at goes to right after the transaction of a number.
func (h *holdWalk) at(seq int64) heldSum {
	for n := len(h.later); n > 0 && h.later[n-1].last >= seq; n-- {
		met := h.later[n-1]
		h.later = h.later[:n-1]
		h.active = append(h.active, met)
		h.sum.add(met.has(), 1)
	}
	h.active = slices.DeleteFunc(h.active, func(t *tracked) bool {
		if seq <= t.made {
			h.sum.add(t.has(), -1)
		}
		return seq <= t.made
	})
	return h.sum
}

// before goes over a transaction that captured a hold, if it is one.
func (h *holdWalk) before(t Transaction) {
	of := h.byID(t.HoldID)
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
	h := c.held.byID(t.HoldID)
	if h == nil || t.Kind == kindCapture && h.by != c.held.callers[[2]string{t.Caller, t.AppID}] {
		c.fail("I6", "transaction %d is of hold %s, which this wallet has not, or for another", t.Seq, t.HoldID)
	}
	c.held.before(t)
}

// holdRecord counts the record of an idempotency key that names a hold.
func (c *checker) holdRecord(r KeyRecord) {
	h := c.held.byID(r.HoldID)
	if h == nil {
		c.fail("I10", "an idempotency key is of hold %s, which this wallet has not", r.HoldID)
		return
	}
	if r.Key.Hash == h.key {
		c.held.keyed--
	}
}

// holds holds the holds against the grants, and against what the journal captured.
func (c *checker) holds() {
	held := maps.Clone(c.held.open)
	for _, h := range c.held.all {
		if h.captured != 0 {
			c.fail("I6", "hold %s has %s more captured than the journal says", h.id, h.captured)
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
func (h Hold) faulty(of Wallet) bool {
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
