package valkey

import (
	"context"
	"fmt"
	"strings"

	driver "github.com/valkey-io/valkey-go"
)

// View is what a server looks like to an operator.
type View struct {
	Version string
	Policy  string // what it does when its memory is full; empty: it does not tell
}

// Look connects, writes nothing, and tells why it could not.
func Look(ctx context.Context, server Server) (View, error) {
	client, err := driver.NewClient(server.option())
	if client != nil {
		defer client.Close()
	}
	if err != nil {
		return View{}, fmt.Errorf("connecting to %s: %w", server, err)
	}
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		return View{}, fmt.Errorf("asking %s: %w", server, err)
	}
	said, err := client.Do(ctx, client.B().Info().Build()).ToString()
	if err != nil {
		return View{}, nil //nolint:nilerr // a user without administrative commands may not ask
	}
	values := make(map[string]string)
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		values[name] = value
	}
	version := values["valkey_version"]
	if version == "" {
		version = values["redis_version"]
	}
	return View{Version: version, Policy: values["maxmemory_policy"]}, nil
}
