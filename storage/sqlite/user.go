package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

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
	user              identity.User
	email             sql.NullString
	disabled, deleted sql.NullInt64
	created, updated  int64
}

func (r *userRow) targets() []any {
	return []any{
		&r.user.ID, &r.email, &r.user.EmailVerified, &r.user.Name, &r.user.AvatarURL, (*storedProfile)(&r.user.Profile), &r.user.Role,
		&r.user.SecondFactor, &r.user.HasPasskey,
		&r.disabled, &r.deleted, &r.created, &r.updated,
	}
}

func (r *userRow) value() identity.User {
	r.user.Email = identity.Email(r.email.String)
	r.user.DisabledAt, r.user.DeletedAt = fromOptional(r.disabled), fromOptional(r.deleted)
	r.user.CreatedAt, r.user.UpdatedAt = fromTimestamp(r.created), fromTimestamp(r.updated)
	return r.user
}

// storedProfile reads a profile from JSON.
type storedProfile identity.Profile

// Scan implements [sql.Scanner].
func (p *storedProfile) Scan(value any) error {
	text, _ := value.(string)
	*p = storedProfile{}
	if text == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return fmt.Errorf("reading a stored profile: %w", err)
	}
	return nil
}

// CreateAccount implements [identity.Accounts].
func (s *Identity) CreateAccount(ctx context.Context, a identity.NewAccount) (identity.User, error) {
	err := s.db.write(ctx, func(t *tx) error { return insertPerson(t, a, s.db.clock()) })
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
	if err := unclaimed(t, a.User.ID, a.User.Email, timestamp(now)); err != nil {
		return err
	}
	if a.Linked != nil {
		if _, err := insertAccount(t, *a.Linked); err != nil {
			return err
		}
	}
	fresh, err := claimBonus(t, a.Opening, a.BonusClaim, timestamp(now))
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
	if err := insertLink(t, a.User.ID, a.Link, timestamp(now)); err != nil {
		return err
	}
	if err := insertFirstMail(t, a, now); err != nil {
		return err
	}
	return insertEvent(t, a.Event, timestamp(now))
}

// insertFirstMail counts the mail of a new account at its address, and stores it within the limits.
func insertFirstMail(t *tx, a identity.NewAccount, now time.Time) error {
	if a.MailKey != nil {
		taken, err := takeAttempt(t, a.User.ID, a.MailKey, a.MailLimits, now)
		if err != nil || taken.ID == uuid.Nil {
			return err
		}
	}
	return insertMail(t, a.User.ID, a.Mail, timestamp(now))
}

func insertUser(t *tx, a identity.NewAccount) error {
	u := a.User
	_, err := t.exec(`INSERT INTO auth_users
		(id, email, email_verified, name, avatar_url, role, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID.String(), string(u.Email), u.EmailVerified, u.Name, u.AvatarURL, string(u.Role),
		timestamp(u.CreatedAt), timestamp(u.UpdatedAt))
	if violates(err, "auth_users.email") {
		return identity.ErrEmailTaken
	}
	if err != nil || a.PasswordHash == "" {
		return err
	}
	_, err = t.exec(`INSERT INTO auth_passwords (user_id, hashed_password, created_at, updated_at) VALUES (?, ?, ?, ?)`,
		u.ID.String(), a.PasswordHash, timestamp(u.CreatedAt), timestamp(u.CreatedAt))
	return err
}

// claimBonus reports whether the address has had no bonus before, and remembers that it has one now.
func claimBonus(t *tx, o ledger.Opening, claim []byte, now int64) (bool, error) {
	if o.Bonus == 0 {
		return false, nil
	}
	return one(t.exec(`INSERT INTO credits_bonus_claims (claim, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
		claim, now))
}

// Credential implements [identity.Accounts].
func (s *Identity) Credential(ctx context.Context, email identity.Email) (identity.Credential, error) {
	var row userRow
	var hash sql.NullString
	err := s.db.queryRow(ctx, `SELECT `+userColumns+`, p.hashed_password FROM auth_users u
		LEFT JOIN auth_passwords p ON p.user_id = u.id WHERE u.email = ?`, string(email)).
		Scan(append(row.targets(), &hash)...)
	if err != nil {
		return identity.Credential{}, notFound(err, identity.ErrNotFound)
	}
	return identity.Credential{User: row.value(), PasswordHash: hash.String}, nil
}

// UserByID implements [identity.Accounts].
func (s *Identity) UserByID(ctx context.Context, id uuid.UUID) (identity.User, error) {
	var row userRow
	err := s.db.queryRow(ctx, `SELECT `+userColumns+` FROM auth_users u WHERE u.id = ?`, id.String()).
		Scan(row.targets()...)
	if err != nil {
		return identity.User{}, notFound(err, identity.ErrNotFound)
	}
	return row.value(), nil
}

// CountUsers implements [identity.Accounts].
func (s *Identity) CountUsers(ctx context.Context) (int, error) {
	var n int
	err := s.db.queryRow(ctx, `SELECT count(*) FROM auth_users WHERE deleted_at IS NULL`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting people: %w", err)
	}
	return n, nil
}
