package postgres

import (
	"context"
	"fmt"
	"time"
)

const (
	cleanBatch    = 1000           // rows of one table deleted by one transaction
	usedRetention = 24 * time.Hour // single-use rows stay this long past their end, to notice repeats
)

// Clean deletes rows that no rule needs any more, and erases the salts of rotations whose grace is over, in
// bounded transactions, and tells how many. A code stays as long as a refresh token from it lives, to notice
// a repeat; sessions and what hangs on them stay for retention after their end, and so do events of the
// security log, but at least 30 days. It may be stopped at any time, and rows that are in use wait for the next time.
func (db *DB) Clean(ctx context.Context, retention time.Duration) (int, error) {
	now := db.clock()
	used, ended := now.Add(-usedRetention), now.Add(-retention)
	total := 0
	for _, statement := range []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM auth.requests WHERE request_hash IN
			(SELECT request_hash FROM auth.requests WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.codes WHERE code_hash IN
			(SELECT c.code_hash FROM auth.codes c WHERE expires_at <= $1 AND NOT EXISTS
				(SELECT 1 FROM auth.refresh_tokens r WHERE r.grant_handle = c.grant_handle) LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.refresh_tokens WHERE token_hash IN
			(SELECT token_hash FROM auth.refresh_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.revoked_tokens WHERE token_id IN
			(SELECT token_id FROM auth.revoked_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-time.Hour)},
		{
			`UPDATE auth.refresh_tokens SET salt = NULL WHERE token_hash IN
			(SELECT token_hash FROM auth.refresh_tokens WHERE salt IS NOT NULL AND rotated_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			now.Add(-refreshGrace),
		},
		{`DELETE FROM auth.login_attempts WHERE id IN
			(SELECT id FROM auth.login_attempts WHERE taken_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-attemptMemory)},
		{`DELETE FROM auth.verification_tokens WHERE id IN
			(SELECT id FROM auth.verification_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.mails WHERE id IN
			(SELECT id FROM auth.mails WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.challenges WHERE challenge_hash IN
			(SELECT challenge_hash FROM auth.challenges WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now},
		{`DELETE FROM auth.sign_ins WHERE sign_in_hash IN
			(SELECT sign_in_hash FROM auth.sign_ins WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.sessions WHERE id IN
			(SELECT id FROM auth.sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, ended},
	} {
		for {
			var n int64
			err := db.write(ctx, system, func(t *tx) error {
				result, err := t.exec(statement.query, statement.before, cleanBatch)
				n = result.RowsAffected()
				return err
			})
			if err != nil {
				return total, fmt.Errorf("deleting old rows: %w", err)
			}
			total += int(n)
			if n < cleanBatch {
				break
			}
		}
	}
	n, err := db.cleanEvents(ctx, ended)
	return total + n, err
}

// cleanEvents has old events deleted, which the program's role itself may not do.
func (db *DB) cleanEvents(ctx context.Context, before time.Time) (int, error) {
	for total := 0; ; {
		var n int
		err := db.write(ctx, system, func(t *tx) error {
			return t.queryRow(`SELECT auth.delete_events($1, $2)`, before, cleanBatch).Scan(&n)
		})
		if err != nil {
			return total, fmt.Errorf("deleting old events: %w", err)
		}
		if total += n; n < cleanBatch {
			return total, nil
		}
	}
}
