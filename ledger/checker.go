package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
)

const (
	// CheckEvery is how often [Checker.Watch] is to be called.
	CheckEvery = time.Minute
	// checkShare is the part of the time that watching may take.
	checkShare = 20
	checkPage  = 500
	// maxTouched wallets of one interval are looked at ahead of their turn.
	maxTouched = 10_000
)

// CheckerConfig is what a checker needs.
type CheckerConfig struct {
	Store Store // to freeze
	Books Books
	Now   func() time.Time
	// Metrics is where the checker registers what it finds, nil if nowhere.
	Metrics *metrics.Set
}

// Checker holds wallets against their journals: all of them on request, or a share of them at a time beside the
// work. It is not safe for concurrent use, but for [Checker.Last].
type Checker struct {
	store Store
	books Books
	now   func() time.Time

	position int64 // in the order of commits, up to which touched wallets were looked at
	touched  []uuid.UUID
	pass     Report             // the pass over all wallets that is under way
	began    time.Time          // when it began
	next     uuid.UUID          // the wallet after which it goes on
	reported map[uuid.UUID]bool // wallets whose faults were told; nil: the structure, max: the trial balance
	last     atomic.Pointer[Pass]
	owed     time.Duration // time that was taken beyond the share
	metrics  checks
}

// NewChecker makes a checker.
func NewChecker(cfg CheckerConfig) *Checker {
	return &Checker{
		store: cfg.Store, books: cfg.Books, now: cfg.Now, reported: make(map[uuid.UUID]bool), metrics: newChecks(cfg.Metrics),
	}
}

// Pass is a check of all wallets beside the work that has come to its end.
type Pass struct {
	Report
	Began, Ended time.Time
}

// Last is the latest pass, nil if none has ended since the start. It must not be changed.
func (c *Checker) Last() *Pass { return c.last.Load() }

// Report is what a check came to.
type Report struct {
	Wallets      int64
	Transactions int64
	Faults       []Fault
	// Accounts are the balances of the shared accounts, and Own what all wallets have, less their debt. They are
	// wide: over many wallets they can pass 64 bits.
	Accounts map[int]*big.Int
	Own      big.Int
	unread   bool // a wallet could not be read: the pass says nothing of all of them
}

// Imbalance is the trial balance: I3, 0 in a sound ledger.
func (r *Report) Imbalance() *big.Int {
	sum := new(big.Int).Set(&r.Own)
	for _, balance := range r.Accounts {
		sum.Add(sum, balance)
	}
	return sum
}

func (r *Report) add(w Wallet, c Checked) {
	r.Wallets++
	r.Transactions += c.Transactions
	r.Faults = append(r.Faults, c.Faults...)
	r.Own.Add(&r.Own, big.NewInt(int64(w.Total())))
	if r.Accounts == nil {
		r.Accounts = make(map[int]*big.Int)
	}
	for no, amount := range c.Shared {
		if r.Accounts[no] == nil {
			r.Accounts[no] = new(big.Int)
		}
		r.Accounts[no].Add(r.Accounts[no], big.NewInt(int64(amount)))
	}
}

// finish adds what belongs to no single wallet.
func (r *Report) finish(structure []Fault) {
	r.Faults = append(r.Faults, structure...)
	if sum := r.Imbalance(); sum.Sign() != 0 {
		r.Faults = append(r.Faults, Fault{Invariant: "I3", Text: "the trial balance is " + sum.String() + " micro-credits, not 0"})
	}
}

// Verify checks every wallet, each in a snapshot of its own, and the structure of the storage. It freezes
// nothing. progress is told the number of transactions that were checked. A wallet that cannot be read is a fault of
// I20, and the rest is checked.
func (c *Checker) Verify(ctx context.Context, progress func(transactions int64)) (Report, error) {
	var r Report
	for after := uuid.Nil; ; {
		page, err := c.books.Wallets(ctx, after, checkPage)
		if err != nil {
			return r, err
		}
		for _, id := range page {
			if _, err := c.inspect(ctx, id, &r, progress); unreadable(ctx, err) {
				r.Faults = append(r.Faults, Fault{UserID: id, Invariant: "I20", Text: err.Error()})
			} else if err != nil {
				return r, err
			}
			after = id
		}
		if len(page) < checkPage {
			structure, err := c.books.Structure(ctx, true)
			r.finish(structure)
			return r, err
		}
	}
}

// unreadable reports whether an error is one of what is stored: not of a caller who has gone, nor one that says of
// itself that trying again helps.
func unreadable(ctx context.Context, err error) bool {
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return err != nil && ctx.Err() == nil && (!ok || !temporary.Temporary())
}

// VerifyWallet checks one wallet. That it cannot be read is a fault of I20. [ErrNoWallet].
func (c *Checker) VerifyWallet(ctx context.Context, userID uuid.UUID, progress func(transactions int64)) (Report, error) {
	var r Report
	_, err := c.inspect(ctx, userID, &r, progress)
	if unreadable(ctx, err) && !errors.Is(err, ErrNoWallet) {
		r.Faults = append(r.Faults, Fault{UserID: userID, Invariant: "I20", Text: err.Error()})
		err = nil
	}
	r.finish(nil)
	return r, err
}

// inspect checks one wallet and adds what it came to. It gives the state that the wallet is in.
func (c *Checker) inspect(ctx context.Context, id uuid.UUID, r *Report, progress func(int64)) (state WalletState, err error) {
	err = c.books.Inspect(ctx, id, func(j Journal) error {
		state = j.Wallet.State
		counted := j
		counted.Backward = func(yield func(Transaction, error) bool) {
			n := r.Transactions
			for t, err := range j.Backward {
				if n++; progress != nil {
					progress(n)
				}
				if !yield(t, err) {
					return
				}
			}
		}
		checked, err := Check(counted)
		if err == nil {
			r.add(j.Wallet, checked)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("checking wallet %s: %w", id, err)
	}
	return state, nil
}

// Watch is one step of the check that goes on beside the work: of all wallets in turn, and of those that were
// touched since the step before, as many as fit into a twentieth of [CheckEvery], and at least one of each, so that
// no wallet is so long that others are never looked at. A wallet with faults is frozen, and what was found is given
// once it is. That a wallet cannot be read is a fault of I20.
func (c *Checker) Watch(ctx context.Context) ([]Fault, error) {
	const share = CheckEvery / checkShare
	if c.owed -= share; c.owed > 0 {
		return nil, nil
	}
	start := c.now()
	found, err := c.watchAll(ctx, share/2)
	more, touchedErr := c.watchTouched(ctx, c.after(share-c.now().Sub(start)))
	c.owed = max(0, c.now().Sub(start)-share)
	found = append(found, more...)
	c.metrics.violations.Add(len(found))
	return found, errors.Join(err, touchedErr)
}

// after tells from now on whether a time has passed.
func (c *Checker) after(part time.Duration) (over func() bool) {
	start := c.now()
	return func() bool { return c.now().Sub(start) >= part }
}

// watchAll goes on with the pass over all wallets for a while, beside what the structure takes.
func (c *Checker) watchAll(ctx context.Context, part time.Duration) ([]Fault, error) {
	var found []Fault
	var faults error
	if c.next == uuid.Nil {
		c.began, c.pass = c.now(), Report{}
		structure, err := c.books.Structure(ctx, false)
		if faults = err; err == nil && c.fresh(uuid.Nil, structure) {
			found = structure
		}
	}
	over := c.after(part)
	for done := false; !done && ctx.Err() == nil; done = over() {
		page, err := c.books.Wallets(ctx, c.next, 1)
		if err != nil {
			return found, errors.Join(faults, err)
		}
		if len(page) == 0 {
			return append(found, c.endPass()...), faults
		}
		fresh, err := c.watchWallet(ctx, page[0], &c.pass)
		found, faults, c.next = append(found, fresh...), errors.Join(faults, err), page[0]
	}
	return found, faults
}

// watchTouched looks at what the journal has new.
func (c *Checker) watchTouched(ctx context.Context, over func() bool) ([]Fault, error) {
	if len(c.touched) == 0 {
		var err error
		if c.touched, c.position, err = c.books.Touched(ctx, c.position, maxTouched); err != nil {
			return nil, err
		}
	}
	var found []Fault
	var faults error
	for done := false; len(c.touched) > 0 && !done && ctx.Err() == nil; done = over() {
		id := c.touched[0]
		c.touched = c.touched[1:]
		fresh, err := c.watchWallet(ctx, id, new(Report))
		found, faults = append(found, fresh...), errors.Join(faults, err)
	}
	return found, faults
}

// watchWallet checks one wallet and freezes it if need be. It gives what was not told before: an active wallet has been
// sound since, so its faults are new, or could not be acted upon.
func (c *Checker) watchWallet(ctx context.Context, id uuid.UUID, r *Report) ([]Fault, error) {
	known := len(r.Faults)
	state, err := c.inspect(ctx, id, r, nil)
	if unreadable(ctx, err) {
		r.Faults = append(r.Faults, Fault{UserID: id, Invariant: "I20", Text: err.Error()})
		if r.unread = true; c.reported[id] {
			return nil, nil
		}
		state, err = WalletActive, nil // for all that is known
	}
	if err != nil {
		return nil, err
	}
	faults := r.Faults[known:]
	if len(faults) == 0 || state != WalletActive {
		if !c.fresh(id, faults) {
			return nil, nil
		}
		return faults, nil
	}
	reasons := make([]string, len(faults))
	for i, f := range faults {
		reasons[i] = f.Error()
	}
	err = c.store.Freeze(ctx, id, reasons)
	c.reported[id] = err == nil
	return faults, err
}

// fresh reports whether there are faults that were not told before. A subject that is sound again is forgotten.
func (c *Checker) fresh(of uuid.UUID, faults []Fault) bool {
	if len(faults) == 0 {
		delete(c.reported, of)
		return false
	}
	told := c.reported[of]
	c.reported[of] = true
	return !told
}

// endPass tells what the pass over all wallets came to.
func (c *Checker) endPass() []Fault {
	c.next = uuid.Nil
	known := len(c.pass.Faults)
	c.pass.finish(nil)
	c.metrics.imbalance.Set(credits(c.pass.Imbalance()))
	if !c.pass.unread {
		c.metrics.verified.Set(float64(c.began.Unix()))
	}
	c.last.Store(&Pass{Report: c.pass, Began: c.began, Ended: c.now()})
	faults := c.pass.Faults[known:]
	if !c.fresh(uuid.Max, faults) {
		return nil
	}
	return faults
}
