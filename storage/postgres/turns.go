package postgres

import (
	"context"
	"sync"
	"time"
)

// turnWait is the longest wait for a turn.
const turnWait = 5 * time.Second

// turns lets repeats of one request wait here rather than for a row of the database: there each would keep a connection
// while it waits, and others would not get one in time. What holds rows against other processes are their locks.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is one key that is in use.
type turn struct {
	free  chan struct{} // holds one value while it is nobody's
	users int           // who has it or waits for it
}

// take waits for the turn of a key: [ErrBusy] after too long. The caller ends it.
func (t *turns) take(ctx context.Context, key string) (end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, turnWait)
	defer cancel()
	mine := t.join(key)
	select {
	case <-mine.free:
		return func() { mine.free <- struct{}{}; t.leave(key) }, nil
	case <-ctx.Done():
		t.leave(key)
		return nil, answerable(ctx.Err())
	}
}

func (t *turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.of[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		if t.of == nil {
			t.of = make(map[string]*turn)
		}
		t.of[key] = mine
	}
	mine.users++
	return mine
}

func (t *turns) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of[key].users--; t.of[key].users == 0 {
		delete(t.of, key)
	}
}
