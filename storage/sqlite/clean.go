package sqlite

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
// security log, but at least 30 days. It may be stopped at any time.
func (db *DB) Clean(ctx context.Context, retention time.Duration) (int, error) {
	now := db.clock()
	used, ended := timestamp(now.Add(-usedRetention)), timestamp(now.Add(-retention))
	total := 0
	for _, statement := range []struct {
		query string
		limit int64
	}{
		{`DELETE FROM auth_requests WHERE request_hash IN
			(SELECT request_hash FROM auth_requests WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_codes WHERE code_hash IN
			(SELECT code_hash FROM auth_codes c WHERE expires_at <= ? AND NOT EXISTS
				(SELECT 1 FROM auth_refresh_tokens r WHERE r.grant_handle = c.grant_handle) LIMIT ?)`, used},
		{`DELETE FROM auth_refresh_tokens WHERE token_hash IN
			(SELECT token_hash FROM auth_refresh_tokens WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_revoked_tokens WHERE token_id IN
			(SELECT token_id FROM auth_revoked_tokens WHERE expires_at <= ? LIMIT ?)`, timestamp(now.Add(-time.Hour))},
		{
			`UPDATE auth_refresh_tokens SET salt = NULL WHERE token_hash IN
			(SELECT token_hash FROM auth_refresh_tokens WHERE salt IS NOT NULL AND rotated_at <= ? LIMIT ?)`,
			timestamp(now.Add(-refreshGrace)),
		},
		{`DELETE FROM auth_login_attempts WHERE id IN
			(SELECT id FROM auth_login_attempts WHERE taken_at <= ? LIMIT ?)`, timestamp(now.Add(-attemptMemory))},
		{`DELETE FROM auth_verification_tokens WHERE id IN
			(SELECT id FROM auth_verification_tokens WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_mails WHERE id IN
			(SELECT id FROM auth_mails WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_challenges WHERE challenge_hash IN
			(SELECT challenge_hash FROM auth_challenges WHERE expires_at <= ? LIMIT ?)`, timestamp(now)},
		{`DELETE FROM auth_sign_ins WHERE sign_in_hash IN
			(SELECT sign_in_hash FROM auth_sign_ins WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_sessions WHERE id IN
			(SELECT id FROM auth_sessions WHERE expires_at <= ? LIMIT ?)`, ended},
		{`DELETE FROM auth_security_events WHERE id IN
			(SELECT id FROM auth_security_events WHERE created_at <= min(?, (SELECT max(created_at) FROM auth_security_events) - 30 * 86400000000) LIMIT ?)`, ended},
	} {
		for {
			var n int64
			err := db.write(ctx, func(t *tx) error {
				result, err := t.exec(statement.query, statement.limit, cleanBatch)
				if err != nil {
					return err
				}
				n, err = result.RowsAffected()
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
	return total, nil
}
