package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mana/migrations"
)

// ErrSchema says that the database's schema is not one that this program can serve.
var ErrSchema = errors.New("database schema does not fit this program")

// migrationLock is the key of the advisory lock that one migration holds: "mana" in ASCII.
const migrationLock = 0x6d616e61

// A migration that waits for a table lets everybody wait behind it. So it gives up before the program's role does (2 s),
// lets them pass, and tries again.
const (
	migrateWait  = time.Second
	migrateTries = 60
)

// Migrate brings the schema up to date and gives role, which must exist, the rights of the program. url connects
// as the role that owns the schema, past PgBouncer. Each step is a transaction: of several starters one does
// it, and a crash leaves the schema as it was before or after. Programs that run go on. A changed file and a newer schema
// that does not serve this program are refused; one that does stays as it is. It returns the steps that were applied.
func Migrate(ctx context.Context, url, role string) ([]migrations.Step, error) {
	steps, err := migrations.Postgres()
	if err != nil {
		return nil, err
	}
	return Apply(ctx, url, role, steps)
}

// Apply is [Migrate] to the steps of any release.
func Apply(ctx context.Context, url, role string, steps []migrations.Migration) ([]migrations.Step, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to lose
	if err := refuseOwner(ctx, conn, role); err != nil {
		return nil, err
	}
	var done []migrations.Step
	for try := 1; ; {
		step, last, err := applyNext(ctx, conn, role, steps)
		switch {
		case err == nil:
			try = 1
			if step.Version > 0 {
				done = append(done, step)
			}
			if last {
				return done, nil
			}
			continue
		case code(err) != lockNotAvailable && !lost(err) || try == migrateTries:
			return done, answerable(err)
		}
		try++
		if err := pause(ctx, migrateWait); err != nil {
			return done, err
		}
	}
}

// applyNext applies the first step that is missing, if there is one. With the last one, and without one, role gets its
// rights.
func applyNext(ctx context.Context, conn *pgx.Conn, role string, steps []migrations.Migration) (step migrations.Step, last bool, err error) {
	// Rows of people are written by migrations on nobody's behalf.
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: system.begin()}, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return fmt.Errorf("waiting for another migration: %w", err)
		}
		if _, err := t.Exec(ctx, `SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true)`, migrateWait.String()); err != nil {
			return fmt.Errorf("bounding the wait for locks: %w", err)
		}
		applied, err := appliedSteps(ctx, t, steps)
		if err != nil {
			return err
		}
		if next := slices.IndexFunc(steps, func(m migrations.Migration) bool { return applied[m.Version].IsZero() }); next >= 0 {
			if err := applyStep(ctx, t, steps[next]); err != nil {
				return err
			}
			step = migrations.Step{Version: steps[next].Version, Name: steps[next].Name}
		}
		if last = len(applied)+1 >= len(steps); !last || len(applied) > len(steps) {
			return nil // a newer program has given its rights
		}
		if _, err := t.Conn().PgConn().Exec(ctx, migrations.Role(pgx.Identifier{role}.Sanitize())).ReadAll(); err != nil {
			return fmt.Errorf("granting rights to role %s: %w", role, err)
		}
		return nil
	})
	return step, last, err
}

// applyStep runs and notes one step.
func applyStep(ctx context.Context, t pgx.Tx, step migrations.Migration) error {
	if _, err := t.Conn().PgConn().Exec(ctx, step.SQL).ReadAll(); err != nil {
		return fmt.Errorf("applying migration %s: %w", step.Name, err)
	}
	if step.Version == 1 { // Which steps the database has, and the checksum each had when it was applied.
		_, err := t.Exec(ctx, `CREATE TABLE auth.schema_migrations (version integer PRIMARY KEY, name text NOT NULL,
			checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`)
		if err != nil {
			return fmt.Errorf("making the table of migrations: %w", err)
		}
	}
	_, err := t.Exec(ctx, `INSERT INTO auth.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)`,
		step.Version, step.Name, step.Checksum[:])
	if err == nil && step.Serves > 0 {
		_, err = t.Exec(ctx, `UPDATE auth.schema_migrations SET serves = $2 WHERE version = $1`, step.Version, step.Serves)
	}
	if err != nil {
		return fmt.Errorf("recording migration %s: %w", step.Name, err)
	}
	return nil
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

// appliedSteps reads when each step was applied, and compares them with those that are known. [ErrSchema].
func appliedSteps(ctx context.Context, q interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}, steps []migrations.Migration,
) (map[int]time.Time, error) {
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
	if version <= len(steps) {
		return applied, nil
	}
	var oldest int // of the programs that all newer steps serve
	err = q.QueryRow(ctx, `SELECT max(coalesce(serves, version)) FROM auth.schema_migrations WHERE version > $1`, len(steps)).Scan(&oldest)
	if err != nil {
		return nil, fmt.Errorf("reading applied migrations: %w", err)
	}
	if oldest > len(steps) {
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
	applied, err := appliedSteps(ctx, conn, steps)
	if err != nil {
		return nil, err
	}
	status := make([]migrations.Step, len(steps))
	for i, step := range steps {
		status[i] = migrations.Step{Version: step.Version, Name: step.Name, AppliedAt: applied[step.Version]}
	}
	return status, nil
}

// Copying demands that an import into the database of a URL has begun: the program's role and the owner's then mean the
// same database.
func Copying(ctx context.Context, url string) error {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	var begun bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('auth.copies') IS NOT NULL`).Scan(&begun); err != nil {
		return fmt.Errorf("looking for an import: %w", err)
	}
	if !begun {
		return fmt.Errorf("%w: %s is another database than the owner's", ErrSchema, target(conn.Config()))
	}
	return nil
}

// refuseOwner keeps the owner from losing its rights: a role that is granted those of the program has all others
// revoked. [ErrRole].
func refuseOwner(ctx context.Context, conn *pgx.Conn, role string) error {
	var owns bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1
		AND (rolsuper OR pg_has_role(oid, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user), 'MEMBER')))`, role).Scan(&owns)
	if err != nil {
		return fmt.Errorf("looking at the role: %w", err)
	}
	if owns {
		return fmt.Errorf("%w: %s owns the schema or is a superuser; the program wants a role that owns nothing", ErrRole, role)
	}
	return nil
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
