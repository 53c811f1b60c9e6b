package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// openReaders opens what reads a file. A fault of the machine that a read meets is [ErrBusy], as that of a write is:
// wherever it shows, it comes from here.
func openReaders(name string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	of := plain.Driver()
	return sql.OpenDB(readConnector{of, name}), plain.Close()
}

// readConnector connects with a file.
type readConnector struct {
	of   driver.Driver
	name string
}

// Driver implements [driver.Connector].
func (c readConnector) Driver() driver.Driver { return c.of }

// Connect implements [driver.Connector].
func (c readConnector) Connect(context.Context) (driver.Conn, error) {
	plain, err := c.of.Open(c.name)
	if err != nil {
		return nil, answerable(err)
	}
	conn, ok := plain.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T lacks what reading needs", plain), plain.Close())
	}
	return readConn{conn}, nil
}

// fullConn is what the driver's connections can do, and fullStmt its statements.
type (
	fullConn interface {
		driver.Conn
		driver.ConnPrepareContext
		driver.ConnBeginTx
		driver.QueryerContext
		driver.ExecerContext
		driver.Pinger
		driver.SessionResetter
		driver.Validator
	}
	fullStmt interface {
		driver.Stmt
		driver.StmtQueryContext
		driver.StmtExecContext
	}
)

type readConn struct{ fullConn }

// PrepareContext implements [driver.ConnPrepareContext].
func (c readConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	plain, err := c.fullConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, answerable(err)
	}
	stmt, ok := plain.(fullStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T lacks what reading needs", plain), plain.Close())
	}
	return readStmt{stmt}, nil
}

// QueryContext implements [driver.QueryerContext].
func (c readConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return reading(c.fullConn.QueryContext(ctx, query, args))
}

// BeginTx implements [driver.ConnBeginTx].
func (c readConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.fullConn.BeginTx(ctx, opts)
	return tx, answerable(err)
}

type readStmt struct{ fullStmt }

// QueryContext implements [driver.StmtQueryContext].
func (s readStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return reading(s.fullStmt.QueryContext(ctx, args))
}

type readRows struct{ driver.Rows }

func reading(rows driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, answerable(err)
	}
	return readRows{rows}, nil
}

// Next implements [driver.Rows].
func (r readRows) Next(dest []driver.Value) error { return answerable(r.Rows.Next(dest)) }
