package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The bounds of holds.
const (
	MaxHolds    = 1000 // open ones of a wallet
	MaxHoldTime = 24 * time.Hour
)

// Errors of holds that callers tell apart.
var (
	// ErrNoHold: there is no such hold, or it is somebody else's.
	ErrNoHold = errors.New("no such hold")
	// ErrNotOpen: the hold has ended: see [HoldEnded].
	ErrNotOpen = errors.New("hold is not open")
	// ErrTooMuch: more is to be captured than the hold still has: see [HoldExceeded].
	ErrTooMuch = errors.New("capture exceeds the hold")
	// ErrHoldLimit: the wallet has [MaxHolds] open holds.
	ErrHoldLimit = errors.New("too many open holds")
)

// HoldEnded is [ErrNotOpen] of a hold.
type HoldEnded struct{ State HoldState }

// Error implements error.
func (e HoldEnded) Error() string { return "hold is " + string(e.State) }

// Unwrap gives [ErrNotOpen].
func (e HoldEnded) Unwrap() error { return ErrNotOpen }

// HoldExceeded is [ErrTooMuch] of a hold that still has Rest.
type HoldExceeded struct{ Rest Amount }

// Error implements error.
func (e HoldExceeded) Error() string { return "the hold has only " + e.Rest.String() }

// Unwrap gives [ErrTooMuch].
func (e HoldExceeded) Unwrap() error { return ErrTooMuch }

// HoldState says how a hold stands. Once it is not open it stays as it is.
type HoldState string

// The states of a hold.
const (
	HoldOpen     HoldState = "open"
	HoldCaptured HoldState = "captured"
	HoldReleased HoldState = "released"
	HoldExpired  HoldState = "expired"
)

// Hold is a promise of part of a wallet to a caller, until it captures or releases it, or time ends it. It posts
// nothing: what is held stays in its grants, and cannot be spent by anything but the hold.
type Hold struct {
	ID             uuid.UUID // UUIDv7
	UserID         uuid.UUID
	Caller         string // who made it, and alone may capture and extend it
	Actor          string
	AppID          string
	Description    string
	Metadata       []byte // JSON object as it was given; nil if none
	IdempotencyKey string

	Amount   Amount // with what was added
	Added    Amount // of it, by extending
	Captured Amount
	State    HoldState

	CreatedAt time.Time
	ExpiresAt time.Time // from this moment on it is over, whether or not State says so yet
	EndedAt   time.Time // zero: open

	Parts     []HoldPart // what it holds of which grant, by number
	Capture   uuid.UUID  // the newest transaction that captured, nil if none
	MadeSeq   int64      // of the wallet, before the first transaction that has it among what is held
	EndedSeq  int64      // of the last one that has; 0: open
	Remaining Left       // of the wallet after its making, extension, release or expiry, the last of them
}

// HoldPart is what a hold has of one grant.
type HoldPart struct {
	Grant    int
	Class    Class // of the grant
	Amount   Amount
	Captured Amount
}

// Left is what a wallet was left with.
type Left struct{ Free, Paid, Held, Debt, Earned, Spent Amount }

func leftOf(w Wallet) Left {
	return Left{w.Free, w.Paid, w.HeldFree + w.HeldPaid, w.Debt, w.Earned, w.Spent}
}

// Of is how much of the hold is of a class.
func (h Hold) Of(class Class) Amount {
	var sum Amount
	for _, p := range h.Parts {
		if p.Class == class {
			sum += p.Amount
		}
	}
	return sum
}

// Rest is what is not captured yet.
func (h Hold) Rest() Amount { return h.Amount - h.Captured }

// At is the hold as it stands at a moment: one whose time is over has expired.
func (h Hold) At(now time.Time) Hold {
	if h.Due(now) {
		h.State, h.EndedAt = HoldExpired, h.ExpiresAt
	}
	return h
}

// Due reports whether time has ended a hold that is open by its row.
func (h Hold) Due(now time.Time) bool { return h.State == HoldOpen && !now.Before(h.ExpiresAt) }

// Reserve is a request to hold part of a wallet.
type Reserve struct {
	UserID         uuid.UUID
	Amount         Amount // > 0
	Minimum        Amount // if less than Amount is there, as much as there is, at least this; 0: all or nothing
	ExpiresIn      time.Duration
	AppID          string
	Description    string
	Metadata       []byte // JSON object as given; nil if none
	Caller         string
	Actor          string // empty: the person itself
	IdempotencyKey string
}

// HoldRef names the hold of a request, and who asks.
type HoldRef struct {
	UserID uuid.UUID // whose wallet it is in
	ID     uuid.UUID
	Caller string // must be that of the hold; empty: the person, who may release it
	Actor  string // empty: the person
}

// Capture is a request to spend a hold, or part of it.
type Capture struct {
	HoldRef
	Amount         Amount // 0: all that is left
	Keep           bool   // the hold stays open for the rest
	Description    string // empty: that of the hold
	IdempotencyKey string
}

// Extend is a request to make a hold longer, or larger.
type Extend struct {
	HoldRef
	ExpiresIn      time.Duration // from now; 0: as it is. It never ends sooner than before
	Add            Amount        // 0: nothing
	IdempotencyKey string
}

// Release is a request to end a hold.
type Release struct{ HoldRef }

// takeIn holds an amount, which must be there, of the open grants in burn order.
func (d *draft) takeIn(h *Hold, amount Amount) error {
	rest := amount
	for _, grant := range d.inBurnOrder() {
		part := min(rest, grant.Remaining-grant.Held)
		if part <= 0 {
			continue
		}
		rest -= part
		grant.Held += part
		d.hold(grant.Class, part)
		d.touch(grant.No)
		at, known := slices.BinarySearchFunc(h.Parts, grant.No, func(p HoldPart, no int) int { return cmp.Compare(p.Grant, no) })
		if !known {
			h.Parts = slices.Insert(h.Parts, at, HoldPart{Grant: grant.No, Class: grant.Class})
		}
		h.Parts[at].Amount += part
	}
	if h.Amount += amount; rest != 0 || d.wallet.Free < 0 || d.wallet.Paid < 0 {
		return fmt.Errorf("%w: its grants do not hold what its balance says", ErrImpossible)
	}
	return nil
}

// hold moves an amount of a class to what is held, or back if it is below 0.
func (d *draft) hold(class Class, amount Amount) {
	if class == Free {
		d.wallet.Free -= amount
		d.wallet.HeldFree += amount
		return
	}
	d.wallet.Paid -= amount
	d.wallet.HeldPaid += amount
}

// reserve makes a hold.
func (d *draft) reserve(s State, c Command) error {
	asked := c.Reserve
	amount := asked.Amount
	if asked.Minimum > 0 {
		amount = max(asked.Minimum, min(amount, d.wallet.Free+d.wallet.Paid))
	}
	if refused := cmp.Or(s.Barred, d.refuses(amount)); refused != nil {
		return refused
	}
	if s.OpenHolds-d.expired >= MaxHolds {
		return ErrHoldLimit
	}
	d.holds = append(d.holds, Hold{
		ID: c.ID, UserID: d.wallet.UserID, Caller: asked.Caller, Actor: cmp.Or(asked.Actor, "user"), AppID: asked.AppID,
		Description: asked.Description, Metadata: asked.Metadata, IdempotencyKey: asked.IdempotencyKey, State: HoldOpen,
		CreatedAt: d.now, ExpiresAt: d.now.Add(asked.ExpiresIn), MadeSeq: d.wallet.Seq,
	})
	h := &d.holds[len(d.holds)-1]
	if err := d.takeIn(h, amount); err != nil {
		return err
	}
	h.Remaining = leftOf(d.wallet)
	d.made = true
	d.current = h.ID
	return nil
}

// open finds the hold that a command names, which must be open for any but a release.
func (d *draft) open(ref HoldRef) (*Hold, error) {
	at := slices.IndexFunc(d.holds, func(h Hold) bool { return h.ID == ref.ID })
	if at < 0 || ref.Caller != "" && ref.Caller != d.holds[at].Caller {
		return nil, ErrNoHold
	}
	h := &d.holds[at]
	if d.current = h.ID; h.State != HoldOpen {
		return h, HoldEnded{h.State}
	}
	return h, nil
}

// capture spends a hold, its free parts first. It was promised before, so debt does not stand in its way.
func (d *draft) capture(c Command, now time.Time) (Transaction, error) {
	asked := c.Capture
	h, err := d.open(asked.HoldRef)
	if err != nil {
		return Transaction{}, err
	}
	amount := cmp.Or(asked.Amount, h.Rest())
	if amount > h.Rest() {
		return Transaction{}, HoldExceeded{h.Rest()}
	}
	before := d.wallet
	postings, err := d.burnHeld(h, amount)
	if err != nil {
		return Transaction{}, err
	}
	spent, ok := add(d.wallet.Spent, amount)
	if !ok {
		return Transaction{}, fmt.Errorf("%w: the total spent overflows", ErrImpossible)
	}
	d.wallet.Spent = spent
	d.usage = append(d.usage, UsageDay{AppID: h.AppID, Day: dayOf(now), Used: amount, Uses: 1})
	x := Transaction{
		ID: c.ID, Type: TypeUsage, Kind: kindCapture, AppID: h.AppID, Description: cmp.Or(asked.Description, h.Description),
		Metadata: h.Metadata, Caller: h.Caller, Actor: cmp.Or(asked.Actor, "user"), IdempotencyKey: asked.IdempotencyKey,
		HoldID: h.ID, At: now, Postings: postings,
	}
	h.Capture = x.ID
	final := !asked.Keep || h.Rest() == 0
	if final && d.wallet.Debt == 0 { // the transaction tells what is left with the rest
		if err := d.end(c.ID, h, HoldCaptured, d.now); err != nil {
			return Transaction{}, err
		}
		return d.record(x, before), nil
	}
	done := d.record(x, before)
	if final { // what is paid of the rest settles debt, by a transaction of its own
		err = d.end(c.ID, h, HoldCaptured, d.now)
	}
	return done, err
}

// burnHeld takes an amount of a hold from its grants.
func (d *draft) burnHeld(h *Hold, amount Amount) ([]Posting, error) {
	rest := amount
	var postings []Posting
	h.Parts = slices.Clone(h.Parts)
	for _, grant := range d.inBurnOrder() {
		at := slices.IndexFunc(h.Parts, func(p HoldPart) bool { return p.Grant == grant.No })
		if at < 0 {
			continue
		}
		part := min(rest, h.Parts[at].Amount-h.Parts[at].Captured)
		rest -= part
		h.Parts[at].Captured += part
		grant.Held -= part
		grant.Remaining -= part
		if grant.Class == Free {
			d.wallet.HeldFree -= part
		} else {
			d.wallet.HeldPaid -= part
		}
		d.touch(grant.No)
		if postings = appendPosting(postings, grant.No, AccountUsage, part); grant.Held < 0 {
			rest = -1
			break
		}
	}
	if h.Captured += amount; rest != 0 {
		return nil, fmt.Errorf("%w: its grants do not hold what hold %s says", ErrImpossible, h.ID)
	}
	d.changedHold(h.ID)
	return postings, nil
}

// end gives what is left of a hold back to its grants. Paid credits settle debt first, by a transaction.
func (d *draft) end(id uuid.UUID, h *Hold, state HoldState, at time.Time) error {
	before := d.wallet
	h.State, h.EndedAt, h.EndedSeq = state, at, d.wallet.Seq
	var postings []Posting
	for _, p := range h.Parts {
		rest := p.Amount - p.Captured
		no := slices.IndexFunc(d.grants, func(g Grant) bool { return g.No == p.Grant })
		if rest == 0 {
			continue
		}
		if no < 0 || d.grants[no].Held < rest {
			return fmt.Errorf("%w: its grants do not hold what hold %s says", ErrImpossible, h.ID)
		}
		grant := &d.grants[no]
		grant.Held -= rest
		d.hold(grant.Class, -rest)
		d.touch(grant.No)
		if settled := min(rest, d.wallet.Debt); grant.Class == Paid && settled > 0 {
			grant.Remaining -= settled
			d.wallet.Paid -= settled
			d.wallet.Debt -= settled
			postings = appendPosting(postings, grant.No, AccountDebt, settled)
		}
	}
	if d.changedHold(h.ID); len(postings) > 0 {
		d.record(Transaction{
			ID: derive(id, h.ID[:]...), Type: TypeAdjustment, Kind: kindRepayment, AppID: AppSystem, Description: "Debt settled",
			Caller: "internal:" + kindRepayment, Actor: "system", HoldID: h.ID, At: later(at, d.wallet.LastAt), Postings: postings,
		}, before)
	}
	h.Remaining = leftOf(d.wallet)
	return nil
}

// expire ends, in the order of their time, the holds whose time is over.
func (d *draft) expire(id uuid.UUID) error {
	slices.SortFunc(d.holds, func(a, b Hold) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	for i := range d.holds {
		if h := &d.holds[i]; h.Due(d.now) {
			if err := d.end(id, h, HoldExpired, h.ExpiresAt); err != nil {
				return err
			}
			d.expired++
		}
	}
	return nil
}

// extend makes a hold longer, or larger.
func (d *draft) extend(s State, c Command) error {
	h, err := d.open(c.Extend.HoldRef)
	if err != nil {
		return err
	}
	if add := c.Extend.Add; add > 0 {
		if refused := cmp.Or(s.Barred, d.refuses(add)); refused != nil {
			return refused
		}
		h.Parts = slices.Clone(h.Parts)
		if err := d.takeIn(h, add); err != nil {
			return err
		}
		h.Added += add
		d.added = add
	}
	if until := d.now.Add(c.Extend.ExpiresIn); until.After(h.ExpiresAt) {
		h.ExpiresAt = until
	}
	h.Remaining = leftOf(d.wallet)
	d.changedHold(h.ID)
	return nil
}

// release ends a hold. One that nothing was captured of and that is over already stays as it is.
func (d *draft) release(c Command) error {
	h, err := d.open(c.Release.HoldRef)
	if errors.Is(err, ErrNotOpen) && h.State != HoldCaptured {
		return nil
	}
	if err != nil {
		return err
	}
	return d.end(c.ID, h, HoldReleased, d.now)
}

func (d *draft) changedHold(id uuid.UUID) {
	if !slices.Contains(d.moved, id) {
		d.moved = append(d.moved, id)
	}
}

// named is the hold that the command is about, nil if there is none.
func named(holds []Hold, id uuid.UUID) *Hold {
	at := slices.IndexFunc(holds, func(h Hold) bool { return h.ID == id })
	if id == uuid.Nil || at < 0 {
		return nil
	}
	h := holds[at]
	return &h
}
