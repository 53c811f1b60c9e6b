package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
)

// Config is what the service needs.
type Config struct {
	Store       Store
	SignupBonus Amount // 0: none
	DailyFree   Amount // 0: none
	// NewID makes the ids of transactions, UUIDv7. Nil: from the process clock and random bits.
	NewID func() (uuid.UUID, error)
	// Metrics is where requests are counted, nil if nowhere.
	Metrics *metrics.Set
}

// Ledger turns requests into commands and results into answers. It is safe for concurrent use.
type Ledger struct {
	store       Store
	signupBonus Amount
	dailyFree   Amount
	newID       func() (uuid.UUID, error)
	flights     *flights
	turns       *turns
	metrics     *metrics.Set
}

// New makes a service.
func New(cfg Config) *Ledger {
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewV7
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	return &Ledger{
		store: cfg.Store, signupBonus: cfg.SignupBonus, dailyFree: cfg.DailyFree, newID: cfg.NewID, flights: newFlights(),
		turns: newTurns(), metrics: cfg.Metrics,
	}
}

// On is this ledger on another store of the same wallets.
func (l *Ledger) On(store Store) *Ledger {
	other := *l
	other.store = store
	return &other
}

// Balance is what a person has.
type Balance struct {
	UserID                                uuid.UUID
	State                                 WalletState
	Paid, Free, Held, Debt, Earned, Spent Amount
	DailyFree                             Amount    // size of the daily grant
	NextDailyAt                           time.Time // when the next one is due
	AlertBelow                            Amount    // 0: no mail
	Version                               int64     `json:"-"` // of the wallet as it is stored; 0: it is not stored like that
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
	Actor          string // who spends; empty: the person itself
}

// Receipt is what was posted, with the balance as it was right after it.
type Receipt struct {
	Transaction Transaction
	Hold        *Hold // that it made or changed, nil if it was not about one
	Balance     Balance
	Replayed    bool    // the same request had been posted before
	Current     Balance // as it stands now: another than Balance when the request is replayed
}

// Cost is what this request spent: nothing when it gave back or was replayed.
func (r Receipt) Cost() Amount {
	if r.Replayed {
		return 0
	}
	return max(0, -r.Transaction.Amount)
}

// Opening is what the wallet of a new person starts with.
func (l *Ledger) Opening() (Opening, error) {
	id, err := l.newID()
	if err != nil {
		return Opening{}, fmt.Errorf("making an id: %w", err)
	}
	return Opening{TransactionID: id, Bonus: l.signupBonus}, nil
}

// Closing is how the wallet of a person ends, on the word of actor.
func (l *Ledger) Closing(actor string) (Closing, error) {
	id, err := l.newID()
	if err != nil {
		return Closing{}, fmt.Errorf("making an id: %w", err)
	}
	return Closing{TransactionID: id, Actor: actor}, nil
}

// Balance reads a wallet, doing first what is due: ends of holds and the daily grant. When storage can be read but not
// written, the answer shows what is due without posting it. [ErrNoWallet].
func (l *Ledger) Balance(ctx context.Context, userID uuid.UUID) (Balance, error) {
	state, now, err := l.store.Wallet(ctx, userID)
	if err != nil {
		return Balance{}, fmt.Errorf("reading a wallet: %w", err)
	}
	if due, _ := DailyDue(state.Wallet, l.dailyFree, now); !due && len(state.Holds) == 0 {
		balance := l.balance(state.Wallet)
		balance.Version = state.Wallet.Version
		return balance, nil
	}
	command := Command{DailyFree: l.dailyFree}
	if command.ID, err = l.newID(); err != nil {
		return Balance{}, fmt.Errorf("making an id: %w", err)
	}
	_, wallet, err := l.decide(ctx, Wants{UserID: userID}, command)
	if err == nil {
		return l.balance(wallet), nil
	}
	if errors.Is(err, ErrImpossible) {
		return l.balance(state.Wallet), nil // it is frozen now
	}
	delta, _, applyErr := Apply(state, now, command)
	if applyErr != nil {
		return Balance{}, fmt.Errorf("posting what is due: %w", err)
	}
	return l.balance(delta.Wallet), nil
}

// Peek reads a wallet as it stands, and posts nothing. [ErrNoWallet].
func (l *Ledger) Peek(ctx context.Context, userID uuid.UUID) (Balance, error) {
	state, _, err := l.store.Wallet(ctx, userID)
	if err != nil {
		return Balance{}, fmt.Errorf("reading a wallet: %w", err)
	}
	return l.balance(state.Wallet), nil
}

// Withdrawable is what a withdrawal from a purchase would give back now, in cents. [ErrNoWallet].
func (l *Ledger) Withdrawable(ctx context.Context, p Purchase) (int64, error) {
	state, now, err := l.store.Wallet(ctx, p.UserID)
	if err != nil {
		return 0, fmt.Errorf("reading a wallet: %w", err)
	}
	if p.CompletedAt.IsZero() || now.After(p.CompletedAt.Add(WithdrawWithin)) {
		return 0, nil
	}
	return p.Withdrawable(state.Grants), nil
}

// Use spends. [ErrInsufficient], [ErrDebt], [ErrKeyReused], [ErrInProgress], [ErrFrozen], [ErrClosed],
// [ErrNoWallet], [ErrAmount]. When it returns nil the debit is durable.
func (l *Ledger) Use(ctx context.Context, u Use) (Receipt, error) {
	key, err := u.key()
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.request(ctx, Wants{UserID: u.UserID, Key: key}, u.Amount, Command{Use: &u})
	return l.count(TypeUsage, receipt, err)
}

// Refund gives back part of a use, or all of it, in one or several steps. [ErrNothingToRefund],
// [ErrContended], [ErrBalanceLimit], and the errors of [Ledger.Use] but for those of the balance.
func (l *Ledger) Refund(ctx context.Context, r Refund) (Receipt, error) {
	key, err := r.key()
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.refund(ctx, r, key)
	return l.count(TypeRefund, receipt, err)
}

// refund decides a refund of the use that it names, or of one that is found before.
func (l *Ledger) refund(ctx context.Context, r Refund, key *Key) (Receipt, error) {
	if r.TransactionID != uuid.Nil {
		return l.giveBack(ctx, r, key, r.TransactionID)
	}
	timer := time.NewTimer(searchTime)
	defer timer.Stop()
	end, err := l.turns.take(ctx, search{r.UserID, r.Caller, r.AppID}, timer.C)
	if err != nil {
		return Receipt{}, err
	}
	defer end()
	return l.findAndGiveBack(ctx, r, key, timer.C)
}

// findAndGiveBack searches, which holds up nobody, and again when the decision, which does, sees that the use no
// longer has so much left: another process was faster, or a refund that names it.
func (l *Ledger) findAndGiveBack(ctx context.Context, r Refund, key *Key, over <-chan time.Time) (Receipt, error) {
	for {
		use, err := l.store.FindUse(ctx, r)
		if err != nil {
			return Receipt{}, fmt.Errorf("looking for a use: %w", err)
		}
		receipt, err := l.giveBack(ctx, r, key, use)
		if use == uuid.Nil || !errors.Is(err, ErrNothingToRefund) {
			return receipt, err
		}
		select {
		case <-over:
			return Receipt{}, ErrContended
		case <-ctx.Done():
			return Receipt{}, ctx.Err()
		default:
		}
	}
}

func (l *Ledger) giveBack(ctx context.Context, r Refund, key *Key, use uuid.UUID) (Receipt, error) {
	most := r.Amount
	if r.Rest {
		most = MaxOperation // that a use can be of
	}
	return l.request(ctx, Wants{UserID: r.UserID, Key: key, Use: use}, most, Command{Refund: &r})
}

// The bounds of texts of an adjustment, those of any request.
const (
	maxReason = 1000 // characters
	maxKey    = 255
)

// Adjust gives credits to a person, or takes them, on the word of an operator. It needs a reason of at most 1,000
// characters, an idempotency key of at most 255 of visible ASCII, and an actor: [ErrReason]. [ErrInsufficient], [ErrBalanceLimit], and the errors of [Ledger.Use].
func (l *Ledger) Adjust(ctx context.Context, a Adjustment) (Receipt, error) {
	if !validReason(a.Reason) || !ValidKey(a.IdempotencyKey) || a.Actor == "" {
		return Receipt{}, ErrReason
	}
	if a.Class == "" {
		a.Class = Free
	}
	key, err := a.key()
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.request(ctx, Wants{UserID: a.UserID, Key: key, Admin: a.Admin}, max(a.Amount, -a.Amount), Command{Adjust: &a})
	return l.count(TypeAdjustment, receipt, err)
}

// ValidKey reports whether a text can be an idempotency key: 1 to 255 visible characters of ASCII.
func ValidKey(key string) bool {
	return key != "" && len(key) <= maxKey && !strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' })
}

func validReason(reason string) bool {
	return strings.TrimSpace(reason) != "" && utf8.ValidString(reason) && utf8.RuneCountInString(reason) <= maxReason &&
		!strings.ContainsRune(reason, 0)
}

// count counts an outcome and passes it on.
func (l *Ledger) count(of Type, receipt Receipt, err error) (Receipt, error) {
	countOperation(l.metrics, of, resultOf(receipt, err))
	return receipt, err
}

// request decides a command that moves an amount, after any other request with its key.
func (l *Ledger) request(ctx context.Context, w Wants, amount Amount, c Command) (Receipt, error) {
	if amount <= 0 || amount > MaxOperation {
		return Receipt{}, ErrAmount
	}
	return l.run(ctx, w, c)
}

// run decides a command after any other request with its key.
func (l *Ledger) run(ctx context.Context, w Wants, c Command) (Receipt, error) {
	id, err := l.newID()
	if err != nil {
		return Receipt{}, fmt.Errorf("making an id: %w", err)
	}
	c.ID, c.Key, c.DailyFree = id, w.Key, l.dailyFree
	w.Hold = c.holdID()
	if w.Key != nil {
		land, err := l.flights.enter(ctx, flight{w.UserID, w.Key.Hash})
		if err != nil {
			return Receipt{}, err
		}
		defer land()
	}
	result, wallet, err := l.decide(ctx, w, c)
	if err != nil {
		return Receipt{}, err
	}
	if result.Refused != nil {
		return Receipt{}, result.Refused
	}
	receipt := Receipt{Transaction: result.Transaction, Hold: result.Hold, Replayed: result.Replayed, Current: l.balance(wallet)}
	if result.Transaction.ID == uuid.Nil {
		receipt.Balance = l.left(result.Hold.Remaining, wallet)
	} else {
		receipt.Balance = l.after(result.Transaction, wallet)
	}
	return receipt, nil
}

// decide has the store run a command, and gives the wallet as it stands afterwards. A wallet that contradicts
// itself is frozen.
func (l *Ledger) decide(ctx context.Context, w Wants, c Command) (Result, Wallet, error) {
	var result Result
	var wallet Wallet
	w.ID, w.Bytes = c.ID, c.bytes()
	err := l.store.Decide(ctx, w, func(now time.Time, s State) (Delta, error) {
		var delta Delta
		var err error
		delta, result, err = Apply(s, now, c)
		if wallet = delta.Wallet; delta.Empty() {
			wallet = s.Wallet
		}
		return delta, err
	})
	if errors.Is(err, ErrImpossible) {
		err = errors.Join(err, l.store.Freeze(ctx, w.UserID, []string{err.Error()}))
	}
	if err != nil {
		return Result{}, Wallet{}, fmt.Errorf("posting: %w", err)
	}
	return result, wallet, nil
}

func (l *Ledger) balance(w Wallet) Balance {
	_, next := DailyDue(w, l.dailyFree, w.LastAt)
	return Balance{
		UserID: w.UserID, State: w.State, Paid: w.Paid, Free: w.Free, Held: w.HeldFree + w.HeldPaid, Debt: w.Debt,
		Earned: w.Earned, Spent: w.Spent, DailyFree: l.dailyFree, NextDailyAt: next, AlertBelow: w.AlertBelow,
	}
}

// after is the balance that a transaction left behind.
func (l *Ledger) after(t Transaction, w Wallet) Balance {
	return l.left(Left{t.FreeAfter, t.PaidAfter, t.HeldAfter, t.DebtAfter, t.EarnedAfter, t.SpentAfter}, w)
}

func (l *Ledger) left(of Left, w Wallet) Balance {
	b := l.balance(w)
	b.Free, b.Paid, b.Held, b.Debt, b.Earned, b.Spent = of.Free, of.Paid, of.Held, of.Debt, of.Earned, of.Spent
	return b
}
