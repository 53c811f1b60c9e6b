package ledger

import "fmt"

// Journal is everything that is stored of one wallet.
type Journal struct {
	Wallet       Wallet
	Grants       []Grant       // all, open or not
	Transactions []Transaction // all, by number, with their postings
}

// Check recomputes a wallet from its journal and lists what does not hold. The names are those of the
// ledger's invariants: I1 postings, I2 transactions, I4 grants, I5 and I8 the wallet, I7 the chain, I9
// totals, I12 daily grants.
func Check(j Journal) []error {
	c := checker{journal: j, accounts: make(map[int]Amount)}
	for i, t := range j.Transactions {
		c.chain(i, t)
		c.postings(t)
	}
	c.projections()
	return c.faults
}

type checker struct {
	journal  Journal
	accounts map[int]Amount // balance of each account, the shared ones too
	spent    Amount
	earned   Amount
	faults   []error
}

func (c *checker) fail(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) chain(i int, t Transaction) {
	before := Amount(0)
	if i > 0 {
		last := c.journal.Transactions[i-1]
		before = last.After
		if t.At.Before(last.At) {
			c.fail("I7: transaction %d is earlier than the one before it", t.Seq)
		}
	}
	if t.Seq != int64(i)+1 || t.Before != before || t.After != t.Before+t.Amount {
		c.fail("I7: transaction %d does not continue the chain", t.Seq)
	}
	if t.After != t.FreeAfter+t.PaidAfter+t.HeldAfter-t.DebtAfter {
		c.fail("I8: transaction %d does not add up", t.Seq)
	}
	switch t.Type {
	case TypeUsage, TypeRefund:
		c.spent -= t.Amount
	case TypePurchase:
		c.earned += t.Amount
	case TypeBonus, TypeExpiry, TypeAdjustment:
	}
}

func (c *checker) postings(t Transaction) {
	var sum Amount
	for _, p := range t.Postings {
		if p.Amount <= 0 || p.From == p.To || p.From < 0 && p.To < 0 {
			c.fail("I1: posting %d of transaction %d moves nothing of the wallet", p.N, t.Seq)
		}
		c.accounts[p.From] -= p.Amount
		c.accounts[p.To] += p.Amount
		if p.To > 0 {
			sum += p.Amount
		}
		if p.From > 0 {
			sum -= p.Amount
		}
	}
	if len(t.Postings) == 0 || sum != t.Amount {
		c.fail("I2: the postings of transaction %d are not its amount", t.Seq)
	}
}

func (c *checker) projections() {
	w := c.journal.Wallet
	var free, paid, held Amount
	for _, g := range c.journal.Grants {
		if c.accounts[g.No] != g.Remaining || g.Held < 0 || g.Held > g.Remaining || g.Remaining > g.Issued {
			c.fail("I4: grant %d has %s, its postings say %s", g.No, g.Remaining, c.accounts[g.No])
		}
		held += g.Held
		if g.Class == Free {
			free += g.Remaining - g.Held
		} else {
			paid += g.Remaining - g.Held
		}
	}
	if free != w.Free || paid != w.Paid || held != w.HeldFree+w.HeldPaid || w.Debt != -c.accounts[AccountDebt] {
		c.fail("I5: the wallet has free %s and paid %s, its grants %s and %s", w.Free, w.Paid, free, paid)
	}
	if n := len(c.journal.Transactions); int64(n) != w.Seq || n > 0 && c.journal.Transactions[n-1].After != w.Total() {
		c.fail("I8: the wallet stands at %d and %s, its journal does not", w.Seq, w.Total())
	}
	if c.spent != w.Spent || c.earned != w.Earned {
		c.fail("I9: totals are %s and %s, the journal says %s and %s", w.Spent, w.Earned, c.spent, c.earned)
	}
	c.daily()
}

func (c *checker) daily() {
	last := c.journal.Wallet.CreatedAt
	for _, t := range c.journal.Transactions {
		if t.Kind != "daily" {
			continue
		}
		if t.At.Sub(last) < dailyEvery {
			c.fail("I12: the daily grant %d came %s after the last", t.Seq, t.At.Sub(last))
		}
		last = t.At
	}
}
