package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mana/migrations"
)

// ErrSchema says that the database's schema is not one that this program can serve.
var ErrSchema = errors.New("database schema does not fit this program")

// migrationLock is the key of the advisory lock that one migration holds: "mana" in ASCII.
const migrationLock = 0x6d616e61

// oldestSchema is the version that this program can serve at least: it may be started before a migration.
const oldestSchema = 10

// Migrate brings the schema up to date and gives role, which must exist, the rights of the program. url connects
// as the role that owns the schema, past PgBouncer. Everything is one transaction: of several starters one does
// the work, and a crash leaves the schema as it was. A changed file and a newer schema are refused. It
// returns the steps that were applied.
func Migrate(ctx context.Context, url, role string) ([]migrations.Step, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to lose
	var done []migrations.Step
	// Rows of people are written by migrations on nobody's behalf.
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: system.begin()}, func(t pgx.Tx) error {
		if done, err = applySteps(ctx, t); err != nil {
			return err
		}
		if _, err := t.Conn().PgConn().Exec(ctx, migrations.Role(pgx.Identifier{role}.Sanitize())).ReadAll(); err != nil {
			return fmt.Errorf("granting rights to role %s: %w", role, err)
		}
		return nil
	})
	return done, err
}

// connect opens one connection. An error does not repeat the URL, which may hold a password.
func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	settings, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, settings.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", target(settings.ConnConfig), answerable(err))
	}
	return conn, nil
}

// applySteps runs what is missing. Who waits for a lock of a table lets others wait too, so that is bounded.
func applySteps(ctx context.Context, t pgx.Tx) ([]migrations.Step, error) {
	steps, err := migrations.Postgres()
	if err != nil {
		return nil, err
	}
	if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
		return nil, fmt.Errorf("waiting for another migration: %w", err)
	}
	if _, err := t.Exec(ctx, `SET LOCAL lock_timeout = '5s'`); err != nil {
		return nil, fmt.Errorf("bounding the wait for locks: %w", err)
	}
	applied, err := appliedSteps(ctx, t)
	if err != nil {
		return nil, err
	}
	var done []migrations.Step
	for _, step := range steps {
		if _, ok := applied[step.Version]; ok {
			continue
		}
		if _, err := t.Conn().PgConn().Exec(ctx, step.SQL).ReadAll(); err != nil {
			return nil, fmt.Errorf("applying migration %s: %w", step.Name, err)
		}
		if step.Version == 1 { // Which steps the database has, and the checksum each had when it was applied.
			_, err = t.Exec(ctx, `CREATE TABLE auth.schema_migrations (version integer PRIMARY KEY, name text NOT NULL,
				checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`)
			if err != nil {
				return nil, fmt.Errorf("making the table of migrations: %w", err)
			}
		}
		_, err := t.Exec(ctx, `INSERT INTO auth.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)`,
			step.Version, step.Name, step.Checksum[:])
		if err != nil {
			return nil, fmt.Errorf("recording migration %s: %w", step.Name, err)
		}
		done = append(done, migrations.Step{Version: step.Version, Name: step.Name})
	}
	return done, nil
}

// appliedSteps reads when each step was applied, and compares them with those of the program. [ErrSchema].
func appliedSteps(ctx context.Context, q interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
},
) (map[int]time.Time, error) {
	steps, err := migrations.Postgres()
	if err != nil {
		return nil, err
	}
	var known bool
	if err := q.QueryRow(ctx, `SELECT to_regclass('auth.schema_migrations') IS NOT NULL`).Scan(&known); err != nil {
		return nil, fmt.Errorf("looking for migrations: %w", err)
	}
	applied := make(map[int]time.Time)
	if !known {
		return applied, nil
	}
	rows, err := q.Query(ctx, `SELECT version, checksum, applied_at FROM auth.schema_migrations ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("reading applied migrations: %w", err)
	}
	var version int
	var checksum []byte
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &checksum, &at}, func() error {
		applied[version] = at.UTC()
		if version <= len(steps) && string(steps[version-1].Checksum[:]) != string(checksum) {
			return fmt.Errorf("%w: migration %s was changed after it was applied", ErrSchema, steps[version-1].Name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading applied migrations: %w", err)
	}
	if version > len(steps) {
		return nil, fmt.Errorf("%w: it is at version %d, this program knows %d", ErrSchema, version, len(steps))
	}
	return applied, nil
}

// Status lists the migrations that the program knows, and when the database got them. url connects as any role of
// ours. [ErrSchema].
func Status(ctx context.Context, url string) ([]migrations.Step, error) {
	steps, err := migrations.Postgres()
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to lose
	applied, err := appliedSteps(ctx, conn)
	if err != nil {
		return nil, err
	}
	status := make([]migrations.Step, len(steps))
	for i, step := range steps {
		status[i] = migrations.Step{Version: step.Version, Name: step.Name, AppliedAt: applied[step.Version]}
	}
	return status, nil
}

// Owner connects as the role that owns the schema, past any pooler, to fill a database that nobody uses yet: it acts
// for the system.
func Owner(ctx context.Context, url string) (*pgx.Conn, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `SELECT set_config('app.actor', $1, false)`, system.name); err != nil {
		return nil, errors.Join(fmt.Errorf("acting for the system: %w", err), conn.Close(ctx))
	}
	return conn, nil
}
