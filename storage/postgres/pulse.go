package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	beatEvery = 250 * time.Millisecond
	beatLimit = 750 * time.Millisecond // longest answer to the cheapest question
)

// pulse tells a database that is away or hangs from a statement that is slow or waits for a lock, and from a pooler at
// which many wait. It asks the cheapest question on a connection of its own. If that has no answer twice, and nothing
// was heard on any other connection meanwhile, what runs is given up and all are refused at once, until there is an
// answer again.
type pulse struct {
	logger *slog.Logger
	ask    func(context.Context) error
	pools  []*pgxpool.Pool           // whose connections are thrown away when the database was away
	alive  atomic.Pointer[life]      // of the database; the last one while it is away
	heard  atomic.Pointer[time.Time] // when the database last said anything, on any connection
	stop   context.CancelFunc
	done   sync.WaitGroup
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
	away := p.away() != nil
	err := p.ask(ctx)
	if silent(err) && !away { // once says little: a processor or a pooler may have had no time
		err = p.ask(ctx)
	}
	last := p.heard.Load()
	switch {
	case ctx.Err() != nil:
	case err == nil && away:
		p.begin()
		p.logger.Info("the database is back")
	case silent(err) && !away && (last == nil || last.Before(begin)):
		p.alive.Load().end()
		for _, pool := range p.pools {
			pool.Reset()
		}
		p.logger.Warn("the database is away", "error", err)
	}
}

// silent reports whether an error says that the database does not answer. That it, or a pooler, has no room for one more
// connection says the contrary, and those that there are may go on.
func silent(err error) bool {
	full := strings.HasPrefix(code(err), "53") || code(err) == "08P01" && strings.Contains(err.Error(), "no more connections allowed")
	return (died(err) || errors.Is(err, ErrBusy)) && !full
}

// away is why nothing is asked now: [ErrBusy], else nil.
func (p *pulse) away() error {
	if p.alive.Load().Err() != nil {
		return fmt.Errorf("%w: the database does not answer", ErrBusy)
	}
	return nil
}

// listen has what is heard on connections taken for a sign of life.
func (p *pulse) listen(settings *pgx.ConnConfig) {
	build := settings.BuildFrontend
	settings.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend { return build(ear{r, p}, w) }
}

// aside are the types of messages that are no sign of life, notices and errors: a pooler says them of a database that is
// away. What it says in handshakes is one, since many of them keep it from all else, and a pool is soon full.
var aside = []byte("NE")

// ear is what comes from the server on one connection.
type ear struct {
	io.Reader
	pulse *pulse
}

// Read implements [io.Reader].
func (e ear) Read(b []byte) (int, error) {
	n, err := e.Reader.Read(b)
	if n > 0 && !bytes.Contains(aside, b[:1]) {
		now := time.Now()
		e.pulse.heard.Store(&now)
	}
	return n, err
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
