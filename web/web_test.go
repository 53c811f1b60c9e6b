package web

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ulule/limiter/v3"

	"mana/provider"
	"mana/storage/storagetest"
	"mana/web/api"
)

// TestClientAddress is EP1.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		peer    string
		headers []string
		want    string
	}{
		{"203.0.113.7:1", nil, "203.0.113.7"},
		{"203.0.113.7:1", []string{"1.1.1.1"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"1.1.1.1"}, "1.1.1.1"},
		{"10.0.0.1:1", []string{"6.6.6.6, 1.1.1.1"}, "1.1.1.1"},
		{"10.0.0.1:1", []string{"6.6.6.6, 1.1.1.1, 10.0.0.2"}, "1.1.1.1"},
		{"10.0.0.1:1", []string{"6.6.6.6", "1.1.1.1"}, "1.1.1.1"},
		{"10.0.0.1:1", []string{"1.1.1.1, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"[::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.headers, "Forwarded": {"for=9.9.9.9"}}}
		if got := clientAddress(r, trusted).String(); got != c.want {
			t.Errorf("%s %v: got %s, want %s", c.peer, c.headers, got, c.want)
		}
	}
	if got := network(netip.MustParseAddr("2001:db8:1:2:3::4")); got != "2001:db8:1:2::/64" {
		t.Errorf("got %s", got)
	}
	if got := shortened(netip.MustParseAddr("203.0.113.7")); got != "203.0.113.0/24" {
		t.Errorf("got %s", got)
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:1", "1.1.1.1, 10.0.0.2")
	f.Fuzz(func(_ *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		_ = network(clientAddress(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}))
	})
}

// TestCleanPath is EP2.
func TestCleanPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/login": true, "/api/v1/credits/balance": true, "/.well-known/openid-configuration": true, "/assets/app.1.css": true,
		"/login/": false, "//login": false, "/a//b": false, "/a/./b": false, "/a/../b": false, "/a%2fb": false, "/%2e%2e/x": false,
		"/login;x=1": false, "/a\\b": false, "/log%69n": false,
	} {
		u, err := url.Parse(path)
		if err != nil {
			continue
		}
		if got := cleanPath(u); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storagetest.Limits(t, func(*testing.T) (limiter.Store, func() time.Time, func(time.Duration)) {
		clock := storagetest.NewClock()
		return newMemoryStore(clock.Now), clock.Now, clock.Add
	})
}

// TestMemoryStoreIsBounded counts a million keys.
func TestMemoryStoreIsBounded(t *testing.T) {
	store := newMemoryStore(time.Now)
	rate := limiter.Rate{Limit: 2, Period: time.Minute}
	before := heap()
	for i := range 1_000_000 {
		if _, err := store.Increment(t.Context(), fmt.Sprint("public 2001:db8:", i, "::/64"), 1, rate); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("got %d MiB after a million keys, want at most 16", grown>>20)
	}
	runtime.KeepAlive(store)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	limits, err := ParseLimits("signup=3/60, spend=7/1", 100, time.Minute)
	if err != nil || limits["signup"] != (limiter.Rate{Limit: 3, Period: time.Minute}) || limits["spend"].Limit != 7 || limits["public"].Limit != 100 {
		t.Errorf("got %v, %v", limits, err)
	}
	for _, wrong := range []string{"x=1/1", "signup", "signup=1", "signup=0/1", "signup=1/0", "signup=-1/1", "signup=a/b", ","} {
		if _, err := ParseLimits(wrong, 1, time.Second); err == nil {
			t.Errorf("%q: got no error", wrong)
		}
	}
}

func TestCountsGiveBack(t *testing.T) {
	t.Parallel()
	limits, err := ParseLimits("login=1/60", 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c := &counts{passes: func(string) {}, limits: limits, store: newMemoryStore(time.Now), now: time.Now}
	for range 5 {
		if wait := c.take(context.Background(), "login", "a"); wait != 0 {
			t.Errorf("got %s, want none: each was given back", wait)
		}
		c.giveBack(context.Background(), "login", "a")
	}
	c.take(context.Background(), "login", "a")
	if wait := c.take(context.Background(), "login", "a"); wait < time.Second || wait > time.Minute {
		t.Errorf("got %s", wait)
	}
	header := httptest.NewRecorder().Header()
	retryAfter(header, 1500*time.Millisecond)
	if header.Get("Retry-After") != "2" {
		t.Errorf("got %s, want it rounded up", header.Get("Retry-After"))
	}
}

// TestOuter is AR4: recovery, request id, headers and the one line of log stand around everything.
func TestOuter(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	s := &Site{traffic: newTraffic(nil), cfg: Config{Logger: logger, TrustedProxies: func() []netip.Prefix { return nil }}, api: api.New(api.Config{Logger: logger, Now: time.Now, FirstParty: &provider.FirstParty{Provider: new(provider.Provider)}})}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		status  int
	}{
		"panic":               {func(http.ResponseWriter, *http.Request) { panic("a secret of the inside") }, http.StatusInternalServerError},
		"panic in the answer": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted); panic("late") }, http.StatusAccepted},
	} {
		log.Reset()
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/x", nil)
		r.Header.Set("X-Request-Id", "r-1")
		s.outer(c.handler).ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("X-Request-Id") != "r-1" || w.Header().Get("X-Content-Type-Options") != "nosniff" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: got %d %v %s", name, w.Code, w.Header(), w.Body)
		}
		if strings.Count(log.String(), "msg=request ") != 1 || !strings.Contains(log.String(), "panic while answering") {
			t.Errorf("%s: got the log %s", name, &log)
		}
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/x", nil)
	r.Header.Set("Content-Encoding", "gzip")
	s.outer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("got a handler asked for what no route takes") })).ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("got %d", w.Code)
	}
}
