package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

const (
	queueSize = 4096
	maxBatch  = 512
	maxShare  = maxBatch / 2    // of one wallet while others wait
	maxBytes  = 4 << 20         // of a batch
	rowBytes  = 1 << 10         // of a command beside its texts, roughly
	takeWait  = 2 * time.Second // longest wait of a command before it is taken
	// resolveLimit is how long the outcome of a commit whose answer was lost is looked for.
	resolveLimit = 8 * time.Second
	retryEvery   = 50 * time.Millisecond
)

// ErrUnknown says that a commit was sent and its answer lost: what was asked for may have happened. The same
// request with the same idempotency key finds out.
var ErrUnknown = fmt.Errorf("%w: the outcome is unknown, and the same key is safe", ErrBusy)

// committer commits the ledger's commands in groups. A wallet belongs to one lane; each lane takes what waits,
// locks the wallets in order, decides in order of arrival, writes everything by a statement per table, commits
// once, and only then answers: a batch is what arrived during the last commit. That nothing is lost or
// doubled rests on the locks and the versions in the database, not on lanes: other replicas have theirs.
type committer struct {
	db      *DB
	*access // with a connection for each lane
	lanes   []*lane
	seed    maphash.Seed
	quit    chan struct{}
	done    sync.WaitGroup
	metrics batchMetrics
	Counts
}

// Counts tell how commands ended that did not end at once.
type Counts struct {
	Batches   atomic.Int64 // that were committed
	Commands  atomic.Int64 // in them
	Retried   atomic.Int64 // batches that lost against another transaction
	Split     atomic.Int64 // batches that were repeated one by one, since a command of theirs failed
	Ambiguous atomic.Int64 // batches whose commit had no answer
	Found     atomic.Int64 // commands that such a batch turned out to have committed
}

// command is one decision that waits for its commit.
type command struct {
	wants  ledger.Wants
	decide func(time.Time, ledger.State) (ledger.Delta, error)
	cap    *keyCap       // nil: none
	state  atomic.Int32  // one of the states below: the first to change it decides
	taken  chan struct{} // closed when a lane has taken it
	held   time.Time     // when its wallet or cap was found locked by somebody else; zero: it was not
	err    error
	done   chan struct{}
}

// The states of a command. It leaves waiting once.
const (
	commandWaiting int32 = iota
	commandTaken
	commandDropped
)

func newCommand(w ledger.Wants, decide func(time.Time, ledger.State) (ledger.Delta, error)) *command {
	return &command{wants: w, decide: decide, taken: make(chan struct{}), done: make(chan struct{})}
}

func defaultLanes() int {
	if runtime.GOMAXPROCS(0) > 4 {
		return 2
	}
	return 1
}

func startCommitter(db *DB, a *access, lanes int, m batchMetrics) *committer {
	c := &committer{db: db, access: a, metrics: m, seed: maphash.MakeSeed(), quit: make(chan struct{})}
	for range lanes {
		l := &lane{committer: c, queue: make(chan *command, queueSize), logger: db.logger}
		c.lanes = append(c.lanes, l)
		c.done.Go(l.run)
	}
	m.set.NewGauge("ledger_queue_depth", c.depth)
	return c
}

// depth is how many commands wait to be taken.
func (c *committer) depth() float64 {
	sum := 0
	for _, l := range c.lanes {
		sum += len(l.queue)
	}
	return float64(sum)
}

// decide has a command decided and committed. [ErrBusy] when it was not taken in time: nothing happened. Once
// taken, its outcome is awaited whatever becomes of ctx, since it may be in the database already.
func (c *committer) decide(ctx context.Context, command *command) error {
	if err := c.pulse.away(); err != nil {
		return err
	}
	lane := c.lanes[maphash.Comparable(c.seed, command.wants.UserID)%uint64(len(c.lanes))]
	select {
	case <-c.quit:
		return ErrBusy
	default:
	}
	select {
	case lane.queue <- command:
	default:
		return ErrBusy
	}
	timer := time.NewTimer(takeWait)
	defer timer.Stop()
	select {
	case <-command.taken:
	case <-timer.C:
		return command.abandon(ErrBusy)
	case <-ctx.Done():
		return command.abandon(ctx.Err())
	}
	<-command.done
	return command.err
}

// abandon gives up a command that was not taken. If the lane was faster, its outcome is awaited.
func (c *command) abandon(reason error) error {
	if c.state.CompareAndSwap(commandWaiting, commandDropped) {
		return reason
	}
	<-c.done
	return c.err
}

// take claims a command for its lane unless its caller gave up first.
func (c *command) take() bool {
	if !c.state.CompareAndSwap(commandWaiting, commandTaken) {
		return false
	}
	close(c.taken)
	return true
}

// stop runs what was queued and closes the connections.
func (c *committer) stop() {
	close(c.quit)
	c.done.Wait()
	c.pool.Close()
}

// lane commits the commands of its wallets, one batch at a time.
type lane struct {
	*committer
	queue   chan *command
	waiting []*command // out of the queue and not taken yet, in order; or taken, and their wallet is locked elsewhere
	logger  *slog.Logger
	// cautious says that somebody else has held a wallet or a cap for long: locks are not waited for, until all are free again.
	cautious bool
}

func (l *lane) run() {
	for {
		if len(l.waiting) == 0 {
			select {
			case c := <-l.queue:
				l.waiting = append(l.waiting, c)
			case <-l.quit:
				for l.fill(); len(l.waiting) > 0; l.fill() {
					l.batch()
				}
				return
			}
		}
		l.fill()
		l.batch()
	}
}

// fill looks at what waits.
func (l *lane) fill() {
	for len(l.waiting) < queueSize {
		select {
		case c := <-l.queue:
			l.waiting = append(l.waiting, c)
		default:
			return
		}
	}
}

// batch takes, commits and answers some of what waits.
func (l *lane) batch() {
	var commands []*command
	commands, l.waiting = choose(l.waiting)
	if len(commands) == 0 {
		return
	}
	l.commit(commands, false)
	var held []*command
	for _, c := range commands {
		switch {
		case c.held.IsZero():
			close(c.done)
		case time.Since(c.held) < takeWait:
			held = append(held, c)
		default:
			c.err = ErrBusy
			close(c.done)
		}
	}
	if l.waiting = append(held, l.waiting...); len(held) == len(commands) {
		_ = pause(context.Background(), retryEvery)
	}
}

// choose takes a batch, and leaves the rest for the next. The order of a wallet's commands is kept. One wallet gets at
// most maxShare while others wait. What must see others committed waits for them: a use and its refunds are read from the
// database, so a refund is the first command of its wallet in a batch.
func choose(waiting []*command) (now, later []*command) {
	most := maxBatch
	if slices.ContainsFunc(waiting, func(c *command) bool { return c.wants.UserID != waiting[0].wants.UserID }) {
		most = maxShare
	}
	taken := make(map[uuid.UUID]int, len(waiting)) // by wallet
	behind := make(map[uuid.UUID]bool)             // something of the wallet waits
	bytes, full := 0, false
	for _, c := range waiting {
		of, size := c.wants.UserID, rowBytes+c.wants.Bytes
		full = full || len(now) == maxBatch || len(now) > 0 && bytes+size > maxBytes
		switch {
		case full, behind[of], taken[of] == most, c.wants.Use != uuid.Nil && taken[of] > 0:
			behind[of] = true
			later = append(later, c)
		case !c.held.IsZero() || c.take():
			taken[of]++
			bytes += size
			now = append(now, c)
		}
	}
	return now, later
}

// commit has commands written, as often as it takes to know what became of them. unsure says that an earlier
// commit of theirs may count: then each is looked for before it is decided again.
func (l *lane) commit(commands []*command, unsure bool) {
	give := time.Now().Add(resolveLimit)
	for try := 1; ; try++ {
		begin := time.Now()
		err := l.attempt(commands, unsure)
		var unknown unknownError
		switch {
		case err == nil:
			l.Batches.Add(1)
			l.Commands.Add(int64(len(commands)))
			l.metrics.observe(len(commands), time.Since(begin))
			return
		case errors.As(err, &unknown) && !unsure:
			l.Ambiguous.Add(1)
			l.logger.Warn("the answer to a commit was lost", "commands", len(commands), "error", err)
			unsure = true
		case (unsure || errors.As(err, &unknown)) && passing(err) && time.Now().Before(give):
		case code(err) == lockNotAvailable && !unsure && !l.cautious:
			l.cautious = true
			l.logger.Warn("a wallet or the cap of a key is locked elsewhere; others go on", "commands", len(commands))
			continue
		case lost(err) && try < maxTries:
			l.Retried.Add(1)
			_ = pause(context.Background(), jitter())
			continue
		case died(err) && !errors.Is(err, ErrBusy) && !errors.Is(err, context.DeadlineExceeded) && try < 3:
			continue // a connection had died unnoticed: nothing was written
		case !passing(err) && len(commands) > 1:
			l.Split.Add(1)
			l.logger.Warn("a batch failed and is repeated one by one", "commands", len(commands), "error", err)
			for _, c := range commands {
				l.commit([]*command{c}, unsure)
			}
			return
		default:
			l.fail(commands, err, unsure)
			return
		}
		_ = pause(context.Background(), retryEvery)
	}
}

// fail ends all commands with one error.
func (l *lane) fail(commands []*command, err error, unsure bool) {
	err = answerable(err)
	if unsure {
		err = fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	for _, c := range commands {
		c.err = err
	}
}

// attempt runs one transaction for all commands.
func (l *lane) attempt(commands []*command, unsure bool) (err error) {
	ctx, cancel := l.pulse.limited(context.Background(), l.limit)
	defer cancel()
	defer func() { err = givenUp(ctx, err) }()
	conn, err := l.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer func() {
		leaveReadOnly(ctx, conn, err)
		if status := conn.Conn().PgConn().TxStatus(); err != nil && status != 'I' && !conn.Conn().IsClosed() {
			_, _ = conn.Exec(ctx, `ROLLBACK`) // if that fails too, the connection is thrown away
		}
	}()
	r := &round{tx: &tx{ctx, conn}, db: l.db, commands: commands, unsure: unsure, cautious: l.cautious && !unsure}
	if err := r.load(); err != nil {
		return err
	}
	l.cautious = r.decide()
	l.Found.Add(r.found)
	return r.write()
}
