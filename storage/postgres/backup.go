package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"mana/migrations"
)

var (
	// ErrOccupied says that a database is in use where a backup is to be restored.
	ErrOccupied = errors.New("the database is in use already")
	// ErrTools says that the programs of PostgreSQL are missing.
	ErrTools = errors.New("pg_dump, pg_restore and psql are needed, of the server's version or a newer one")
)

// What the script of a restore raises. The words reach us through psql.
const (
	raisedOccupied = "mana: occupied"
	raisedNewer    = "mana: newer"
)

// Backup writes a snapshot of the database as an archive of pg_dump, while others use it, and gives the rows of each
// table. url connects as the role that owns the schema, past any pooler. [ErrTools].
func Backup(ctx context.Context, url string, to io.Writer, progress func(done, total int64)) (rows map[string]int64, err error) {
	conn, err := Owner(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("starting a snapshot: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	var snapshot string
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&snapshot); err != nil {
		return nil, fmt.Errorf("starting a snapshot: %w", err)
	}
	if rows, err = countTables(ctx, tx); err != nil {
		return nil, err
	}
	dump, err := tool(ctx, url, "pg_dump", "--format=custom", "--schema=auth", "--schema=credits", "--no-owner", "--no-privileges",
		"--enable-row-security", "--snapshot="+snapshot, "--verbose")
	if err != nil {
		return nil, err
	}
	dump.Stdout = to
	said := &tableWatch{total: int64(len(rows)), progress: progress}
	dump.Stderr = said
	if err := dump.Run(); err != nil {
		return nil, fmt.Errorf("running pg_dump: %w: %s", err, said.last())
	}
	return rows, nil
}

// tableWatch reads what pg_dump says: it names each table whose rows it begins to write.
type tableWatch struct {
	text     bytes.Buffer
	total    int64
	progress func(done, total int64)
}

// Write implements [io.Writer].
func (w *tableWatch) Write(p []byte) (int, error) {
	w.text.Write(p)
	w.progress(int64(bytes.Count(w.text.Bytes(), []byte("dumping contents of table"))), w.total)
	return len(p), nil
}

// last is what was said at the end.
func (w *tableWatch) last() string { return lastLine(w.text.String()) }

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// tool is a program of PostgreSQL that connects as url does, for the system. The password is no argument, which others
// could read.
func tool(ctx context.Context, connect, name string, args ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not on the path", ErrTools, name)
	}
	target, err := url.Parse(connect)
	if err != nil {
		return nil, errors.New("the database's URL cannot be read")
	}
	password, _ := target.User.Password()
	target.User = url.User(target.User.Username())
	query := target.Query()
	for key := range query {
		if strings.HasPrefix(key, "pool_") || strings.HasPrefix(key, "default_query_exec") || strings.HasSuffix(key, "_cache_capacity") {
			query.Del(key) // pgx alone knows it
		}
	}
	target.RawQuery = query.Encode()
	cmd := exec.CommandContext(ctx, path, append(args, "--no-password", "--dbname="+target.String())...) //nolint:gosec // the settings are the operator's
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PGOPTIONS=-c client_min_messages=warning -c app.actor="+system.name, "PGCLIENTENCODING=UTF8")
	return cmd, nil
}

// Restore fills a database that nobody has used with an archive, and deletes the rows of the tables that are voided, in
// one transaction; the program's role may do nothing in it before it is migrated. It gives the rows that it deleted.
// [ErrOccupied], [ErrSchema], [ErrTools].
func Restore(ctx context.Context, url string, from io.Reader, voided []string) (ended map[string]int64, err error) {
	steps, err := migrations.Postgres()
	if err != nil {
		return nil, err
	}
	psql, err := tool(ctx, url, "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=|",
		"--set=ON_ERROR_STOP=1")
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	psql.Stdout, psql.Stderr = &out, &said
	script, err := psql.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting psql: %w", err)
	}
	if err := psql.Start(); err != nil {
		return nil, fmt.Errorf("starting psql: %w", err)
	}
	fault := writeScript(ctx, script, from, len(steps), voided)
	_ = script.Close() // without COMMIT nothing has happened
	if err := psql.Wait(); err != nil {
		return nil, restoreFault(err, said.String())
	}
	if fault != nil {
		return nil, fault
	}
	return endedRows(out.String())
}

// writeScript writes the whole transaction of a restore. What fails before its last line undoes it.
func writeScript(ctx context.Context, to io.Writer, from io.Reader, newest int, voided []string) error {
	path, err := exec.LookPath("pg_restore")
	if err != nil {
		return fmt.Errorf("%w: pg_restore is not on the path", ErrTools)
	}
	if _, err := io.WriteString(to, "BEGIN;\n"+mayRestore); err != nil {
		return fmt.Errorf("writing to psql: %w", err)
	}
	unpack := exec.CommandContext(ctx, path, "--no-owner", "--no-privileges", "--enable-row-security", "--file=-") //nolint:gosec // found on the path
	var said bytes.Buffer
	unpack.Stdin, unpack.Stdout, unpack.Stderr = from, to, &said
	if err := unpack.Run(); err != nil {
		return fmt.Errorf("reading the backup: %w: %s", err, lastLine(said.String()))
	}
	var end strings.Builder
	fmt.Fprintf(&end, refuseNewer, newest)
	end.WriteString(closeFunctions)
	for _, statement := range []string{countTable, voidTable} { // one deletes from others
		for _, table := range voided {
			fmt.Fprintf(&end, ifThere, table, strings.ReplaceAll(statement, "{table}", table))
		}
	}
	fmt.Fprintf(&end, ifThere, "auth.endings", endNow)
	_, err = io.WriteString(to, end.String()+"COMMIT;\n")
	return err
}

// endNow tells what ended as of now: the transactions of another server mean nothing here, and those to come would be
// told to edges for ever.
const endNow = "UPDATE auth.endings SET xact = pg_current_xact_id()::text::bigint;"

// mayRestore takes away a schema that was made and never used.
const mayRestore = `DO $$
DECLARE used boolean := false;
BEGIN
	IF to_regclass('auth.users') IS NOT NULL THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM auth.users) OR EXISTS (SELECT FROM auth.clients) OR EXISTS (SELECT FROM auth.signing_keys)' INTO used;
	END IF;
	IF used THEN RAISE EXCEPTION '` + raisedOccupied + `'; END IF;
	DROP SCHEMA IF EXISTS credits, auth CASCADE;
END $$;
`

// refuseNewer ends a restore of what this program cannot serve.
const refuseNewer = `
DO $$ BEGIN
	IF (SELECT max(version) FROM auth.schema_migrations) > %d THEN RAISE EXCEPTION '` + raisedNewer + `'; END IF;
END $$;
`

// closeFunctions takes from everybody what the migrations took: rights are not in a backup, since roles are not.
const closeFunctions = `
DO $$ DECLARE f regprocedure; BEGIN
	FOR f IN SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace IN ('auth'::regnamespace, 'credits'::regnamespace) AND (prosecdef OR prokind = 'p') LOOP
		EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', f);
	END LOOP;
END $$;
`

// ifThere is for tables that a backup may be too old for.
const (
	ifThere    = "SELECT to_regclass('%s') IS NOT NULL AS there \\gset\n\\if :there\n%s\n\\endif\n"
	countTable = "SELECT 'ended', '{table}', count(*) FROM {table};"
	voidTable  = "DELETE FROM {table};"
)

// restoreFault gives what psql said the name that it has here.
func restoreFault(err error, said string) error {
	switch {
	case strings.Contains(said, raisedOccupied):
		return ErrOccupied
	case strings.Contains(said, raisedNewer):
		return fmt.Errorf("%w: the backup is of a newer version of the program", ErrSchema)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	return fmt.Errorf("running psql: %w: %s", err, first)
}

// endedRows reads what the script said of the tables that are voided.
func endedRows(out string) (map[string]int64, error) {
	ended := make(map[string]int64)
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "|")
		if len(parts) != 3 || parts[0] != "ended" {
			continue
		}
		n, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading what psql said: %w", err)
		}
		ended[parts[1]] = n
	}
	return ended, lines.Err()
}

// Rows gives those of each table, as the role that owns the schema.
func Rows(ctx context.Context, url string) (map[string]int64, error) {
	conn, err := Owner(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	var rows map[string]int64
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err = countTables(ctx, tx)
		return err
	})
	return rows, err
}

// countTables gives the rows of each table.
func countTables(ctx context.Context, tx pgx.Tx) (map[string]int64, error) {
	names, err := tx.Query(ctx, `SELECT c.oid::regclass::text FROM `+ours)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	tables, err := pgx.CollectRows(names, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	counts := make(map[string]int64)
	for _, table := range tables {
		var n int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s: %w", table, err)
		}
		counts[table] = n
	}
	return counts, nil
}
