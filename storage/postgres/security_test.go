package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/ledger"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// everybody are the tables without a person, for every transaction to read.
var everybody = []string{"auth.schema_migrations", "credits.accounts", "credits.packages"}

// newPeople makes people with a session, a use and a refund each.
func newPeople(t *testing.T, db *postgres.DB, n int) []uuid.UUID {
	t.Helper()
	book := ledger.New(ledger.Config{Store: db.Ledger()})
	people := make([]uuid.UUID, n)
	var done sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range people {
		people[i] = uuid.Must(uuid.NewV7())
		done.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			now := time.Now()
			claim := sha256.Sum256(people[i][:])
			_, err := db.Identity().CreateAccount(t.Context(), identity.NewAccount{
				User:         identity.User{ID: people[i], Email: identity.Email(fmt.Sprint("p", i, "@example.com")), Role: identity.RoleUser, CreatedAt: now, UpdatedAt: now},
				PasswordHash: "hash", BonusClaim: claim[:], Event: identity.Event{UserID: people[i], Type: "register"},
				Opening: ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: 150 * ledger.Credit},
			})
			if err == nil {
				_, err = db.Identity().StartSession(t.Context(), identity.Session{
					ID: uuid.Must(uuid.NewV7()), UserID: people[i], CookieHash: identity.NewSecret().Hash(), AuthTime: now, LastActivityAt: now,
					CreatedAt: now, ExpiresAt: now.Add(time.Hour),
				}, nil, identity.Event{UserID: people[i], Type: "login_success"})
			}
			if err == nil {
				_, err = book.Use(t.Context(), ledger.Use{UserID: people[i], Amount: ledger.Credit, AppID: "chat", Caller: "first-party", IdempotencyKey: "k"})
			}
			if err == nil {
				_, err = book.Refund(t.Context(), ledger.Refund{UserID: people[i], Amount: 1, AppID: "chat", Caller: "first-party"})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	return people
}

// attack is a connection as the program's role, with any settings.
type attack struct {
	*pgx.Conn
	t *testing.T
}

func connect(t *testing.T, url string) attack {
	t.Helper()
	settings, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	settings.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	conn, err := pgx.ConnectConfig(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return attack{conn, t}
}

// as runs f in a transaction with these settings, which is undone.
func (a attack) as(actor, person string, f func(pgx.Tx) error) error {
	a.t.Helper()
	tx, err := a.Begin(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if actor != "" || person != "" {
		_, err := tx.Exec(a.t.Context(), `SELECT set_config('app.actor', $1, true), set_config('app.user_id', $2, true)`, actor, person)
		if err != nil {
			a.t.Fatal(err)
		}
	}
	return f(tx)
}

// tables lists all tables with the column that names their person, if they have one.
func (a attack) tables() map[string]string {
	a.t.Helper()
	rows, err := a.Query(a.t.Context(), `SELECT c.oid::regclass::text, coalesce((SELECT attname FROM pg_attribute
		WHERE attrelid = c.oid AND attname = CASE WHEN c.relname = 'users' THEN 'id' ELSE 'user_id' END), '')::text
		FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('auth', 'credits')`)
	if err != nil {
		a.t.Fatal(err)
	}
	found := make(map[string]string)
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error { found[table] = column; return nil }); err != nil {
		a.t.Fatal(err)
	}
	if len(found) < 20 {
		a.t.Fatalf("got tables %v, want all", found)
	}
	return found
}

// count tells how many rows a query sees; -1 when it is refused.
func count(ctx context.Context, tx pgx.Tx, query string, args ...any) (n int) {
	if err := tx.QueryRow(ctx, query, args...).Scan(&n); err != nil {
		return -1
	}
	return n
}

// TestRowSecurity attacks in SQL with the program's own role (contract.md 9 and 11.31, security.md 24.17).
func TestRowSecurity(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	db := openURL(t, server.URL(servers.App, database), nil)
	people := newPeople(t, db, 2)
	ada, eve := people[0], people[1]
	for name, url := range map[string]string{
		"directly": server.URL(servers.App, database), "through PgBouncer": bouncer.URL(servers.App, database),
	} {
		t.Run(name, func(t *testing.T) {
			a := connect(t, url)
			t.Run("reading", func(t *testing.T) { testReading(attack{a.Conn, t}, ada) })
			t.Run("writing", func(t *testing.T) { testWriting(attack{a.Conn, t}, ada, eve) })
		})
	}
}

func testReading(a attack, ada uuid.UUID) {
	ctx := a.t.Context()
	for table, column := range a.tables() {
		if strings.Contains(strings.Join(everybody, " "), table) {
			continue
		}
		for _, as := range [][2]string{
			{"", ""},
			{"user", ""},
			{"service", ""},
			{"user", "x"},
			{"user", strings.ToUpper(ada.String())},
			{"user", "{" + ada.String() + "}"},
			{"user", uuid.NewString()},
			{"admin", ada.String()},
			{"", ada.String()},
			{"system ", ada.String()},
			{"user' OR true --", ada.String()},
		} {
			_ = a.as(as[0], as[1], func(tx pgx.Tx) error {
				if n := count(ctx, tx, `SELECT count(*) FROM `+table); n != 0 {
					a.t.Errorf("got %d rows of %s as %q, want none", n, table, as)
				}
				return nil
			})
		}
		_ = a.as("ledger", "", func(tx pgx.Tx) error {
			if n := count(ctx, tx, `SELECT count(*) FROM `+table); n != 0 && strings.HasPrefix(table, "auth.") {
				a.t.Errorf("got %d rows of %s for the ledger, want none", n, table)
			}
			return nil
		})
		_ = a.as("user", ada.String(), func(tx pgx.Tx) error {
			if column == "" {
				if n := count(ctx, tx, `SELECT count(*) FROM `+table); n != 0 {
					a.t.Errorf("got %d rows of %s for a person, want none", n, table)
				}
			} else if n := count(ctx, tx, `SELECT count(*) FROM `+table+` WHERE `+column+` IS DISTINCT FROM $1`, ada); n != 0 {
				a.t.Errorf("got %d foreign rows of %s, want none", n, table)
			}
			return nil
		})
	}
	_ = a.as("user", ada.String(), func(tx pgx.Tx) error {
		for _, table := range []string{"auth.users", "auth.sessions", "auth.security_events", "credits.balances", "credits.transactions", "credits.usage_stats"} {
			if n := count(ctx, tx, `SELECT count(*) FROM `+table); n < 1 {
				a.t.Errorf("got %d own rows of %s, want some", n, table)
			}
		}
		if n := count(ctx, tx, `SELECT count(*) FROM auth.users u CROSS JOIN credits.balances b CROSS JOIN auth.sessions s
			WHERE u.id <> $1 OR b.user_id <> $1 OR s.user_id <> $1`, ada); n != 0 {
			a.t.Errorf("got %d foreign rows by a join, want none", n)
		}
		return nil
	})
	var left string
	if err := a.QueryRow(ctx, `SELECT coalesce(current_setting('app.actor', true), '') || coalesce(current_setting('app.user_id', true), '')`).Scan(&left); err != nil || left != "" {
		a.t.Errorf("got %q, %v after the transaction, want no setting", left, err)
	}
	var copied strings.Builder
	if _, err := a.PgConn().CopyTo(ctx, &copied, `COPY (SELECT * FROM auth.users) TO STDOUT`); err != nil || copied.Len() != 0 {
		a.t.Errorf("got %q, %v copied, want nothing", copied.String(), err)
	}
}

func testWriting(a attack, ada, eve uuid.UUID) {
	ctx := a.t.Context()
	id := uuid.NewString()
	for name, query := range map[string]string{
		"name":          `UPDATE auth.users SET name = 'x' WHERE id = '` + ada.String() + `'`,
		"session":       `UPDATE auth.sessions SET revoked_at = now() WHERE user_id = '` + ada.String() + `'`,
		"wallet":        `UPDATE credits.balances SET balance = 1, version = version + 1 WHERE user_id = '` + ada.String() + `'`,
		"grant":         `UPDATE credits.grants SET issued = issued + 1 WHERE user_id = '` + ada.String() + `'`,
		"usage":         `UPDATE credits.usage_stats SET credits_used = 0 WHERE user_id = '` + ada.String() + `'`,
		"password":      `UPDATE auth.passwords SET hashed_password = 'x' WHERE user_id = '` + ada.String() + `'`,
		"sessions":      `DELETE FROM auth.sessions WHERE user_id = '` + ada.String() + `'`,
		"moving a row":  `UPDATE auth.sessions SET user_id = '` + ada.String() + `'`,
		"new grant":     `INSERT INTO credits.grants (user_id, no, class, source, priority, issued, remaining, open) VALUES ('` + ada.String() + `', 9, 'paid', 'x', 50, 1, 1, true)`,
		"new event":     `INSERT INTO auth.security_events (id, user_id, event_type, created_at) VALUES ('` + id + `', '` + ada.String() + `', 'x', now())`,
		"new key":       `INSERT INTO credits.idempotency (user_id, key_hash, fingerprint, object, object_id, created_at) VALUES ('` + ada.String() + `', substr(sha256('x'), 1, 16), sha256('x'), 'transaction', '` + id + `', now())`,
		"new entry":     `INSERT INTO credits.entries (transaction_id, n, user_id, from_account, to_account, amount) SELECT '` + id + `', 1, '` + ada.String() + `', -1, 2, 5`,
		"old journal":   `UPDATE credits.transactions SET amount = 1`,
		"truncation":    `TRUNCATE credits.transactions`,
		"no journal":    `DELETE FROM credits.entries`,
		"version":       `UPDATE credits.balances SET free_credits_remaining = 999`,
		"negative":      `UPDATE credits.balances SET free_credits_remaining = -1, version = version + 1`,
		"trigger":       `ALTER TABLE credits.entries DISABLE TRIGGER ALL`,
		"policy":        `DROP POLICY actors ON auth.users`,
		"table":         `CREATE TABLE auth.mine (x int)`,
		"protection":    `ALTER TABLE auth.users NO FORCE ROW LEVEL SECURITY`,
		"another role":  `SET ROLE mana_owner`,
		"row security":  `SET row_security = off; SELECT * FROM auth.users`,
		"foreign xact":  `INSERT INTO credits.transactions (xact) VALUES (1)`,
		"system tables": `UPDATE pg_catalog.pg_class SET relrowsecurity = false`,
	} {
		for _, as := range [][2]string{{"", ""}, {"user", eve.String()}, {"service", eve.String()}, {"user", "x"}, {"admin", ada.String()}} {
			var changed int64
			err := a.as(as[0], as[1], func(tx pgx.Tx) error {
				if name == "moving a row" && as[1] != eve.String() {
					return errors.New("nothing to move")
				}
				tag, err := tx.Exec(ctx, query)
				if changed = tag.RowsAffected(); err == nil {
					_, err = tx.Exec(ctx, `SET CONSTRAINTS ALL IMMEDIATE`)
				}
				return err
			})
			if err == nil && changed > 0 {
				a.t.Errorf("%s: got %d rows changed as %q, want a refusal", name, changed, as)
			} else if err == nil && !strings.HasPrefix(query, "UPDATE") && !strings.HasPrefix(query, "DELETE") {
				a.t.Errorf("%s: got no error as %q, want a refusal", name, as)
			}
		}
	}
	err := a.as("user", eve.String(), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE auth.users SET name = 'Eve' WHERE id = $1`, eve)
		return err
	})
	if err != nil {
		a.t.Errorf("got %v, want a person's own name to be writable", err)
	}
}

// TestRowSecurityOfThePool sends 10,000 requests of random people through two connections to the server.
func TestRowSecurityOfThePool(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	narrow, err := servers.StartPgBouncer(t.Context(), server, 2)
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := narrow.Remove(); err != nil {
			t.Error(err)
		}
	})
	db := openURL(t, narrow.URL(servers.App, database)+"&pool_max_conns=200&connect_timeout=30", nil)
	people := newPeople(t, db, 50)
	const callers, each = 200, 50
	var done sync.WaitGroup
	for c := range callers {
		done.Go(func() {
			for i := range each {
				who := people[(c*7+i*13)%len(people)]
				if err := askAs(t.Context(), db, who, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	a := connect(t, narrow.URL(servers.App, database))
	for range 10 { // whichever connection it gets
		if err := a.as("", "", func(tx pgx.Tx) error {
			if n := count(t.Context(), tx, `SELECT count(*) FROM credits.balances`); n != 0 {
				return fmt.Errorf("got %d rows", n)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// askAs does one request for a person, and holds every row that it sees against them.
func askAs(ctx context.Context, db *postgres.DB, who uuid.UUID, kind int) error {
	switch kind % 4 {
	case 0:
		state, _, err := db.Ledger().Wallet(ctx, who)
		if err != nil || state.Wallet.UserID != who {
			return fmt.Errorf("got wallet %v, %w, want that of %s", state.Wallet, err, who)
		}
	case 1:
		history, err := db.Ledger().History(ctx, who, 10, 0)
		for _, x := range history {
			if x.UserID != who {
				return fmt.Errorf("got transaction %v, want those of %s", x, who)
			}
		}
		if err != nil || len(history) != 3 {
			return fmt.Errorf("got %v, %w, want 3 transactions", history, err)
		}
	case 2:
		user, err := db.Identity().UserByID(ctx, who)
		if err != nil || user.ID != who {
			return fmt.Errorf("got %v, %w, want %s", user, err, who)
		}
	default:
		for _, table := range []string{"credits.balances", "credits.transactions", "credits.entries", "auth.sessions"} {
			seen, err := postgres.PeopleForTest(ctx, db, who, `SELECT DISTINCT user_id FROM `+table)
			if err != nil || len(seen) != 1 || seen[0] != who {
				return fmt.Errorf("got rows of %v in %s, %w, want those of %s", seen, table, err, who)
			}
		}
	}
	return nil
}

// TestRoles opens nothing for a role that could pass row-level security, nor when protection is off.
func TestRoles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, role, want string }{
		"superuser":          {"", servers.Superuser, "superuser"},
		"owner":              {"", servers.Owner, "owns tables"},
		"BYPASSRLS":          {"CREATE ROLE bypasser LOGIN BYPASSRLS PASSWORD 'correct horse'; GRANT USAGE ON SCHEMA auth TO bypasser; GRANT SELECT ON auth.schema_migrations TO bypasser", "bypasser", "bypasses"},
		"member of owner":    {"CREATE ROLE member LOGIN PASSWORD 'correct horse' IN ROLE mana_owner", "member", "owns tables"},
		"maker of tables":    {"GRANT CREATE ON SCHEMA credits TO mana_app", servers.App, "make tables"},
		"changer of history": {"GRANT UPDATE (amount), DELETE ON credits.transactions TO mana_app", servers.App, "append-only"},
		"no force":           {"ALTER TABLE credits.grants NO FORCE ROW LEVEL SECURITY", servers.App, "row-level security"},
		"changer of one":     {"GRANT UPDATE (amount) ON credits.entries TO mana_app", servers.App, "append-only"},
		"replica trigger":    {"ALTER TABLE credits.entries ENABLE REPLICA TRIGGER entries_closed", servers.App, "trigger"},
		"view":               {"CREATE VIEW auth.people AS SELECT * FROM auth.users; GRANT SELECT ON auth.people TO mana_app", servers.App, "view"},
		"function":           {"CREATE FUNCTION auth.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM auth.passwords'", servers.App, "function"},
		"actor":              {`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET app.actor = %L', current_database(), 'system'); END $$`, servers.App, "app.actor"},
		"trigger":            {"ALTER TABLE credits.entries DISABLE TRIGGER entries_closed", servers.App, "trigger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			if c.query != "" {
				if err := server.Exec(t.Context(), database, c.query); err != nil {
					t.Fatal(err)
				}
			}
			db, err := postgres.Open(t.Context(), postgres.Config{URL: server.URL(c.role, database), Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				_ = db.Close()
			}
			if !errors.Is(err, postgres.ErrRole) || !strings.Contains(fmt.Sprint(err), c.want) || strings.Contains(fmt.Sprint(err), servers.Password) {
				t.Errorf("got %v, want %v: %s", err, postgres.ErrRole, c.want)
			}
		})
	}
}

// TestOwnerAppends proves that what is append-only is so for its owner too.
func TestOwnerAppends(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	newPeople(t, openURL(t, server.URL(servers.App, database), nil), 1)
	owner := connect(t, server.URL(servers.Owner, database))
	for query, rule := range map[string]string{
		`UPDATE credits.transactions SET amount = 1`:             "journal_append_only",
		`DELETE FROM credits.entries`:                            "journal_append_only",
		`TRUNCATE credits.idempotency`:                           "journal_append_only",
		`TRUNCATE auth.security_events`:                          "security_events_append_only",
		`DELETE FROM credits.balances`:                           "balances_no_delete",
		`UPDATE credits.balances SET free_credits_remaining = 1`: "balances_version",
	} {
		err := owner.as("system", "", func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), query)
			return err
		})
		if !strings.Contains(fmt.Sprint(err), rule) {
			t.Errorf("got %v of %s, want %s", err, query, rule)
		}
	}
	if err := owner.as("", "", func(tx pgx.Tx) error {
		if n := count(t.Context(), tx, `SELECT count(*) FROM auth.users`); n != 0 {
			return fmt.Errorf("got %d rows", n)
		}
		return nil
	}); err != nil {
		t.Errorf("%v without a setting for the owner, want none", err)
	}
}
