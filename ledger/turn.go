package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// searchTime bounds how long a refund waits for others, and searches, until it finds the use that it gives back.
const searchTime = 5 * time.Second

// search names the refunds that would find the same use.
type search struct {
	userID      uuid.UUID
	caller, app string
}

// turns lets the refunds of one search go one after another: at one time they would all find the same use, of which
// one gets the rest, and all others would search again.
type turns struct {
	mu    sync.Mutex
	lines map[search]*line
}

// line is a search that is under way, and those who wait for theirs.
type line struct {
	turn chan struct{} // holds one value while a search is under way
	n    int           // how many are in line
}

func newTurns() *turns { return &turns{lines: make(map[search]*line)} }

// take waits for a turn, which end gives to the next. [ErrContended] when the time is over.
func (t *turns) take(ctx context.Context, of search, over <-chan time.Time) (end func(), err error) {
	t.mu.Lock()
	l := t.lines[of]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		t.lines[of] = l
	}
	l.n++
	t.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; t.leave(of, l) }, nil
	case <-over:
		err = ErrContended
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.leave(of, l)
	return nil, err
}

func (t *turns) leave(of search, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.n--; l.n == 0 {
		delete(t.lines, of)
	}
}
