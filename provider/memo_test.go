package provider

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

func TestMemo(t *testing.T) {
	t.Parallel()
	const size, keys = 100, 120
	m := newMemo[string](time.Hour, size)
	asked := 0
	get := func(key string) string {
		t.Helper()
		value, err := m.get(key, func() (string, error) { asked++; return "value of " + key, nil })
		if err != nil || value != "value of "+key {
			t.Fatalf("got %q, %v for %s", value, err, key)
		}
		return value
	}
	for round := range 10 {
		if round == 1 {
			asked = 0
		}
		for key := range keys {
			get(strconv.Itoa(key))
		}
	}
	if len(m.entries) != size || asked > 9*keys/2 {
		t.Errorf("got %d entries, %d questions of %d: more keys than room must not make it useless", len(m.entries), asked, 9*keys)
	}
	m.clear()
	asked = 0
	if get("1"); asked != 1 {
		t.Errorf("got %d questions after it was cleared, want 1", asked)
	}
	away := errors.New("away")
	for range 2 {
		if _, err := m.get("bad", func() (string, error) { asked++; return "", away }); !errors.Is(err, away) {
			t.Errorf("got %v", err)
		}
	}
	if asked != 3 {
		t.Errorf("got %d questions, want an error not to be kept", asked)
	}
	m.get("late", func() (string, error) { m.clear(); return "of before", nil })
	if m.get("late", func() (string, error) { return "", away }); len(m.entries) != 0 {
		t.Errorf("got %v kept, want no answer from before the clearing", m.entries)
	}
	short := newMemo[int](time.Nanosecond, size)
	for want := range 3 {
		if got, _ := short.get("k", func() (int, error) { time.Sleep(time.Microsecond); return want, nil }); got != want {
			t.Errorf("got %d after the life of an answer, want %d", got, want)
		}
	}
}

// TestAcceptsGzip is RFC 9110, section 12.5.3.
func TestAcceptsGzip(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip": true, "GZIP;q=0.5": true, "gzip; q=1": true, "gzip;q=0": false,
		"gzip; q=0.000, identity": false, "x-notgzip": false, "identity": false,
	} {
		if got := acceptsGzip(list); got != want {
			t.Errorf("%q: got %t", list, got)
		}
	}
}
