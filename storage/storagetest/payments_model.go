package storagetest

import (
	"errors"
	"fmt"
	"slices"

	"mana/ledger"
)

// learn keeps the state that comes last.
func (b *moneyBack) learn(state string) {
	order := []string{"", "asked", "pending", "succeeded", "failed", "warning", "open", "lost", "won"}
	if slices.Index(order, state) > slices.Index(order, b.known) {
		b.known = state
	}
}

// target is what a payment comes to, as a person would tell it: a credit for each cent that is here.
func (of *payment) target(state func(*moneyBack) string, paid bool, reported int64) int64 {
	var back, failed, disputed int64
	for _, b := range of.refunds {
		switch state(b) {
		case "":
		case "failed":
			if b.id != "" { // else Stripe never had it, and reported none of it
				failed += b.cents
			}
		default:
			back += b.cents
		}
	}
	for _, b := range of.disputes {
		if s := state(b); s == "open" || s == "lost" {
			disputed += b.cents
		}
	}
	if !paid {
		return 0
	}
	return max(0, of.price-max(back, reported-failed)-disputed)
}

func (of *payment) knownTarget() int64 {
	return of.target(func(b *moneyBack) string { return b.known }, of.knownPaid, of.reported)
}

// post moves the model's wallet to what a payment comes to.
func (p *payments) post(of *payment) {
	amount := ledger.Amount(of.knownTarget()-of.posted) * ledger.Credit
	of.posted = of.knownTarget()
	if amount > 0 {
		settled := min(amount, p.debt)
		p.debt -= settled
		if amount -= settled; amount == 0 {
			return
		}
		if p.left[of] == nil {
			p.left[of] = new(lot)
			p.lots = append(p.lots, of)
		}
		p.left[of].amount += amount
		return
	}
	owed := -amount
	take := func(from *payment) {
		if l := p.left[from]; l != nil {
			part := min(l.amount, owed)
			l.amount -= part
			owed -= part
		}
	}
	take(of)
	for _, other := range slices.Backward(p.lots) {
		take(other)
	}
	p.debt += owed
}

func (p *payments) paid() ledger.Amount {
	var sum ledger.Amount
	for _, l := range p.left {
		sum += l.amount
	}
	return sum
}

// compare holds every wallet against the model.
func (p *payments) compare() {
	var earned ledger.Amount
	for _, of := range p.bought {
		earned += ledger.Amount(of.posted) * ledger.Credit
	}
	want := fmt.Sprint(p.free, p.paid(), p.debt, earned)
	p.each(func(w PaidWallet) error {
		s, _, err := w.Store.Wallet(p.Context(), p.userID)
		if got := fmt.Sprint(s.Wallet.Free, s.Wallet.Paid, s.Wallet.Debt, s.Wallet.Earned); err == nil && got != want {
			err = fmt.Errorf("got %s, want %s: free, paid, owed and earned", got, want)
		}
		return err
	})
}

// compareEnd holds what is posted against what really happened, checks the journals, and compares their digests.
func (p *payments) compareEnd() {
	p.compare()
	var first [32]byte
	for i, w := range p.wallets {
		for _, of := range p.bought {
			want := of.target(func(b *moneyBack) string { return b.state }, of.paid, 0)
			got, err := w.Till.Purchase(p.Context(), p.userID, of.id)
			if err != nil || got.Posted != ledger.Amount(want)*ledger.Credit {
				p.Errorf("%s: got %+v, %v, want %d credits", w.Name, got, err, want)
			}
		}
		err := w.Inspect(p.Context(), p.userID, func(j ledger.Journal) error {
			checked, err := ledger.Check(j)
			for _, fault := range checked.Faults {
				p.Errorf("%s: %v", w.Name, fault)
			}
			digest, digestErr := ledger.Digest(j)
			if i == 0 {
				first = digest
			}
			if digest != first {
				p.Errorf("%s has another digest than %s", w.Name, p.wallets[0].Name)
			}
			return errors.Join(err, digestErr)
		})
		if err != nil {
			p.Errorf("%s: %v", w.Name, err)
		}
	}
}
