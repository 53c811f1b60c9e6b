package ledger

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNotRebuilt says that the wallet is not frozen, or that its journal itself contradicts itself.
var ErrNotRebuilt = errors.New("wallet cannot be rebuilt")

// Rebuild makes the projections of a frozen wallet from its journal. What the journal does not tell is kept: of
// a grant its class, source, priority and end. [ErrNotRebuilt].
func Rebuild(j Journal) (Projections, error) {
	if j.Wallet.State != WalletFrozen {
		return Projections{}, fmt.Errorf("%w: it is %s", ErrNotRebuilt, j.Wallet.State)
	}
	r := rebuilder{checker: newChecker(Journal{Wallet: j.Wallet}), issued: make(map[int]Amount)}
	r.wallet.LastDaily, r.wallet.Seq, r.wallet.Grants = j.Wallet.CreatedAt, 0, AccountDebt
	for t, err := range j.Backward {
		if err != nil {
			return Projections{}, fmt.Errorf("reading a journal: %w", err)
		}
		r.add(t)
	}
	p := r.projections(j.Grants)
	mended := Journal{Wallet: p.Wallet, Grants: p.Grants, Usage: p.Usage, Backward: j.Backward}
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
	issued map[int]Amount
}

func (r *rebuilder) add(t Transaction) {
	r.transaction(t)
	for _, p := range t.Postings {
		if p.From < 0 && p.From != AccountUsage {
			r.issued[p.To] += p.Amount
		}
		r.wallet.Grants = max(r.wallet.Grants, p.From, p.To)
	}
	if r.wallet.Seq == 0 {
		r.wallet.Seq, r.wallet.LastAt = t.Seq, t.At
	}
	if t.Kind == kindDaily && t.At.After(r.wallet.LastDaily) {
		r.wallet.LastDaily = t.At
	}
}

func (r *rebuilder) projections(stored []Grant) Projections {
	w := r.wallet
	w.State, w.Version = WalletActive, w.Version+1
	w.Free, w.Paid, w.HeldFree, w.HeldPaid = 0, 0, 0, 0
	w.Debt, w.Earned, w.Spent = -r.accounts[AccountDebt], r.earned, r.spent
	p := Projections{Grants: slices.Clone(stored)}
	for i := range p.Grants {
		g := &p.Grants[i]
		g.Issued, g.Remaining = r.issued[g.No], r.accounts[g.No]
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
