package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mana/ledger"
	"mana/storage/storagetest"
)

const modelBonus, modelDaily = 150 * ledger.Credit, 5 * ledger.Credit

// machine runs random commands against a store in memory and against a model: sums of free, paid and owed
// credits and a list of uses, kept without the core.
type machine struct {
	store  *storagetest.Memory
	ledger *ledger.Ledger
	userID uuid.UUID
	now    time.Time

	free, paid, debt, earned, spent ledger.Amount
	uses                            []modelUse
	lastDaily                       time.Time
	lastRow                         time.Time // rows never go back in time, whatever the clock does
	rows                            int
	keys                            map[string]string // key to what was asked for
}

// modelUse is a use as a person would remember it.
type modelUse struct {
	id         uuid.UUID
	app        string
	at         time.Time
	free, paid ledger.Amount // that it took and was not given back
}

func (u modelUse) rest() ledger.Amount { return u.free + u.paid }

func newMachine(t *rapid.T) *machine {
	m := &machine{
		now:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		keys: make(map[string]string), free: modelBonus, rows: 1, userID: uuid.Must(uuid.NewV7()),
	}
	m.lastDaily, m.lastRow = m.now, m.now
	opened, err := ledger.Open(m.userID, m.now, ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: modelBonus}, true)
	if err != nil {
		t.Fatal(err)
	}
	m.store = storagetest.NewMemory(func() time.Time { return m.now }, opened)
	m.ledger = ledger.New(ledger.Config{Store: m.store, SignupBonus: modelBonus, DailyFree: modelDaily})
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

// give adds paid credits, which settle debt first.
func (m *machine) give(paid ledger.Amount) {
	settled := min(paid, m.debt)
	m.debt -= settled
	m.paid += paid - settled
}

func (m *machine) Wait(t *rapid.T) {
	minutes := rapid.IntRange(-600, 4000).Draw(t, "minutes")
	m.now = m.now.Add(time.Duration(minutes) * time.Minute)
}

func (m *machine) Balance(t *rapid.T) {
	m.daily()
	got, err := m.ledger.Balance(t.Context(), m.userID)
	want := fmt.Sprint(m.free, m.paid, m.debt, m.earned, m.spent)
	if err != nil || fmt.Sprint(got.Free, got.Paid, got.Debt, got.Earned, got.Spent) != want {
		t.Fatalf("got %+v, %v, want %s", got, err, want)
	}
}

// outside writes what the payments of a later day will decide: one posting and what it does to the wallet.
func (m *machine) outside(of ledger.Type, kind string, amount ledger.Amount, change func(*ledger.Wallet) (*ledger.Grant, []ledger.Posting)) {
	w := m.store.Journal().Wallet
	before := w.Total()
	w.Seq, w.Version = w.Seq+1, w.Version+1
	m.row()
	w.LastAt = m.lastRow
	grant, postings := change(&w)
	d := ledger.Delta{Wallet: w, Transactions: []ledger.Transaction{{
		ID: uuid.Must(uuid.NewV7()), UserID: w.UserID, Seq: w.Seq, Type: of, Kind: kind, Amount: amount,
		Before: before, After: w.Total(), FreeAfter: w.Free, PaidAfter: w.Paid, DebtAfter: w.Debt, EarnedAfter: w.Earned,
		SpentAfter: w.Spent, At: w.LastAt, Legs: len(postings), Postings: postings,
	}}}
	if grant != nil {
		d.Grants = []ledger.Grant{*grant}
	}
	m.store.Write(d)
}

// Buy sells credits. In debt it does nothing, to keep the sale simple.
func (m *machine) Buy(t *rapid.T) {
	amount := ledger.Amount(rapid.IntRange(1, 50).Draw(t, "credits")) * ledger.Credit
	if m.debt > 0 {
		return
	}
	m.paid += amount
	m.earned += amount
	m.outside(ledger.TypePurchase, "purchase", amount, func(w *ledger.Wallet) (*ledger.Grant, []ledger.Posting) {
		w.Grants++
		w.Paid += amount
		w.Earned += amount
		grant := &ledger.Grant{
			No: w.Grants, Class: ledger.Paid, Source: fmt.Sprint("purchase:", w.Grants), Priority: 50, Issued: amount, Remaining: amount,
		}
		return grant, []ledger.Posting{{N: 1, From: ledger.AccountSale, To: w.Grants, Amount: amount}}
	})
}

// Chargeback leaves debt behind, once nothing paid is left to take.
func (m *machine) Chargeback(t *rapid.T) {
	amount := ledger.Amount(rapid.IntRange(1, 30).Draw(t, "credits")) * ledger.Credit
	if m.paid > 0 {
		return
	}
	m.debt += amount
	m.outside(ledger.TypeAdjustment, "reversal", -amount, func(w *ledger.Wallet) (*ledger.Grant, []ledger.Posting) {
		w.Debt += amount
		return nil, []ledger.Posting{{N: 1, From: ledger.AccountDebt, To: ledger.AccountSale, Amount: amount}}
	})
}

// known answers a key that was used before, and says whether it was.
func (m *machine) known(t *rapid.T, key, asked string, receipt ledger.Receipt, err error) bool {
	before, known := m.keys[key]
	if key == "" || !known {
		return false
	}
	if asked == before && (err != nil || !receipt.Replayed) || asked != before && !errors.Is(err, ledger.ErrKeyReused) {
		t.Fatalf("got %+v, %v for a known key of %s", receipt, err, before)
	}
	return true
}

// posted notes a request that succeeded and compares the balance.
func (m *machine) posted(t *rapid.T, key, asked string, receipt ledger.Receipt, err error) {
	m.row()
	if key != "" {
		m.keys[key] = asked
	}
	got := receipt.Balance
	if err != nil || got.Free != m.free || got.Paid != m.paid || got.Debt != m.debt || got.Spent != m.spent {
		t.Fatalf("got %+v, %v, want free %v, paid %v, debt %v, spent %v", receipt, err, m.free, m.paid, m.debt, m.spent)
	}
}

func (m *machine) wantRefusal(t *rapid.T, err, want error) {
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func drawKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "a", "b", "c", "d"}).Draw(t, "key")
}

func (m *machine) Use(t *rapid.T) {
	use := ledger.Use{
		UserID: m.userID, Amount: ledger.Amount(rapid.Int64Range(1, int64(60*ledger.Credit)).Draw(t, "micro")),
		AppID: rapid.SampledFrom([]string{"chat", "todo"}).Draw(t, "app"), Description: "x", Caller: "app", IdempotencyKey: drawKey(t),
	}
	receipt, err := m.ledger.Use(t.Context(), use)
	asked := "use " + use.AppID + use.Amount.String()
	if m.known(t, use.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	if m.debt > 0 {
		m.wantRefusal(t, err, ledger.ErrDebt)
		return
	}
	if use.Amount > m.free+m.paid {
		m.wantRefusal(t, err, ledger.ErrInsufficient)
		return
	}
	fromFree := min(use.Amount, m.free)
	m.free -= fromFree
	m.paid -= use.Amount - fromFree
	m.spent += use.Amount
	m.posted(t, use.IdempotencyKey, asked, receipt, err)
	m.uses = append(m.uses, modelUse{receipt.Transaction.ID, use.AppID, m.lastRow, fromFree, use.Amount - fromFree})
}

// Refund names a use, or has it found.
func (m *machine) Refund(t *rapid.T) {
	refund := ledger.Refund{
		UserID: m.userID, Amount: ledger.Amount(rapid.Int64Range(1, int64(60*ledger.Credit)).Draw(t, "micro")),
		AppID: rapid.SampledFrom([]string{"chat", "todo"}).Draw(t, "app"), Description: "back", Caller: "app", IdempotencyKey: drawKey(t),
	}
	at := -1
	if len(m.uses) > 0 && rapid.Bool().Draw(t, "named") {
		at = rapid.IntRange(0, len(m.uses)-1).Draw(t, "use")
		refund.TransactionID = m.uses[at].id
		if rest := m.uses[at].rest(); rest > 0 && rapid.Bool().Draw(t, "all") {
			refund.Amount, refund.AppID = rest, m.uses[at].app
		}
	}
	receipt, err := m.ledger.Refund(t.Context(), refund)
	asked := fmt.Sprint("refund ", refund.AppID, refund.Amount, refund.TransactionID)
	if m.known(t, refund.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	if at < 0 {
		at = m.find(refund)
	}
	if at < 0 || m.uses[at].app != refund.AppID || m.uses[at].rest() < refund.Amount {
		m.wantRefusal(t, err, ledger.ErrNothingToRefund)
		return
	}
	use := &m.uses[at]
	paid := min(refund.Amount, use.paid)
	use.paid -= paid
	use.free -= refund.Amount - paid
	m.give(paid)
	m.free += refund.Amount - paid
	m.spent -= refund.Amount
	m.posted(t, refund.IdempotencyKey, asked, receipt, err)
	if receipt.Transaction.RelatedID != use.id {
		t.Fatalf("got a refund of %v, want of %v", receipt.Transaction.RelatedID, use.id)
	}
}

// find is the rule for refunds that name no use: the newest of 7 days whose rest is the amount, else the newest
// whose rest is enough.
func (m *machine) find(r ledger.Refund) int {
	fits := func(u modelUse) bool {
		return u.app == r.AppID && u.rest() >= r.Amount && !u.at.Before(m.now.Add(-7*24*time.Hour))
	}
	newest := -1
	for i, use := range slices.Backward(m.uses) {
		if fits(use) && use.rest() == r.Amount {
			return i
		}
		if fits(use) && newest < 0 {
			newest = i
		}
	}
	return newest
}

func (m *machine) Adjust(t *rapid.T) {
	a := ledger.Adjustment{
		UserID: m.userID, Amount: ledger.Amount(rapid.Int64Range(int64(-20*ledger.Credit), int64(20*ledger.Credit)).Draw(t, "micro")),
		Class:  rapid.SampledFrom([]ledger.Class{"", ledger.Free, ledger.Paid}).Draw(t, "class"),
		Reason: "goodwill", IdempotencyKey: rapid.SampledFrom([]string{"o-1", "o-2", "o-3", "o-4", "o-5"}).Draw(t, "key"), Actor: "test",
	}
	receipt, err := m.ledger.Adjust(t.Context(), a)
	if a.Amount == 0 {
		m.wantRefusal(t, err, ledger.ErrAmount)
		return
	}
	class := a.Class
	if class == "" {
		class = ledger.Free
	}
	asked := fmt.Sprint("adjust ", a.Amount, class)
	if m.known(t, a.IdempotencyKey, asked, receipt, err) {
		return
	}
	m.daily()
	switch {
	case -a.Amount > m.free+m.paid:
		m.wantRefusal(t, err, ledger.ErrInsufficient)
		return
	case a.Amount < 0:
		fromFree := min(-a.Amount, m.free)
		m.free -= fromFree
		m.paid -= -a.Amount - fromFree
	case class == ledger.Paid:
		m.give(a.Amount)
	default:
		m.free += a.Amount
	}
	m.posted(t, a.IdempotencyKey, asked, receipt, err)
}

func (m *machine) Check(t *rapid.T) {
	checked, err := ledger.Check(m.store.Journal())
	if err != nil || len(checked.Faults) > 0 {
		t.Fatalf("got %v, %v", checked.Faults, err)
	}
	sum := m.free + m.paid - m.debt
	for _, amount := range checked.Shared {
		sum += amount
	}
	if int(checked.Transactions) != m.rows || sum != 0 {
		t.Fatalf("got %d rows and a trial balance of %v, want %d and 0", checked.Transactions, sum, m.rows)
	}
}

// TestModel runs about 3,000 commands, times MANA_SCALE.
func TestModel(t *testing.T) {
	t.Parallel()
	scale, err := strconv.Atoi(os.Getenv("MANA_SCALE"))
	if err != nil {
		scale = 1
	}
	for range scale {
		rapid.Check(t, func(t *rapid.T) {
			m := newMachine(t)
			t.Repeat(rapid.StateMachineActions(m))
		})
	}
}

// lived is a journal with each kind of event: bonuses, a sale, uses in two apps, refunds and adjustments.
func lived(t *testing.T) spoiled {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	userID := uuid.Must(uuid.NewV7())
	opened, err := ledger.Open(userID, now, ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: modelBonus}, true)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{store: storagetest.NewMemory(func() time.Time { return now }, opened), userID: userID, lastRow: now, now: now}
	m.ledger = ledger.New(ledger.Config{Store: m.store, DailyFree: modelDaily})
	now = now.Add(25 * time.Hour)
	must := func(receipt ledger.Receipt, err error) uuid.UUID {
		if err != nil {
			t.Fatal(err)
		}
		return receipt.Transaction.ID
	}
	must(m.ledger.Adjust(t.Context(), ledger.Adjustment{UserID: userID, Amount: 20 * ledger.Credit, Class: ledger.Paid, Reason: "r", IdempotencyKey: "1", Actor: "test"}))
	use := must(m.ledger.Use(t.Context(), ledger.Use{UserID: userID, Amount: 160 * ledger.Credit, AppID: "a", Caller: "c"}))
	must(m.ledger.Refund(t.Context(), ledger.Refund{UserID: userID, Amount: 8 * ledger.Credit, AppID: "a", Caller: "c", TransactionID: use}))
	must(m.ledger.Use(t.Context(), ledger.Use{UserID: userID, Amount: 2 * ledger.Credit, AppID: "b", Caller: "c"}))
	j := m.store.Journal()
	s := spoiled{Journal: j}
	for x := range j.Backward {
		s.transactions = append(s.transactions, x)
	}
	slices.Reverse(s.transactions)
	return s
}

// spoiled is a journal that is changed behind the ledger's back.
type spoiled struct {
	ledger.Journal
	transactions []ledger.Transaction // oldest first: signup, daily, adjustment, use, refund, use
}

func (s spoiled) check(t *testing.T) []ledger.Fault {
	t.Helper()
	s.Backward = func(yield func(ledger.Transaction, error) bool) {
		for _, x := range slices.Backward(s.transactions) {
			if !yield(x, nil) {
				return
			}
		}
	}
	checked, err := ledger.Check(s.Journal)
	if err != nil {
		t.Fatal(err)
	}
	return checked.Faults
}

// keys changes each record of a key.
func (s *spoiled) keys(change func(*ledger.KeyRecord)) {
	records := s.Keys
	s.Keys = func(yield func(ledger.KeyRecord, error) bool) {
		for r, err := range records {
			if change(&r); !yield(r, err) {
				return
			}
		}
	}
}

// TestCheckFindsEveryChange changes one micro-credit in each figure and expects it to be found.
func TestCheckFindsEveryChange(t *testing.T) {
	t.Parallel()
	posting := func(s *spoiled, i int, p ledger.Posting) { s.transactions[i].Postings = []ledger.Posting{p} }
	changes := map[string]func(*spoiled){
		"I5 free":        func(s *spoiled) { s.Wallet.Free++ },
		"I5 paid":        func(s *spoiled) { s.Wallet.Paid++ },
		"I5 debt":        func(s *spoiled) { s.Wallet.Debt++ },
		"I5 held free":   func(s *spoiled) { s.Wallet.HeldFree++ },
		"I5 held paid":   func(s *spoiled) { s.Wallet.HeldPaid++ },
		"I5 class":       func(s *spoiled) { s.Grants[2].Class = ledger.Free },
		"I9 spent":       func(s *spoiled) { s.Wallet.Spent++ },
		"I9 earned":      func(s *spoiled) { s.Wallet.Earned++ },
		"I9 spent after": func(s *spoiled) { s.transactions[2].SpentAfter++ },
		"I8 seq":         func(s *spoiled) { s.Wallet.Seq++ },
		"I4 grant":       func(s *spoiled) { s.Grants[0].Remaining++ },
		"I4 held":        func(s *spoiled) { s.Grants[0].Held++ },
		"I4 issued":      func(s *spoiled) { s.Grants[2].Issued = s.Grants[2].Remaining - 1 },
		"I4 missing":     func(s *spoiled) { s.Grants = s.Grants[:2] },
		"I7 amount":      func(s *spoiled) { s.transactions[0].Amount++ },
		"I7 before":      func(s *spoiled) { s.transactions[1].Before++ },
		"I7 after":       func(s *spoiled) { s.transactions[0].After++ },
		"I7 missing":     func(s *spoiled) { s.transactions = s.transactions[1:] },
		"I7 gap":         func(s *spoiled) { s.transactions = slices.Delete(s.transactions, 2, 3) },
		"I7 time":        func(s *spoiled) { s.transactions[1].At = s.transactions[0].At.Add(-time.Hour) },
		"I8 free after":  func(s *spoiled) { s.transactions[0].FreeAfter++ },
		"I1 posting":     func(s *spoiled) { posting(s, 1, ledger.Posting{N: 1, From: -1, To: -2, Amount: 5}) },
		"I2 posting":     func(s *spoiled) { posting(s, 0, ledger.Posting{N: 1, From: -1, To: 2, Amount: 1}) },
		"I2 no posting":  func(s *spoiled) { s.transactions[0].Postings = nil },
		"I11 rest":       func(s *spoiled) { s.transactions[4].Amount = 161 * ledger.Credit },
		"I11 grant":      func(s *spoiled) { posting(s, 4, ledger.Posting{N: 1, From: -5, To: 3, Amount: 8 * ledger.Credit}) },
		"I11 other use":  func(s *spoiled) { s.transactions[4].RelatedID = uuid.New() },
		"I12 daily":      func(s *spoiled) { s.transactions[1].At = s.transactions[0].At.Add(time.Hour) },
		"I12 signup":     func(s *spoiled) { s.transactions[1].Kind = "signup" },
		"I16 paid first": func(s *spoiled) {
			posting(s, 5, ledger.Posting{N: 1, From: 4, To: -5, Amount: 2 * ledger.Credit})
			s.transactions[5].FreeAfter++
		},
		"I17 negative":     func(s *spoiled) { s.transactions[3].FreeAfter-- },
		"I18 used":         func(s *spoiled) { s.Usage[0].Used++ },
		"I18 uses":         func(s *spoiled) { s.Usage[1].Uses++ },
		"I18 day":          func(s *spoiled) { s.Usage[1].Day++ },
		"I18 no such app":  func(s *spoiled) { s.Usage = append(s.Usage, ledger.UsageDay{AppID: "x", Uses: 1}) },
		"I18 missing":      func(s *spoiled) { s.Usage = s.Usage[:1] },
		"I8 empty journal": func(s *spoiled) { s.transactions = nil },
		"I8 free made paid": func(s *spoiled) {
			s.Grants[1].Class, s.Grants[1].Priority = ledger.Paid, 50
			s.Wallet.Free, s.Wallet.Paid = s.Wallet.Free-s.Grants[1].Remaining, s.Wallet.Paid+s.Grants[1].Remaining
		},
		"I8 paid made free": func(s *spoiled) {
			s.Grants[2].Class, s.Grants[2].Priority = ledger.Free, 10
			s.Wallet.Free, s.Wallet.Paid = s.Wallet.Free+s.Grants[2].Remaining, s.Wallet.Paid-s.Grants[2].Remaining
		},
		"I4 class of a bonus": func(s *spoiled) { s.Grants[1].Class, s.Grants[1].Priority = ledger.Paid, 50 },
		"I8 pair of free and paid": func(s *spoiled) {
			s.transactions[2].FreeAfter--
			s.transactions[2].PaidAfter++
		},
		"I8 pair of free and held": func(s *spoiled) {
			s.transactions[1].FreeAfter--
			s.transactions[1].HeldAfter++
		},
		"I8 debt and free of the first": func(s *spoiled) {
			s.transactions[0].DebtAfter++
			s.transactions[0].FreeAfter++
		},
		"I4 issued more":   func(s *spoiled) { s.Grants[2].Issued++ },
		"I4 issued less":   func(s *spoiled) { s.Grants[0].Issued-- },
		"I4 priority":      func(s *spoiled) { s.Grants[2].Priority = 10 },
		"I4 source":        func(s *spoiled) { s.Grants[2].Source = "promotion:x" },
		"I4 grants":        func(s *spoiled) { s.Wallet.Grants++ },
		"I12 last daily":   func(s *spoiled) { s.Wallet.LastDaily = s.Wallet.LastDaily.Add(-time.Microsecond) },
		"I8 last at":       func(s *spoiled) { s.Wallet.LastAt = s.Wallet.LastAt.Add(time.Microsecond) },
		"I2 legs":          func(s *spoiled) { s.transactions[3].Legs++ },
		"I2 kind":          func(s *spoiled) { s.transactions[3].Kind = "gift" },
		"I2 other kind":    func(s *spoiled) { s.transactions[2].Kind = "correction" },
		"I2 other account": func(s *spoiled) { s.transactions[0].Postings[0].From = ledger.AccountSale },
		"I10 key":          func(s *spoiled) { s.transactions[2].IdempotencyKey = "2" },
		"I10 caller":       func(s *spoiled) { s.transactions[2].Caller = "c" },
		"I10 no such key":  func(s *spoiled) { s.transactions[3].IdempotencyKey = "1" },
		"I10 key removed":  func(s *spoiled) { s.transactions[2].IdempotencyKey = "" },
		"I10 hash":         func(s *spoiled) { s.keys(func(r *ledger.KeyRecord) { r.Key.Hash[0]++ }) },
		"I10 other transaction": func(s *spoiled) {
			s.keys(func(r *ledger.KeyRecord) { r.TransactionID = s.transactions[3].ID })
		},
	}
	if faults := lived(t).check(t); len(faults) > 0 {
		t.Fatalf("got %v before anything was changed", faults)
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		s := lived(t)
		changes[name](&s)
		var invariant string
		_, _ = fmt.Sscan(name, &invariant)
		if faults := s.check(t); !slices.ContainsFunc(faults, func(f ledger.Fault) bool { return f.Invariant == invariant }) {
			t.Errorf("%s: got %v", name, faults)
		}
	}
}
