package ledger_test

import (
	"errors"
	"fmt"
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
	bought                          []ledger.Purchase
	lastDaily                       time.Time
	lastRow                         time.Time // rows never go back in time, whatever the clock does
	rows                            int
	holds                           []*modelHold
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

// daily is what time does: the ends of holds, and the rule of the daily grant, as a person would tell it.
func (m *machine) daily() {
	m.expire()
	if m.now.Sub(m.lastDaily) >= 24*time.Hour {
		m.free += modelDaily
		m.row()
		m.lastDaily = m.lastRow
	}
}

// row is one more row of history, now or right after the last one.
func (m *machine) row() { m.rowAt(m.now) }

func (m *machine) rowAt(at time.Time) {
	m.rows++
	if at.After(m.lastRow) {
		m.lastRow = at
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
	want := fmt.Sprint(m.free, m.paid, m.held(), m.debt, m.earned, m.spent)
	if err != nil || fmt.Sprint(got.Free, got.Paid, got.Held, got.Debt, got.Earned, got.Spent) != want {
		t.Fatalf("got %+v, %v, want %s", got, err, want)
	}
}

// pay tells of a payment, and follows what became of what was posted: money that comes settles debt first, and money
// that goes is owed as far as nothing paid is left.
func (m *machine) pay(t *rapid.T, fact ledger.Fact) {
	id := uuid.Must(uuid.NewV7())
	fact.Currency = ledger.Euro
	done, err := m.store.Settle(t.Context(), ledger.Settling{TransactionID: id, Fact: fact})
	if err != nil || done.Outcome != ledger.OutcomeSettled {
		t.Fatalf("got %+v, %v", done, err)
	}
	amount := done.Transaction.Amount
	if done.Transaction.ID == uuid.Nil {
		return
	}
	m.expire()
	m.row()
	if m.earned += amount; amount > 0 {
		m.give(amount)
		return
	}
	taken := min(m.paid, -amount)
	m.paid -= taken
	m.debt += -amount - taken
}

// Buy sells credits.
func (m *machine) Buy(t *rapid.T) {
	p, err := m.store.Order(t.Context(), ledger.Order{ID: uuid.Must(uuid.NewV7()), UserID: m.userID, PackageID: uuid.Must(uuid.NewV7())})
	if err != nil {
		t.Fatal(err)
	}
	m.bought = append(m.bought, p)
	before := m.earned
	if m.pay(t, ledger.Fact{Kind: ledger.FactPaid, PurchaseID: p.ID, Cents: p.PriceEuroCents}); m.earned != before+p.Credits {
		t.Fatalf("got %v earned, want %v", m.earned, before+p.Credits)
	}
}

// Chargeback takes payments back in part, and gives them again.
func (m *machine) Chargeback(t *rapid.T) {
	if len(m.bought) == 0 {
		return
	}
	p := rapid.SampledFrom(m.bought).Draw(t, "purchase")
	state := rapid.SampledFrom([]ledger.DisputeState{ledger.DisputeWarning, ledger.DisputeOpen, ledger.DisputeLost, ledger.DisputeWon}).Draw(t, "state")
	m.pay(t, ledger.Fact{Kind: ledger.FactDispute, PurchaseID: p.ID, Dispute: ledger.Dispute{
		ID: rapid.SampledFrom([]string{"dp_1", "dp_2"}).Draw(t, "dispute"), Cents: int64(rapid.IntRange(1, 500).Draw(t, "cents")), State: state,
	}})
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

// end closes the wallet: what it holds is withdrawn, debt stays, and nothing more happens to it.
func (m *machine) end(t *rapid.T) {
	state, _, err := m.store.Wallet(t.Context(), m.userID)
	if err != nil {
		t.Fatal(err)
	}
	closing, err := m.ledger.Closing("user")
	if err != nil {
		t.Fatal(err)
	}
	state.Holds = m.store.Holds()
	closed, err := ledger.Close(state, m.now, closing)
	if err != nil || closed.Empty() || closed.Wallet.State != ledger.WalletClosed {
		t.Fatalf("got %+v, %v, want a closed wallet", closed, err)
	}
	for _, h := range m.holds {
		if h.state == ledger.HoldOpen {
			m.endHold(h, ledger.HoldReleased, m.now)
		}
	}
	if m.free+m.paid > 0 {
		m.row()
	}
	m.store.Write(closed)
	m.free, m.paid = 0, 0
	m.Check(t)
	state, _, err = m.store.Wallet(t.Context(), m.userID)
	again, closeErr := ledger.Close(state, m.now, closing)
	if err != nil || closeErr != nil || !again.Empty() {
		t.Fatalf("got %+v, %v, %v, want nothing the second time", again, err, closeErr)
	}
	_, err = m.ledger.Use(t.Context(), ledger.Use{UserID: m.userID, Amount: ledger.Credit, AppID: "chat", Caller: "app"})
	m.wantRefusal(t, err, ledger.ErrClosed)
	m.now = m.now.Add(48 * time.Hour)
	if got, err := m.ledger.Balance(t.Context(), m.userID); err != nil || got.Free != 0 || got.Paid != 0 || got.Debt != m.debt {
		t.Fatalf("got %+v, %v, want nothing but a debt of %s", got, err, m.debt)
	}
}

func (m *machine) Check(t *rapid.T) {
	checked, err := ledger.Check(m.store.Journal())
	if err != nil || len(checked.Faults) > 0 {
		t.Fatalf("got %v, %v", checked.Faults, err)
	}
	sum := m.free + m.paid + m.held() - m.debt
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
			m.end(t)
		})
	}
}
