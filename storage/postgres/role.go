package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mana/migrations"
)

// ErrRole says that the role of the URL may do more than the program should: it could pass row-level security.
var ErrRole = errors.New("this role of the database must not serve")

// check refuses what the promises of the package do not hold on: a schema that does not fit, a role that may too
// much, a table whose protection is off. Settings that risk what was committed are a warning.
func (db *DB) check(ctx context.Context) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	steps, err := migrations.Postgres()
	if err != nil {
		return err
	}
	applied, err := appliedSteps(ctx, conn, steps)
	if err != nil {
		return err
	}
	if len(applied) < len(steps) {
		return fmt.Errorf("%w: it is at version %d, this program needs %d; run `mana migrate up`", ErrSchema, len(applied), len(steps))
	}
	var copying bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('auth.copies') IS NOT NULL`).Scan(&copying); err != nil {
		return fmt.Errorf("looking for an import: %w", err)
	}
	if copying && !db.copying {
		return fmt.Errorf("%w: an import into it has not ended; give the same `mana migrate import` again", ErrSchema)
	}
	for _, c := range roleChecks {
		var found bool
		if err := conn.QueryRow(ctx, c.query).Scan(&found); err != nil {
			return fmt.Errorf("checking the role: %w", err)
		}
		if found {
			return fmt.Errorf("%w: %s", ErrRole, c.fault)
		}
	}
	var off []string
	var now time.Time
	before := time.Now()
	err = conn.QueryRow(ctx, `SELECT coalesce(array_agg(name ORDER BY name), '{}'), clock_timestamp() FROM pg_catalog.pg_settings
		WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`).Scan(&off, &now)
	if err != nil {
		return fmt.Errorf("checking the settings of the database: %w", err)
	}
	db.compareClocks(now, before, time.Now())
	if len(off) > 0 {
		db.logger.Warn("the database may lose what it has committed", "off", strings.Join(off, ", "))
	}
	return nil
}

// ours are the tables of the program.
const ours = `pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('auth'::regnamespace, 'credits'::regnamespace)`

var roleChecks = []struct{ query, fault string }{
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_roles
		WHERE (rolsuper OR rolbypassrls) AND pg_has_role(oid, 'MEMBER'))`, "it is a superuser or bypasses row-level security"},
	{`SELECT EXISTS (SELECT FROM ` + ours + ` AND pg_has_role(c.relowner, 'MEMBER'))`, "it owns tables"},
	{`SELECT has_schema_privilege('auth', 'CREATE') OR has_schema_privilege('credits', 'CREATE')`, "it may make tables"},
	{`SELECT bool_or(has_table_privilege(t, 'UPDATE, DELETE, TRUNCATE')) FROM unnest(ARRAY['credits.transactions',
		'credits.entries', 'credits.idempotency', 'auth.security_events']) t`, "it may change what is append-only"},
	{`SELECT EXISTS (SELECT FROM ` + ours + ` AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
		AND c.oid <> ALL ('{auth.schema_migrations, credits.accounts, credits.packages}'::regclass[]))`, "a table has no row-level security"},
	{`SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t, ` + ours + ` AND t.tgrelid = c.oid AND t.tgenabled = 'D')`, "a trigger is off"},
}
