package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mana/ledger"
	"mana/migrations"
)

// schema is each table, index and trigger by kind and name.
type schema map[string]part

// part is the text of something in the schema, and the table that it is on.
type part struct{ table, text string }

// newSchema is the schema as the migrations make it.
func newSchema(steps []migrations.Migration) (schema, error) {
	ctx := context.Background()
	pool, err := sql.Open("sqlite", "file::memory:?_pragma=page_size(512)") // small: most of its tables are empty
	if err != nil {
		return nil, fmt.Errorf("opening a database in memory: %w", err)
	}
	pool.SetMaxOpenConns(1)
	_, err = migrate(ctx, pool, steps, time.Now)
	var parts schema
	if err == nil {
		parts, err = readSchema(ctx, pool)
	}
	return parts, errors.Join(err, pool.Close())
}

// prepareSchema brings the schema up to date, and gives what it is to be.
func prepareSchema(ctx context.Context, pool *sql.DB, cfg Config) (func() (schema, error), error) {
	steps := cfg.steps
	if steps == nil {
		var err error
		if steps, err = migrations.SQLite(); err != nil {
			return nil, err
		}
	}
	newer, err := migrate(ctx, pool, steps, cfg.Now)
	if err != nil {
		return nil, err
	}
	if !newer {
		return sync.OnceValues(func() (schema, error) { return newSchema(steps) }), nil
	}
	found, err := readSchema(ctx, pool)
	return func() (schema, error) { return found, nil }, err
}

func readSchema(ctx context.Context, pool *sql.DB) (schema, error) {
	rows, err := pool.QueryContext(ctx, `SELECT type || ' ' || name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	defer rows.Close()
	parts := make(schema)
	for rows.Next() {
		var name string
		var p part
		if err := rows.Scan(&name, &p.table, &p.text); err != nil {
			return nil, fmt.Errorf("reading the schema: %w", err)
		}
		parts[name] = p
	}
	return parts, rows.Err()
}

// compareSchema lists what is not as wanted, and triggers on our tables that are not ours. What is there besides, such
// as the tables of a tool that copies the file, is none of its business.
func compareSchema(ctx context.Context, pool *sql.DB, wanted schema) ([]ledger.Fault, error) {
	stored, err := readSchema(ctx, pool)
	if err != nil {
		return nil, err
	}
	var faults []ledger.Fault
	for name, p := range wanted {
		if stored[name] != p {
			faults = append(faults, ledger.Fault{Invariant: "I20", Text: name + " is missing or was changed"})
		}
	}
	for name, p := range stored {
		_, known := wanted[name]
		_, ours := wanted["table "+p.table]
		if strings.HasPrefix(name, "trigger ") && ours && !known {
			faults = append(faults, ledger.Fault{Invariant: "I20", Text: name + " on " + p.table + " is not of this program"})
		}
	}
	slices.SortFunc(faults, func(a, b ledger.Fault) int { return strings.Compare(a.Text, b.Text) })
	return faults, nil
}
