package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"iter"
	"slices"
	"time"
)

// Digest is SHA-256 over a canonical encoding of a wallet: its columns, its grants by number, its usage by app
// and day, its holds by id, and its transactions with their postings, the newest first. Every field has its length or a fixed
// size, so equal commands at equal times give equal digests on every store, and nothing else does.
func Digest(j Journal) ([sha256.Size]byte, error) {
	d := digester{sha256.New()}
	w := j.Wallet
	d.bytes(w.UserID[:])
	d.texts(string(w.State))
	d.amounts(w.Paid, w.Free, w.HeldPaid, w.HeldFree, w.Debt, w.Earned, w.Spent)
	d.numbers(w.Seq, w.Version, int64(w.Grants))
	d.times(w.LastDaily, w.LastAt, w.CreatedAt)
	for _, g := range slices.SortedFunc(slices.Values(j.Grants), func(a, b Grant) int { return a.No - b.No }) {
		d.numbers(int64(g.No), int64(g.Priority))
		d.texts(string(g.Class), g.Source)
		d.amounts(g.Issued, g.Remaining, g.Held)
		d.times(g.ExpiresAt)
	}
	for _, u := range slices.SortedFunc(slices.Values(j.Usage), byAppAndDay) {
		d.texts(u.AppID)
		d.numbers(u.Day, int64(u.Used), u.Uses)
	}
	if err := d.holds(j.Holds); err != nil {
		return [sha256.Size]byte{}, err
	}
	for _, p := range slices.SortedFunc(slices.Values(j.Purchases), byID) {
		d.purchase(p)
	}
	for t, err := range j.Backward {
		if err != nil {
			return [sha256.Size]byte{}, err
		}
		d.transaction(t)
	}
	return [sha256.Size]byte(d.h.Sum(nil)), nil
}

func byAppAndDay(a, b UsageDay) int {
	return cmp.Or(cmp.Compare(a.AppID, b.AppID), cmp.Compare(a.Day, b.Day))
}

func byID(a, b Purchase) int { return bytes.Compare(a.ID[:], b.ID[:]) }

type digester struct{ h hash.Hash }

func (d digester) holds(holds iter.Seq2[Hold, error]) error {
	if holds == nil {
		return nil
	}
	for h, err := range holds {
		if err != nil {
			return err
		}
		d.hold(h)
	}
	return nil
}

func (d digester) hold(h Hold) {
	d.bytes(h.ID[:])
	d.bytes(h.Capture[:])
	d.texts(h.Caller, h.Actor, h.AppID, h.Description, string(h.Metadata), h.IdempotencyKey, string(h.State))
	d.amounts(h.Amount, h.Added, h.Captured)
	d.times(h.CreatedAt, h.ExpiresAt, h.EndedAt)
	d.numbers(h.MadeSeq, h.EndedSeq)
	for _, p := range h.Parts {
		d.numbers(int64(p.Grant), int64(p.Amount), int64(p.Captured))
	}
	l := h.Remaining
	d.amounts(l.Free, l.Paid, l.Held, l.Debt, l.Earned, l.Spent)
}

func (d digester) transaction(t Transaction) {
	d.bytes(t.ID[:])
	d.bytes(t.UserID[:])
	d.bytes(t.RelatedID[:])
	d.bytes(t.HoldID[:])
	d.bytes(t.PurchaseID[:])
	d.numbers(t.Seq)
	d.texts(string(t.Type), t.Kind, t.AppID, t.Description, string(t.Metadata), t.Caller, t.Actor, t.IdempotencyKey)
	d.amounts(t.Amount, t.Before, t.After, t.FreeAfter, t.PaidAfter, t.HeldAfter, t.DebtAfter, t.EarnedAfter, t.SpentAfter)
	d.times(t.At)
	for _, p := range t.Postings {
		d.numbers(int64(p.N), int64(p.From), int64(p.To), int64(p.Amount))
	}
}

func (d digester) purchase(p Purchase) {
	d.bytes(p.ID[:])
	d.bytes(p.PackageID[:])
	d.texts(p.Currency, p.Account, string(p.Status), p.Payment.IntentID, p.Payment.CheckoutID, p.Payment.CustomerID, string(p.Metadata))
	live := int64(0)
	if p.Livemode {
		live = 1
	}
	d.numbers(p.PriceEuroCents, live, p.Facts.PaidCents, p.Facts.ReportedCents)
	d.amounts(p.Credits, p.Posted)
	d.times(p.CreatedAt, p.ExpiresAt, p.CompletedAt)
	for _, r := range slices.SortedFunc(slices.Values(p.Facts.Refunds), func(a, b PaymentRefund) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), bytes.Compare(a.RequestID[:], b.RequestID[:]))
	}) {
		d.texts(r.ID, string(r.State))
		d.bytes(r.RequestID[:])
		d.numbers(r.Cents)
	}
	for _, x := range slices.SortedFunc(slices.Values(p.Facts.Disputes), func(a, b Dispute) int { return cmp.Compare(a.ID, b.ID) }) {
		d.texts(x.ID, string(x.State))
		d.numbers(x.Cents)
	}
}

func (d digester) bytes(field []byte) { writeField(d.h, field) }

func (d digester) texts(fields ...string) {
	for _, f := range fields {
		d.bytes([]byte(f))
	}
}

func (d digester) amounts(amounts ...Amount) {
	for _, a := range amounts {
		d.numbers(int64(a))
	}
}

func (d digester) numbers(numbers ...int64) {
	for _, n := range numbers {
		var fixed [8]byte
		binary.BigEndian.PutUint64(fixed[:], uint64(n))
		d.h.Write(fixed[:])
	}
}

func (d digester) times(times ...time.Time) {
	for _, t := range times {
		if t.IsZero() {
			d.numbers(0)
			continue
		}
		d.numbers(t.UnixMicro())
	}
}
