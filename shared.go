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
	changed chan struct{}  // something changed elsewhere
}

func (c *config) share(master keys.MasterKey, logger *slog.Logger, set *metrics.Set) (*shared, error) {
	s := &shared{ended: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
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

// tell lets the other processes know what ended here, until ctx ends. Whom it reaches late forgets within a second.
func (s *shared) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			if s.valkey.Publish(ctx, valkey.Ended) != nil {
				time.AfterFunc(time.Second, s.end)
			}
		}
	}
}

// telling lets running servers know of what a command changed in their memory. Without Valkey, and when it is away,
// they find it within a second.
func (c *config) telling(ctx context.Context, db *storage.DB, command func() error) error {
	if c.valkey == nil {
		return command()
	}
	before, err := db.Revisions(ctx)
	if err != nil {
		return err
	}
	if err := command(); err != nil {
		return err
	}
	if after, err := db.Revisions(ctx); err == nil && maps.Equal(before, after) {
		return nil
	}
	v, err := valkey.Open(valkey.Config{Server: *c.valkey, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err == nil {
		defer v.Close()
		_ = v.Publish(ctx, valkey.Changed) // the command is done all the same
	}
	return nil
}
