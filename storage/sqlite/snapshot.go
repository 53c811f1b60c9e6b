package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// querier runs reads, on the writing connection or in a snapshot of a reader.
type querier interface {
	query(query string, args ...any) (*sql.Rows, error)
	queryRow(query string, args ...any) *sql.Row
}

// snapshot is a reading transaction. What it reads for the first time is parsed for the next one when it has ended:
// parsing takes a connection, and callers that hold one and wait for another would wait for each other.
type snapshot struct {
	ctx context.Context // of the one call that reads
	db  *DB
	tx  *sql.Tx
	new []string
}

// snapshot begins a reading transaction. It is to be ended.
func (db *DB) snapshot(ctx context.Context) (*snapshot, error) {
	tx, err := db.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("starting a snapshot: %w", err)
	}
	return &snapshot{ctx: ctx, db: db, tx: tx}, nil
}

func (s *snapshot) end() {
	_ = s.tx.Rollback() // nothing was written
	for _, text := range s.new {
		_, _ = s.db.prepared(s.ctx, text) // a fault shows when it is read
	}
}

func (s *snapshot) query(text string, args ...any) (*sql.Rows, error) {
	if stmt, ok := s.db.statements.Load(text); ok {
		return s.tx.StmtContext(s.ctx, stmt.(*sql.Stmt)).QueryContext(s.ctx, args...)
	}
	s.new = append(s.new, text)
	return s.tx.QueryContext(s.ctx, text, args...)
}

func (s *snapshot) queryRow(text string, args ...any) *sql.Row {
	if stmt, ok := s.db.statements.Load(text); ok {
		return s.tx.StmtContext(s.ctx, stmt.(*sql.Stmt)).QueryRowContext(s.ctx, args...)
	}
	s.new = append(s.new, text)
	return s.tx.QueryRowContext(s.ctx, text, args...)
}
