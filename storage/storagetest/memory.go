package storagetest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// Memory is one wallet in maps: the least that the core needs, to test it without a database and to compare
// engines with.
type Memory struct {
	now          func() time.Time
	mu           sync.Mutex
	wallet       ledger.Wallet
	grants       map[int]ledger.Grant
	transactions []ledger.Transaction
	keys         map[[16]byte]ledger.KeyRecord
	usage        []ledger.UsageDay
	holds        []ledger.Hold
	purchases    map[uuid.UUID]ledger.Purchase
	events       map[string]ledger.StripeEvent
}

var _ ledger.Store = (*Memory)(nil)

// NewMemory is a wallet as it was opened.
func NewMemory(now func() time.Time, opened ledger.Delta) *Memory {
	m := &Memory{
		now: now, grants: make(map[int]ledger.Grant), keys: make(map[[16]byte]ledger.KeyRecord),
		purchases: make(map[uuid.UUID]ledger.Purchase), events: make(map[string]ledger.StripeEvent),
	}
	m.write(opened)
	return m
}

// Decide implements [ledger.Store].
func (m *Memory) Decide(_ context.Context, w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state()
	if record, ok := m.key(w); ok {
		s.Key = &record
		s.Done = m.transaction(record.TransactionID)
		s.Holds = append(s.Holds, m.holdsThat(func(h ledger.Hold) bool { return h.ID == record.HoldID && !h.Due(m.now()) })...)
	}
	s.Holds = append(s.Holds, m.holdsThat(func(h ledger.Hold) bool {
		return h.ID == w.Hold && !h.Due(m.now()) && (s.Key == nil || h.ID != s.Key.HoldID)
	})...)
	s.OpenHolds = len(m.holdsThat(isOpen))
	s.Used = m.used(w.Use)
	if s.Used != nil {
		s.Grants = m.open(s.Used.Postings...)
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

func (m *Memory) key(w ledger.Wants) (ledger.KeyRecord, bool) {
	if w.Key == nil {
		return ledger.KeyRecord{}, false
	}
	record, ok := m.keys[w.Key.Hash]
	return record, ok
}

func (m *Memory) transaction(id uuid.UUID) *ledger.Transaction {
	at := slices.IndexFunc(m.transactions, func(t ledger.Transaction) bool { return t.ID == id })
	if at < 0 {
		return nil
	}
	done := m.transactions[at]
	done.Postings = nil
	return &done
}

// used is a use with what was given back of it.
func (m *Memory) used(id uuid.UUID) *ledger.Usage {
	done := slices.IndexFunc(m.transactions, func(x ledger.Transaction) bool { return x.ID == id && x.Type == ledger.TypeUsage })
	if done < 0 {
		return nil
	}
	return &ledger.Usage{Transaction: m.transactions[done], Refunded: m.refunded(id)}
}

// FindUse implements [ledger.Store].
func (m *Memory) FindUse(_ context.Context, r ledger.Refund) (uuid.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest uuid.UUID
	for back, x := range slices.Backward(m.transactions) {
		if x.Type != ledger.TypeUsage || x.AppID != r.AppID || x.Caller != r.Caller || back < len(m.transactions)-ledger.RefundRows ||
			x.At.Before(m.now().Add(-ledger.RefundWithin)) {
			continue
		}
		switch rest := -x.Amount - m.refunded(x.ID); {
		case rest == r.Amount:
			return x.ID, nil
		case rest > r.Amount && newest == uuid.Nil:
			newest = x.ID
		}
	}
	return newest, nil
}

func (m *Memory) refunded(id uuid.UUID) ledger.Amount {
	var sum ledger.Amount
	for _, x := range m.transactions {
		if x.RelatedID == id {
			sum += x.Amount
		}
	}
	return sum
}

// open lists the grants that a decision sees: open ones, the daily one and those of postings.
func (m *Memory) open(postings ...ledger.Posting) []ledger.Grant {
	var grants []ledger.Grant
	for no := 2; no <= m.wallet.Grants; no++ {
		g := m.grants[no]
		if g.Remaining > 0 || g.Source == "daily" || slices.ContainsFunc(postings, func(p ledger.Posting) bool { return p.From == no }) {
			grants = append(grants, g)
		}
	}
	return grants
}

// Write adds what somebody else decided, such as the sale of a model.
func (m *Memory) Write(d ledger.Delta) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.write(d)
}

func (m *Memory) write(d ledger.Delta) {
	m.wallet = d.Wallet
	for _, g := range d.Grants {
		m.grants[g.No] = g
	}
	if d.Made != nil {
		m.holds = append(m.holds, *d.Made)
	}
	for _, h := range d.Holds {
		m.holds[slices.IndexFunc(m.holds, func(b ledger.Hold) bool { return b.ID == h.ID })] = h
	}
	m.transactions = append(m.transactions, d.Transactions...)
	for _, u := range d.Usage {
		at := slices.IndexFunc(m.usage, func(b ledger.UsageDay) bool { return b.AppID == u.AppID && b.Day == u.Day })
		if at < 0 {
			m.usage = append(m.usage, u)
			continue
		}
		m.usage[at].Used += u.Used
		m.usage[at].Uses += u.Uses
	}
	if d.Key != nil {
		m.keys[d.Key.Key.Hash] = *d.Key
	}
}

func (m *Memory) state() ledger.State {
	s := ledger.State{Wallet: m.wallet, Grants: m.open(), Holds: m.holdsThat(func(h ledger.Hold) bool { return h.Due(m.now()) })}
	if n := len(m.transactions); n > 0 {
		s.Last = ledger.MarkOf(m.transactions[n-1])
	}
	return s
}

// Wallet implements [ledger.Store].
func (m *Memory) Wallet(context.Context, uuid.UUID) (ledger.State, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state(), m.now(), nil
}

// History implements [ledger.Store].
func (m *Memory) History(_ context.Context, _ uuid.UUID, limit, offset int) ([]ledger.Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := slices.Clone(m.transactions)
	slices.Reverse(newest)
	newest = newest[min(offset, len(newest)):]
	return newest[:min(limit, len(newest))], nil
}

// HistoryRange implements [ledger.Store].
func (m *Memory) HistoryRange(_ context.Context, _ uuid.UUID, r ledger.Range) ([]ledger.Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ledger.Transaction
	for _, x := range slices.Backward(m.transactions) {
		if x.Seq > r.After && x.Seq < r.Before && (r.AppID == "" || x.AppID == r.AppID) && (r.Type == "" || x.Type == r.Type) &&
			!x.At.Before(r.Since) && (r.Until.IsZero() || x.At.Before(r.Until)) && len(found) < r.Limit {
			found = append(found, x)
		}
	}
	return found, nil
}

// Usage implements [ledger.Store]. Nobody asks for it here.
func (m *Memory) Usage(context.Context, uuid.UUID, ledger.UsageQuery) ([]ledger.UsageDay, error) {
	return nil, errors.ErrUnsupported
}

// Entry implements [ledger.Records].
func (m *Memory) Entry(_ context.Context, _, id uuid.UUID) ([]ledger.Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ledger.Transaction
	for _, t := range m.transactions {
		if t.ID == id || t.RelatedID == id {
			found = append(found, t)
		}
	}
	return found, nil
}

// Owner implements [ledger.Store].
func (m *Memory) Owner(_ context.Context, id uuid.UUID) (uuid.UUID, error) {
	if found, _ := m.Entry(context.Background(), uuid.Nil, id); len(found) == 0 || found[0].ID != id {
		return uuid.Nil, ledger.ErrNoTransaction
	}
	return m.wallet.UserID, nil
}

// SetAlert implements [ledger.Store].
func (m *Memory) SetAlert(_ context.Context, _ uuid.UUID, below ledger.Amount, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wallet.AlertBelow, m.wallet.AlertArmed = below, m.wallet.Free+m.wallet.Paid >= below
	m.wallet.Version++
	return nil
}

// Freeze implements [ledger.Store].
func (m *Memory) Freeze(context.Context, uuid.UUID, []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wallet.State = ledger.WalletFrozen
	m.wallet.Version++
	return nil
}

// Packages implements [ledger.Store].
func (m *Memory) Packages(context.Context) ([]ledger.Package, error) { return nil, nil }

// allHolds are those of now, by their ids.
func (m *Memory) allHolds() iter.Seq2[ledger.Hold, error] {
	holds := slices.SortedFunc(slices.Values(m.holds), func(a, b ledger.Hold) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return func(yield func(ledger.Hold, error) bool) {
		for _, h := range holds {
			if !yield(h, nil) {
				return
			}
		}
	}
}

// Journal is everything of the wallet.
func (m *Memory) Journal() ledger.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := ledger.Journal{
		Wallet: m.wallet, Usage: slices.Clone(m.usage), Holds: m.allHolds(),
		Purchases: slices.Collect(maps.Values(m.purchases)),
	}
	for no := 2; no <= m.wallet.Grants; no++ {
		j.Grants = append(j.Grants, m.grants[no])
	}
	transactions := slices.Clone(m.transactions)
	j.Backward = func(yield func(ledger.Transaction, error) bool) {
		for _, x := range slices.Backward(transactions) {
			if !yield(x, nil) {
				return
			}
		}
	}
	keys := maps.Clone(m.keys)
	j.Keys = func(yield func(ledger.KeyRecord, error) bool) {
		for _, record := range keys {
			if !yield(record, nil) {
				return
			}
		}
	}
	return j
}
