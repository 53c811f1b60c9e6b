package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// flightWait is how long a request waits for another one with its key.
const flightWait = 2 * time.Second

// flight names a request that has a key, for as long as it runs.
type flight struct {
	userID uuid.UUID
	key    [16]byte
}

// flights are the requests that run in this process. They only spare a duplicate the queue and bound its wait:
// that a key has one effect is the store's promise.
type flights struct {
	mu      sync.Mutex
	running map[flight]chan struct{} // closed at the end of the first request
}

func newFlights() *flights { return &flights{running: make(map[flight]chan struct{})} }

// enter lets the first request with a key begin, and others when that one has ended: the key's record then
// decides. [ErrInProgress] when it takes too long.
func (f *flights) enter(ctx context.Context, of flight) (land func(), err error) {
	f.mu.Lock()
	first, flying := f.running[of]
	if !flying {
		done := make(chan struct{})
		f.running[of] = done
		f.mu.Unlock()
		return func() { f.land(of, done) }, nil
	}
	f.mu.Unlock()
	timer := time.NewTimer(flightWait)
	defer timer.Stop()
	select {
	case <-first:
		return func() {}, nil
	case <-timer.C:
		return nil, ErrInProgress
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *flights) land(of flight, done chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, of)
	close(done)
}
