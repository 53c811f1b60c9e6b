package sqlite

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// waitFor polls until a condition holds.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// pragma sets up the writing connection between two batches.
func (db *DB) pragma(t *testing.T, pragma string) {
	t.Helper()
	if _, err := db.writer.conn.ExecContext(t.Context(), `PRAGMA `+pragma); err != nil {
		t.Fatal(err)
	}
}

// TestFullInABatch lets one write of a batch meet a full disk: the others happen once each, and the one that does not
// fit passes by itself.
func TestFullInABatch(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	do := func(query string) error {
		return db.write(t.Context(), func(x *tx) error { _, err := x.exec(query); return err })
	}
	for _, query := range []string{
		`CREATE TABLE blobs (b BLOB)`, `CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)`, `INSERT INTO counter VALUES (1, 0)`,
	} {
		if err := do(query); err != nil {
			t.Fatal(err)
		}
	}
	db.pragma(t, `max_page_count = 400`)
	var group sync.WaitGroup
	taken, gate := make(chan struct{}), make(chan struct{})
	group.Go(func() {
		if err := db.write(t.Context(), func(*tx) error { close(taken); <-gate; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-taken
	errs := make([]error, 4)
	for i, query := range []string{
		`UPDATE counter SET n = n + 1`, `INSERT INTO blobs VALUES (zeroblob(50000000))`, `UPDATE counter SET n = n + 1`,
		`UPDATE counter SET n = n + 1`,
	} {
		group.Go(func() { errs[i] = do(query) })
		waitFor(t, func() bool { return len(db.writer.jobs) == i+1 })
	}
	close(gate)
	group.Wait()
	var n int
	if err := db.readers.QueryRowContext(t.Context(), `SELECT n FROM counter`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 3 || errs[0] != nil || !errors.Is(errs[1], ErrBusy) || errs[2] != nil || errs[3] != nil {
		t.Errorf("got %v and the counter at %d, want 3 and the second write refused for now", errs, n)
	}
}

// TestNothingAfterFull goes on in a write that met a full disk: what it does then is not done.
func TestNothingAfterFull(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	db.pragma(t, `max_page_count = 400`)
	err := db.write(t.Context(), func(x *tx) error {
		_, _ = x.exec(`CREATE TABLE big AS SELECT zeroblob(50000000)`)
		_, err := x.exec(`CREATE TABLE after (n INTEGER)`)
		return err
	})
	var n int
	if fault := db.readers.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema WHERE name = 'after'`).Scan(&n); fault != nil {
		t.Fatal(fault)
	}
	if !errors.Is(err, ErrBusy) || n != 0 {
		t.Errorf("got %v and %d tables, want nothing done", err, n)
	}
}

// TestNotReadyWhileCommitsFail makes the file one that cannot be written for a while.
func TestNotReadyWhileCommitsFail(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	write := func() error {
		return db.write(t.Context(), func(x *tx) error { _, err := x.exec(`CREATE TABLE t (n INTEGER)`); return err })
	}
	db.pragma(t, `query_only = 1`)
	if err := write(); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want %v", err, ErrBusy)
	}
	for range 2 {
		if err := db.Ping(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want it not ready", err)
		}
	}
	db.pragma(t, `query_only = 0`)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("got %v, want it ready again", err)
	}
	if err := write(); err != nil {
		t.Error(err)
	}
}
