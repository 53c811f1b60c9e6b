package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"modernc.org/sqlite"
)

// TestUnreadable lets every read of the file fail, as a disk that is gone does: what is read passes by itself, in each of
// the ways of reading.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	db := openForTest(t)
	err := db.write(t.Context(), func(x *tx) error {
		_, err := x.exec(`CREATE TABLE long AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
			SELECT i, randomblob(4000) AS b FROM n`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db.pragma(t, `wal_checkpoint(TRUNCATE)`)
	mend := breakFile(t, db)
	defer mend()
	for name, read := range map[string]func() error{
		"a row": func() error {
			var sum int
			return db.queryRow(t.Context(), `SELECT sum(length(b)) FROM long`).Scan(&sum)
		},
		"rows": func() error {
			rows, err := db.query(t.Context(), `SELECT b FROM long`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				continue
			}
			return rows.Err()
		},
		"a snapshot": func() error {
			snapshot, err := db.snapshot(t.Context())
			if err != nil {
				return err
			}
			defer snapshot.end()
			var sum int
			return snapshot.queryRow(`SELECT sum(length(b)) FROM long WHERE i > 0`).Scan(&sum)
		},
	} {
		err := read()
		if fault, ok := errors.AsType[*sqlite.Error](err); !ok || !errors.Is(err, ErrBusy) {
			t.Errorf("%s: got %v (%v), want a fault of the disk that passes", name, err, fault)
		}
	}
}

// breakFile puts a folder, which cannot be read, behind every descriptor of the database's file, until mend.
func breakFile(t *testing.T, db *DB) (mend func()) {
	t.Helper()
	path, err := filepath.EvalSymlinks(db.path(t))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	kept := make(map[int]int)
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if target, fault := os.Readlink("/proc/self/fd/" + entry.Name()); err != nil || fault != nil || target != path {
			continue
		}
		if kept[fd], err = syscall.Dup(fd); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(int(folder.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept) == 0 {
		t.Fatalf("got no descriptor of %s", path)
	}
	return func() {
		for fd, copied := range kept {
			if err := errors.Join(syscall.Dup3(copied, fd, syscall.O_CLOEXEC), syscall.Close(copied)); err != nil {
				t.Error(err)
			}
		}
		_ = folder.Close()
	}
}

// path is where the file lies.
func (db *DB) path(t *testing.T) (path string) {
	t.Helper()
	if err := db.queryRow(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	return path
}
