package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mana/ledger"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// ask reads, writes, uses credits and looks whether the database is there, at one time.
func ask(t *testing.T, db *postgres.DB, want error) (took time.Duration) {
	t.Helper()
	who := uuid.New()
	begin := time.Now()
	var group sync.WaitGroup
	for name, f := range map[string]func() error{
		"a read":    func() error { _, err := postgres.NumberForTest(t.Context(), db, `SELECT 1`); return err },
		"a write":   func() error { return postgres.ExecForTest(t.Context(), db, `SELECT 1`) },
		"revisions": func() error { _, err := db.Revisions(t.Context()); return err },
		"a ping":    func() error { return db.Ping(t.Context()) },
		"cleaning":  func() error { _, err := db.Clean(t.Context(), time.Hour); return err },
		"the ledger": func() error {
			_, err := bookOf(db).Use(t.Context(), use(who, 1, "key"))
			if errors.Is(err, ledger.ErrNoWallet) {
				return nil
			}
			return err
		},
	} {
		group.Go(func() {
			if err := f(); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		})
	}
	group.Wait()
	return time.Since(begin)
}

// TestPulse holds what is said of the database, and what is heard meanwhile, against whether it is taken to be away.
func TestPulse(t *testing.T) {
	t.Parallel()
	fault := func(code, message string) error {
		return fmt.Errorf("%w: %w", postgres.ErrBusy, &pgconn.PgError{Severity: "FATAL", Code: code, Message: message})
	}
	late := fmt.Errorf("%w: %w", postgres.ErrBusy, context.DeadlineExceeded)
	tests := map[string]struct {
		answers []error // the last one again and again
		heard   string
		want    error
	}{
		"an answer":                 {[]error{nil}, "", nil},
		"none once":                 {[]error{late, nil}, "", nil},
		"none":                      {[]error{late}, "", postgres.ErrBusy},
		"none, and others have one": {[]error{late}, "2", nil},
		"none, and others log in":   {[]error{late}, "R", nil},
		"none, and others fail":     {[]error{late}, "E", postgres.ErrBusy},
		"no connection taken":       {[]error{fault("57P03", "the database system is starting up")}, "", postgres.ErrBusy},
		"a pooler before none":      {[]error{fault("08P01", "server login has been failing")}, "", postgres.ErrBusy},
		"full":                      {[]error{fault("53300", "too many connections for role")}, "", nil},
		"a pooler that is full":     {[]error{fault("08P01", "no more connections allowed (max_client_conn)")}, "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pulse postgres.Pulse
			pulse = postgres.NewPulse(func(context.Context) error {
				if test.heard != "" {
					pulse.Hear(test.heard)
				}
				answer := test.answers[0]
				if len(test.answers) > 1 {
					test.answers = test.answers[1:]
				}
				return answer
			})
			if err := pulse.Beat(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			test.answers, test.heard = []error{nil}, ""
			if err := pulse.Beat(t.Context()); err != nil {
				t.Errorf("got %v when it is back", err)
			}
		})
	}
}

// TestHanging stops PostgreSQL from answering: who waits is answered soon, and who comes later at once, until it is back.
func TestHanging(t *testing.T) {
	t.Parallel()
	hanging, err := servers.StartPostgres(t.Context())
	servers.Need(t, err)
	t.Cleanup(func() {
		if err := hanging.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := hanging.Exec(t.Context(), "postgres", `CREATE DATABASE mana OWNER `+servers.Owner); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), hanging.URL(servers.Owner, "mana"), servers.App); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: hanging.URL(servers.App, "mana"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	end := sync.OnceValue(db.Close)
	t.Cleanup(func() { _ = end() })
	for range 2 {
		ask(t, db, nil)
		if err := hanging.Hang(); err != nil {
			t.Fatal(err)
		}
		if took := ask(t, db, postgres.ErrBusy); took > 4*time.Second {
			t.Errorf("got the answer after %v, want it after a second", took)
		}
		waitFor(t, "it is known", func() bool {
			begin := time.Now()
			return errors.Is(db.Ping(t.Context()), postgres.ErrBusy) && time.Since(begin) < 100*time.Millisecond
		})
		begin := time.Now()
		for range 20 {
			ask(t, db, postgres.ErrBusy)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("got 20 times 6 refusals after %v, want them at once", took)
		}
		if err := hanging.Resume(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "it is back", func() bool { return db.Ping(t.Context()) == nil })
	}
	ask(t, db, nil)
	if err := hanging.Hang(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := end(); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("got %v after %v, want the end of the program not to wait", err, time.Since(begin))
	}
	if err := hanging.Resume(); err != nil {
		t.Fatal(err)
	}
}

// TestSlow lets many wait for what somebody else holds: they are refused after two seconds, and nobody else is.
func TestSlow(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: serverURL(servers.App, database), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	other, err := pgx.Connect(t.Context(), serverURL(servers.App, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	if _, err := other.Exec(t.Context(), `SELECT pg_advisory_lock(7)`); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			if err := postgres.ExecForTest(t.Context(), db, `SELECT pg_advisory_xact_lock(7)`); !errors.Is(err, postgres.ErrBusy) {
				t.Errorf("got %v, want it refused", err)
			}
		})
	}
	done := make(chan struct{})
	go func() { waiting.Wait(); close(done) }()
	for rounds := 0; ; rounds++ {
		select {
		case <-done:
			if rounds < 3 {
				t.Errorf("got %d rounds meanwhile, want a few", rounds)
			}
			return
		default:
			ask(t, db, nil)
		}
	}
}
