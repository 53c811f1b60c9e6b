package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mana/migrations"
	"mana/storage/postgres"
	"mana/storage/servers"
)

// nextRelease is what a later release may do to the schema beside a program that runs: new columns, an index, a
// constraint that is checked afterwards, and rows that are filled.
var nextRelease = []string{
	`ALTER TABLE credits.balances ADD COLUMN note text;
	ALTER TABLE auth.sessions ADD COLUMN label text NOT NULL DEFAULT '';
	ALTER TABLE auth.clients ADD COLUMN label text;
	ALTER TABLE credits.balances ADD CONSTRAINT balances_note CHECK (note <> 'x') NOT VALID`,
	`ALTER TABLE credits.balances VALIDATE CONSTRAINT balances_note;
	CREATE INDEX sessions_label ON auth.sessions (label);
	UPDATE auth.sessions SET label = 'from before'`,
}

// TestUpgradeUnderLoad changes the schema of a database with people, wallets and clients while a program spends and
// signs in on it, and while somebody reads a table for a long time that the change must lock. No request fails but
// by 503, none waits long, and nothing is lost.
func TestUpgradeUnderLoad(t *testing.T) {
	t.Parallel()
	database, env := onPostgres(t)
	s := prepare(t, append(append(env, richPeople()...), "LOG_LEVEL=warn")...)
	s.serve(t)
	s.client(t, "Notes", "--redirect", callback)
	u := newUpgrade(t, s)
	u.bank.wait(t, 200)

	steps, err := migrations.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	for i, query := range nextRelease {
		steps = append(steps, migrations.Migration{
			Version: len(steps) + 1, Name: fmt.Sprintf("%04d_next_%d", len(steps)+1, i), SQL: query, Checksum: sha256.Sum256([]byte(query)),
		})
	}
	reading := make(chan error, 1)
	go func() {
		reading <- database.Exec(t.Context(), "mana", `BEGIN; SELECT FROM credits.balances LIMIT 1; SELECT pg_sleep(4); COMMIT`)
	}()
	eventually(t, "somebody reads for long", func() bool {
		n, err := database.Number(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND datname = 'mana'`)
		return err == nil && n > 0
	})
	begin := time.Now()
	done, err := postgres.Apply(t.Context(), database.URL(servers.Owner, "mana"), servers.App, steps)
	if err != nil || len(done) != len(nextRelease) {
		t.Fatalf("got %v, %v, want %d steps", done, err, len(nextRelease))
	}
	took := time.Since(begin)
	if err := <-reading; err != nil {
		t.Fatal(err)
	}
	u.bank.wait(t, 200)
	u.stopLoad()
	t.Logf("the upgrade took %v, %d debits and %d sign-ins beside it, %d answers 503, the longest request %v",
		took, u.bank.count(), u.signedIn.Load(), u.busy.Load(), time.Duration(u.longest.Load()))
	if took < 2*time.Second || u.signedIn.Load() == 0 {
		t.Error("got no case of interest: the reader was not in the way, or nobody signed in")
	}
	if longest := time.Duration(u.longest.Load()); longest > 8*time.Second {
		t.Errorf("got a request of %v, want the wait bounded", longest)
	}
	// The books are read by the program of this release, which refuses the next one's schema.
	if got := s.fails(t, exitFailed, "credits", "verify"); !strings.Contains(got, "this program knows") {
		t.Errorf("got %s, want a newer schema refused", got)
	}
	if err := database.Exec(t.Context(), "mana", `DELETE FROM auth.schema_migrations WHERE name LIKE '%_next_%'`); err != nil {
		t.Fatal(err)
	}
	u.bank.audit(t, s)
}

// upgrade is the load beside an upgrade.
type upgrade struct {
	bank     *bank
	signedIn atomic.Int64
	busy     atomic.Int64
	longest  atomic.Int64
	stopLoad func()
}

// signers are those of the callers who sign in.
const signers = 4

func newUpgrade(t *testing.T, s *server) *upgrade {
	t.Helper()
	u := new(upgrade)
	u.bank = &bank{
		t: t, issuer: s.issuer, acknowledged: make(map[string]string), stop: make(chan struct{}),
		client: &http.Client{Timeout: 30 * time.Second, Transport: u},
		refused: func(response *http.Response, answer []byte, _ time.Time) {
			if u.busy.Add(1); response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
				t.Errorf("got %s %s", response.Status, answer)
			}
		},
	}
	for i := range killPeople {
		_, token := s.person(t, fmt.Sprintf("p%d@example.com", i))
		u.bank.tokens = append(u.bank.tokens, token)
	}
	var group sync.WaitGroup
	for n := range killCallers {
		if n < signers {
			group.Go(func() { u.signIn(t, s, fmt.Sprintf("p%d@example.com", n%killPeople)) })
			continue
		}
		group.Go(func() { u.bank.caller(n) })
	}
	u.stopLoad = sync.OnceFunc(func() { close(u.bank.stop); group.Wait() })
	t.Cleanup(u.stopLoad)
	return u
}

// RoundTrip implements [http.RoundTripper]: it keeps the longest time of a request.
func (u *upgrade) RoundTrip(r *http.Request) (*http.Response, error) {
	begin := time.Now()
	response, err := http.DefaultTransport.RoundTrip(r)
	for took := int64(time.Since(begin)); ; {
		if longest := u.longest.Load(); took <= longest || u.longest.CompareAndSwap(longest, took) {
			return response, err
		}
	}
}

// signIn signs in, refreshes and ends the session until the load stops.
func (u *upgrade) signIn(t *testing.T, s *server, email string) {
	call := func(path, token string, body any) (int, map[string]any) {
		status, answer, header := s.api(t, "POST", "/api/v1/auth/"+path, token, body)
		if status != http.StatusOK && (status != http.StatusServiceUnavailable || header.Get("Retry-After") == "") {
			t.Errorf("%s: got %d %v", path, status, answer)
		}
		return status, answer
	}
	for {
		select {
		case <-u.bank.stop:
			return
		default:
		}
		status, login := call("login", "", map[string]string{"email": email, "password": testPassword})
		if status != http.StatusOK {
			continue
		}
		if status, next := call("refresh", "", map[string]any{"refreshToken": login["refreshToken"]}); status == http.StatusOK {
			if status, _ := call("logout", fmt.Sprint(next["accessToken"]), nil); status == http.StatusOK {
				u.signedIn.Add(1)
			}
		}
	}
}

// wait waits until so many more debits were acknowledged.
func (b *bank) wait(t *testing.T, more int) {
	t.Helper()
	before := b.count()
	eventually(t, "the load goes on", func() bool { return b.count() >= before+more })
}

// TestSchemaBefore refuses a schema that a migration of this program is missing from, and says what to do.
func TestSchemaBefore(t *testing.T) {
	t.Parallel()
	database, env := onPostgres(t)
	s := prepare(t, append(slices.Clip(env), "MIGRATE=off")...)
	s.command(t, "migrate", "up")
	if err := database.Exec(t.Context(), "mana", `DELETE FROM auth.schema_migrations WHERE version >= 17`); err != nil {
		t.Fatal(err)
	}
	if got := s.fails(t, exitFailed, "serve"); !strings.Contains(got, "run `mana migrate up`") {
		t.Errorf("got %s, want to be told what to do", got)
	}
}
