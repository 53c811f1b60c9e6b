package ledger

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// dailyEvery is the least elapsed time between two daily grants of a wallet.
const dailyEvery = 24 * time.Hour

// Priorities of grants: lower burns first, so free credits are spent before paid ones.
const (
	priorityFree = 10
	priorityPaid = 50
)

// Sources of grants that exist once per wallet.
const (
	sourceSignup = "signup"
	sourceDaily  = "daily"
)

// Kinds of transactions: the events behind them.
const (
	kindSignup     = "signup"
	kindDaily      = "daily"
	kindUse        = "use"
	kindCapture    = "capture"   // of a hold
	kindRepayment  = "repayment" // of debt, by what a hold releases
	kindRefund     = "refund"
	kindGrant      = "grant"
	kindCorrection = "correction"
	kindPurchase   = "purchase"
	kindReversal   = "reversal" // of a purchase
	kindClosing    = "closing"
	// kindReinstatement gives back what a reversal took.
	kindReinstatement = "reinstatement"
)

// priorityOf is the priority that grants of a class have.
func priorityOf(c Class) int {
	if c == Paid {
		return priorityPaid
	}
	return priorityFree
}

// AppSystem is the appId of what no app asked for. An operator's reason has it too.
const AppSystem = "system"

// Command is what is to be done with one wallet: at most one of Use, Refund, Adjust and those of holds. Without any it
// is a touch: only what time does.
type Command struct {
	ID        uuid.UUID // of the transaction or the hold that it makes; further ones are derived from it
	Use       *Use
	Refund    *Refund
	Adjust    *Adjustment
	Reserve   *Reserve
	Capture   *Capture
	Extend    *Extend
	Release   *Release
	Key       *Key // of the request, nil if it has none
	DailyFree Amount
}

// bytes is the length of the texts that a command brings.
func (c Command) bytes() int {
	switch {
	case c.Use != nil:
		return len(c.Use.Description) + len(c.Use.Metadata)
	case c.Refund != nil:
		return len(c.Refund.Description) + len(c.Refund.Metadata)
	case c.Adjust != nil:
		return len(c.Adjust.Reason)
	case c.Reserve != nil:
		return len(c.Reserve.Description) + len(c.Reserve.Metadata)
	case c.Capture != nil:
		return len(c.Capture.Description)
	}
	return 0
}

// holdID is the hold that a command makes or changes, nil if there is none.
func (c Command) holdID() uuid.UUID {
	switch {
	case c.Reserve != nil:
		return c.ID
	case c.Capture != nil:
		return c.Capture.ID
	case c.Extend != nil:
		return c.Extend.ID
	case c.Release != nil:
		return c.Release.ID
	}
	return uuid.Nil
}

// Result is what a command came to.
type Result struct {
	Transaction Transaction // that the command made
	Hold        *Hold       // that the command made or changed, nil if it was not about one
	Replayed    bool        // an earlier request with the same key made it
	Refused     error       // one of the sentinels of this package, or State.Barred; nil if applied
}

// Opening is what a wallet starts with, carried as a value into the transaction that creates the person.
type Opening struct {
	TransactionID uuid.UUID
	Bonus         Amount // 0: no bonus and no transaction
}

// Open makes the wallet of a new person. fresh says that the person has not had a bonus before.
func Open(userID uuid.UUID, now time.Time, o Opening, fresh bool) (Delta, error) {
	now = now.UTC().Truncate(time.Microsecond)
	d := draft{wallet: Wallet{
		UserID: userID, State: WalletActive, Version: 1, Grants: AccountDebt,
		LastDaily: now, LastAt: now, CreatedAt: now,
	}}
	if o.Bonus > 0 && fresh {
		if err := d.bonus(o.TransactionID, signup(o.Bonus), now); err != nil {
			return Delta{}, err
		}
	}
	return d.delta(nil), nil
}

// Apply decides one command on one wallet at one moment: first what time does, then the command. It is a
// pure function. A refusal keeps what time did: those are facts. The error says that the state is
// impossible; then nothing may be written.
func Apply(s State, now time.Time, c Command) (Delta, Result, error) {
	switch s.Wallet.State {
	case WalletFrozen:
		return Delta{}, Result{Refused: ErrFrozen}, nil
	case WalletClosed, WalletDisabled:
		return Delta{}, Result{Refused: ErrClosed}, nil
	}
	now = now.UTC().Truncate(time.Microsecond)
	if s.Done != nil && s.Done.ID == c.ID { // committed, but its answer was lost
		return Delta{}, Result{Transaction: *s.Done, Hold: named(s.Holds, c.holdID())}, nil
	}
	if made := named(s.Holds, c.ID); made != nil { // the same
		return Delta{}, Result{Hold: made}, nil
	}
	if s.Key != nil && c.Key != nil {
		return Delta{}, replay(s, now, c), nil
	}
	if err := s.check(); err != nil {
		return Delta{}, Result{}, err
	}
	d := newDraft(s)
	d.now = now
	if err := d.expire(c.ID); err != nil {
		return Delta{}, Result{}, err
	}
	if err := d.daily(derive(c.ID, 1), c.DailyFree, now); err != nil {
		return Delta{}, Result{}, err
	}
	done, err := d.perform(s, c, later(now, d.wallet.LastAt))
	if errors.Is(err, ErrImpossible) {
		return Delta{}, Result{}, err
	}
	if err != nil {
		return d.delta(nil), Result{Refused: err}, nil
	}
	hold := named(d.holds, d.current)
	var record *KeyRecord
	switch {
	case c.Key == nil:
	case done.ID != uuid.Nil:
		record = &KeyRecord{Key: *c.Key, TransactionID: done.ID, CreatedAt: done.At}
	default:
		record = &KeyRecord{Key: *c.Key, HoldID: hold.ID, CreatedAt: now}
	}
	return d.delta(record), Result{Transaction: done, Hold: hold}, nil
}

// perform does what the command asks for. A refusal comes before the first change.
func (d *draft) perform(s State, c Command, now time.Time) (Transaction, error) {
	switch {
	case c.Use != nil && s.Barred != nil:
		return Transaction{}, s.Barred
	case c.Use != nil:
		return d.use(c, now)
	case c.Refund != nil:
		return d.refund(s.Used, c, now)
	case c.Adjust != nil:
		return d.adjust(c, now)
	case c.Reserve != nil:
		return Transaction{}, d.reserve(s, c)
	case c.Capture != nil:
		return d.capture(c, now)
	case c.Extend != nil:
		return Transaction{}, d.extend(s, c)
	case c.Release != nil:
		return Transaction{}, d.release(c)
	}
	return Transaction{}, nil
}

// DailyDue reports whether a touch at now would post the daily grant, and when the next one is due.
func DailyDue(w Wallet, amount Amount, now time.Time) (due bool, next time.Time) {
	next = w.LastDaily.Add(dailyEvery)
	if amount == 0 || w.State != WalletActive {
		return false, next
	}
	return !now.Before(next), next
}

// replay answers a key that is known: with the first answer, or with a refusal if the request is another.
func replay(s State, now time.Time, c Command) Result {
	hold := named(s.Holds, cmp.Or(s.Key.HoldID, c.holdID()))
	if hold != nil {
		*hold = hold.At(now)
	}
	switch {
	case s.Key.Key.Fingerprint != c.Key.Fingerprint, s.Done == nil && hold == nil:
		return Result{Refused: ErrKeyReused}
	case s.Done == nil:
		return Result{Hold: hold, Replayed: true}
	}
	return Result{Transaction: *s.Done, Hold: hold, Replayed: true}
}

// later keeps time from running backwards within a wallet.
func later(now, last time.Time) time.Time {
	if !now.After(last) {
		return last.Add(time.Microsecond)
	}
	return now
}

// derive makes the id of a transaction that time caused beside a command: the command's own time and
// counter bits, and the rest from a hash, so that the same command derives the same id.
func derive(id uuid.UUID, index ...byte) uuid.UUID {
	sum := sha256.Sum256(append(id[:], index...))
	derived := id
	copy(derived[8:], sum[:8])
	derived[8] = derived[8]&0x3f | 0x80 // RFC 9562, section 5.7: variant
	return derived
}

// draft is a wallet while a command is decided.
type draft struct {
	now          time.Time // of the storage
	wallet       Wallet
	grants       []Grant
	changed      []int // numbers of grants that are new or changed
	transactions []Transaction
	usage        []UsageDay
	holds        []Hold
	moved        []uuid.UUID // holds that are changed
	current      uuid.UUID   // the hold that the command is about
	made         bool        // it is new
	added        Amount      // to it
	expired      int         // holds that time has ended
}

func newDraft(s State) draft {
	d := draft{wallet: s.Wallet, grants: slices.Clone(s.Grants), holds: slices.Clone(s.Holds)}
	d.wallet.Version++
	return d
}

// bonus describes credits that we issue.
type bonus struct {
	kind, source, description string
	account                   int
	amount                    Amount
}

// daily posts the daily grant if it is due by the clock as it stands, not by the wallet's own time, which a
// clock that was set back leaves ahead. However long the pause, one touch posts one.
func (d *draft) daily(id uuid.UUID, amount Amount, now time.Time) error {
	if due, _ := DailyDue(d.wallet, amount, now); !due {
		return nil
	}
	if d.wallet.held()+amount > MaxWallet {
		return nil // a grant that would pass the cap is skipped
	}
	now = later(now, d.wallet.LastAt)
	d.wallet.LastDaily = now
	return d.bonus(id, bonus{kindDaily, sourceDaily, "Daily free credits", AccountIssueDaily, amount}, now)
}

// held is everything that the cap counts.
func (w Wallet) held() Amount { return w.Free + w.Paid + w.HeldFree + w.HeldPaid }

// bonus issues free credits into the grant of their source, which is made if it does not exist.
func (d *draft) bonus(id uuid.UUID, b bonus, now time.Time) error {
	at := slices.IndexFunc(d.grants, func(g Grant) bool { return g.Source == b.source })
	if at < 0 {
		d.wallet.Grants++
		d.grants = append(d.grants, Grant{No: d.wallet.Grants, Class: Free, Source: b.source, Priority: priorityFree})
		at = len(d.grants) - 1
	}
	grant := &d.grants[at]
	before := d.wallet
	var ok [3]bool
	grant.Issued, ok[0] = add(grant.Issued, b.amount)
	grant.Remaining, ok[1] = add(grant.Remaining, b.amount)
	d.wallet.Free, ok[2] = add(d.wallet.Free, b.amount)
	if ok != [3]bool{true, true, true} || d.wallet.held() > MaxWallet {
		return fmt.Errorf("%w: a bonus passes the cap", ErrImpossible)
	}
	d.touch(grant.No)
	d.record(Transaction{
		ID: id, Type: TypeBonus, Kind: b.kind, AppID: AppSystem, Description: b.description,
		Caller: "internal:" + b.kind, Actor: "system", At: now,
		Postings: []Posting{{N: 1, From: b.account, To: grant.No, Amount: b.amount}},
	}, before)
	return nil
}

// refuses says why an amount cannot be spent, or nothing.
func (d *draft) refuses(amount Amount) error {
	switch {
	case d.wallet.Debt > 0:
		return ErrDebt
	case d.wallet.Free+d.wallet.Paid < amount:
		return ErrInsufficient
	}
	return nil
}

// use spends the amount.
func (d *draft) use(c Command, now time.Time) (Transaction, error) {
	if refused := d.refuses(c.Use.Amount); refused != nil {
		return Transaction{}, refused
	}
	before := d.wallet
	postings, err := d.burn(c.Use.Amount, AccountUsage)
	if err != nil {
		return Transaction{}, err
	}
	spent, ok := add(d.wallet.Spent, c.Use.Amount)
	if !ok {
		return Transaction{}, fmt.Errorf("%w: the total spent overflows", ErrImpossible)
	}
	d.wallet.Spent = spent
	d.usage = append(d.usage, UsageDay{AppID: c.Use.AppID, Day: dayOf(now), Used: c.Use.Amount, Uses: 1})
	return d.record(Transaction{
		ID: c.ID, Type: TypeUsage, Kind: kindUse, AppID: c.Use.AppID, Description: c.Use.Description,
		Metadata: c.Use.Metadata, Caller: c.Use.Caller, Actor: cmp.Or(c.Use.Actor, "user"), IdempotencyKey: c.Use.IdempotencyKey,
		At: now, Postings: postings,
	}, before), nil
}

// burn takes an amount, which must be there, from the open grants in burn order: priority, then what expires
// first, then age.
func (d *draft) burn(amount Amount, to int) ([]Posting, error) {
	rest := amount
	var postings []Posting
	for _, grant := range d.inBurnOrder() {
		part := min(rest, grant.Remaining-grant.Held)
		if part <= 0 {
			continue
		}
		grant.Remaining -= part
		rest -= part
		if grant.Class == Free {
			d.wallet.Free -= part
		} else {
			d.wallet.Paid -= part
		}
		d.touch(grant.No)
		postings = append(postings, Posting{N: len(postings) + 1, From: grant.No, To: to, Amount: part})
	}
	if rest != 0 || d.wallet.Free < 0 || d.wallet.Paid < 0 {
		return nil, fmt.Errorf("%w: its grants do not hold what its balance says", ErrImpossible)
	}
	return postings, nil
}

func (d *draft) inBurnOrder() []*Grant {
	order := make([]*Grant, len(d.grants))
	for i := range d.grants {
		order[i] = &d.grants[i]
	}
	slices.SortFunc(order, burnOrder)
	return order
}

func burnOrder(a, b *Grant) int {
	if a.Priority != b.Priority {
		return a.Priority - b.Priority
	}
	if a.ExpiresAt.IsZero() != b.ExpiresAt.IsZero() {
		if a.ExpiresAt.IsZero() {
			return 1
		}
		return -1
	}
	if c := a.ExpiresAt.Compare(b.ExpiresAt); c != 0 {
		return c
	}
	return a.No - b.No
}

// record numbers a transaction and completes it with the wallet before and after.
func (d *draft) record(t Transaction, before Wallet) Transaction {
	d.wallet.Seq++
	d.wallet.LastAt = t.At
	t.UserID, t.Seq = d.wallet.UserID, d.wallet.Seq
	t.Before, t.After = before.Total(), d.wallet.Total()
	t.Amount = t.After - t.Before
	t.FreeAfter, t.PaidAfter = d.wallet.Free, d.wallet.Paid
	t.HeldAfter, t.DebtAfter = d.wallet.HeldFree+d.wallet.HeldPaid, d.wallet.Debt
	t.EarnedAfter, t.SpentAfter = d.wallet.Earned, d.wallet.Spent
	t.Legs = len(t.Postings)
	d.transactions = append(d.transactions, t)
	return t
}

func (d *draft) touch(no int) {
	if !slices.Contains(d.changed, no) {
		d.changed = append(d.changed, no)
	}
}

// delta is everything that was decided.
func (d *draft) delta(key *KeyRecord) Delta {
	var grants []Grant
	for _, g := range d.grants {
		if slices.Contains(d.changed, g.No) {
			grants = append(grants, g)
		}
	}
	alert := d.alert()
	delta := Delta{Wallet: d.wallet, Grants: grants, Transactions: d.transactions, Usage: d.usage, Key: key, Added: d.added, Alert: alert}
	for _, h := range d.holds {
		switch {
		case d.made && h.ID == d.current:
			delta.Made = &h
		case slices.Contains(d.moved, h.ID):
			delta.Holds = append(delta.Holds, h)
		}
	}
	return delta
}
