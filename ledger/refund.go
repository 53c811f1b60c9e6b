package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// How far back a refund that names no transaction looks for its use.
const (
	RefundWithin = 7 * 24 * time.Hour
	RefundRows   = 5000 // transactions of the wallet
)

// Refund is a request to give back part of a use, or all of it.
type Refund struct {
	UserID         uuid.UUID
	Amount         Amount   // > 0, or 0 with Rest
	Rest           bool     // all that is left of the use that TransactionID names
	AppID          string   // of the use
	AppIDs         []string // of a use that TransactionID names where the request names no app: any of them
	Description    string
	TransactionID  uuid.UUID // of the use; nil: it is looked for, see [Store.FindUse]
	IdempotencyKey string    // empty: the request is its own
	Caller         string
	Actor          string          // who gives back
	Metadata       json.RawMessage // JSON object as given; nil if none
}

// refund gives back part of one use. The parts of the use, paid before free and else the last taken first, lie
// on one line, on which each refund goes on where the one before it ended: so the sum of what was refunded
// tells what each grant has back.
func (d *draft) refund(used *Usage, c Command, now time.Time) (Transaction, error) {
	asked := c.Refund
	if used == nil || used.AppID != asked.AppID && !slices.Contains(asked.AppIDs, used.AppID) {
		return Transaction{}, ErrNothingToRefund
	}
	left := -used.Amount - used.Refunded
	total := asked.Amount
	if asked.Rest {
		total = left
	}
	switch {
	case total == 0 || total > left:
		return Transaction{}, ErrNothingToRefund
	case d.wallet.held()+total > MaxWallet:
		return Transaction{}, ErrBalanceLimit
	}
	before := d.wallet
	passed, rest := used.Refunded, total
	var postings []Posting
	for _, part := range d.returnOrder(used.Postings) {
		skipped := min(passed, part.amount)
		passed -= skipped
		amount := min(rest, part.amount-skipped)
		rest -= amount
		postings = d.give(postings, AccountUsage, part.grant, amount)
		if part.grant.Remaining > part.grant.Issued {
			return Transaction{}, fmt.Errorf("%w: grant %d gets back more than it gave", ErrImpossible, part.grant.No)
		}
	}
	if d.wallet.Spent -= total; rest != 0 || d.wallet.Spent < 0 {
		return Transaction{}, fmt.Errorf("%w: use %s is not what its postings say", ErrImpossible, used.ID)
	}
	d.usage = append(d.usage, UsageDay{AppID: used.AppID, Day: dayOf(used.At), Used: -total})
	return d.record(Transaction{
		ID: c.ID, Type: TypeRefund, Kind: kindRefund, AppID: used.AppID, Description: asked.Description,
		Metadata: asked.Metadata, Caller: asked.Caller, Actor: asked.Actor, IdempotencyKey: asked.IdempotencyKey,
		RelatedID: used.ID, At: now, Postings: postings,
	}, before), nil
}

// usedPart is what a use took from one grant.
type usedPart struct {
	grant  *Grant
	amount Amount
}

// returnOrder is the order in which parts of a use are given back. Grants that are not there are left out.
func (d *draft) returnOrder(postings []Posting) []usedPart {
	var parts []usedPart
	for _, p := range slices.Backward(postings) {
		at := slices.IndexFunc(d.grants, func(g Grant) bool { return g.No == p.From })
		if at >= 0 {
			parts = append(parts, usedPart{&d.grants[at], p.Amount})
		}
	}
	slices.SortStableFunc(parts, func(a, b usedPart) int { return cmp.Compare(b.grant.Class, a.grant.Class) }) // "paid" > "free"
	return parts
}

// give moves an amount from a shared account to a grant. Paid credits settle debt first.
func (d *draft) give(postings []Posting, from int, grant *Grant, amount Amount) []Posting {
	if grant.Class == Paid {
		settled := min(amount, d.wallet.Debt)
		d.wallet.Debt -= settled
		amount -= settled
		postings = appendPosting(postings, from, AccountDebt, settled)
	}
	if amount == 0 {
		return postings
	}
	grant.Remaining += amount
	if grant.Class == Paid {
		d.wallet.Paid += amount
	} else {
		d.wallet.Free += amount
	}
	d.touch(grant.No)
	return appendPosting(postings, from, grant.No, amount)
}

// appendPosting numbers a posting; one of nothing is left out.
func appendPosting(postings []Posting, from, to int, amount Amount) []Posting {
	if amount == 0 {
		return postings
	}
	return append(postings, Posting{N: len(postings) + 1, From: from, To: to, Amount: amount})
}
