package provider

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// ServiceKeys proves the back ends of applications by the keys that they show. Keys are served from memory:
// finding one does not touch storage. It is safe for concurrent use.
type ServiceKeys struct {
	store   ServiceKeyStore
	now     func() time.Time
	loading sync.Mutex                                       // orders reloads, so that an older list never replaces a newer one
	current atomic.Pointer[map[[sha256.Size]byte]ServiceKey] // by the hash of a value

	using sync.Mutex
	used  map[uuid.UUID]time.Time // since the last note
}

// NewServiceKeys makes a directory that knows no key until the first reload.
func NewServiceKeys(store ServiceKeyStore, now func() time.Time) *ServiceKeys {
	s := &ServiceKeys{store: store, now: now, used: make(map[uuid.UUID]time.Time)}
	s.current.Store(&map[[sha256.Size]byte]ServiceKey{})
	return s
}

// Reload reads the keys from storage again. It must be called once before the first lookup, and whenever
// another process changed them. When it fails, what was known stays.
func (s *ServiceKeys) Reload(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	keys, err := s.store.ListServiceKeys(ctx)
	if err != nil {
		return fmt.Errorf("reading service keys: %w", err)
	}
	byHash := make(map[[sha256.Size]byte]ServiceKey, len(keys))
	for _, k := range keys {
		byHash[[sha256.Size]byte(k.Hash)] = k
		if k.OldHash != nil {
			byHash[[sha256.Size]byte(k.OldHash)] = k
		}
	}
	s.current.Store(&byHash)
	return nil
}

// Find finds the live key of a value. What is looked up is its hash, so that the time of a look-up tells
// nothing about values. The lists in the key are shared and must not be changed. [ErrInvalidServiceKey].
func (s *ServiceKeys) Find(value string) (ServiceKey, error) {
	sum := sha256.Sum256([]byte(value))
	k, ok := (*s.current.Load())[sum]
	now := s.now()
	old := ok && [sha256.Size]byte(k.Hash) != sum
	if !ok || value == "" || !k.Live(now) || old && !now.Before(k.OldUntil) {
		return ServiceKey{}, ErrInvalidServiceKey
	}
	s.using.Lock()
	defer s.using.Unlock()
	s.used[k.ID] = now
	return k, nil
}

// NoteUses stores when keys were last used, once for all uses since the last time.
func (s *ServiceKeys) NoteUses(ctx context.Context) error {
	s.using.Lock()
	used := s.used
	s.used = make(map[uuid.UUID]time.Time)
	s.using.Unlock()
	if len(used) == 0 {
		return nil
	}
	return s.store.NoteServiceKeys(ctx, used)
}
