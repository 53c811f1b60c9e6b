package web

import (
	"context"
	"errors"
	"time"

	"github.com/ulule/limiter/v3"

	"mana/web/page"
)

// maxCounting is how long one request waits in all for counters that processes share.
const maxCounting = 50 * time.Millisecond

// sharedStore counts in what processes share. What is not counted there, for whatever reason, this process counts by
// itself, up to half the limit: no limit ever falls away. It never fails.
type sharedStore struct {
	shared limiter.Store
	own    *memoryStore
}

// Increment is that of a [limiter.Store].
func (s *sharedStore) Increment(ctx context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error) {
	half := limiter.Rate{Limit: max(1, rate.Limit/2), Period: rate.Period}
	shared, err := s.share(ctx, key, count, rate)
	if err != nil {
		return s.own.Increment(ctx, key, count, half)
	}
	if count == 0 { // a server that is full answers questions and counts nothing
		if own, err := s.own.Peek(ctx, key, half); err == nil && own.Remaining == 0 {
			return own, nil
		}
	}
	return shared, nil
}

var errSpent = errors.New("the request has waited long enough")

// share asks what is shared, within what is left of the request's time. A count is finished though its caller may have
// gone.
func (s *sharedStore) share(ctx context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error) {
	state, begin := page.From(ctx), time.Now()
	left := maxCounting - state.Counting
	if left <= 0 {
		return limiter.Context{}, errSpent
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), left)
	defer cancel()
	answer, err := s.shared.Increment(limited, key, count, rate)
	state.Counting += time.Since(begin)
	return answer, err
}
