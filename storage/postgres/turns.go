package postgres

import (
	"context"
	"sync"
	"time"
)

// turnWait is the longest wait for a turn.
const turnWait = 5 * time.Second

// turns lets writes that lock the same wait here rather than for a row of the database: there each would keep a
// connection while it waits, and others would not get one in time. What holds rows against other processes are their
// locks.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is one key that is in use.
type turn struct {
	free  chan struct{} // holds one value while it is nobody's
	held  chan struct{} // closed when somebody else, of another process, does not let it go
	users int           // who has it or waits for it
}

// run runs f in the turn of a key: [ErrBusy] after too long. What f has waited for in vain, nobody waits for after it.
func (t *turns) run(ctx context.Context, key string, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, turnWait)
	defer cancel()
	mine := t.join(key)
	select {
	case <-mine.held:
		return ErrBusy
	case <-mine.free:
	case <-ctx.Done():
		t.leave(key, mine)
		return answerable(ctx.Err())
	}
	err := f()
	if code(err) == lockNotAvailable {
		t.drop(key, mine)
		return err
	}
	mine.free <- struct{}{}
	t.leave(key, mine)
	return err
}

func (t *turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.of[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1), held: make(chan struct{})}
		mine.free <- struct{}{}
		if t.of == nil {
			t.of = make(map[string]*turn)
		}
		t.of[key] = mine
	}
	mine.users++
	return mine
}

func (t *turns) leave(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 && t.of[key] == mine {
		delete(t.of, key)
	}
}

// drop sends away who waits for a turn. Who comes later begins anew.
func (t *turns) drop(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(mine.held)
	delete(t.of, key)
}

// writeFor is write of what locks something of one owner, such as a person, a session or a token, by its key. It takes
// one connection however many ask for it at one time. The empty key is nobody's.
func (db *DB) writeFor(ctx context.Context, key string, as actor, run func(*tx) error) error {
	if key == "" {
		return db.write(ctx, as, run)
	}
	return db.turns.run(ctx, key, func() error { return db.write(ctx, as, run) })
}
