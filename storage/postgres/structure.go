package postgres

import (
	"context"
	_ "embed" // for the names of rules
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"mana/ledger"
)

// structure is the definition of each rule of the database that is ours, by kind and name, and the version of the
// schema that it was read at.
type structure struct {
	version int
	rules   map[string]string
}

// readStructure lists what keeps the promises of the tables: row security, policies, triggers, functions,
// constraints and indexes.
const readStructure = `WITH ours AS (SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity
		FROM pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('auth'::regnamespace, 'credits'::regnamespace))
	SELECT 'table ' || name, concat(relrowsecurity, relforcerowsecurity) FROM ours
	UNION ALL SELECT 'trigger ' || t.tgname || ' of ' || o.name, concat(t.tgenabled, pg_get_triggerdef(t.oid))
		FROM ours o JOIN pg_catalog.pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
	UNION ALL SELECT 'policy ' || p.polname || ' of ' || o.name, concat(p.polcmd, pg_get_expr(p.polqual, o.oid), pg_get_expr(p.polwithcheck, o.oid))
		FROM ours o JOIN pg_catalog.pg_policy p ON p.polrelid = o.oid
	UNION ALL SELECT 'constraint ' || c.conname || ' of ' || o.name, concat(c.convalidated, pg_get_constraintdef(c.oid))
		FROM ours o JOIN pg_catalog.pg_constraint c ON c.conrelid = o.oid
	UNION ALL SELECT 'index ' || i.indexrelid::regclass, concat(i.indisvalid, pg_get_indexdef(i.indexrelid))
		FROM ours o JOIN pg_catalog.pg_index i ON i.indrelid = o.oid
	UNION ALL SELECT 'function ' || f.oid::regprocedure, pg_get_functiondef(f.oid)
		FROM pg_catalog.pg_proc f WHERE f.pronamespace IN ('auth'::regnamespace, 'credits'::regnamespace)`

func (a *access) structure(ctx context.Context) (structure, error) {
	s := structure{rules: make(map[string]string)}
	err := a.reader(ctx, nobody)(`SELECT max(version) FROM auth.schema_migrations`).Scan(&s.version)
	if err != nil {
		return s, fmt.Errorf("reading the version of the schema: %w", err)
	}
	var name, text string
	err = a.read(ctx, nobody, readStructure, func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&name, &text}, func() error { s.rules[name] = text; return nil })
		return err
	})
	if err != nil {
		return s, fmt.Errorf("reading the rules of the database: %w", err)
	}
	return s, nil
}

//go:embed rules.txt
var ruleNames string

// compareRules lists what is missing or changed, and triggers and policies that are not ours. What this program's migrations, of the
// known version, make is known by name; what it says only from wanted.
func compareRules(wanted, stored structure, known int) []ledger.Fault {
	var faults []ledger.Fault
	fault := func(text string) { faults = append(faults, ledger.Fault{Invariant: "I20", Text: text}) }
	for name, text := range wanted.rules {
		if stored.rules[name] != text {
			fault(name + " is missing or was changed")
		}
	}
	if stored.version != known {
		return faults // of another release
	}
	ours := make(map[string]bool)
	for name := range strings.Lines(ruleNames) {
		name = strings.TrimSuffix(name, "\n")
		ours[name] = true
		_, atStart := wanted.rules[name]
		if _, now := stored.rules[name]; !now && !atStart {
			fault(name + " is missing")
		}
	}
	for name := range stored.rules {
		if strings.HasSuffix(name, " of auth.copies") {
			continue // an import is on
		}
		if !ours[name] && (strings.HasPrefix(name, "trigger ") || strings.HasPrefix(name, "policy ")) {
			fault(name + " is not of this program")
		}
	}
	return faults
}

// checkRules refuses a database in which a rule of ours is missing, or one is that is not ours, and notes what they say.
func (db *DB) checkRules(ctx context.Context) error {
	rules, err := db.structure(ctx)
	if err != nil {
		return err
	}
	var texts []string
	for _, fault := range compareRules(rules, rules, len(db.steps)) {
		texts = append(texts, fault.Text)
	}
	if len(texts) > 0 {
		slices.Sort(texts)
		return fmt.Errorf("%w: %s", ErrSchema, strings.Join(texts, ", "))
	}
	db.atStart.Store(&rules)
	return nil
}

// Structure implements [ledger.Books]. What it holds the text of rules against is how they were at the start, or after
// the migration since: what a role could do that owns the schema, nobody who does not can tell.
func (l *Ledger) Structure(ctx context.Context, deep bool) ([]ledger.Fault, error) {
	stored, err := l.db.jobs.structure(ctx)
	if err != nil {
		return nil, err
	}
	wanted := l.db.atStart.Load()
	if wanted.version != stored.version {
		l.db.atStart.Store(&stored)
		wanted = &stored
	}
	faults := compareRules(*wanted, stored, len(l.db.steps))
	conn, err := l.db.jobs.acquire(ctx)
	if err != nil {
		return nil, err
	}
	open, err := l.db.protection(ctx, conn)
	conn.Release()
	if err != nil {
		return nil, answerable(err)
	}
	for _, text := range open {
		faults = append(faults, ledger.Fault{Invariant: "I20", Text: "the program's role: " + text})
	}
	accounts, err := l.accounts(ctx)
	if err != nil {
		return nil, err
	}
	faults = append(faults, ledger.CompareAccounts(accounts)...)
	slices.SortFunc(faults, func(a, b ledger.Fault) int { return strings.Compare(a.Text, b.Text) })
	if !deep {
		return faults, nil
	}
	more, err := l.orphans(ctx)
	if err != nil {
		return nil, err
	}
	lost, err := l.lost(ctx)
	return slices.Concat(faults, more, lost), err
}

// lost lists, row by row, what belongs to a wallet that is not there, and wallets and people without each other. It
// takes its time.
func (l *Ledger) lost(ctx context.Context) ([]ledger.Fault, error) {
	conn, err := l.db.jobs.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	begin := `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ` + system.settings() + `; SET LOCAL statement_timeout = 0`
	var faults []ledger.Fault
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: begin}, func(conn pgx.Tx) error {
		rows, err := conn.Query(ctx, `SELECT user_id, what FROM (
			SELECT user_id, 'a journal without a wallet' AS what FROM credits.transactions UNION
			SELECT user_id, 'a grant without a wallet' FROM credits.grants UNION
			SELECT user_id, 'a hold without a wallet' FROM credits.holds UNION
			SELECT user_id, 'usage without a wallet' FROM credits.usage_stats UNION
			SELECT user_id, 'an idempotency key without a wallet' FROM credits.idempotency UNION
			SELECT user_id, 'a purchase without a wallet' FROM credits.purchases UNION
			SELECT id, 'a person without a wallet' FROM auth.users WHERE deleted_at IS NULL) of
			WHERE NOT EXISTS (SELECT FROM credits.balances b WHERE b.user_id = of.user_id)
			UNION ALL SELECT user_id, 'a wallet without a person' FROM credits.balances b
			WHERE NOT EXISTS (SELECT FROM auth.users u WHERE u.id = b.user_id)
			LIMIT $1`, ledger.MaxLost)
		if err != nil {
			return err
		}
		faults, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Fault, error) {
			f := ledger.Fault{Invariant: "I20"}
			err := row.Scan(&f.UserID, &f.Text)
			f.Text = "there is " + f.Text
			return f, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for lost wallets: %w", answerable(err))
	}
	return faults, nil
}

// accounts reads the names of the shared accounts.
func (l *Ledger) accounts(ctx context.Context) (map[int]string, error) {
	stored := make(map[int]string)
	err := l.db.jobs.read(ctx, nobody, `SELECT no, code FROM credits.accounts`, func(rows pgx.Rows) error {
		var no int
		var code string
		_, err := pgx.ForEachRow(rows, []any{&no, &code}, func() error { stored[no] = code; return nil })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	return stored, nil
}

// orphans counts, row by row, what has lost its transaction. It takes its time.
func (l *Ledger) orphans(ctx context.Context) ([]ledger.Fault, error) {
	conn, err := l.db.jobs.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	begin := `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ` + ledgerActor.settings() + `; SET LOCAL statement_timeout = 0`
	var faults []ledger.Fault
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: begin}, func(conn pgx.Tx) error {
		for _, rule := range []struct{ invariant, text, query string }{
			{"I2", "postings without their transaction", `SELECT count(*) FROM credits.entries e WHERE NOT EXISTS
				(SELECT FROM credits.transactions t WHERE t.id = e.transaction_id AND t.user_id = e.user_id)`},
			{"I10", "keys without their transaction", `SELECT count(*) FROM credits.idempotency k WHERE object = 'transaction' AND NOT EXISTS
				(SELECT FROM credits.transactions t WHERE t.id = k.object_id AND t.user_id = k.user_id AND t.idempotency_key IS NOT NULL)`},
			{"I10", "keys without their hold", `SELECT count(*) FROM credits.idempotency k WHERE object = 'hold' AND NOT EXISTS
				(SELECT FROM credits.holds h WHERE h.id = k.object_id AND h.user_id = k.user_id)`},
			{"I6", "parts of holds without their hold", `SELECT count(*) FROM credits.hold_parts p WHERE NOT EXISTS
				(SELECT FROM credits.holds h WHERE h.id = p.hold_id AND h.user_id = p.user_id)`},
			{"I10", "transactions with a key more than there are keys", `SELECT (SELECT count(*) FROM credits.transactions
				WHERE idempotency_key IS NOT NULL) - (SELECT count(*) FROM credits.idempotency WHERE object = 'transaction')`},
		} {
			var n int64
			if err := conn.QueryRow(ctx, rule.query).Scan(&n); err != nil {
				return fmt.Errorf("counting %s: %w", rule.text, err)
			}
			if n != 0 {
				faults = append(faults, ledger.Fault{Invariant: rule.invariant, Text: fmt.Sprintf("%d %s", n, rule.text)})
			}
		}
		return nil
	})
	return faults, answerable(err)
}
