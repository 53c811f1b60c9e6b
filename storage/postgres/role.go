package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"mana/migrations"
)

// ErrRole says that the role of the URL may do more than the program should: it could pass row-level security.
var ErrRole = errors.New("this role of the database must not serve")

// check refuses what the promises of the package do not hold on: a schema that does not fit, a role that may too
// much, a table whose protection is off. It waits for
// the first connection.
func (db *DB) check(ctx context.Context, wait time.Duration) error {
	conn, err := acquire(ctx, db.pool, wait)
	if err != nil {
		return err
	}
	defer conn.Release()
	applied, err := appliedSteps(ctx, conn, db.steps)
	if err != nil {
		return err
	}
	missing := func(m migrations.Migration) bool { return applied[m.Version].IsZero() && !m.Optional }
	if i := slices.IndexFunc(db.steps, missing); i >= 0 {
		return fmt.Errorf("%w: it is at version %d, this program needs %d; run `mana migrate up`", ErrSchema, len(applied), db.steps[i].Version)
	}
	var copying bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('auth.copies') IS NOT NULL`).Scan(&copying); err != nil {
		return fmt.Errorf("looking for an import: %w", err)
	}
	if copying && !db.copying {
		return fmt.Errorf("%w: an import into it has not ended; give the same `mana migrate import` again", ErrSchema)
	}
	faults, err := db.protection(ctx, conn)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrRole, strings.Join(faults, ", "))
	}
	var now time.Time
	before := time.Now()
	if err := conn.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return fmt.Errorf("reading the clock of the database: %w", err)
	}
	db.compareClocks(now, before, time.Now())
	return nil
}

// Risks lists settings by which the database may lose what it has committed.
func (db *DB) Risks(ctx context.Context) (risks []string, err error) {
	err = db.reader(ctx, nobody)(`SELECT coalesce(array_agg(name || ' = ' || setting ORDER BY name), '{}') FROM pg_catalog.pg_settings
		WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
			OR name = 'synchronous_commit' AND setting = 'local' AND current_setting('synchronous_standby_names') <> ''`).Scan(&risks)
	if err != nil {
		return nil, fmt.Errorf("checking the settings of the database: %w", err)
	}
	return risks, nil
}

// protection lists what lets the program's role pass row-level security or change what is append-only.
func (db *DB) protection(ctx context.Context, conn *pgxpool.Conn) (faults []string, err error) {
	for _, c := range roleChecks {
		var found bool
		if err := conn.QueryRow(ctx, c.query).Scan(&found); err != nil {
			if len(faults) > 0 {
				return faults, nil // the role of somebody else may not look at everything
			}
			return nil, fmt.Errorf("checking the role: %w", err)
		}
		if found {
			faults = append(faults, c.fault)
		}
	}
	return faults, nil
}

// ours are the tables of the program.
const ours = `pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('auth'::regnamespace, 'credits'::regnamespace)`

var roleChecks = []struct{ query, fault string }{
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_roles
		WHERE (rolsuper OR rolbypassrls) AND pg_has_role(oid, 'MEMBER'))`, "it is a superuser or bypasses row-level security"},
	{`SELECT EXISTS (SELECT FROM ` + ours + ` AND pg_has_role(c.relowner, 'MEMBER'))`, "it owns tables"},
	{`SELECT has_schema_privilege('auth', 'CREATE') OR has_schema_privilege('credits', 'CREATE')`, "it may make tables"},
	{`SELECT bool_or(has_any_column_privilege(t, 'UPDATE') OR has_table_privilege(t, 'DELETE, TRUNCATE')) FROM unnest(ARRAY['credits.transactions',
		'credits.entries', 'credits.idempotency', 'auth.security_events']) t`, "it may change what is append-only"},
	{`SELECT EXISTS (SELECT FROM ` + ours + ` AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
		AND c.oid <> ALL ('{auth.schema_migrations, credits.accounts, credits.packages}'::regclass[]))`, "a table has no row-level security"},
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t, ` + ours + ` AND t.tgrelid = c.oid AND t.tgenabled NOT IN ('O', 'A'))`, "a trigger is off"},
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm', 'f', 'p') AND relnamespace IN ('auth'::regnamespace, 'credits'::regnamespace)
		AND has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE'))`, "it may use a view, which sees with its owner's eyes"},
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE prosecdef AND pronamespace IN ('auth'::regnamespace, 'credits'::regnamespace)
		AND oid IS DISTINCT FROM to_regprocedure('auth.forget_devices(uuid)')
		AND oid IS DISTINCT FROM to_regprocedure('auth.delete_events(timestamptz, integer)')
		AND has_function_privilege(oid, 'EXECUTE'))`, "it may run a function with its owner's rights"},
	// By default nobody acts; what a server or a pooler sets shows in the session alone.
	{`SELECT coalesce(current_setting('app.actor', true), '') <> '' OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting, unnest(setconfig) c
		WHERE c LIKE 'app.%' AND setrole IN (0, current_user::regrole)
			AND setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())))`, "it acts for somebody by default (app.actor)"},
}
