// Package storage chooses the engine.
package storage

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"

	"mana/keys"
	"mana/ledger"
	"mana/migrations"
	"mana/provider"
	"mana/provider/identity"
	"mana/storage/postgres"
	"mana/storage/sqlite"
)

// Provider is what an engine keeps for package provider.
type Provider interface {
	provider.Store
	provider.ServiceKeyStore
	provider.PackageStore
}

// Ledger is what an engine keeps for package ledger.
type Ledger interface {
	ledger.Store
	ledger.Books
	ledger.Purchases
	ledger.Inbox
	ledger.Payments
	// Transactions is how many there are, the measure of work that goes over all of them.
	Transactions(ctx context.Context) (int64, error)
	// FrozenWallets lists wallets that nobody can use until they are mended.
	FrozenWallets(ctx context.Context, limit int) ([]uuid.UUID, error)
	// AppUsage sums up what each app charged all people, by day, of the days from since up to until; at most limit sums,
	// the latest days first.
	AppUsage(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error)
	// Capped is the store for one use of amount under the caps of a service key.
	Capped(key provider.ServiceKey, amount ledger.Amount) ledger.Store
}

// Keys is what an engine keeps for package keys.
type Keys interface {
	keys.Store
	// By lets somebody change keys.
	By(by identity.Actor) keys.Changes
}

// engine is what both engines can do as a whole.
type engine interface {
	Clean(ctx context.Context, retention time.Duration) (int, error)
	Revisions(ctx context.Context) (map[string]int64, error)
	Endings(ctx context.Context, after int64) (provider.Endings, error)
	Ping(ctx context.Context) error
	// Risks lists settings of the database by which it may lose what it has committed.
	Risks(ctx context.Context) ([]string, error)
	Close() error
}

// DB is an open database of either engine.
type DB struct {
	engine
	identity identity.Store
	provider Provider
	ledger   Ledger
	keys     Keys
}

// Identity is the part that knows people.
func (db *DB) Identity() identity.Store { return db.identity }

// Provider is the part that knows OAuth.
func (db *DB) Provider() Provider { return db.provider }

// Ledger is the part that knows credits.
func (db *DB) Ledger() Ledger { return db.ledger }

// Keys is the part that knows signing keys.
func (db *DB) Keys() Keys { return db.keys }

// IsPostgres reports whether a place is the URL of a PostgreSQL, and not the path of a file.
func IsPostgres(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Away reports whether an error of opening or migrating says that PostgreSQL cannot be reached, or does not work yet:
// that passes by itself.
func Away(err error) bool { return postgres.Away(err) }

// Open opens PostgreSQL by its URL, or else the embedded engine at a path. metrics may be nil.
func Open(ctx context.Context, place string, logger *slog.Logger, set *metrics.Set) (*DB, error) {
	watch := newOperations(set).watch
	if IsPostgres(place) {
		return openPostgres(ctx, postgres.Config{URL: place, Logger: logger, Metrics: set, Watch: watch})
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: place, Now: time.Now, Logger: logger, Metrics: set, Watch: watch})
	if err != nil {
		return nil, err
	}
	return &DB{db, db.Identity(), db.Provider(), db.Ledger(), db.Keys()}, nil
}

func openPostgres(ctx context.Context, cfg postgres.Config) (*DB, error) {
	db, err := postgres.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &DB{db, db.Identity(), db.Provider(), db.Ledger(), db.Keys()}, nil
}

// Migrate brings the schema at a place up to date, and returns the steps that were missing. For PostgreSQL, direct
// connects as the role that owns the schema, past any pooler; the role of place gets the rights of the program.
func Migrate(ctx context.Context, place, direct string) ([]migrations.Step, error) {
	if IsPostgres(place) {
		target, err := postgres.ParseURL(place)
		if err != nil {
			return nil, err
		}
		return postgres.Migrate(ctx, direct, target.Role)
	}
	before, err := sqlite.Status(ctx, place)
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: place, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	var missing []migrations.Step
	for _, step := range before {
		if step.AppliedAt.IsZero() {
			missing = append(missing, step)
		}
	}
	return missing, db.Close()
}

// Status lists the migrations that the program knows, and when the schema at a place got them.
func Status(ctx context.Context, place string) ([]migrations.Step, error) {
	if IsPostgres(place) {
		return postgres.Status(ctx, place)
	}
	return sqlite.Status(ctx, place)
}
