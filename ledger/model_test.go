package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// machine runs random commands against a store in memory and against a model: three sums, kept without the core.
type machine struct {
	store  *memory
	ledger *Ledger
	now    time.Time

	free, paid, spent Amount
	lastDaily         time.Time
	lastRow           time.Time // rows never go back in time, whatever the clock does
	rows              int
	keys              map[string]string // key to what was asked for
}

// memory is one wallet in maps, with the same core. It is for tests of the core only.
type memory struct {
	now          func() time.Time
	wallet       Wallet
	grants       map[int]Grant
	transactions []Transaction
	records      map[[16]byte]KeyRecord
}

var _ Store = (*memory)(nil)

func (m *memory) Decide(_ context.Context, w Wants, decide func(time.Time, State) (Delta, error)) error {
	s, _, _ := m.Wallet(context.Background(), w.UserID)
	if w.Key != nil {
		if record, ok := m.records[w.Key.Hash]; ok {
			s.Key = &record
			at := slices.IndexFunc(m.transactions, func(t Transaction) bool { return t.ID == record.TransactionID })
			s.Done = &m.transactions[at]
		}
	}
	delta, err := decide(m.now(), s)
	if err != nil || delta.Empty() {
		return err
	}
	if delta.Wallet.Version != m.wallet.Version+1 {
		return errors.New("version")
	}
	m.write(delta)
	return nil
}

func (m *memory) write(d Delta) {
	m.wallet = d.Wallet
	for _, g := range d.Grants {
		m.grants[g.No] = g
	}
	m.transactions = append(m.transactions, d.Transactions...)
	if d.Key != nil {
		m.records[d.Key.Key.Hash] = *d.Key
	}
}

func (m *memory) Wallet(context.Context, uuid.UUID) (State, time.Time, error) {
	s := State{Wallet: m.wallet}
	for no := 2; no <= m.wallet.Grants; no++ {
		if g := m.grants[no]; g.Remaining > 0 || g.Source == sourceDaily {
			s.Grants = append(s.Grants, g)
		}
	}
	return s, m.now(), nil
}

func (m *memory) History(context.Context, uuid.UUID, int, int) ([]Transaction, error) {
	return m.transactions, nil
}

func (m *memory) Packages(context.Context) ([]Package, error) { return nil, nil }

func (m *memory) journal() Journal {
	j := Journal{Wallet: m.wallet, Transactions: m.transactions}
	for no := 2; no <= m.wallet.Grants; no++ {
		j.Grants = append(j.Grants, m.grants[no])
	}
	return j
}

const modelBonus, modelDaily = 150 * Credit, 5 * Credit

func newMachine(t *rapid.T) *machine {
	m := &machine{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), keys: make(map[string]string), free: modelBonus, rows: 1}
	m.lastDaily, m.lastRow = m.now, m.now
	m.store = &memory{now: func() time.Time { return m.now }, grants: make(map[int]Grant), records: make(map[[16]byte]KeyRecord)}
	m.ledger = New(Config{Store: m.store, SignupBonus: modelBonus, DailyFree: modelDaily})
	opening, err := m.ledger.Opening()
	if err != nil {
		t.Fatal(err)
	}
	delta, err := Open(uuid.Must(uuid.NewV7()), m.now, opening, true)
	if err != nil {
		t.Fatal(err)
	}
	m.store.write(delta)
	return m
}

// daily is the rule of the daily grant, as a person would tell it.
func (m *machine) daily() {
	if m.now.Sub(m.lastDaily) >= 24*time.Hour {
		m.free += modelDaily
		m.row()
		m.lastDaily = m.lastRow
	}
}

// row is one more row of history, now or right after the last one.
func (m *machine) row() {
	m.rows++
	if m.now.After(m.lastRow) {
		m.lastRow = m.now
	} else {
		m.lastRow = m.lastRow.Add(time.Microsecond)
	}
}

func (m *machine) Wait(t *rapid.T) {
	minutes := rapid.IntRange(-600, 4000).Draw(t, "minutes")
	m.now = m.now.Add(time.Duration(minutes) * time.Minute)
}

func (m *machine) Balance(t *rapid.T) {
	m.daily()
	got, err := m.ledger.Balance(t.Context(), m.store.wallet.UserID)
	if err != nil || got.Free != m.free || got.Paid != m.paid || got.Spent != m.spent {
		t.Fatalf("got %+v, %v, want free %v, paid %v, spent %v", got, err, m.free, m.paid, m.spent)
	}
}

func (m *machine) Buy(t *rapid.T) {
	amount := Amount(rapid.IntRange(1, 50).Draw(t, "credits")) * Credit
	w := m.store.wallet
	before := w.Total()
	w.Seq, w.Version, w.Grants = w.Seq+1, w.Version+1, w.Grants+1
	w.Paid += amount
	w.Earned += amount
	w.LastAt = later(m.now, w.LastAt)
	m.store.write(Delta{
		Wallet: w,
		Grants: []Grant{{
			No: w.Grants, Class: Paid, Source: fmt.Sprint("purchase:", w.Grants), Priority: priorityPaid, Issued: amount, Remaining: amount,
		}},
		Transactions: []Transaction{{
			ID: uuid.Must(uuid.NewV7()), UserID: w.UserID, Seq: w.Seq, Type: TypePurchase, Kind: "purchase", Amount: amount,
			Before: before, After: w.Total(), FreeAfter: w.Free, PaidAfter: w.Paid, EarnedAfter: w.Earned, SpentAfter: w.Spent,
			At: w.LastAt, Postings: []Posting{{N: 1, From: AccountSale, To: w.Grants, Amount: amount}},
		}},
	})
	m.paid += amount
	m.row()
}

func (m *machine) Use(t *rapid.T) {
	amount := Amount(rapid.Int64Range(1, int64(60*Credit)).Draw(t, "micro"))
	key := rapid.SampledFrom([]string{"", "", "a", "b", "c"}).Draw(t, "key")
	use := Use{UserID: m.store.wallet.UserID, Amount: amount, AppID: "app", Description: "x", Caller: "first-party", IdempotencyKey: key}
	asked, known := m.keys[key]
	receipt, err := m.ledger.Use(t.Context(), use)
	if key != "" && known {
		if asked == amount.String() && (err != nil || !receipt.Replayed) || asked != amount.String() && !errors.Is(err, ErrKeyReused) {
			t.Fatalf("got %+v, %v for a known key of %s", receipt, err, asked)
		}
		return
	}
	m.daily()
	if amount > m.free+m.paid {
		if !errors.Is(err, ErrInsufficient) {
			t.Fatalf("got %v for %v of %v", err, amount, m.free+m.paid)
		}
		return
	}
	fromFree := min(amount, m.free)
	m.free -= fromFree
	m.paid -= amount - fromFree
	m.spent += amount
	m.row()
	if key != "" {
		m.keys[key] = amount.String()
	}
	if err != nil || receipt.Balance.Free != m.free || receipt.Balance.Paid != m.paid {
		t.Fatalf("got %+v, %v, want free %v and paid %v", receipt, err, m.free, m.paid)
	}
}

func (m *machine) Check(t *rapid.T) {
	if faults := Check(m.store.journal()); len(faults) > 0 {
		t.Fatalf("got %v", faults)
	}
	if len(m.store.transactions) != m.rows {
		t.Fatalf("got %d rows, want %d", len(m.store.transactions), m.rows)
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(rapid.StateMachineActions(m))
	})
}

// TestCheckFindsEveryChange changes one micro-credit in each figure and expects it to be found.
func TestCheckFindsEveryChange(t *testing.T) {
	t.Parallel()
	fresh := func() Journal {
		var j Journal
		rapid.Check(t, func(rt *rapid.T) {
			if j.Transactions != nil {
				return
			}
			m := newMachine(rt)
			m.now = m.now.Add(25 * time.Hour)
			m.Buy(rt)
			m.daily()
			if _, err := m.ledger.Use(t.Context(), Use{UserID: m.store.wallet.UserID, Amount: 160 * Credit, AppID: "a", Caller: "c"}); err != nil {
				rt.Skip("bought too little")
			}
			j = m.store.journal()
		})
		return j
	}
	for name, spoil := range map[string]func(*Journal){
		"free":    func(j *Journal) { j.Wallet.Free++ },
		"paid":    func(j *Journal) { j.Wallet.Paid++ },
		"debt":    func(j *Journal) { j.Wallet.Debt++ },
		"spent":   func(j *Journal) { j.Wallet.Spent++ },
		"earned":  func(j *Journal) { j.Wallet.Earned++ },
		"seq":     func(j *Journal) { j.Wallet.Seq++ },
		"grant":   func(j *Journal) { j.Grants[0].Remaining++ },
		"held":    func(j *Journal) { j.Grants[0].Held++ },
		"amount":  func(j *Journal) { j.Transactions[0].Amount++ },
		"before":  func(j *Journal) { j.Transactions[1].Before++ },
		"after":   func(j *Journal) { j.Transactions[0].After++ },
		"free at": func(j *Journal) { j.Transactions[0].FreeAfter++ },
		"posting": func(j *Journal) { j.Transactions[0].Postings = []Posting{{N: 1, From: -1, To: 2, Amount: 1}} },
		"missing": func(j *Journal) { j.Transactions = j.Transactions[1:] },
		"time":    func(j *Journal) { j.Transactions[1].At = j.Transactions[0].At.Add(-time.Hour) },
	} {
		j := fresh()
		j.Transactions = slices.Clone(j.Transactions)
		if faults := Check(j); len(faults) > 0 {
			t.Fatalf("got %v before anything was changed", faults)
		}
		if spoil(&j); len(Check(j)) == 0 {
			t.Errorf("%s: got no fault", name)
		}
	}
}
