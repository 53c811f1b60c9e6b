package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider/identity"
)

// insertMail puts a mail to a person into the outbox, if there is such a person, in place of one of its kind that
// waits. Without a kind it does nothing. Notices to an address that is not proven stop at [identity.UnprovenMails].
func insertMail(t *tx, person uuid.UUID, m identity.NewMail, now time.Time) error {
	return insertMailTo(t, person, "", m, now)
}

// insertMailTo is insertMail to another address of the person; empty: to the one that the person has.
func insertMailTo(t *tx, person uuid.UUID, to identity.Email, m identity.NewMail, now time.Time) error {
	if m.Kind == "" {
		return nil
	}
	if !m.Kind.Each() {
		if _, err := t.exec(deleteWaitingMail, person, string(m.Kind)); err != nil {
			return err
		}
	}
	_, err := t.exec(insertMailRow, mailRow(person, to, m, now)...)
	return err
}

const deleteWaitingMail = `DELETE FROM auth.mails WHERE user_id = $1 AND kind = $2 AND sent_at IS NULL`

// insertMailRow falls back to the given language, and then to the one that an alert was asked for in.
const insertMailRow = `INSERT INTO auth.mails (id, user_id, address, kind, language, created_at, expires_at, next_at)
	SELECT $1, id, coalesce(nullif($7, ''), email), $2, CASE substr((claims ->> 'locale') || '-', 1, 3) WHEN 'de-' THEN 'de' WHEN 'en-' THEN 'en'
		ELSE coalesce(nullif($3, ''), (SELECT alert_language FROM credits.balances WHERE user_id = u.id), '') END,
		$4, $5, $4 FROM auth.users u WHERE id = $6 AND deleted_at IS NULL AND ($8 OR email_verified
			OR (SELECT count(*) FROM auth.mails m WHERE m.user_id = u.id AND m.created_at > $9) < $10)`

// mailRow is what insertMailRow takes.
func mailRow(person uuid.UUID, to identity.Email, m identity.NewMail, now time.Time) []any {
	return []any{
		m.ID, string(m.Kind), m.Language, now, m.ExpiresAt, person, string(to),
		m.Kind.Asked(), now.Add(-time.Hour), identity.UnprovenMails,
	}
}

// mailColumns are a mail, and what the event of its id tells.
const mailColumns = `id, user_id, address, kind, language, created_at, expires_at, attempts, next_at, sent_at, failed_at, fault,
	(SELECT e.metadata FROM auth.security_events e WHERE e.id = mails.id)`

func scanMail(row pgx.CollectableRow) (identity.Mail, error) {
	var m identity.Mail
	err := row.Scan(&m.ID, &m.UserID, &m.To, &m.Kind, &m.Language, &m.CreatedAt, &m.ExpiresAt, &m.Attempts, &m.NextAt,
		toTime(&m.SentAt), toTime(&m.FailedAt), &m.Fault, &m.About)
	return m, err
}

// LeaseMail implements [identity.Outbox].
func (s *Identity) LeaseMail(ctx context.Context, lease time.Duration) (identity.Mail, error) {
	now := s.db.clock()
	var mail identity.Mail
	err := s.db.write(ctx, system, func(t *tx) error {
		rows, err := t.query(`UPDATE auth.mails SET attempts = attempts + 1, next_at = $1 WHERE id =
			(SELECT d.id FROM auth.mails d JOIN auth.users u ON u.id = d.user_id
			WHERE d.sent_at IS NULL AND d.failed_at IS NULL AND d.next_at <= $2 AND d.expires_at > $2 AND (u.deleted_at IS NULL OR d.kind = 'account_deleted')
			  AND NOT EXISTS (SELECT FROM auth.verification_tokens l WHERE l.id = d.id AND l.used_at IS NOT NULL)
			ORDER BY d.next_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
			RETURNING `+mailColumns, now.Add(lease), now)
		if err != nil {
			return err
		}
		mail, err = pgx.CollectExactlyOneRow(rows, scanMail)
		return notFound(err, identity.ErrNotFound)
	})
	return mail, err
}

// MailSent implements [identity.Outbox].
func (s *Identity) MailSent(ctx context.Context, m identity.Mail) error {
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`UPDATE auth.mails SET sent_at = $1, fault = '',
			address = CASE kind WHEN 'account_deleted' THEN '' ELSE address END WHERE id = $2 AND attempts = $3`,
			s.db.clock(), m.ID, m.Attempts)
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
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`UPDATE auth.mails SET fault = $1, next_at = $2, failed_at = $3 WHERE id = $4 AND attempts = $5 AND sent_at IS NULL`,
			printable(fault), again, optionalTime(gaveUp), m.ID, m.Attempts)
		return err
	})
}

// Mails implements [identity.Outbox].
func (s *Identity) Mails(ctx context.Context, limit int) ([]identity.Mail, error) {
	var found []identity.Mail
	err := s.db.read(ctx, system, `SELECT `+mailColumns+` FROM auth.mails ORDER BY id DESC LIMIT $1`, all(&found, scanMail), limit)
	if err != nil {
		return nil, fmt.Errorf("listing mails: %w", err)
	}
	return found, nil
}

// Waiting implements [identity.Outbox].
func (s *Identity) Waiting(ctx context.Context) (map[identity.MailKind]int, time.Time, error) {
	counts := make(map[identity.MailKind]int)
	var oldest time.Time
	err := s.db.read(ctx, system, `SELECT kind, count(*), min(created_at) FROM auth.mails
		WHERE sent_at IS NULL AND failed_at IS NULL AND expires_at > $1 GROUP BY kind`, func(rows pgx.Rows) error {
		clear(counts)
		oldest = time.Time{}
		var kind identity.MailKind
		var n int
		var since time.Time
		_, err := pgx.ForEachRow(rows, []any{&kind, &n, &since}, func() error {
			counts[kind] = n
			if oldest.IsZero() || since.Before(oldest) {
				oldest = since
			}
			return nil
		})
		return err
	}, s.db.clock())
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("counting mails: %w", err)
	}
	return counts, oldest, nil
}

// Unsent implements [identity.MailDesk].
func (s *Identity) Unsent(ctx context.Context, limit int) ([]identity.Mail, error) {
	var found []identity.Mail
	err := s.db.read(ctx, system, `SELECT `+mailColumns+` FROM auth.mails
		WHERE sent_at IS NULL AND (failed_at IS NOT NULL OR expires_at > $1) ORDER BY id DESC LIMIT $2`,
		all(&found, scanMail), s.db.clock(), limit)
	if err != nil {
		return nil, fmt.Errorf("listing mails: %w", err)
	}
	return found, nil
}

// RetryMail implements [identity.MailDesk].
func (s *Identity) RetryMail(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	now := s.db.clock()
	return s.db.write(ctx, system, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		e := e
		err := t.queryRow(`UPDATE auth.mails SET failed_at = NULL, next_at = $1
			WHERE id = $2 AND sent_at IS NULL AND expires_at > $1 RETURNING user_id`, now, id).Scan(&e.UserID)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return insertEvent(t, by.Sign(e), now)
	})
}

// DropMail implements [identity.MailDesk].
func (s *Identity) DropMail(ctx context.Context, by identity.Actor, id uuid.UUID, e identity.Event) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := authorize(t, by); err != nil {
			return err
		}
		e := e
		err := t.queryRow(`DELETE FROM auth.mails WHERE id = $1 AND sent_at IS NULL RETURNING user_id`, id).Scan(&e.UserID)
		if err != nil {
			return notFound(err, identity.ErrNotFound)
		}
		return insertEvent(t, by.Sign(e), s.db.clock())
	})
}
