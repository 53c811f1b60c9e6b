package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// View is what a database and the way to it look like from here.
type View struct {
	Version string
	Ahead   time.Duration // of its clock before ours
	// Identity is the same for every way to one database.
	Identity string
	Pooled   bool // something stands between
	Mode     Pooling
	// Refuses says that prepared statements do not outlive a transaction, although the URL asks for them.
	Refuses bool
}

// Pooling is how a pooler shares its connections.
type Pooling string

// The modes of PgBouncer.
const (
	PoolTransaction Pooling = "transaction"
	PoolSession     Pooling = "session"
	PoolStatement   Pooling = "statement"
)

// Look connects by a URL as [Open] would, and changes nothing. An error does not repeat the URL.
func Look(ctx context.Context, url string) (View, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return View{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	var v View
	var now time.Time
	var port, server int
	before := time.Now()
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), clock_timestamp(), coalesce(inet_client_port(), 0), pg_backend_pid(),
		concat(pg_postmaster_start_time(), (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))`,
		pgx.QueryExecModeSimpleProtocol).Scan(&v.Version, &now, &port, &server, &v.Identity)
	if err != nil {
		return View{}, fmt.Errorf("looking at the database: %w", answerable(err))
	}
	after := time.Now()
	v.Ahead = now.Sub(before.Add(after.Sub(before) / 2))
	ours, isTCP := conn.PgConn().Conn().LocalAddr().(*net.TCPAddr)
	if v.Pooled = isTCP && port != ours.Port; !v.Pooled {
		return v, nil
	}
	return v, v.lookAtPooler(ctx, url, conn, server)
}

// lookAtPooler finds out how connections are shared: while a second one is in a transaction, on the server's connection
// that was used last, the first one gets another.
func (v *View) lookAtPooler(ctx context.Context, url string, first *pgx.Conn, server int) error {
	second, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer second.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	asks := first.Config().DefaultQueryExecMode == pgx.QueryExecModeCacheStatement
	if asks {
		if _, err := first.Prepare(ctx, "mana_look", `SELECT 1`); err != nil {
			return fmt.Errorf("preparing a statement: %w", answerable(err))
		}
	}
	tx, err := second.Begin(ctx)
	if err != nil && strings.Contains(err.Error(), "statement pooling") {
		v.Mode = PoolStatement
		return nil
	}
	if err != nil {
		return fmt.Errorf("starting a transaction: %w", answerable(err))
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	var other int
	if err := tx.QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&other); err != nil {
		return fmt.Errorf("looking at the database: %w", answerable(err))
	}
	if v.Mode = PoolTransaction; other != server {
		v.Mode = PoolSession
	}
	if asks {
		limit, cancel := context.WithTimeout(ctx, connectLimit)
		defer cancel()
		_, err = first.Exec(limit, "mana_look")
		v.Refuses = err != nil && !errors.Is(err, context.DeadlineExceeded)
	}
	return nil
}
