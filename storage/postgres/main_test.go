package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"mana/storage/postgres"
	"mana/storage/servers"
)

// The servers of all tests, or why there are none.
var (
	server  *servers.Postgres
	bouncer *servers.PgBouncer
	missing error
)

// template is a migrated database: others are copies of it.
const template = "template_mana"

// withServers runs tests between the start and the end of the servers.
type withServers struct{ *testing.M }

// Run implements [goleak.TestingM].
func (m withServers) Run() int {
	ctx := context.Background()
	missing = start(ctx)
	if missing != nil && (os.Getenv("CI") != "" || !errors.Is(missing, servers.ErrMissing)) {
		fmt.Fprintln(os.Stderr, "starting servers:", missing)
		return 1
	}
	code := m.M.Run()
	for _, remove := range []func() error{bouncer.Remove, server.Remove} {
		if err := remove(); missing == nil && err != nil {
			fmt.Fprintln(os.Stderr, "stopping servers:", err)
			code = 1
		}
	}
	return code
}

func start(ctx context.Context) (err error) {
	if server, err = servers.StartPostgres(ctx); err != nil {
		return err
	}
	if bouncer, err = servers.StartPgBouncer(ctx, server, 8); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "servers:", server.Version, "and", bouncer.Version)
	if err := server.Exec(ctx, "postgres", `CREATE DATABASE `+template+` OWNER `+servers.Owner); err != nil {
		return err
	}
	_, err = postgres.Migrate(ctx, server.URL(servers.Owner, template), servers.App)
	return err
}

// TestMain finds goroutines that outlive their store.
func TestMain(m *testing.M) { goleak.VerifyTestMain(withServers{m}) }
