package web

import (
	"container/list"
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
)

const (
	limitShards   = 16
	limitCounters = 64 << 10 // in all; the one longest untouched gives way
)

// memoryStore is a [limiter.Store] for one process, bounded in memory: the library's own grows with every
// key it ever saw. Windows are fixed, and begin with the first count. It is safe for concurrent use.
type memoryStore struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [limitShards]limitShard
}

type limitShard struct {
	mu       sync.Mutex
	counters map[string]*list.Element
	order    *list.List // most recently touched first
}

type counter struct {
	key   string
	count int64
	ends  time.Time
}

var _ limiter.Store = (*memoryStore)(nil)

func newMemoryStore(now func() time.Time) *memoryStore {
	s := &memoryStore{now: now, seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i] = limitShard{counters: make(map[string]*list.Element), order: list.New()}
	}
	return s
}

// Get implements [limiter.Store]: it counts one and tells what is left.
func (s *memoryStore) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return s.Increment(ctx, key, 1, rate)
}

// Peek implements [limiter.Store].
func (s *memoryStore) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return s.Increment(ctx, key, 0, rate)
}

// Reset implements [limiter.Store].
func (s *memoryStore) Reset(_ context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if element, ok := shard.counters[key]; ok {
		shard.remove(element)
	}
	return limiter.Context{Limit: rate.Limit, Remaining: rate.Limit, Reset: s.now().Add(rate.Period).Unix()}, nil
}

// Increment implements [limiter.Store]. A negative count gives back. What counts nothing begins no window, so that
// a question takes no place from others.
func (s *memoryStore) Increment(_ context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error) {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if count <= 0 && !shard.counts(key, s.now()) {
		return limiter.Context{Limit: rate.Limit, Remaining: rate.Limit, Reset: s.now().Add(rate.Period).Unix()}, nil
	}
	c := shard.touch(key, s.now(), rate.Period)
	c.count = max(0, c.count+count)
	return limiter.Context{
		Limit: rate.Limit, Remaining: max(0, rate.Limit-c.count), Reset: c.ends.Unix(), Reached: c.count > rate.Limit,
	}, nil
}

func (s *memoryStore) shard(key string) *limitShard {
	return &s.shards[maphash.String(s.seed, key)%limitShards]
}

// counts reports whether a key has a counter whose window has not ended.
func (s *limitShard) counts(key string, now time.Time) bool {
	element, ok := s.counters[key]
	return ok && now.Before(element.Value.(*counter).ends) //nolint:forcetypeassert // the list holds nothing else
}

// touch finds the counter of a key, or begins a window for it.
func (s *limitShard) touch(key string, now time.Time, period time.Duration) *counter {
	if element, ok := s.counters[key]; ok {
		s.order.MoveToFront(element)
		c := element.Value.(*counter) //nolint:forcetypeassert // the list holds nothing else
		if !now.Before(c.ends) {
			c.count, c.ends = 0, now.Add(period)
		}
		return c
	}
	if s.order.Len() >= limitCounters/limitShards {
		s.remove(s.order.Back())
	}
	c := &counter{key: key, ends: now.Add(period)}
	s.counters[key] = s.order.PushFront(c)
	return c
}

func (s *limitShard) remove(element *list.Element) {
	c := s.order.Remove(element).(*counter) //nolint:forcetypeassert // the list holds nothing else
	delete(s.counters, c.key)
}
