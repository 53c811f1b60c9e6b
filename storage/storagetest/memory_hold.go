package storagetest

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"mana/ledger"
)

func isOpen(h ledger.Hold) bool { return h.State == ledger.HoldOpen }

func (m *Memory) holdsThat(fit func(ledger.Hold) bool) []ledger.Hold {
	var found []ledger.Hold
	for _, h := range m.holds {
		if fit(h) {
			found = append(found, h)
		}
	}
	return found
}

// Holds are the open ones, for a closing.
func (m *Memory) Holds() []ledger.Hold {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holdsThat(isOpen)
}

// Hold implements [ledger.Holds].
func (m *Memory) Hold(_ context.Context, id uuid.UUID) (ledger.Hold, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.holdsThat(func(h ledger.Hold) bool { return h.ID == id })
	if len(found) == 0 {
		return ledger.Hold{}, ledger.ErrNoHold
	}
	return found[0], nil
}

// HoldsOf implements [ledger.Holds].
func (m *Memory) HoldsOf(_ context.Context, _ uuid.UUID, q ledger.HoldQuery) ([]ledger.Hold, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.holdsThat(func(h ledger.Hold) bool {
		return (q.Caller == "" || h.Caller == q.Caller) && (q.State == "" || h.State == q.State) &&
			(q.Before == uuid.Nil || slices.Compare(h.ID[:], q.Before[:]) < 0)
	})
	slices.SortFunc(found, func(a, b ledger.Hold) int { return slices.Compare(b.ID[:], a.ID[:]) })
	return found[:min(q.Limit, len(found))], nil
}

// DueHolds implements [ledger.Holds].
func (m *Memory) DueHolds(context.Context, int) ([]uuid.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wallet.State != ledger.WalletActive || len(m.holdsThat(func(h ledger.Hold) bool { return h.Due(m.now()) })) == 0 {
		return nil, nil
	}
	return []uuid.UUID{m.wallet.UserID}, nil
}

// OpenHolds implements [ledger.Holds].
func (m *Memory) OpenHolds(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.holdsThat(isOpen)), nil
}
