package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Config is what the service needs.
type Config struct {
	Store       Store
	SignupBonus Amount // 0: none
	DailyFree   Amount // 0: none
}

// Ledger turns requests into commands and results into answers. It is safe for concurrent use.
type Ledger struct {
	store       Store
	signupBonus Amount
	dailyFree   Amount
}

// New makes a service.
func New(cfg Config) *Ledger {
	return &Ledger{store: cfg.Store, signupBonus: cfg.SignupBonus, dailyFree: cfg.DailyFree}
}

// Balance is what a person has.
type Balance struct {
	UserID                                uuid.UUID
	Paid, Free, Held, Debt, Earned, Spent Amount
	DailyFree                             Amount    // size of the daily grant
	NextDailyAt                           time.Time // when the next one is due
}

// Use is a request to spend.
type Use struct {
	UserID         uuid.UUID
	Amount         Amount // > 0
	AppID          string
	Description    string
	Metadata       []byte // JSON object as given; nil if none
	Caller         string // "first-party" or "client:<id>"
	IdempotencyKey string // empty: the request is its own
}

// Receipt is a use that was posted, with the balance as it was right after it.
type Receipt struct {
	Transaction Transaction
	Balance     Balance
	Replayed    bool // the same request had been posted before
}

// Opening is what the wallet of a new person starts with.
func (l *Ledger) Opening() (Opening, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Opening{}, fmt.Errorf("making an id: %w", err)
	}
	return Opening{TransactionID: id, Bonus: l.signupBonus}, nil
}

// Balance reads a wallet, posting the daily grant first if it is due. When storage can be read but not
// written, the answer shows the grant that is due without posting it. [ErrNoWallet].
func (l *Ledger) Balance(ctx context.Context, userID uuid.UUID) (Balance, error) {
	state, now, err := l.store.Wallet(ctx, userID)
	if err != nil {
		return Balance{}, fmt.Errorf("reading a wallet: %w", err)
	}
	if due, _ := DailyDue(state.Wallet, l.dailyFree, now); !due {
		return l.balance(state.Wallet), nil
	}
	wallet, err := l.touch(ctx, userID)
	if err == nil {
		return l.balance(wallet), nil
	}
	id, idErr := uuid.NewV7()
	delta, _, applyErr := Apply(state, now, Command{ID: id, DailyFree: l.dailyFree})
	if errors.Join(idErr, applyErr) != nil {
		return Balance{}, err
	}
	return l.balance(delta.Wallet), nil
}

// touch posts what time has made due.
func (l *Ledger) touch(ctx context.Context, userID uuid.UUID) (Wallet, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Wallet{}, fmt.Errorf("making an id: %w", err)
	}
	var wallet Wallet
	err = l.store.Decide(ctx, Wants{UserID: userID}, func(now time.Time, s State) (Delta, error) {
		delta, result, err := Apply(s, now, Command{ID: id, DailyFree: l.dailyFree})
		wallet = delta.Wallet
		if result.Refused != nil || delta.Empty() {
			wallet = s.Wallet
		}
		return delta, err
	})
	if err != nil {
		return Wallet{}, fmt.Errorf("posting what is due: %w", err)
	}
	return wallet, nil
}

// Use spends. [ErrInsufficient], [ErrDebt], [ErrKeyReused], [ErrFrozen], [ErrClosed], [ErrNoWallet],
// [ErrAmount]. When it returns nil the debit is durable.
func (l *Ledger) Use(ctx context.Context, u Use) (Receipt, error) {
	if u.Amount <= 0 || u.Amount > MaxOperation {
		return Receipt{}, ErrAmount
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Receipt{}, fmt.Errorf("making an id: %w", err)
	}
	command := Command{ID: id, Use: &u, DailyFree: l.dailyFree}
	if u.IdempotencyKey != "" {
		if command.Key, err = u.key(); err != nil {
			return Receipt{}, err
		}
	}
	var result Result
	var wallet Wallet
	err = l.store.Decide(ctx, Wants{UserID: u.UserID, Key: command.Key}, func(now time.Time, s State) (Delta, error) {
		var delta Delta
		var err error
		delta, result, err = Apply(s, now, command)
		wallet = s.Wallet
		return delta, err
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("spending: %w", err)
	}
	if result.Refused != nil {
		return Receipt{}, result.Refused
	}
	return Receipt{
		Transaction: result.Transaction, Balance: l.after(result.Transaction, wallet), Replayed: result.Replayed,
	}, nil
}

// History lists transactions, newest first, posting the daily grant first if it is due. limit is 1 to
// 1,000, offset 0 or more. [ErrNoWallet].
func (l *Ledger) History(ctx context.Context, userID uuid.UUID, limit, offset int) ([]Transaction, error) {
	if _, err := l.Balance(ctx, userID); err != nil {
		return nil, err
	}
	history, err := l.store.History(ctx, userID, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	return history, nil
}

// Packages lists what can be bought.
func (l *Ledger) Packages(ctx context.Context) ([]Package, error) {
	packages, err := l.store.Packages(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading packages: %w", err)
	}
	return packages, nil
}

func (l *Ledger) balance(w Wallet) Balance {
	_, next := DailyDue(w, l.dailyFree, w.LastAt)
	return Balance{
		UserID: w.UserID, Paid: w.Paid, Free: w.Free, Held: w.HeldFree + w.HeldPaid, Debt: w.Debt,
		Earned: w.Earned, Spent: w.Spent, DailyFree: l.dailyFree, NextDailyAt: next,
	}
}

// after is the balance that a transaction left behind.
func (l *Ledger) after(t Transaction, w Wallet) Balance {
	b := l.balance(w)
	b.Paid, b.Free, b.Held, b.Debt = t.PaidAfter, t.FreeAfter, t.HeldAfter, t.DebtAfter
	b.Earned, b.Spent = t.EarnedAfter, t.SpentAfter
	return b
}
