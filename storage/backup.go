package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"mana/storage/postgres"
	"mana/storage/sqlite"
)

// ErrOccupied says that a restore would write over something.
var ErrOccupied = errors.New("the store is not empty: a restore goes into a new one")

// voided are the tables whose rows end with a restore: sessions, what hangs on them, and whatever may be used once. A
// copy would bring to life again what was used or ended since, such as a code or the refresh token before the last.
var voided = []string{
	"auth_challenges", "auth_codes", "auth_grants", "auth_mails", "auth_refresh_tokens", "auth_requests", "auth_sessions",
	"auth_setup_links", "auth_sign_ins", "auth_verification_tokens",
}

// restored are the tables that a restore leaves as they were. Recovery codes stay, or a restore would lock people out
// who have lost their other factor; so do keys of idempotency and what Stripe told, or it would be booked again.
var restored = []string{
	"auth_accounts", "auth_clients", "auth_consents", "auth_endings", "auth_login_attempts", "auth_passkeys", "auth_passwords",
	"auth_recovery_codes", "auth_revisions", "auth_revoked_tokens", "auth_roles", "auth_security_events", "auth_service_keys", "auth_signing_keys", "auth_statistics",
	"auth_two_factor_auth", "auth_users", "credits_accounts", "credits_balances", "credits_bonus_claims", "credits_disputes", "credits_entries",
	"credits_grants", "credits_hold_parts", "credits_holds", "credits_idempotency", "credits_key_caps", "credits_packages", "credits_purchases",
	"credits_refunds", "credits_stripe_customers", "credits_stripe_events", "credits_transactions", "credits_usage_stats", "schema_migrations",
}

// Backup writes one consistent snapshot of the database at a place, while others use it, in the form of its engine: a
// SQLite file, or an archive of pg_dump. For PostgreSQL, direct connects as the role that owns the schema. It gives the
// rows of each table. progress hears how far it is.
func Backup(ctx context.Context, place, direct string, to io.Writer, progress func(done, total int64)) (map[string]int64, error) {
	if IsPostgres(place) {
		rows, err := postgres.Backup(ctx, direct, to, progress)
		return here(rows), err
	}
	return sqlite.Backup(ctx, place, to, progress)
}

// Restored is what a restore made of a backup.
type Restored struct {
	Rows   map[string]int64 // by table, as they are now
	Voided map[string]int64 // rows that ended, by table
}

// Restore fills an empty store of the same engine with a backup, ends what must not live twice, and brings the schema up
// to date, all or nothing. [ErrOccupied]; a backup of a newer schema is refused.
func Restore(ctx context.Context, place, direct string, from io.Reader) (Restored, error) {
	if !IsPostgres(place) {
		rows, ended, err := sqlite.Restore(ctx, sqlite.Config{Path: place, Now: time.Now}, from, voided)
		if errors.Is(err, sqlite.ErrOccupied) {
			err = fmt.Errorf("%w: %s exists", ErrOccupied, place)
		}
		return Restored{rows, ended}, err
	}
	tables := make([]string, len(voided))
	for i, table := range voided {
		tables[i] = there(table)
	}
	ended, err := postgres.Restore(ctx, direct, from, tables)
	if errors.Is(err, postgres.ErrOccupied) {
		err = ErrOccupied
	}
	if err == nil {
		_, err = Migrate(ctx, place, direct)
	}
	if err != nil {
		return Restored{}, err
	}
	rows, err := postgres.Rows(ctx, direct)
	return Restored{here(rows), here(ended)}, err
}

// here gives tables of PostgreSQL the names that SQLite has for them: the reverse of [there].
func here(rows map[string]int64) map[string]int64 {
	named := make(map[string]int64, len(rows))
	for table, n := range rows {
		named[strings.Replace(table, ".", "_", 1)] = n
	}
	return named
}
