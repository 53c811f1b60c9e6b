package main

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/ulule/limiter/v3"

	"mana/keys"
	"mana/storage"
	"mana/storage/valkey"
)

// shared is what this process shares with others by Valkey. Without Valkey it shares nothing.
type shared struct {
	valkey  *valkey.Valkey // nil: this is the only process
	ended   chan struct{}  // something ended here that others are to forget
	renewed chan struct{}  // something changed here that others are to read again
	changed chan struct{}  // something changed elsewhere
}

func (c *config) share(master keys.MasterKey, logger *slog.Logger, set *metrics.Set) (*shared, error) {
	s := &shared{ended: make(chan struct{}, 1), renewed: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	if c.valkey == nil {
		return s, nil
	}
	v, err := valkey.Open(valkey.Config{
		Server: *c.valkey, Secret: master.Derive("valkey/limits"), Logger: logger, Now: time.Now,
		Metrics: set,
	})
	s.valkey = v
	return s, err
}

func (s *shared) close() {
	if s.valkey != nil {
		s.valkey.Close()
	}
}

// limits are the counters of all processes; nil without Valkey.
func (s *shared) limits() limiter.Store {
	if s.valkey == nil {
		return nil
	}
	return s.valkey.Limits()
}

// ready reports whether Valkey is there; nil without it.
func (s *shared) ready() func(context.Context) error {
	if s.valkey == nil {
		return nil
	}
	return s.valkey.Ping
}

// end lets the other processes know soon that something ended here. It does not wait.
func (s *shared) end() { poke(s.ended) }

// renew lets the other processes know soon that clients or keys changed here. It does not wait.
func (s *shared) renew() { poke(s.renewed) }

// poke wakes who waits, once for all that happened meanwhile.
func poke(waiting chan<- struct{}) {
	select {
	case waiting <- struct{}{}:
	default:
	}
}

// listen looks after the connection until ctx ends. forget is called when something ended in another process.
func (s *shared) listen(ctx context.Context, forget func()) {
	s.valkey.Run(ctx, func(signal valkey.Signal) {
		switch signal {
		case valkey.Ended:
			forget()
		case valkey.Changed:
			poke(s.changed)
		}
	})
}

// tell lets the other processes know what ended and changed here, until ctx ends. Whom it reaches late finds it within a
// second.
func (s *shared) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			if s.valkey.Publish(ctx, valkey.Ended) != nil {
				time.AfterFunc(time.Second, s.end)
			}
		case <-s.renewed:
			_ = s.valkey.Publish(ctx, valkey.Changed) // a process that connects later reads everything again
		}
	}
}

// telling lets running servers know of what a command changed in their memory. Without Valkey, and when it is away,
// they find it within a second.
func (c *config) telling(ctx context.Context, db *storage.DB, command func() error) error {
	if c.valkey == nil {
		return command()
	}
	changed, err := changes(ctx, db, command)
	if err != nil || !changed {
		return err
	}
	v, err := valkey.Open(valkey.Config{Server: *c.valkey, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err == nil {
		defer v.Close()
		_ = v.Publish(ctx, valkey.Changed) // the command is done all the same
	}
	return nil
}

// changes reports whether something changed, while do ran, of what servers keep in memory.
func changes(ctx context.Context, db *storage.DB, do func() error) (bool, error) {
	before, err := db.Revisions(ctx)
	if err != nil {
		return false, err
	}
	if err := do(); err != nil {
		return false, err
	}
	after, err := db.Revisions(ctx)
	return err != nil || !maps.Equal(before, after), nil
}
