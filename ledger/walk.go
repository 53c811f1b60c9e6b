package ledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// standing is what a wallet has at one moment, as each transaction notes it.
type standing struct{ free, paid, held, debt Amount }

// standingOf counts what is held as if it were not.
func standingOf(w Wallet) standing {
	return standing{w.Free + w.HeldFree, w.Paid + w.HeldPaid, 0, w.Debt}
}

func standingAfter(t Transaction) standing {
	return standing{t.FreeAfter, t.PaidAfter, t.HeldAfter, t.DebtAfter}
}

// String implements [fmt.Stringer].
func (s standing) String() string {
	return fmt.Sprintf("%s free, %s paid, %s held and %s debt", s.free, s.paid, s.held, s.debt)
}

// back holds what a transaction notes of the wallet against what follows from the wallet now and the postings since,
// and goes back to before it.
func (c *checker) back(t Transaction) {
	after, held := standingAfter(t), c.held.at(t.Seq)
	want := c.stand.hold(held)
	if after.far(want) > held.slack {
		c.fail("I8", "transaction %d ends with %s, what follows says %s", t.Seq, after, want)
		c.stand = standing{after.free + held.free, after.paid + held.paid, 0, after.debt}
	}
	after = c.stand
	for _, p := range t.Postings {
		after.add(c.grants, p.From, p.Amount)
		after.add(c.grants, p.To, -p.Amount)
	}
	c.stand = after
}

// hold is the standing when that much is held.
func (s standing) hold(h heldSum) standing {
	return standing{s.free - h.free, s.paid - h.paid, s.held + h.free + h.paid, s.debt}
}

// far is how far two standings are apart at most, that are the same in all: if they are not, without end.
func (s standing) far(from standing) Amount {
	if s.debt != from.debt || s.free+s.paid+s.held != from.free+from.paid+from.held {
		return MaxWallet
	}
	return max(s.free-from.free, from.free-s.free, s.paid-from.paid, from.paid-s.paid, s.held-from.held, from.held-s.held)
}

// add changes what one of the wallet's own accounts has.
func (s *standing) add(grants map[int]Grant, account int, amount Amount) {
	switch {
	case account == AccountDebt:
		s.debt -= amount
	case account < 0:
	case grants[account].Class == Paid:
		s.paid += amount
	default:
		s.free += amount
	}
}

// form is what transactions of a kind look like: where every posting comes from or goes to, 0 if that is open.
type form struct {
	of       Type
	from, to int
}

// sells reports whether a purchase is behind transactions of the kind.
func (f form) sells() bool { return f.from == AccountSale || f.to == AccountSale }

// formOf knows the kinds. One is to be known here a release before it is written: programs of two releases may share
// a database for a while, and what they do not know they take for damage.
func formOf(kind string) form {
	switch kind {
	case kindSignup:
		return form{of: TypeBonus, from: AccountIssueBonus}
	case kindDaily:
		return form{of: TypeBonus, from: AccountIssueDaily}
	case kindUse:
		return form{of: TypeUsage, to: AccountUsage}
	case kindCapture:
		return form{of: TypeUsage, to: AccountUsage}
	case kindRepayment:
		return form{of: TypeAdjustment, to: AccountDebt}
	case kindRefund:
		return form{of: TypeRefund, from: AccountUsage}
	case kindGrant:
		return form{of: TypeAdjustment, from: AccountIssueAdjustment}
	case kindCorrection:
		return form{of: TypeAdjustment, to: AccountIssueAdjustment}
	case kindPurchase:
		return form{of: TypePurchase, from: AccountSale}
	case kindReversal:
		return form{of: TypeAdjustment, to: AccountSale}
	case kindReinstatement:
		return form{of: TypeAdjustment, from: AccountSale}
	case kindClosing:
		return form{of: TypeAdjustment, to: AccountWithdrawn}
	}
	return form{}
}

// form holds a transaction against its kind, and a grant that it issued against its source.
func (c *checker) form(t Transaction) {
	f := formOf(t.Kind)
	if f.of != t.Type {
		c.fail("I2", "transaction %d of type %s cannot be of kind %s", t.Seq, t.Type, t.Kind)
		return
	}
	if (t.PurchaseID != uuid.Nil) != f.sells() {
		c.fail("I14", "transaction %d is a %s of purchase %s", t.Seq, t.Kind, t.PurchaseID)
	}
	for _, p := range t.Postings {
		if f.from != 0 && p.From != f.from || f.to != 0 && p.To != f.to {
			c.fail("I2", "posting %d of transaction %d goes from %d to %d, it is a %s", p.N, t.Seq, p.From, p.To, t.Kind)
		}
		g, known := c.grants[p.To]
		if want := issuedBy(t); known && want.Source != "" && (g.Source != want.Source || want.Class != "" && g.Class != want.Class) {
			c.fail("I4", "grant %d is %s and of another source than transaction %d", p.To, g.Class, t.Seq)
		}
	}
}

// issuedBy is the source of the grant that a transaction gives to, and its class where the kind tells; empty if that
// is open.
func issuedBy(t Transaction) Grant {
	switch t.Kind {
	case kindSignup:
		return Grant{Source: sourceSignup, Class: Free}
	case kindDaily:
		return Grant{Source: sourceDaily, Class: Free}
	case kindPurchase, kindReinstatement:
		return Grant{Source: Purchase{ID: t.PurchaseID}.Source(), Class: Paid}
	case kindGrant:
		return Grant{Source: promotionOf(t.ID)}
	}
	return Grant{}
}

// lastDaily is what the next daily grant counts from.
func (c *checker) lastDaily() time.Time {
	if c.newest.IsZero() {
		return c.wallet.CreatedAt
	}
	return c.newest
}

// keySum is a sum over hashes of records of keys: equal for the same records in any order, and in all likelihood for
// no others.
type keySum [4]uint64

func (k *keySum) add(r KeyRecord, sign uint64) {
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(r.CreatedAt.UnixMicro()))
	sum := hashFields(r.Key.Hash[:], r.TransactionID[:], at[:])
	for i := range k {
		k[i] += sign * binary.BigEndian.Uint64(sum[8*i:])
	}
}

// records holds the keys against the transactions that they made. Either may be too many to be kept.
func (c *checker) records(j Journal) error {
	if j.Keys == nil {
		return nil
	}
	var n int64
	for r, err := range j.Keys {
		if err != nil {
			return fmt.Errorf("reading idempotency keys: %w", err)
		}
		if r.HoldID != uuid.Nil {
			c.holdRecord(r)
			continue
		}
		n++
		c.keys.add(r, ^uint64(0)) // -1
	}
	if n != c.keyed || c.keys != (keySum{}) {
		c.fail("I10", "the %d idempotency keys are not those of the %d transactions that have one", n, c.keyed)
	}
	return nil
}

// key counts the key of a transaction.
func (c *checker) key(t Transaction) {
	if t.IdempotencyKey == "" {
		return
	}
	c.keyed++
	c.keys.add(KeyRecord{Key: Key{Hash: keyHash(t.Caller, t.IdempotencyKey)}, TransactionID: t.ID, CreatedAt: t.At}, 1)
}
