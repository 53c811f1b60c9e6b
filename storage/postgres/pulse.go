package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	beatEvery = 250 * time.Millisecond
	beatLimit = 750 * time.Millisecond // longest answer to the cheapest question
)

// pulse tells a database that is away or hangs from a statement that is slow or waits for a lock. It asks the cheapest
// question on a connection of its own. If that has no answer, and nobody else has had one meanwhile, what runs is given
// up and all are refused at once, until there is an answer again.
type pulse struct {
	logger   *slog.Logger
	ask      func(context.Context) error
	pools    []*pgxpool.Pool           // whose connections are thrown away when the database was away
	alive    atomic.Pointer[life]      // of the database; the last one while it is away
	answered atomic.Pointer[time.Time] // when the last transaction of anybody ended well
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// life lasts while the database answers.
type life struct {
	context.Context
	end context.CancelFunc
}

func newPulse(logger *slog.Logger) *pulse {
	p := &pulse{logger: logger, stop: func() {}}
	p.begin()
	return p
}

func (p *pulse) begin() {
	ctx, end := context.WithCancel(context.Background())
	p.alive.Store(&life{ctx, end})
}

// start asks until stopped.
func (p *pulse) start(ask func(context.Context) error, pools ...*pgxpool.Pool) {
	ctx, stop := context.WithCancel(context.Background())
	p.ask, p.pools, p.stop = ask, pools, stop
	p.done.Go(func() {
		for pause(ctx, beatEvery) == nil {
			p.beat(ctx)
		}
	})
}

// end stops asking, and releases what waits for nothing else.
func (p *pulse) end() {
	p.stop()
	p.done.Wait()
	p.alive.Load().end()
}

func (p *pulse) beat(ctx context.Context) {
	begin := time.Now()
	err := p.ask(ctx)
	last := p.answered.Load()
	switch away := p.away() != nil; {
	case ctx.Err() != nil:
	case err == nil && away:
		p.begin()
		p.logger.Info("the database is back")
	case err != nil && !away && (died(err) || errors.Is(err, ErrBusy)) && (last == nil || last.Before(begin)):
		p.alive.Load().end()
		for _, pool := range p.pools {
			pool.Reset()
		}
		p.logger.Warn("the database is away", "error", err)
	}
}

// away is why nothing is asked now: [ErrBusy], else nil.
func (p *pulse) away() error {
	if p.alive.Load().Err() != nil {
		return fmt.Errorf("%w: the database does not answer", ErrBusy)
	}
	return nil
}

// note takes the end of a transaction for a sign of life.
func (p *pulse) note(err error) {
	if err == nil {
		now := time.Now()
		p.answered.Store(&now)
	}
}

// limited bounds what runs on a connection, by time and by the life of the database, and keeps callers from cancelling
// it: that would cost the connection.
func (p *pulse) limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	keep := context.AfterFunc(p.alive.Load(), cancel)
	return ctx, func() { keep(); cancel() }
}

// givenUp makes [ErrBusy] of the error of what was given up by limited.
func givenUp(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
