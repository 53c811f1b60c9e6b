package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		terminal bool
		at       time.Duration
		want     string
	}{
		{true, time.Second, ""},
		{true, 5 * time.Second, "\r\x1b[Kchecking [######------------------]  25 %  500/s  15s left\r\x1b[K"},
		{false, 9 * time.Second, ""},
		{false, 10 * time.Second, "checking: 25 %, 2500 of 10000, 250/s, 30s left\n"},
	} {
		var out bytes.Buffer
		p := newProgress(&out, "checking", 10_000, false)
		p.terminal, p.now = c.terminal, func() time.Time { return p.begin.Add(c.at) }
		p.at(2500)
		p.at(2500) // at the same moment: not shown again
		p.end()
		if out.String() != c.want {
			t.Errorf("terminal %v at %v: got %q, want %q", c.terminal, c.at, out.String(), c.want)
		}
	}
	var out bytes.Buffer
	p := newProgress(&out, "checking", 0, true)
	p.now = func() time.Time { return p.begin.Add(time.Minute) }
	if p.at(1); out.Len() > 0 {
		t.Errorf("got %q, want nothing with --quiet", out.String())
	}
	p = newProgress(&out, "checking", 0, false)
	p.now = func() time.Time { return p.begin.Add(time.Minute) }
	if p.at(5); !strings.Contains(out.String(), "0s left") {
		t.Errorf("got %q of an unknown total", out.String())
	}
}
