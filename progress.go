package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	barAfter  = 2 * time.Second // work that is shorter shows nothing
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 24
)

// progress shows how far long work is: on a terminal a bar with rate and time left, elsewhere a line each 10
// seconds.
type progress struct {
	out      io.Writer
	what     string
	total    int64
	terminal bool
	now      func() time.Time
	begin    time.Time
	shown    time.Time // when it was shown last
	drawn    bool
}

// newProgress begins. With quiet it shows nothing.
func newProgress(out io.Writer, what string, total int64, quiet bool) *progress {
	p := &progress{out: out, what: what, total: total, now: time.Now, begin: time.Now()}
	if file, ok := out.(*os.File); ok {
		p.terminal = term.IsTerminal(int(file.Fd()))
	}
	if quiet {
		p.out = io.Discard
	}
	return p
}

// at tells how much is done.
func (p *progress) at(done int64) {
	now := p.now()
	since := now.Sub(p.begin)
	every := lineEvery
	if p.terminal {
		every = barEvery
	}
	if since < barAfter || now.Sub(p.shown) < every || !p.terminal && since < lineEvery {
		return
	}
	p.shown = now
	share := min(1, float64(done)/float64(max(1, p.total)))
	rate := float64(done) / since.Seconds()
	left := time.Duration(float64(p.total-done) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	if !p.terminal {
		fmt.Fprintf(p.out, "%s: %.0f %%, %d of %d, %.0f/s, %s left\n", p.what, 100*share, done, p.total, rate, max(0, left))
		return
	}
	full := int(share * barWidth)
	fmt.Fprintf(p.out, "\r\x1b[K%s [%s%s] %3.0f %%  %.0f/s  %s left", p.what, strings.Repeat("#", full),
		strings.Repeat("-", barWidth-full), 100*share, rate, max(0, left))
	p.drawn = true
}

// of is [progress.at] for work whose size shows on the way.
func (p *progress) of(done, total int64) {
	p.total = total
	p.at(done)
}

// end takes the bar away.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
