package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mana/ledger"
)

// schema is the text of each table, index and trigger by kind and name.
type schema map[string]string

// newSchema is the schema as the migrations make it.
func newSchema(ctx context.Context) (schema, error) {
	pool, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("opening a database in memory: %w", err)
	}
	pool.SetMaxOpenConns(1)
	err = migrate(ctx, pool, time.Now)
	var parts schema
	if err == nil {
		parts, err = readSchema(ctx, pool)
	}
	return parts, errors.Join(err, pool.Close())
}

func readSchema(ctx context.Context, pool *sql.DB) (schema, error) {
	rows, err := pool.QueryContext(ctx, `SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	defer rows.Close()
	parts := make(schema)
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, fmt.Errorf("reading the schema: %w", err)
		}
		parts[name] = text
	}
	return parts, rows.Err()
}

// compareSchema lists what is not as wanted. What is there besides, such as the tables of a tool that copies the
// file, is none of its business.
func compareSchema(ctx context.Context, pool *sql.DB, wanted schema) ([]ledger.Fault, error) {
	stored, err := readSchema(ctx, pool)
	if err != nil {
		return nil, err
	}
	var faults []ledger.Fault
	for name, text := range wanted {
		if stored[name] != text {
			faults = append(faults, ledger.Fault{Invariant: "I20", Text: name + " is missing or was changed"})
		}
	}
	slices.SortFunc(faults, func(a, b ledger.Fault) int { return strings.Compare(a.Text, b.Text) })
	return faults, nil
}
