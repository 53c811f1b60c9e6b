package ledger

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Journal is everything that is stored of one wallet, in one snapshot.
type Journal struct {
	Wallet Wallet
	Grants []Grant // all, open or not
	Usage  []UsageDay
	// Holds gives all, open or not, by their ids. They may be as many as the transactions.
	Holds iter.Seq2[Hold, error]
	// Purchases are all that the person ordered, paid or not.
	Purchases []Purchase
	// Backward gives the transactions with their postings, the newest first. It may be long.
	Backward iter.Seq2[Transaction, error]
	// Keys gives the records of idempotency keys, in any order. They may be as many.
	Keys iter.Seq2[KeyRecord, error]
}

// Fault is an invariant that a wallet breaks.
type Fault struct {
	UserID    uuid.UUID // nil: not of one wallet
	Invariant string    // the name: "I1", ...
	Text      string    // what was expected and what was found; amounts, numbers and ids only
}

// Error implements error.
func (f Fault) Error() string { return f.Invariant + ": " + f.Text }

// Check recomputes a wallet from its journal and lists what does not hold. The names are those of the
// ledger's invariants: I1 postings, I2 transactions, I4 grants, I5 and I8 the wallet, I6 holds, I7 the chain, I9 totals, I10 keys,
// I11 refunds, I12 bonuses, I14 purchases, I16 free before paid, I17 bounds, I18 usage per day. It needs memory for the
// wallet's grants, days of usage, some numbers of each hold, and refunds whose use it has not met yet.
func Check(j Journal) (Checked, error) {
	c, err := newChecker(j)
	if err != nil {
		return Checked{}, err
	}
	for t, err := range j.Backward {
		if err != nil {
			return Checked{}, fmt.Errorf("reading a journal: %w", err)
		}
		c.transaction(t)
	}
	if err := c.records(j); err != nil {
		return Checked{}, err
	}
	c.finish()
	slices.SortStableFunc(c.faults, func(a, b Fault) int { return strings.Compare(a.Error(), b.Error()) })
	return Checked{Faults: c.faults, Transactions: c.count, Shared: c.shared()}, nil
}

// Checked is what a check of one wallet came to.
type Checked struct {
	Faults       []Fault
	Transactions int64
	Shared       map[int]Amount // what the shared accounts have from this wallet; together with the wallet 0
}

// maxFaults of one wallet are listed.
const maxFaults = 20

type checker struct {
	wallet   Wallet
	grants   map[int]Grant
	usage    map[usageKey]UsageDay
	accounts map[int]Amount // balance of each account, the shared ones too
	issued   map[int]Amount // what each grant got that did not come back from a use
	stand    standing       // of the wallet, before the current transaction, without regard to what is held
	held     holdWalk
	keys     keySum // of the keys of transactions, less those that are stored
	keyed    int64  // transactions with a key
	highest  int    // number of an own account
	refunds  map[uuid.UUID]*refunded
	bought   []Purchase
	sold     map[uuid.UUID]Amount // what transactions gave less what they took, by purchase
	newer    *Transaction         // the one after the current one
	daily    time.Time            // of the daily grant after the current one
	newest   time.Time            // daily grant
	signups  int
	count    int64
	spent    Amount
	earned   Amount
	faults   []Fault
}

// usageKey is an app and a day.
type usageKey struct {
	app string
	day int64
}

// refunded is what was given back of a use that is not met yet.
type refunded struct {
	sum     Amount
	byGrant map[int]Amount
}

func newChecker(j Journal) (*checker, error) {
	c := &checker{
		wallet: j.Wallet, grants: make(map[int]Grant), usage: make(map[usageKey]UsageDay),
		accounts: make(map[int]Amount), issued: make(map[int]Amount), refunds: make(map[uuid.UUID]*refunded),
		bought: j.Purchases, sold: make(map[uuid.UUID]Amount),
		stand: standingOf(j.Wallet), highest: AccountDebt,
	}
	for _, g := range j.Grants {
		c.grants[g.No] = g
	}
	for _, u := range j.Usage {
		c.usage[usageKey{u.AppID, u.Day}] = u
	}
	return c, c.trackHolds(j.Holds)
}

func (c *checker) fail(invariant, format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, Fault{c.wallet.UserID, invariant, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) transaction(t Transaction) {
	c.count++
	c.chain(t)
	c.form(t)
	c.postings(t)
	c.back(t)
	c.hold(t)
	c.totals(t)
	c.bonuses(t)
	if t.PurchaseID != uuid.Nil {
		c.sold[t.PurchaseID] += t.Amount
	}
	c.key(t)
	c.newer = &t
}

// chain holds a transaction against the one after it, or against the wallet.
func (c *checker) chain(t Transaction) {
	if c.newer == nil {
		if w := c.wallet; t.Seq != w.Seq || !t.At.Equal(w.LastAt) {
			c.fail("I8", "the wallet stands at number %d, its journal at %d, which is %s later", w.Seq, t.Seq, t.At.Sub(w.LastAt))
		}
		if w := c.wallet; t.Kind == kindClosing && w.State != WalletClosed && w.State != WalletFrozen {
			c.fail("I8", "transaction %d has closed the wallet, which is %s", t.Seq, w.State)
		}
	} else {
		if t.Seq != c.newer.Seq-1 || t.After != c.newer.Before {
			c.fail("I7", "transaction %d begins with %s, the one before it is %d and ends with %s", c.newer.Seq, c.newer.Before, t.Seq, t.After)
		}
		if c.newer.At.Before(t.At) {
			c.fail("I7", "transaction %d is earlier than the one before it", c.newer.Seq)
		}
	}
	if t.After != t.Before+t.Amount {
		c.fail("I7", "transaction %d ends with %s, not with %s and %s", t.Seq, t.After, t.Before, t.Amount)
	}
	if t.After != t.FreeAfter+t.PaidAfter+t.HeldAfter-t.DebtAfter {
		c.fail("I8", "transaction %d does not add up to %s", t.Seq, t.After)
	}
	if t.FreeAfter < 0 || t.PaidAfter < 0 || t.HeldAfter < 0 || t.DebtAfter < 0 || t.DebtAfter > 0 && t.PaidAfter > 0 ||
		t.FreeAfter+t.PaidAfter+t.HeldAfter > MaxWallet {
		c.fail("I17", "transaction %d leaves a wallet that must not be", t.Seq)
	}
}

func (c *checker) postings(t Transaction) {
	var sum Amount
	for _, p := range t.Postings {
		c.highest = max(c.highest, p.From, p.To)
		if p.From < 0 && p.From != AccountUsage {
			c.issued[p.To] += p.Amount
		}
		if p.Amount <= 0 || p.From == p.To || p.From == 0 || p.To == 0 || p.From < 0 && p.To < 0 {
			c.fail("I1", "posting %d of transaction %d moves nothing of the wallet", p.N, t.Seq)
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
	if len(t.Postings) == 0 || len(t.Postings) != t.Legs || sum != t.Amount {
		c.fail("I2", "transaction %d is of %s in %d postings, it has %d of %s", t.Seq, t.Amount, t.Legs, len(t.Postings), sum)
	}
}

// totals follows what was earned, spent, used and given back.
func (c *checker) totals(t Transaction) {
	if newer := c.newer; newer == nil && (t.EarnedAfter != c.wallet.Earned || t.SpentAfter != c.wallet.Spent) {
		c.fail("I9", "transaction %d ends with totals that are not the wallet's", t.Seq)
	} else if newer != nil {
		earned, spent := totalsOf(*newer)
		if newer.EarnedAfter != t.EarnedAfter+earned || newer.SpentAfter != t.SpentAfter+spent {
			c.fail("I9", "transaction %d does not continue the totals", newer.Seq)
		}
	}
	earned, spent := totalsOf(t)
	c.earned += earned
	c.spent += spent
	switch t.Type {
	case TypeRefund:
		c.refund(t)
	case TypeUsage:
		c.used(t)
	case TypePurchase, TypeBonus, TypeExpiry, TypeAdjustment:
	}
}

// totalsOf is how a transaction changes the totals.
func totalsOf(t Transaction) (earned, spent Amount) {
	switch t.Type {
	case TypePurchase:
		return t.Amount, 0
	case TypeUsage, TypeRefund:
		return 0, -t.Amount
	case TypeAdjustment:
		if t.PurchaseID != uuid.Nil {
			return t.Amount, 0
		}
	case TypeBonus, TypeExpiry:
	}
	return 0, 0
}

func (c *checker) refund(t Transaction) {
	r := c.refunds[t.RelatedID]
	if r == nil {
		r = &refunded{byGrant: make(map[int]Amount)}
		c.refunds[t.RelatedID] = r
	}
	r.sum += t.Amount
	for _, p := range t.Postings {
		if p.To != AccountDebt {
			r.byGrant[p.To] += p.Amount
		}
	}
}

// used holds a use against what was given back of it, and counts it for its day.
func (c *checker) used(t Transaction) {
	back := c.refunds[t.ID]
	if back == nil {
		back = new(refunded)
	}
	delete(c.refunds, t.ID)
	if back.sum > -t.Amount {
		c.fail("I11", "of the use %d of %s %s were given back", t.Seq, -t.Amount, back.sum)
	}
	took := make(map[int]Amount)
	for _, p := range t.Postings {
		took[p.From] += p.Amount
		if c.grants[p.From].Class == Paid && t.Kind == kindUse && t.FreeAfter != 0 {
			c.fail("I16", "the use %d took paid credits and left %s free ones", t.Seq, t.FreeAfter)
		}
	}
	for no, amount := range back.byGrant {
		if amount > took[no] {
			c.fail("I11", "grant %d gave %s to the use %d and got %s back", no, took[no], t.Seq, amount)
		}
	}
	key := usageKey{t.AppID, dayOf(t.At)}
	day := c.usage[key]
	day.Used += t.Amount + back.sum
	day.Uses--
	c.usage[key] = day
}

func (c *checker) bonuses(t Transaction) {
	switch t.Kind {
	case kindSignup:
		if c.signups++; c.signups > 1 {
			c.fail("I12", "there are several signup bonuses")
		}
		if t.At.Before(c.wallet.CreatedAt) { // later is sound: it may wait for the proof of the address
			c.fail("I12", "the signup bonus came %s before the wallet", c.wallet.CreatedAt.Sub(t.At))
		}
	case kindDaily:
		if !c.daily.IsZero() && c.daily.Sub(t.At) < dailyEvery {
			c.fail("I12", "two daily grants are %s apart", c.daily.Sub(t.At))
		}
		if c.daily = t.At; c.newest.IsZero() {
			c.newest = t.At
		}
	}
}

// finish holds the projections against the sums.
func (c *checker) finish() {
	w := c.wallet
	if c.newer == nil && (w.Seq != 0 || w.Total() != 0) {
		c.fail("I8", "the wallet stands at number %d with %s and has no journal", w.Seq, w.Total())
	} else if c.newer != nil && (c.newer.Seq != 1 || c.newer.Before != 0) {
		c.fail("I7", "the first transaction is %d and begins with %s", c.newer.Seq, c.newer.Before)
	}
	if !c.daily.IsZero() && c.daily.Sub(w.CreatedAt) < dailyEvery {
		c.fail("I12", "the first daily grant came %s after the wallet", c.daily.Sub(w.CreatedAt))
	}
	if last := c.lastDaily(); !w.LastDaily.Equal(last) {
		c.fail("I12", "the last daily grant counts from %d, the journal says %d", w.LastDaily.UnixMicro(), last.UnixMicro())
	}
	if c.newer != nil && c.stand != (standing{}) {
		c.fail("I8", "the first transaction begins with %s", c.stand)
	}
	if c.earned != w.Earned || c.spent != w.Spent {
		c.fail("I9", "the totals are %s earned and %s spent, the journal says %s and %s", w.Earned, w.Spent, c.earned, c.spent)
	}
	for id, r := range c.refunds {
		c.fail("I11", "%s were given back of %s, which is no use of this wallet", r.sum, id)
	}
	c.purchases()
	c.walletOfGrants()
	c.holds()
	for key, day := range c.usage {
		if day.Used != 0 || day.Uses != 0 {
			c.fail("I18", "the usage of day %d differs by %s and %d uses", key.day, day.Used, day.Uses)
		}
	}
}

// purchases holds what is posted for purchases against the facts of their payments.
func (c *checker) purchases() {
	for _, p := range c.bought {
		if target := Target(p, p.Facts); p.Posted != target || c.sold[p.ID] != target {
			c.fail("I14", "purchase %s comes to %s, %s are noted and %s posted", p.ID, target, p.Posted, c.sold[p.ID])
		}
		delete(c.sold, p.ID)
	}
	for id, amount := range c.sold {
		c.fail("I14", "%s are posted for %s, which is no purchase of this wallet", amount, id)
	}
}

// walletOfGrants holds the grants against their accounts, and the wallet against its grants.
func (c *checker) walletOfGrants() {
	w := c.wallet
	var of Wallet
	if w.Grants != c.highest {
		c.fail("I4", "the wallet counts %d accounts, its postings name %d", w.Grants, c.highest)
	}
	for no, g := range c.grants {
		if g.Issued != c.issued[no] || g.Priority != priorityOf(g.Class) {
			c.fail("I4", "grant %d is %s, of priority %d and issued with %s, its postings say %s", no, g.Class, g.Priority, g.Issued, c.issued[no])
		}
		if c.accounts[no] != g.Remaining || g.Held < 0 || g.Held > g.Remaining || g.Remaining > g.Issued {
			c.fail("I4", "grant %d has %s of %s and holds %s, its postings say %s", no, g.Remaining, g.Issued, g.Held, c.accounts[no])
		}
		if g.Class == Free {
			of.Free, of.HeldFree = of.Free+g.Remaining-g.Held, of.HeldFree+g.Held
		} else {
			of.Paid, of.HeldPaid = of.Paid+g.Remaining-g.Held, of.HeldPaid+g.Held
		}
	}
	for no, amount := range c.accounts {
		if _, known := c.grants[no]; no > AccountDebt && !known && amount != 0 {
			c.fail("I4", "there is no grant %d, its postings say %s", no, amount)
		}
	}
	if of.Free != w.Free || of.Paid != w.Paid || of.HeldFree != w.HeldFree || of.HeldPaid != w.HeldPaid || w.Debt != -c.accounts[AccountDebt] {
		c.fail("I5", "the wallet has %s free, %s paid, %s held and %s debt, its grants %s, %s, %s and its postings %s",
			w.Free, w.Paid, w.HeldFree+w.HeldPaid, w.Debt, of.Free, of.Paid, of.HeldFree+of.HeldPaid, -c.accounts[AccountDebt])
	}
	if w.held() > MaxWallet || w.State == WalletClosed && w.held() != 0 || w.Debt > 0 && w.Paid > 0 || min(w.Free, w.Paid, w.HeldFree, w.HeldPaid, w.Debt) < 0 {
		c.fail("I17", "the wallet must not be as it is")
	}
}

// shared are the balances of the shared accounts.
func (c *checker) shared() map[int]Amount {
	shared := maps.Clone(c.accounts)
	maps.DeleteFunc(shared, func(no int, _ Amount) bool { return no > 0 })
	return shared
}
