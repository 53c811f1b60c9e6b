package valkey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ulule/limiter/v3"
)

//go:embed limits.lua
var countScript string

// Limits is a [limiter.Store] that all processes share. Windows are fixed, and begin with the first count. It is safe
// for concurrent use. A counter is the key
//
//	mana:1:limit:<first 16 bytes of HMAC-SHA-256 of the limiter's key, base64url>  =  the count, ends with its window
type Limits struct{ v *Valkey }

var _ limiter.Store = Limits{}

// Limits gives the counters.
func (v *Valkey) Limits() Limits { return Limits{v} }

// Get implements [limiter.Store]: it counts one and tells what is left.
func (l Limits) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return l.Increment(ctx, key, 1, rate)
}

// Peek implements [limiter.Store].
func (l Limits) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return l.Increment(ctx, key, 0, rate)
}

// Reset implements [limiter.Store].
func (l Limits) Reset(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	if l.v.away.Load() {
		return limiter.Context{}, ErrAway
	}
	err := l.v.call(ctx, func(ctx context.Context) error {
		return l.v.client().Do(ctx, l.v.client().B().Del().Key(l.key(key)).Build()).Error()
	})
	if err != nil {
		return limiter.Context{}, fmt.Errorf("resetting a limit: %w", err)
	}
	return l.context(0, rate.Period, rate), nil
}

// Increment implements [limiter.Store]. A negative count gives back. What counts nothing begins no window.
func (l Limits) Increment(ctx context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error) {
	if l.v.away.Load() {
		return limiter.Context{}, ErrAway
	}
	counted, left, err := l.v.count(ctx, l.key(key), count, rate.Period)
	if err != nil {
		return limiter.Context{}, fmt.Errorf("counting for a limit: %w", err)
	}
	return l.context(counted, left, rate), nil
}

func (l Limits) context(count int64, left time.Duration, rate limiter.Rate) limiter.Context {
	return limiter.Context{
		Limit: rate.Limit, Remaining: max(0, rate.Limit-count), Reset: l.v.cfg.Now().Add(left).Unix(),
		Reached: count > rate.Limit,
	}
}

// key hides who is counted: addresses are few enough to be found by trying, were the hash not keyed.
func (l Limits) key(key string) string {
	mac := hmac.New(sha256.New, l.v.cfg.Secret)
	mac.Write([]byte(key))
	return prefix + "limit:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

var errAnswer = errors.New("the answer is of another call")

// count adds n to a counter and tells the sum and what is left of its window. A question that is answered forgives no
// failures: a server that is full or read-only answers questions.
func (v *Valkey) count(ctx context.Context, key string, n int64, period time.Duration) (sum int64, left time.Duration, err error) {
	err = v.call(ctx, func(ctx context.Context) error {
		args := []string{strconv.FormatInt(n, 10), strconv.FormatInt(period.Milliseconds(), 10)}
		answer, err := v.script.Exec(ctx, v.client(), []string{key}, args).ToArray()
		if err != nil {
			return err
		}
		if len(answer) != 3 {
			return errAnswer
		}
		named, nameErr := answer[0].ToString()
		counted, countErr := answer[1].AsInt64()
		milliseconds, leftErr := answer[2].AsInt64()
		if err := errors.Join(nameErr, countErr, leftErr); err != nil || named != key {
			return errors.Join(errAnswer, err)
		}
		sum, left = counted, time.Duration(milliseconds)*time.Millisecond
		return nil
	})
	if err == nil && n != 0 {
		v.failures.Store(0)
	}
	return sum, left, err
}
