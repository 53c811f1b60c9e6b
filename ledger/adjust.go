package ledger

import (
	"cmp"
	"time"

	"github.com/google/uuid"
)

// callerOperator is the scope of the keys of operators. No request can name it.
const callerOperator = "internal:operator"

// Adjustment is what an operator gives or takes.
type Adjustment struct {
	UserID         uuid.UUID
	Amount         Amount // above 0 it is given, below 0 taken
	Class          Class  // of what is given; paid credits settle debt first
	Reason         string
	IdempotencyKey string
	Actor          string // the operator, such as "command line"
	// Admin is the person who acts, whose right the store looks at; uuid.Nil: nobody who is signed in.
	Admin uuid.UUID
}

// adjust gives credits as a grant of their own, or takes them in burn order.
func (d *draft) adjust(c Command, now time.Time) (Transaction, error) {
	before := d.wallet
	x := Transaction{
		ID: c.ID, Type: TypeAdjustment, Kind: kindGrant, AppID: AppSystem, Description: c.Adjust.Reason,
		Caller: callerOperator, Actor: c.Adjust.Actor, IdempotencyKey: c.Adjust.IdempotencyKey, At: now,
	}
	switch amount := c.Adjust.Amount; {
	case amount < 0 && d.wallet.Free+d.wallet.Paid < -amount:
		return Transaction{}, ErrInsufficient
	case amount < 0:
		var err error
		x.Kind = kindCorrection
		if x.Postings, err = d.burn(-amount, AccountIssueAdjustment); err != nil {
			return Transaction{}, err
		}
	case d.wallet.held()+amount > MaxWallet:
		return Transaction{}, ErrBalanceLimit
	default:
		x.Postings = d.issue(c, amount)
	}
	return d.record(x, before), nil
}

// promotionOf is the source of what a transaction gave.
func promotionOf(id uuid.UUID) string { return "promotion:" + id.String() }

// issue gives an amount into a new grant, as far as it does not settle debt.
func (d *draft) issue(c Command, amount Amount) []Posting {
	class := cmp.Or(c.Adjust.Class, Free)
	grant := Grant{No: d.wallet.Grants + 1, Class: class, Priority: priorityOf(class), Source: promotionOf(c.ID)}
	postings := d.give(nil, AccountIssueAdjustment, &grant, amount)
	if grant.Issued = grant.Remaining; grant.Issued > 0 {
		d.wallet.Grants++
		d.grants = append(d.grants, grant)
	}
	return postings
}
