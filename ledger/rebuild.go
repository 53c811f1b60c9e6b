package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErrNotRebuilt says that the wallet is not frozen, or that its journal itself contradicts itself.
var ErrNotRebuilt = errors.New("wallet cannot be rebuilt")

// Rebuild makes the projections of a frozen wallet from its journal. What the journal does not tell is kept: of
// a grant that was bought its class and source. Lost grants are made again, those that no posting names end, and
// what is held is what the open holds say. [ErrNotRebuilt].
func Rebuild(j Journal) (Projections, error) {
	if j.Wallet.State != WalletFrozen {
		return Projections{}, fmt.Errorf("%w: it is %s", ErrNotRebuilt, j.Wallet.State)
	}
	c, err := newChecker(Journal{Wallet: j.Wallet, Holds: j.Holds})
	if err != nil {
		return Projections{}, err
	}
	r := rebuilder{checker: c, made: make(map[int]Grant), state: WalletActive}
	r.wallet.LastAt, r.wallet.Seq = j.Wallet.CreatedAt, 0
	for t, err := range j.Backward {
		if err != nil {
			return Projections{}, fmt.Errorf("reading a journal: %w", err)
		}
		r.add(t)
	}
	r.settle(0)
	p := r.projections(j.Grants)
	for _, b := range j.Purchases {
		b.Posted = r.sold[b.ID]
		p.Purchases = append(p.Purchases, b)
	}
	mended := Journal{Wallet: p.Wallet, Grants: p.Grants, Holds: j.Holds, Usage: p.Usage, Purchases: p.Purchases, Backward: j.Backward, Keys: j.Keys}
	checked, err := Check(mended)
	if err != nil {
		return Projections{}, err
	}
	if len(checked.Faults) > 0 {
		return Projections{}, fmt.Errorf("%w: %w", ErrNotRebuilt, checked.Faults[0])
	}
	return p, nil
}

// rebuilder sums a journal up with the means of the checker.
type rebuilder struct {
	*checker
	made  map[int]Grant // what the journal tells of grants: class and source
	given *Transaction  // the one after the current one, if it gave a grant
	state WalletState   // as the newest transaction leaves it
}

func (r *rebuilder) add(t Transaction) {
	r.settle(t.FreeAfter)
	r.transaction(t)
	switch t.Kind {
	case kindSignup, kindDaily:
		r.make(t, Free)
	case kindPurchase, kindReinstatement:
		r.make(t, Paid)
	case kindGrant:
		r.given = &t
	}
	if r.wallet.Seq == 0 {
		r.wallet.Seq, r.wallet.LastAt = t.Seq, t.At
		if t.Kind == kindClosing {
			r.state = WalletClosed
		}
	}
}

// settle finds the class of what the newer transaction gave, by what was free before it.
func (r *rebuilder) settle(free Amount) {
	if r.given == nil {
		return
	}
	class := Paid
	if r.given.FreeAfter > free {
		class = Free
	}
	r.make(*r.given, class)
	r.given = nil
}

func (r *rebuilder) make(t Transaction, class Class) {
	for _, p := range t.Postings {
		if p.To > AccountDebt {
			r.made[p.To] = Grant{No: p.To, Class: class, Source: issuedBy(t).Source}
		}
	}
}

// grants are those that are stored, as the journal tells them, and then those that are lost.
func (r *rebuilder) grants(stored []Grant) []Grant {
	grants := slices.Clone(stored)
	grants = slices.DeleteFunc(grants, func(g Grant) bool { return r.issued[g.No] == 0 })
	for i := range grants {
		g := &grants[i]
		g.ExpiresAt = time.Time{}
		if made, known := r.made[g.No]; known {
			g.Class, g.Source = made.Class, made.Source
			delete(r.made, g.No)
		}
	}
	for _, no := range slices.Sorted(maps.Keys(r.made)) {
		grants = append(grants, r.made[no])
	}
	return grants
}

func (r *rebuilder) projections(stored []Grant) Projections {
	w := r.wallet
	w.State, w.Version, w.Grants, w.LastDaily = r.state, w.Version+1, r.highest, r.lastDaily()
	w.Free, w.Paid, w.HeldFree, w.HeldPaid = 0, 0, 0, 0
	w.Debt, w.Earned, w.Spent = -r.accounts[AccountDebt], r.earned, r.spent
	p, held := Projections{Grants: r.grants(stored)}, r.held.open
	for i := range p.Grants {
		g := &p.Grants[i]
		g.Issued, g.Remaining, g.Held, g.Priority = r.issued[g.No], r.accounts[g.No], held[g.No], priorityOf(g.Class)
		if g.Class == Free {
			w.Free, w.HeldFree = w.Free+g.Remaining-g.Held, w.HeldFree+g.Held
		} else {
			w.Paid, w.HeldPaid = w.Paid+g.Remaining-g.Held, w.HeldPaid+g.Held
		}
	}
	p.Wallet = w
	for key, day := range r.usage { // the checker counts down from nothing
		p.Usage = append(p.Usage, UsageDay{AppID: key.app, Day: key.day, Used: -day.Used, Uses: -day.Uses})
	}
	slices.SortFunc(p.Usage, byAppAndDay)
	return p
}
