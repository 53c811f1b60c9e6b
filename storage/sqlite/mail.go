package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// insertMail puts a mail to a person into the outbox, if there is such a person, in place of one of its kind that
// waits. Without a kind it does nothing. Notices to an address that is not proven stop at [identity.UnprovenMails].
func insertMail(t *tx, person uuid.UUID, m identity.NewMail, now int64) error {
	return insertMailTo(t, person, "", m, now)
}

// insertMailTo is insertMail to another address of the person; empty: to the one that the person has.
func insertMailTo(t *tx, person uuid.UUID, to identity.Email, m identity.NewMail, now int64) error {
	if m.Kind == "" {
		return nil
	}
	if !m.Kind.Each() {
		_, err := t.exec(`DELETE FROM auth_mails WHERE user_id = ? AND kind = ? AND sent_at IS NULL`, person.String(), string(m.Kind))
		if err != nil {
			return err
		}
	}
	_, err := t.exec(`INSERT INTO auth_mails (id, user_id, address, kind, language, created_at, expires_at, next_at)
		SELECT ?1, id, coalesce(nullif(?7, ''), email), ?2, CASE substr(json_extract(claims, '$.locale') || '-', 1, 3) WHEN 'de-' THEN 'de' WHEN 'en-' THEN 'en' ELSE ?3 END,
			?4, ?5, ?4 FROM auth_users u WHERE id = ?6 AND deleted_at IS NULL AND (?8 OR email_verified
			OR (SELECT count(*) FROM auth_mails m WHERE m.user_id = u.id AND m.created_at > ?9) < ?10)`,
		m.ID.String(), string(m.Kind), m.Language, now, timestamp(m.ExpiresAt), person.String(), string(to),
		m.Kind.Asked(), now-time.Hour.Microseconds(), identity.UnprovenMails)
	return err
}

// mailColumns are a mail, and what the event of its id tells.
const mailColumns = `id, user_id, address, kind, language, created_at, expires_at, attempts, next_at, sent_at, failed_at, fault,
	coalesce((SELECT e.metadata FROM auth_security_events e WHERE e.id = auth_mails.id), 'null')`

func scanMail(row rowScanner) (identity.Mail, error) {
	var m identity.Mail
	var created, expires, next int64
	var sent, failed sql.NullInt64
	var about string
	err := row.Scan(&m.ID, &m.UserID, &m.To, &m.Kind, &m.Language, &created, &expires, &m.Attempts, &next, &sent, &failed, &m.Fault, &about)
	if err != nil {
		return m, err
	}
	m.CreatedAt, m.ExpiresAt, m.NextAt = fromTimestamp(created), fromTimestamp(expires), fromTimestamp(next)
	m.SentAt, m.FailedAt = fromOptional(sent), fromOptional(failed)
	return m, json.Unmarshal([]byte(about), &m.About)
}

// LeaseMail implements [identity.Outbox].
func (s *Identity) LeaseMail(ctx context.Context, lease time.Duration) (identity.Mail, error) {
	now := s.db.clock()
	var mail identity.Mail
	err := s.db.write(ctx, func(t *tx) (err error) {
		mail, err = scanMail(t.queryRow(`UPDATE auth_mails SET attempts = attempts + 1, next_at = ? WHERE id =
			(SELECT d.id FROM auth_mails d JOIN auth_users u ON u.id = d.user_id
			WHERE d.sent_at IS NULL AND d.failed_at IS NULL AND d.next_at <= ? AND d.expires_at > ? AND (u.deleted_at IS NULL OR d.kind = 'account_deleted')
			  AND NOT EXISTS (SELECT 1 FROM auth_verification_tokens l WHERE l.id = d.id AND l.used_at IS NOT NULL)
			ORDER BY d.next_at LIMIT 1) RETURNING `+mailColumns, timestamp(now.Add(lease)), timestamp(now), timestamp(now)))
		return notFound(err, identity.ErrNotFound)
	})
	return mail, err
}

// MailSent implements [identity.Outbox].
func (s *Identity) MailSent(ctx context.Context, m identity.Mail) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE auth_mails SET sent_at = ?, fault = '',
			address = CASE kind WHEN 'account_deleted' THEN '' ELSE address END WHERE id = ? AND attempts = ?`,
			timestamp(s.db.clock()), m.ID.String(), m.Attempts)
		return err
	})
}

// MailFailed implements [identity.Outbox].
func (s *Identity) MailFailed(ctx context.Context, m identity.Mail, fault string, again time.Time) error {
	now := s.db.clock()
	var gaveUp time.Time
	if again.IsZero() {
		gaveUp, again = now, now
	}
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE auth_mails SET fault = ?, next_at = ?, failed_at = ? WHERE id = ? AND attempts = ? AND sent_at IS NULL`,
			fault, timestamp(again), optionalTime(gaveUp), m.ID.String(), m.Attempts)
		return err
	})
}

// Mails implements [identity.Outbox].
func (s *Identity) Mails(ctx context.Context, limit int) ([]identity.Mail, error) {
	rows, err := s.db.query(ctx, `SELECT `+mailColumns+` FROM auth_mails ORDER BY id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("listing mails: %w", err)
	}
	return collectMails(rows)
}

func collectMails(rows *sql.Rows) ([]identity.Mail, error) {
	defer rows.Close()
	var found []identity.Mail
	for rows.Next() {
		mail, err := scanMail(rows)
		if err != nil {
			return nil, fmt.Errorf("listing mails: %w", err)
		}
		found = append(found, mail)
	}
	return found, rows.Err()
}

// Waiting implements [identity.Outbox].
func (s *Identity) Waiting(ctx context.Context) (map[identity.MailKind]int, time.Time, error) {
	rows, err := s.db.query(ctx, `SELECT kind, count(*), min(created_at) FROM auth_mails
		WHERE sent_at IS NULL AND failed_at IS NULL AND expires_at > ? GROUP BY kind`, timestamp(s.db.clock()))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("counting mails: %w", err)
	}
	defer rows.Close()
	counts := make(map[identity.MailKind]int)
	var oldest time.Time
	for rows.Next() {
		var kind identity.MailKind
		var n int
		var since int64
		if err := rows.Scan(&kind, &n, &since); err != nil {
			return nil, time.Time{}, fmt.Errorf("counting mails: %w", err)
		}
		counts[kind] = n
		if at := fromTimestamp(since); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return counts, oldest, rows.Err()
}

// Unsent implements [identity.MailDesk].
func (s *Identity) Unsent(ctx context.Context, limit int) ([]identity.Mail, error) {
	rows, err := s.db.query(ctx, `SELECT `+mailColumns+` FROM auth_mails
		WHERE sent_at IS NULL AND (failed_at IS NOT NULL OR expires_at > ?) ORDER BY id DESC LIMIT ?`, timestamp(s.db.clock()), limit)
	if err != nil {
		return nil, fmt.Errorf("listing mails: %w", err)
	}
	return collectMails(rows)
}

// RetryMail implements [identity.MailDesk].
func (s *Identity) RetryMail(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		e := e
		err := t.queryRow(`UPDATE auth_mails SET failed_at = NULL, next_at = ?1
			WHERE id = ?2 AND sent_at IS NULL AND expires_at > ?1 RETURNING user_id`, now, id.String()).Scan(&e.UserID)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return insertEvent(t, by.Sign(e), now)
	})
}

// DropMail implements [identity.MailDesk].
func (s *Identity) DropMail(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		e := e
		err := t.queryRow(`DELETE FROM auth_mails WHERE id = ? AND sent_at IS NULL RETURNING user_id`, id.String()).Scan(&e.UserID)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return insertEvent(t, by.Sign(e), timestamp(s.db.clock()))
	})
}
