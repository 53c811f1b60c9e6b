package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/ledger"
	"mana/provider/identity"
)

// Identity keeps people, sessions and failed sign-ins.
type Identity struct{ db *DB }

var _ identity.Store = (*Identity)(nil)

// Identity is the part of the engine that knows people.
func (db *DB) Identity() *Identity { return &Identity{db} }

const userColumns = `u.id, u.email, u.email_verified, u.name, u.avatar_url, u.claims, u.role, u.second_factor, u.has_passkey,
	u.disabled_at, u.deleted_at, u.created_at, u.updated_at`

// userRow reads userColumns.
type userRow struct {
	user  identity.User
	email zeronull.Text
}

func (r *userRow) targets() []any {
	return []any{
		&r.user.ID, &r.email, &r.user.EmailVerified, &r.user.Name, &r.user.AvatarURL, &r.user.Profile, &r.user.Role,
		&r.user.SecondFactor, &r.user.HasPasskey,
		toTime(&r.user.DisabledAt), toTime(&r.user.DeletedAt), &r.user.CreatedAt, &r.user.UpdatedAt,
	}
}

func (r *userRow) value() identity.User {
	r.user.Email = identity.Email(r.email)
	return r.user
}

// CreateAccount implements [identity.Accounts].
func (s *Identity) CreateAccount(ctx context.Context, a identity.NewAccount) (identity.User, error) {
	err := s.db.write(ctx, system, func(t *tx) error { return insertPerson(t, a, s.db.clock()) })
	if err != nil {
		return identity.User{}, fmt.Errorf("creating an account: %w", err)
	}
	return a.User, nil
}

// insertPerson stores a person with all that comes into being with them.
func insertPerson(t *tx, a identity.NewAccount, now time.Time) error {
	if err := insertUser(t, a); err != nil {
		return err
	}
	if err := unclaimed(t, a.User.ID, a.User.Email, now); err != nil {
		return err
	}
	if a.Linked != nil {
		if _, err := insertAccount(t, *a.Linked); err != nil {
			return err
		}
	}
	fresh, err := claimBonus(t, a.Opening, a.BonusClaim, now)
	if err != nil {
		return err
	}
	delta, err := ledger.Open(a.User.ID, now, a.Opening, fresh)
	if err != nil {
		return err
	}
	if err := insertWallet(t, delta.Wallet); err != nil {
		return err
	}
	if err := writeJournal(t, delta); err != nil {
		return err
	}
	if err := insertLink(t, a.User.ID, a.Link, now); err != nil {
		return err
	}
	if err := insertFirstMail(t, a, now); err != nil {
		return err
	}
	return insertEvent(t, a.Event, now)
}

// insertFirstMail counts the mail of a new account at its address, and stores it within the limits.
func insertFirstMail(t *tx, a identity.NewAccount, now time.Time) error {
	if a.MailKey != nil {
		taken, err := takeAttempt(t, a.User.ID, a.MailKey, a.MailLimits, now)
		if err != nil || taken.ID == uuid.Nil {
			return err
		}
	}
	return insertMail(t, a.User.ID, a.Mail, now)
}

func insertUser(t *tx, a identity.NewAccount) error {
	u := a.User
	_, err := t.exec(`INSERT INTO auth.users
		(id, email, email_verified, name, avatar_url, role, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		u.ID, string(u.Email), u.EmailVerified, u.Name, u.AvatarURL, string(u.Role),
		u.CreatedAt, u.UpdatedAt)
	if violates(err, "users_email_key") {
		return identity.ErrEmailTaken
	}
	if err != nil || a.PasswordHash == "" {
		return err
	}
	_, err = t.exec(`INSERT INTO auth.passwords (user_id, hashed_password, created_at, updated_at) VALUES ($1, $2, $3, $4)`,
		u.ID, a.PasswordHash, u.CreatedAt, u.CreatedAt)
	return err
}

// claimBonus reports whether the address has had no bonus before, and remembers that it has one now.
func claimBonus(t *tx, o ledger.Opening, claim []byte, now time.Time) (bool, error) {
	if o.Bonus == 0 {
		return false, nil
	}
	return one(t.exec(`INSERT INTO credits.bonus_claims (claim, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		claim, now))
}

// Credential implements [identity.Accounts].
func (s *Identity) Credential(ctx context.Context, email identity.Email) (identity.Credential, error) {
	var row userRow
	var hash zeronull.Text
	err := s.db.reader(ctx, system)(`SELECT `+userColumns+`, p.hashed_password FROM auth.users u
		LEFT JOIN auth.passwords p ON p.user_id = u.id WHERE u.email = $1`, string(email)).
		Scan(append(row.targets(), &hash)...)
	if err != nil {
		return identity.Credential{}, notFound(err, identity.ErrNotFound)
	}
	return identity.Credential{User: row.value(), PasswordHash: string(hash)}, nil
}

// UserByID implements [identity.Accounts].
func (s *Identity) UserByID(ctx context.Context, id uuid.UUID) (identity.User, error) {
	var row userRow
	err := s.db.reader(ctx, user(id))(`SELECT `+userColumns+` FROM auth.users u WHERE u.id = $1`, id).
		Scan(row.targets()...)
	if err != nil {
		return identity.User{}, notFound(err, identity.ErrNotFound)
	}
	return row.value(), nil
}

// CountUsers implements [identity.Accounts].
func (s *Identity) CountUsers(ctx context.Context) (int, error) {
	var n int
	err := s.db.reader(ctx, system)(`SELECT count(*) FROM auth.users WHERE deleted_at IS NULL`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting people: %w", err)
	}
	return n, nil
}
