package valkey

import (
	"context"
	"fmt"

	driver "github.com/valkey-io/valkey-go"
)

// Signal is a word to all processes, in time for them to read again what they keep in memory. Who misses one reads it
// within a second all the same. It names nothing and nobody, so that who can publish learns nothing, and can cause
// reading only.
type Signal string

// The signals.
const (
	Ended   Signal = "ended"   // a session, a grant or a token, which access tokens stand on
	Changed Signal = "changed" // clients, service keys or signing keys
)

const channel = prefix + "signals"

// Publish sends a signal to all processes, this one too.
func (v *Valkey) Publish(ctx context.Context, s Signal) error {
	if v.away.Load() {
		return ErrAway
	}
	err := v.call(ctx, func(ctx context.Context) error {
		return v.client().Do(ctx, v.client().B().Publish().Channel(channel).Message(string(s)).Build()).Error()
	})
	if err != nil {
		return fmt.Errorf("publishing a signal: %w", err)
	}
	return nil
}

// listen tells of signals on a connection of its own, which a call never waits for, until it ends or ctx does.
func (v *Valkey) listen(ctx context.Context, heard func(Signal)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v.listens.Store(&cancel)
	client, err := driver.NewClient(v.cfg.Server.option())
	if client != nil {
		defer client.Close()
	}
	if err != nil {
		return // the calls find out as well, and say so
	}
	subscribed := driver.WithOnSubscriptionHook(ctx, func(s driver.PubSubSubscription) {
		if s.Kind == "subscribe" {
			heard(Ended)
			heard(Changed)
		}
	})
	err = client.Receive(subscribed, client.B().Subscribe().Channel(channel).Build(), func(m driver.PubSubMessage) {
		switch s := Signal(m.Message); s {
		case Ended, Changed:
			heard(s)
		}
	})
	if ctx.Err() == nil {
		v.cfg.Logger.Debug("listening for signals ended", "error", err)
	}
}
