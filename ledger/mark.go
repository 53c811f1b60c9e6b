package ledger

import (
	"fmt"
	"time"
)

// Mark is what a transaction notes of the wallet as it leaves it.
type Mark struct {
	Seq                                   int64
	Free, Paid, Held, Debt, Earned, Spent Amount
	At                                    time.Time
}

// MarkOf is the mark of a transaction.
func MarkOf(t Transaction) Mark {
	return Mark{t.Seq, t.FreeAfter, t.PaidAfter, t.HeldAfter, t.DebtAfter, t.EarnedAfter, t.SpentAfter, t.At}
}

// check holds a wallet against what was loaded with it: its open grants and its newest transaction. Nothing is to be
// written on top of a wallet that contradicts them: the journal would carry on what is wrong, and could not mend it.
func (s State) check() error {
	w := s.Wallet
	was := s.Last // holds move credits between what is free to spend and what is held, and leave no transaction
	moved := w.Free+w.HeldFree-was.Free < 0 || w.Paid+w.HeldPaid-was.Paid < 0 || w.Free+w.HeldFree+w.Paid+w.HeldPaid != was.Free+was.Paid+was.Held
	is := Mark{w.Seq, was.Free, was.Paid, was.Held, w.Debt, w.Earned, w.Spent, was.At}
	if moved || is != was || w.Seq > 0 && !w.LastAt.Equal(s.Last.At) {
		return fmt.Errorf("%w: at number %d it is not as transaction %d leaves it", ErrImpossible, w.Seq, s.Last.Seq)
	}
	var of Wallet
	for _, g := range s.Grants {
		if g.Class == Free {
			of.Free, of.HeldFree = of.Free+g.Remaining-g.Held, of.HeldFree+g.Held
		} else {
			of.Paid, of.HeldPaid = of.Paid+g.Remaining-g.Held, of.HeldPaid+g.Held
		}
	}
	if of.Free != w.Free || of.Paid != w.Paid || of.HeldFree != w.HeldFree || of.HeldPaid != w.HeldPaid {
		return fmt.Errorf("%w: its grants do not hold what its balance says", ErrImpossible)
	}
	return nil
}
