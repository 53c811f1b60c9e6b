// Package valkey is what several processes of the program share beside their database: the counters of limits, and
// signals of what changed. Redis 7 speaks the same protocol.
//
// It promises that no call waits longer than 50 ms and that none is made while Valkey is known to be away, which is
// found out by five failures in a row and asked again each second. Nothing in it is a record: when Valkey loses
// what it holds, limits begin to count anew, and nothing else. It must never hold personal data or secrets: keys are
// keyed hashes, values are numbers, signals are fixed words. The rights that it needs are listed in
// deploy/docs/valkey.md.
package valkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	driver "github.com/valkey-io/valkey-go"
)

const (
	prefix = "mana:1:" // of every key and channel; the number is the version of what they mean

	maxWait     = 50 * time.Millisecond
	dialTime    = time.Second
	probeEvery  = time.Second
	maxFailures = 5
)

// ErrAway is why nothing was asked: Valkey does not answer, and is asked again by [Valkey.Run] alone.
var ErrAway = errors.New("valkey is away")

// Config is what is needed to use Valkey. All fields are required, unless said.
type Config struct {
	Server Server
	// Secret makes the hashes of keys. Every process that counts together has the same; who does not count needs none.
	Secret []byte
	Wait   time.Duration // longest time to an answer; zero: 50 ms
	Logger *slog.Logger
	Now    func() time.Time
	// Metrics is where it is counted whether Valkey is there, and which calls failed; nil if nowhere.
	Metrics *metrics.Set
}

// Valkey is one server of Valkey, there or not. It is safe for concurrent use.
type Valkey struct {
	cfg      Config
	current  atomic.Pointer[driver.Client]
	listens  atomic.Pointer[context.CancelFunc] // ends the connection of signals
	script   *driver.Lua
	failures atomic.Int32 // in a row
	away     atomic.Bool
	errors   *metrics.Counter
}

// Open connects to the server. That it is away is no error.
func Open(cfg Config) (*Valkey, error) {
	client, err := driver.NewClient(cfg.Server.option())
	if client == nil {
		return nil, fmt.Errorf("preparing the client of valkey: %w", err)
	}
	if cfg.Wait == 0 {
		cfg.Wait = maxWait
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	v := &Valkey{
		cfg: cfg, script: driver.NewLuaScript(countScript), errors: cfg.Metrics.NewCounter("valkey_errors_total"),
	}
	v.current.Store(&client)
	cfg.Metrics.NewGauge("valkey_up", v.up)
	if err != nil {
		v.lose(err)
	}
	return v, nil
}

func (v *Valkey) up() float64 {
	if v.away.Load() {
		return 0
	}
	return 1
}

// Close ends the connection. Run has ended.
func (v *Valkey) Close() { v.client().Close() }

func (v *Valkey) client() driver.Client { return *v.current.Load() }

// Run looks after the connection, and tells heard of every signal, until ctx ends. After each connection it tells of
// all signals, since some may have been missed. heard must not wait for anything.
func (v *Valkey) Run(ctx context.Context, heard func(Signal)) {
	var group sync.WaitGroup
	group.Go(func() { everySecond(ctx, func() { v.watch(ctx) }) })
	group.Go(func() { everySecond(ctx, func() { v.listen(ctx, heard) }) })
	group.Wait()
}

func everySecond(ctx context.Context, f func()) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Ping reports whether Valkey counts, or why not.
func (v *Valkey) Ping(ctx context.Context) error {
	if v.away.Load() {
		return ErrAway
	}
	return v.probe(ctx)
}

// probe counts, as a server that is full or read-only answers a ping.
func (v *Valkey) probe(ctx context.Context) error {
	_, _, err := v.count(ctx, prefix+"probe", 1, time.Minute)
	return err
}

// watch finds out that Valkey is away, or back. A server that no longer takes counts has another in its place, to which
// the address may lead by now.
func (v *Valkey) watch(ctx context.Context) {
	err := v.ask(ctx)
	if replaced(err) {
		v.renew(err)
		err = v.ask(ctx)
	}
	if err == nil && v.away.CompareAndSwap(true, false) {
		v.cfg.Logger.Info("valkey is back")
	}
}

// ask probes. When Valkey is away, there may be no connection yet, which may take longer than an answer.
func (v *Valkey) ask(ctx context.Context) error {
	if v.away.Load() {
		dial, cancel := context.WithTimeout(ctx, dialTime)
		defer cancel()
		if err := v.client().Do(dial, v.client().B().Ping().Build()).Error(); err != nil {
			return err
		}
	}
	return v.probe(ctx)
}

// replaced reports whether a server says that it is not, or not yet, the one that takes writes.
func replaced(err error) bool {
	said, ok := errors.AsType[*driver.ValkeyError](err)
	return ok && slices.ContainsFunc([]string{"READONLY", "MASTERDOWN", "LOADING"}, func(word string) bool {
		return strings.HasPrefix(said.Error(), word)
	})
}

// renew closes both connections, which a server that was replaced keeps, and opens others to the same address.
func (v *Valkey) renew(reason error) {
	client, err := driver.NewClient(v.cfg.Server.option())
	if client == nil {
		return
	}
	v.cfg.Logger.Debug("connecting with valkey anew", "reason", reason, "error", err)
	(*v.current.Swap(&client)).Close()
	if end := v.listens.Load(); end != nil {
		(*end)()
	}
}

// call makes one call within its time, and notes a failure, unless the caller has gone.
func (v *Valkey) call(ctx context.Context, f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, v.cfg.Wait)
	defer cancel()
	err := f(limited)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	v.errors.Inc()
	if v.failures.Add(1) >= maxFailures {
		v.lose(err)
	}
	return err
}

// lose gives Valkey up until a probe succeeds.
func (v *Valkey) lose(err error) {
	if v.away.CompareAndSwap(false, true) {
		v.cfg.Logger.Warn("valkey is away", "error", err)
	}
}
