// Package storagetest is the behaviour that every storage engine must have: the specification of storage,
// as tests. An engine's own test opens fresh stores and calls [Run].
package storagetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/keys"
	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// Store is one engine under test.
type Store struct {
	Identity identity.Store
	Provider provider.Store
	// ServiceKeys keeps the keys of back ends.
	ServiceKeys provider.ServiceKeyStore
	// Packages keeps what can be bought.
	Packages provider.PackageStore
	Ledger   ledger.Store
	Till     Till
	// AppUsage sums up what each app charged all people, by day.
	AppUsage func(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error)
	// Capped is the ledger for one use of amount under the caps of a key.
	Capped func(key provider.ServiceKey, amount ledger.Amount) ledger.Store
	Books  ledger.Books
	// Transactions counts all there are.
	Transactions func(ctx context.Context) (int64, error)
	Keys         keys.Store
	KeyActs      func(identity.Actor) keys.Changes
	Clean        func(ctx context.Context, retention time.Duration) (int, error)
	// Revisions reads the counters of what programs keep in memory.
	Revisions func(ctx context.Context) (map[string]int64, error)
	// Endings tells what changed of what answers about access tokens rest on.
	Endings func(ctx context.Context, after int64) (provider.Endings, error)
	// Exec runs SQL with the rights of the program, to prove what the database itself refuses. Tables are named
	// with their schema, such as auth.users.
	Exec func(ctx context.Context, query string) error
	// Weaken takes away a rule that protects the journal, with rights that the program need not have.
	Weaken func(ctx context.Context) error
	// Intrude adds a trigger to the postings, with the same rights.
	Intrude func(ctx context.Context) error
	// Tamper runs SQL past the rules of the database, as somebody with its files could.
	Tamper func(ctx context.Context, query string) error
	// Number runs SQL that gives one number.
	Number func(ctx context.Context, query string) (int, error)
	Spelling
}

// Spelling is what engines write differently.
type Spelling struct {
	// Replace is SQL that would write over the rows of a table by inserting them again. key are the columns
	// of its primary key.
	Replace func(table, key string) string
	// Post is SQL that writes a transaction and its postings, each given as statements, in the engine's order.
	Post func(transaction, entries string) string
	// Blob is so many zero bytes.
	Blob func(n int) string
	// Random is SQL of 32 random bytes, others in each row.
	Random string
	// Day is a day as the engine stores it.
	Day func(day time.Time) string
}

// Open gives a fresh, empty store that closes with the test.
type Open func(t *testing.T, now func() time.Time) Store

// Run runs every suite.
func Run(t *testing.T, open Open) {
	t.Run("accounts", func(t *testing.T) { t.Parallel(); testAccounts(t, open) })
	t.Run("profiles", func(t *testing.T) { t.Parallel(); testProfiles(t, open) })
	t.Run("sessions", func(t *testing.T) { t.Parallel(); testSessions(t, open) })
	t.Run("records", func(t *testing.T) { t.Parallel(); testRecords(t, open) })
	t.Run("connections", func(t *testing.T) { t.Parallel(); testConnections(t, open) })
	t.Run("upstreams", func(t *testing.T) { t.Parallel(); testUpstreams(t, open) })
	t.Run("deletion", func(t *testing.T) { t.Parallel(); testDeletion(t, open) })
	t.Run("attempts", func(t *testing.T) { t.Parallel(); testAttempts(t, open) })
	t.Run("links", func(t *testing.T) { t.Parallel(); testLinks(t, open) })
	t.Run("passwords", func(t *testing.T) { t.Parallel(); testPasswords(t, open) })
	t.Run("old passwords", func(t *testing.T) { t.Parallel(); testOldPassword(t, open) })
	t.Run("disowned", func(t *testing.T) { t.Parallel(); testDisowned(t, open) })
	t.Run("addresses", func(t *testing.T) { t.Parallel(); testAddresses(t, open) })
	t.Run("outbox", func(t *testing.T) { t.Parallel(); testOutbox(t, open) })
	t.Run("notices", func(t *testing.T) { t.Parallel(); testNotices(t, open) })
	t.Run("setup", func(t *testing.T) { t.Parallel(); testSetup(t, open) })
	t.Run("ways in", func(t *testing.T) { t.Parallel(); testWays(t, open) })
	t.Run("mail desk", func(t *testing.T) { t.Parallel(); testMailDesk(t, open) })
	t.Run("package administration", func(t *testing.T) { t.Parallel(); testPackageAdmin(t, open) })
	t.Run("administration", func(t *testing.T) { t.Parallel(); testAdministration(t, open) })
	t.Run("credits given by administrators", func(t *testing.T) { t.Parallel(); testGiven(t, open) })
	t.Run("second factors", func(t *testing.T) { t.Parallel(); testFactors(t, open) })
	t.Run("passkeys", func(t *testing.T) { t.Parallel(); testPasskeys(t, open) })
	t.Run("sign-ins that wait", func(t *testing.T) { t.Parallel(); testSignIns(t, open) })
	t.Run("statistics", func(t *testing.T) { t.Parallel(); testStatistics(t, open) })
	t.Run("clients", func(t *testing.T) { t.Parallel(); testClients(t, open) })
	t.Run("events of clients", func(t *testing.T) { t.Parallel(); testClientEvents(t, open) })
	t.Run("service keys", func(t *testing.T) { t.Parallel(); testServiceKeys(t, open) })
	t.Run("caps of service keys", func(t *testing.T) { t.Parallel(); testKeyCaps(t, open) })
	t.Run("lowered caps of service keys", func(t *testing.T) { t.Parallel(); testLoweredCaps(t, open) })
	t.Run("provider", func(t *testing.T) { t.Parallel(); testProvider(t, open) })
	t.Run("endings", func(t *testing.T) { t.Parallel(); testEndings(t, open) })
	t.Run("refresh", func(t *testing.T) { t.Parallel(); testRefresh(t, open) })
	t.Run("races", func(t *testing.T) { t.Parallel(); testRaces(t, open) })
	t.Run("keys", func(t *testing.T) { t.Parallel(); testKeys(t, open) })
	t.Run("ledger", func(t *testing.T) { t.Parallel(); testLedger(t, open) })
}

// Clock is a clock that tests move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed moment.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock, backwards too.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const bonus = 150 * ledger.Credit

// newAccount is an account with an opening bonus, its claim made of the address.
func newAccount(email string, now time.Time) identity.NewAccount {
	claim := sha256.Sum256([]byte(email))
	id := uuid.Must(uuid.NewV7())
	return identity.NewAccount{
		User: identity.User{
			ID: id, Email: identity.Email(email), Name: "Ada", Role: identity.RoleUser, CreatedAt: now, UpdatedAt: now,
		},
		PasswordHash: "hash",
		BonusClaim:   claim[:],
		Opening:      ledger.Opening{TransactionID: uuid.Must(uuid.NewV7()), Bonus: bonus},
		Event:        identity.Event{UserID: id, Type: "register"},
	}
}

func createUser(t *testing.T, s Store, email string, now time.Time) identity.User {
	t.Helper()
	user, err := s.Identity.CreateAccount(t.Context(), newAccount(email, now))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// newSession is a browser session that lives a day, 24 hours idle.
func newSession(user identity.User, now time.Time) identity.Session {
	secret := identity.NewSecret()
	return identity.Session{
		ID: uuid.Must(uuid.NewV7()), UserID: user.ID, CookieHash: secret.Hash(), AuthTime: now.Truncate(time.Second),
		AMR: []string{"pwd"}, LastActivityAt: now, CreatedAt: now, ExpiresAt: now.Add(48 * time.Hour), IdleFor: 24 * time.Hour,
	}
}

func startSession(t *testing.T, s Store, user identity.User, now time.Time) identity.Session {
	t.Helper()
	session, err := s.Identity.StartSession(t.Context(), newSession(user, now), nil, identity.Event{UserID: user.ID, Type: "login_success"})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// race runs f n times at one moment and counts each outcome.
func race(n int, f func(i int) error) map[error]int {
	start := make(chan struct{})
	results := make(chan error, n)
	for i := range n {
		go func() {
			<-start
			results <- f(i)
		}()
	}
	close(start)
	outcomes := make(map[error]int)
	for range n {
		outcomes[root(<-results)]++
	}
	return outcomes
}

// root is the sentinel at the bottom of a chain of wrapped errors.
func root(err error) error {
	for err != nil {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
	return nil
}

// wantNumber expects a query to give n.
func wantNumber(t *testing.T, s Store, query string, n int) {
	t.Helper()
	if got, err := s.Number(t.Context(), query); err != nil || got != n {
		t.Errorf("got %d, %v of %s, want %d", got, err, query, n)
	}
}

func want(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

// denied is how an engine with roles refuses what the program's role may never do.
const denied = "permission denied"

// wantRefusal expects the database itself to refuse a statement, by the name of one of the rules.
func wantRefusal(t *testing.T, s Store, query string, rules ...string) {
	t.Helper()
	err := s.Exec(t.Context(), query)
	if err == nil {
		t.Errorf("got no error for %s, want a refusal by %s", query, rules)
	} else if !slices.ContainsFunc(rules, func(rule string) bool { return contains(err.Error(), rule) }) {
		t.Errorf("got error %v for %s, want a refusal by %s", err, query, rules)
	}
}
