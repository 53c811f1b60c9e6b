package storagetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ulule/limiter/v3"
	"pgregory.net/rapid"
)

// OpenLimits gives counters that are empty, the clock that they read, and a way to let some of their time pass.
type OpenLimits func(t *testing.T) (store limiter.Store, now func() time.Time, pass func(time.Duration))

// Limits runs the suite of counters: each counts in a window that begins with its first count.
func Limits(t *testing.T, open OpenLimits) {
	t.Run("window", func(t *testing.T) { testLimitWindow(t, open) })
	t.Run("giving back", func(t *testing.T) { testLimitGivenBack(t, open) })
	t.Run("rates", func(t *testing.T) { testLimitRates(t, open) })
	t.Run("reset", func(t *testing.T) { testLimitReset(t, open) })
	t.Run("at once", func(t *testing.T) { testLimitAtOnce(t, open) })
	t.Run("model", func(t *testing.T) { testLimitModel(t, open) })
}

var twoAMinute = limiter.Rate{Limit: 2, Period: time.Minute}

// count adds n, and tells how many are left and whether the limit is passed.
func count(t testing.TB, store limiter.Store, key string, n int64, rate limiter.Rate) limiter.Context {
	t.Helper()
	state, err := store.Increment(t.Context(), key, n, rate)
	if err != nil {
		t.Fatal(err)
	}
	if state.Limit != rate.Limit {
		t.Errorf("got the limit %d, want %d", state.Limit, rate.Limit)
	}
	return state
}

func wantCount(t testing.TB, what string, got limiter.Context, left int64, reached bool) {
	t.Helper()
	if got.Remaining != left || got.Reached != reached {
		t.Errorf("%s: got %d left and reached %v, want %d and %v", what, got.Remaining, got.Reached, left, reached)
	}
}

func testLimitWindow(t *testing.T, open OpenLimits) {
	store, now, pass := open(t)
	wantCount(t, "a question", count(t, store, "k", 0, twoAMinute), 2, false)
	pass(40 * time.Second)
	first := count(t, store, "k", 1, twoAMinute)
	wantCount(t, "the first", first, 1, false)
	if ends := now().Add(time.Minute).Unix(); first.Reset < ends-1 || first.Reset > ends {
		t.Errorf("got the end of the window at %d, want %d: a question begins none", first.Reset, ends)
	}
	pass(30 * time.Second)
	wantCount(t, "the second", count(t, store, "k", 1, twoAMinute), 0, false)
	third := count(t, store, "k", 1, twoAMinute)
	wantCount(t, "the third", third, 0, true)
	if third.Reset < first.Reset-1 || third.Reset > first.Reset+1 {
		t.Errorf("got the end of the window at %d, want %d as before", third.Reset, first.Reset)
	}
	wantCount(t, "another key", count(t, store, "l", 1, twoAMinute), 1, false)
	pass(30 * time.Second)
	wantCount(t, "a question after the window", count(t, store, "k", 0, twoAMinute), 2, false)
	pass(40 * time.Second)
	wantCount(t, "the first of the next window", count(t, store, "k", 1, twoAMinute), 1, false)
	pass(40 * time.Second)
	wantCount(t, "the second of it", count(t, store, "k", 1, twoAMinute), 0, false)
}

func testLimitGivenBack(t *testing.T, open OpenLimits) {
	store, _, pass := open(t)
	wantCount(t, "what was not taken", count(t, store, "k", -1, twoAMinute), 2, false)
	wantCount(t, "three", count(t, store, "k", 3, twoAMinute), 0, true)
	wantCount(t, "one given back", count(t, store, "k", -1, twoAMinute), 0, false)
	wantCount(t, "ten given back", count(t, store, "k", -10, twoAMinute), 2, false)
	wantCount(t, "one taken", count(t, store, "k", 1, twoAMinute), 1, false)
	pass(time.Minute)
	wantCount(t, "given back after the window", count(t, store, "k", -1, twoAMinute), 2, false)
	pass(40 * time.Second)
	count(t, store, "k", 1, twoAMinute)
	pass(40 * time.Second)
	wantCount(t, "one later, since giving back begins no window", count(t, store, "k", 1, twoAMinute), 0, false)
}

func testLimitRates(t *testing.T, open OpenLimits) {
	store, _, pass := open(t)
	count(t, store, "k", 5, twoAMinute)
	wantCount(t, "a wider rate", count(t, store, "k", 1, limiter.Rate{Limit: 10, Period: time.Hour}), 4, false)
	pass(time.Minute)
	wantCount(t, "the window of the first count", count(t, store, "k", 1, limiter.Rate{Limit: 10, Period: time.Hour}), 9, false)
	pass(time.Minute)
	wantCount(t, "the window of the hour", count(t, store, "k", 1, twoAMinute), 0, false)
}

func testLimitReset(t *testing.T, open OpenLimits) {
	store, _, _ := open(t)
	for range 3 {
		if _, err := store.Get(t.Context(), "k", twoAMinute); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.Peek(t.Context(), "k", twoAMinute)
	if err != nil {
		t.Fatal(err)
	}
	wantCount(t, "three", got, 0, true)
	if got, err = store.Reset(t.Context(), "k", twoAMinute); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "a reset", got, 2, false)
	wantCount(t, "one", count(t, store, "k", 1, twoAMinute), 1, false)
}

func testLimitAtOnce(t *testing.T, open OpenLimits) {
	store, _, _ := open(t)
	const callers, each, limit = 32, 10, 100
	var group sync.WaitGroup
	var allowed atomic.Int64
	for range callers {
		group.Go(func() {
			for range each {
				state, err := store.Increment(t.Context(), "k", 1, limiter.Rate{Limit: limit, Period: time.Hour})
				if err != nil {
					t.Error(err)
				}
				if !state.Reached {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if allowed.Load() != limit {
		t.Errorf("got %d of %d allowed, want %d", allowed.Load(), callers*each, limit)
	}
}

// testLimitModel holds random steps against the few lines that say what a counter is.
func testLimitModel(t *testing.T, open OpenLimits) {
	type window struct {
		count int64
		left  time.Duration
	}
	store, _, pass := open(t)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		model := make(map[string]*window)
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			if d := time.Duration(rapid.IntRange(-2, 2).Draw(r, "minutes")) * time.Minute; d > 0 {
				pass(d)
				for key, w := range model {
					if w.left -= d; w.left <= 0 {
						delete(model, key)
					}
				}
			}
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "key")
			n := rapid.Int64Range(-3, 3).Draw(r, "n")
			rate := limiter.Rate{Limit: rapid.Int64Range(1, 5).Draw(r, "limit"), Period: time.Duration(rapid.IntRange(2, 6).Draw(r, "period")) * time.Minute}
			if model[key] == nil && n > 0 {
				model[key] = &window{left: rate.Period}
			}
			var counted int64
			if w := model[key]; w != nil {
				w.count = max(0, w.count+n)
				counted = w.count
			}
			got, err := store.Increment(t.Context(), fmt.Sprint(key, run), n, rate)
			if err != nil {
				r.Fatal(err)
			}
			if want := max(0, rate.Limit-counted); got.Remaining != want || got.Reached != (counted > rate.Limit) {
				r.Fatalf("%s%+d: got %+v, want %d left of %d", key, n, got, want, rate.Limit)
			}
		}
	})
}
