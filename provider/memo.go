package provider

import (
	"sync"
	"time"
)

// memo keeps answers for a while, at most a fixed number of them. It is safe for concurrent use.
type memo[V any] struct {
	life time.Duration
	size int

	mu      sync.Mutex
	entries map[string]memoEntry[V]
	cleared uint64 // rises with each clear, so that an answer from before is not kept after it
}

type memoEntry[V any] struct {
	value V
	until time.Time // by the monotonic clock
}

func newMemo[V any](life time.Duration, size int) *memo[V] {
	return &memo[V]{life: life, size: size, entries: make(map[string]memoEntry[V])}
}

// get gives the answer kept under key, or asks for it. Errors are not kept.
func (m *memo[V]) get(key string, ask func() (V, error)) (V, error) {
	m.mu.Lock()
	entry, ok := m.entries[key]
	cleared := m.cleared
	m.mu.Unlock()
	if ok && time.Now().Before(entry.until) {
		return entry.value, nil
	}
	until := time.Now().Add(m.life)
	value, err := ask()
	if err != nil {
		return value, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cleared != cleared {
		return value, nil
	}
	if len(m.entries) >= m.size {
		for other := range m.entries { // any one; emptying it all would cost every caller
			delete(m.entries, other)
			break
		}
	}
	m.entries[key] = memoEntry[V]{value, until}
	return value, nil
}

// clear forgets every answer.
func (m *memo[V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
	m.cleared++
}
