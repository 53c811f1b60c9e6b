package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/storage/postgres"
)

// moveBatch is how many rows one transaction of a copy writes.
const moveBatch = 2000

// ErrNotEmpty says that the target of a copy holds something already, and not from this very source.
var ErrNotEmpty = errors.New("the target is not empty: an import goes into a new database, before a server was started on it")

// moved are the tables to copy, each after what it refers to. Postings go with their transactions.
var moved = []string{
	"auth_users", "auth_passwords", "auth_clients", "auth_sessions", "auth_requests", "auth_consents", "auth_grants",
	"auth_codes", "auth_refresh_tokens", "auth_revoked_tokens", "auth_login_attempts", "auth_security_events", "auth_verification_tokens", "auth_mails", "auth_accounts",
	"auth_two_factor_auth", "auth_recovery_codes", "auth_sign_ins", "auth_passkeys", "auth_challenges",
	"auth_signing_keys", "auth_service_keys", "auth_roles", "auth_setup_links", "auth_statistics", "credits_balances", "credits_grants", "credits_holds", "credits_hold_parts", "credits_transactions",
	"credits_idempotency", "credits_bonus_claims", "credits_packages", "credits_usage_stats", "credits_key_caps",
	"credits_purchases", "credits_refunds", "credits_disputes", "credits_stripe_events", "credits_stripe_customers",
}

// Other tables: entries are copied with transactions, the rest each schema fills by itself.
const (
	transactions = "credits_transactions"
	entries      = "credits_entries"
)

var left = []string{"schema_migrations", "auth_revisions", "auth_endings", "credits_accounts"}

// Copied is what became of one table.
type Copied struct {
	Table string
	Rows  int64 // in both
}

// copying is one copy under way.
type copying struct {
	source   *sql.Tx   // one snapshot
	target   *pgx.Conn // as the owner of the schema
	progress func(done, total int64)
	done     int64 // rows of all tables, without postings
	total    int64
}

// Copy copies all of a SQLite file into a PostgreSQL database whose schema is up to date and that holds nothing yet. to
// is a URL of the program's role there, and direct one of the schema's owner. Each batch is one transaction together
// with how far it came, so that a copy that was interrupted goes on where it stopped. Nobody may write the file
// meanwhile. The target is closed to servers until [EndCopy]. progress hears of each batch. [ErrNotEmpty].
func Copy(ctx context.Context, from, to, direct string, progress func(done, total int64)) error {
	return withCopying(ctx, from, direct, progress, func(c *copying) error {
		if err := c.begin(ctx); err != nil {
			return err
		}
		if err := postgres.Copying(ctx, to); err != nil {
			return err
		}
		for _, table := range moved {
			if err := c.table(ctx, table); err != nil {
				return fmt.Errorf("copying %s: %w", table, err)
			}
		}
		return nil
	})
}

// withCopying opens both ends of a copy, of which the source is one snapshot.
func withCopying(ctx context.Context, from, direct string, progress func(done, total int64), run func(*copying) error) error {
	file, err := sql.Open("sqlite", "file:"+url.PathEscape(from)+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		return fmt.Errorf("opening %s: %w", from, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	source, err := file.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	defer source.Rollback() //nolint:errcheck // nothing was written
	target, err := postgres.Owner(ctx, direct)
	if err != nil {
		return err
	}
	defer target.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was committed stays
	c := &copying{source: source, target: target, progress: progress}
	if err := c.known(ctx); err != nil {
		return err
	}
	for _, table := range moved {
		n, err := c.count(ctx, table)
		if err != nil {
			return err
		}
		c.total += n
	}
	return run(c)
}

// known demands that every table of the source is one that a copy knows.
func (c *copying) known(ctx context.Context) error {
	tables, err := c.texts(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if table != entries && !slices.Contains(moved, table) && !slices.Contains(left, table) {
			return fmt.Errorf("%s is no table of this program's version", table)
		}
	}
	if len(tables) != len(moved)+len(left)+1 {
		return errors.New("the file is of an older version: start this program on it once")
	}
	return nil
}

// begin makes the table that says how far a copy came, or finds that of the same copy. [ErrNotEmpty].
func (c *copying) begin(ctx context.Context) error {
	keys, err := c.texts(ctx, `SELECT id FROM auth_signing_keys ORDER BY created_at, id LIMIT 1`)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.Join(keys, "")))
	var used, started bool
	err = c.target.QueryRow(ctx, `SELECT EXISTS (SELECT FROM auth.users) OR EXISTS (SELECT FROM auth.clients)
		OR EXISTS (SELECT FROM auth.signing_keys), to_regclass('auth.copies') IS NOT NULL`).Scan(&used, &started)
	if err != nil {
		return fmt.Errorf("looking at the target: %w", err)
	}
	if used && !started {
		return ErrNotEmpty
	}
	if !started {
		_, err := c.target.Exec(ctx, `BEGIN; CREATE TABLE auth.copies (source bytea NOT NULL, name text PRIMARY KEY, done bigint NOT NULL);
			CALL auth.protect('auth.copies', '{system}'); DELETE FROM credits.packages; COMMIT`)
		if err != nil {
			return fmt.Errorf("beginning in the target: %w", err)
		}
	}
	var source []byte
	err = c.target.QueryRow(ctx, `INSERT INTO auth.copies (source, name, done) VALUES ($1, '', 0)
		ON CONFLICT (name) DO UPDATE SET done = 0 RETURNING source`, sum[:]).Scan(&source)
	if err != nil {
		return fmt.Errorf("beginning in the target: %w", err)
	}
	if !bytes.Equal(source, sum[:]) {
		return ErrNotEmpty
	}
	return nil
}

// table copies the rest of one table.
func (c *copying) table(ctx context.Context, table string) error {
	columns, key, err := c.columns(ctx, table)
	if err != nil {
		return err
	}
	var done int64
	err = c.target.QueryRow(ctx, `SELECT coalesce(max(done), 0) FROM auth.copies WHERE name = $1`, table).Scan(&done)
	if err != nil {
		return fmt.Errorf("reading how far it came: %w", err)
	}
	c.done += done
	rows, err := c.source.QueryContext(ctx, `SELECT `+names(columns)+` FROM `+table+` ORDER BY `+key+` LIMIT -1 OFFSET ?`, done)
	if err != nil {
		return fmt.Errorf("reading the source: %w", err)
	}
	defer rows.Close()
	for {
		batch, err := take(rows, columns, moveBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		done += int64(len(batch))
		if err := c.write(ctx, table, columns, batch, done); err != nil {
			return err
		}
		c.done += int64(len(batch))
		c.progress(c.done, c.total)
	}
}

// write stores a batch with how far the copy came.
func (c *copying) write(ctx context.Context, table string, columns []column, batch [][]any, done int64) error {
	return pgx.BeginFunc(ctx, c.target, func(tx pgx.Tx) error {
		if err := insert(ctx, tx, table, columns, batch); err != nil {
			return err
		}
		if table == transactions {
			if err := c.postings(ctx, tx, columns, batch); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO auth.copies (source, name, done) SELECT source, $1, $2 FROM auth.copies WHERE name = ''
			ON CONFLICT (name) DO UPDATE SET done = $2`, table, done)
		return err
	})
}

// postings copies those of a batch of transactions.
func (c *copying) postings(ctx context.Context, tx pgx.Tx, of []column, batch [][]any) error {
	id := slices.IndexFunc(of, func(o column) bool { return o.name == "id" })
	ids := make([]string, len(batch))
	for i, row := range batch {
		ids[i] = row[id].(uuid.UUID).String()
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	columns, _, err := c.columns(ctx, entries)
	if err != nil {
		return err
	}
	rows, err := c.source.QueryContext(ctx, `SELECT `+names(columns)+` FROM credits_entries
		WHERE transaction_id IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return fmt.Errorf("reading postings: %w", err)
	}
	defer rows.Close()
	all, err := take(rows, columns, math.MaxInt)
	if err != nil {
		return err
	}
	return insert(ctx, tx, entries, columns, all) // together, as the database looks at them
}

// column is one that both engines have.
type column struct {
	name string
	typ  string // as PostgreSQL calls it
}

// columns are those of a table that are to be copied, and the order of its rows. Each engine has one of its own in
// the journal: the position, and the database transaction.
func (c *copying) columns(ctx context.Context, table string) (columns []column, order string, err error) {
	theirs := make(map[string]string)
	rows, err := c.target.Query(ctx, `SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`, there(table))
	if err != nil {
		return nil, "", fmt.Errorf("reading the target's columns: %w", err)
	}
	var name, typ string
	if _, err := pgx.ForEachRow(rows, []any{&name, &typ}, func() error { theirs[name] = typ; return nil }); err != nil {
		return nil, "", fmt.Errorf("reading the target's columns: %w", err)
	}
	ours, err := c.texts(ctx, `SELECT name FROM pragma_table_info(?) ORDER BY cid`, table)
	if err != nil {
		return nil, "", err
	}
	for _, name := range ours {
		if typ, ok := theirs[name]; ok {
			columns = append(columns, column{name, typ})
		} else if name != "pos" {
			return nil, "", fmt.Errorf("the target has no column %s", name)
		}
	}
	key, err := c.texts(ctx, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, table)
	return columns, strings.Join(key, ", "), err
}

// names lists columns for a statement.
func names(columns []column) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = `"` + c.name + `"`
	}
	return strings.Join(quoted, ", ")
}

// there is a table of the source as the target calls it.
func there(table string) string { return strings.Replace(table, "_", ".", 1) }

// take reads at most limit rows, as the target's types.
func take(rows *sql.Rows, columns []column, limit int) ([][]any, error) {
	var batch [][]any
	for len(batch) < limit && rows.Next() {
		row := make([]any, len(columns))
		targets := make([]any, len(columns))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		for i, c := range columns {
			value, err := as(c.typ, row[i])
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", c.name, err)
			}
			row[i] = value
		}
		batch = append(batch, row)
	}
	return batch, rows.Err()
}

// as turns a value of SQLite into one of a type of PostgreSQL.
func as(typ string, value any) (any, error) {
	switch v := value.(type) {
	case string:
		if typ == "uuid" {
			return uuid.Parse(v)
		}
	case int64:
		switch typ {
		case "timestamp with time zone":
			return time.UnixMicro(v).UTC(), nil
		case "date":
			return time.Unix(v*24*60*60, 0).UTC(), nil
		case "boolean":
			return v != 0, nil
		}
	}
	return value, nil
}

// insert writes rows by one statement: a column is an array.
func insert(ctx context.Context, tx pgx.Tx, table string, columns []column, batch [][]any) error {
	arrays, args := arraysOf(columns, batch)
	_, err := tx.Exec(ctx, `INSERT INTO `+there(table)+` (`+names(columns)+`) SELECT * FROM unnest(`+arrays+`)`, args...)
	if err != nil {
		return fmt.Errorf("writing %d rows: %w", len(batch), err)
	}
	return nil
}

// arraysOf are rows as arguments of unnest: an array for each column.
func arraysOf(columns []column, batch [][]any) (list string, args []any) {
	arrays, args := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		values := make([]any, len(batch))
		for j, row := range batch {
			values[j] = row[i]
		}
		arrays[i], args[i] = fmt.Sprintf("$%d::%s[]", i+1, c.typ), values
	}
	return strings.Join(arrays, ", "), args
}

func (c *copying) count(ctx context.Context, table string) (int64, error) {
	var n int64
	if err := c.source.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting %s: %w", table, err)
	}
	return n, nil
}

// texts reads a list of texts from the source.
func (c *copying) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := c.source.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("reading the source: %w", err)
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
