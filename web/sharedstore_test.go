package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mana/storage/storagetest"
	"mana/storage/valkey"
	"mana/web/page"
)

// sharing is the counts of one process that shares them by a server.
func sharing(t *testing.T, server *storagetest.ValkeyServer) *counts {
	t.Helper()
	limits, err := ParseLimits("login=6/3600,token=6/3600", 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	at, err := valkey.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	v, err := valkey.Open(valkey.Config{
		Server: at, Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return newCounts(Config{Limits: limits, SharedLimits: v.Limits(), Now: time.Now}, func(string) {})
}

// allowed is how many of ten are allowed.
func allowed(t *testing.T, take func() time.Duration) (n int) {
	t.Helper()
	for range 10 {
		wait := take()
		if wait == 0 {
			n++
		}
		if wait < 0 || wait > time.Hour {
			t.Errorf("got a wait of %s, want it within the hour", wait)
		}
	}
	return n
}

// TestSharedCounts counts in two processes together, and in each by itself up to half while Valkey is away.
func TestSharedCounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := storagetest.StartValkey(t)
	a, b := sharing(t, server), sharing(t, server)
	together := func(key string) bool {
		a.take(ctx, classLogin, key)
		a.take(ctx, classLogin, key)
		b.giveBack(ctx, classLogin, key)
		n := allowed(t, func() time.Duration { return b.take(ctx, classLogin, key) })
		return n == 5 && a.passed(ctx, classLogin, key) > 0
	}
	for tries := 1; !together(fmt.Sprint(tries)); tries++ { // on a busy machine some answers are late
		if tries == 10 {
			t.Fatal("got other counts than 1 of the one process and 5 of the other")
		}
	}
	server.Stop()
	for _, c := range []*counts{a, b} {
		c.giveBack(ctx, classLogin, "x")
		if n := allowed(t, func() time.Duration { return c.take(ctx, classLogin, "x") }); n != 3 {
			t.Errorf("got %d allowed without Valkey, want half of 6", n)
		}
		if c.takeUpTo(ctx, classService, "k", 1) != 0 || c.takeUpTo(ctx, classService, "k", 1) == 0 {
			t.Error("got another count than 1 for half of 1")
		}
	}
}

// TestSharedCountsOfFull shows that a server which answers and counts nothing makes no limit fall away, where what is
// counted is what happened before.
func TestSharedCountsOfFull(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := storagetest.StartValkey(t)
	c := sharing(t, server)
	server.Do(t, "CONFIG", "SET", "maxmemory", "1")
	n := allowed(t, func() time.Duration {
		wait := c.passed(ctx, classToken, "x")
		if wait == 0 {
			c.take(ctx, classToken, "x")
		}
		return wait
	})
	if n != 3 {
		t.Errorf("got %d allowed, want half of 6", n)
	}
}

// TestSharedCountsWait bounds what a request waits for a server that hangs, however much it counts.
func TestSharedCountsWait(t *testing.T) {
	t.Parallel()
	server := storagetest.StartValkey(t)
	c := sharing(t, server)
	server.Hang(t)
	state := new(page.State)
	ctx := page.With(httptest.NewRequest(http.MethodGet, "/", nil), state).Context()
	for range 4 { // fewer than let Valkey be given up
		c.take(ctx, classLogin, "x")
	}
	if state.Counting < maxCounting || state.Counting >= 4*maxCounting {
		t.Errorf("got %s, want about %s: the first count alone waits", state.Counting, maxCounting)
	}
	if c.passed(ctx, classLogin, "x") == 0 {
		t.Error("got no wait, want what was not counted there to be counted here")
	}
}
