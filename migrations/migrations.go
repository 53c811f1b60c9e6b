// Package migrations holds the schema of each engine as numbered, forward-only SQL files. A file is never
// changed once it has landed: engines compare checksums.
//
// On PostgreSQL programs of the release before run on while a file is applied, and afterwards. So a file adds, and takes
// away only what that release does not use: a new column has a default or may be null. It is one transaction with one
// second of patience for each lock, so what fills a large table is a file after the one that locks it.
//
// Which programs a file serves besides those that know it, it says in its first line: `-- serves programs from 12`, where
// 12 is the newest file that those know. Such a file of PostgreSQL makes no function with its owner's rights and no view,
// which they would refuse. With `, its own can do without it` added, the program that brings the file also runs before it
// was applied; on SQLite it applies it at its start.
package migrations

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

//go:embed role.sql
var roleSQL string

// Migration is one step of a schema.
type Migration struct {
	Version  int
	Name     string // the file's name without its ending
	SQL      string
	Checksum [sha256.Size]byte
	Serves   int  // the version of the oldest program that runs on it; 0: its own
	Optional bool // its own program runs without it
}

// New reads what a file says about programs. [strconv.ErrSyntax].
func New(version int, name, sql string) (Migration, error) {
	m := Migration{Version: version, Name: name, SQL: sql, Checksum: sha256.Sum256([]byte(sql))}
	first, _, _ := strings.Cut(sql, "\n")
	says, found := strings.CutPrefix(first, "-- serves programs from ")
	if !found {
		return m, nil
	}
	var err error
	says, m.Optional = strings.CutSuffix(says, ", its own can do without it")
	if m.Serves, err = strconv.Atoi(says); err != nil || m.Serves >= version {
		return m, fmt.Errorf("migration %s serves %q: %w", name, says, strconv.ErrSyntax)
	}
	return m, nil
}

// Step is one migration of a database.
type Step struct {
	Version   int
	Name      string
	AppliedAt time.Time // zero: not yet
}

// SQLite lists the steps of the embedded engine's schema in order.
func SQLite() ([]Migration, error) { return list("sqlite") }

// Postgres lists the steps of PostgreSQL's schema in order: those of SQLite by number and name.
func Postgres() ([]Migration, error) { return list("postgres") }

// Role is SQL that gives a role of PostgreSQL what the program may do, and nothing else. It can be run again.
// role is quoted as an identifier.
func Role(role string) string { return strings.ReplaceAll(roleSQL, "{role}", role) }

func list(engine string) ([]Migration, error) {
	entries, err := fs.ReadDir(files, engine)
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	all := make([]Migration, 0, len(entries))
	for i, entry := range entries {
		content, err := fs.ReadFile(files, engine+"/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading migration %s: %w", entry.Name(), err)
		}
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", entry.Name(), i+1)
		}
		m, err := New(version, strings.TrimSuffix(entry.Name(), ".sql"), string(content))
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
