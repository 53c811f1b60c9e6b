package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mana/ledger"
	"mana/provider"
)

const (
	cleanBatch    = 1000           // rows of one table deleted by one transaction
	codePages     = 20             // batches of codes that one run looks at
	usedRetention = 24 * time.Hour // single-use rows stay this long past their end, to notice repeats
)

// Clean erases the salts of rotations whose grace is over, and deletes rows that no rule needs any more, in
// bounded transactions, and tells how many. A code stays as long as a refresh token from it lives, to notice
// a repeat; sessions and what hangs on them stay for retention after their end, and so do events of the
// security log, but at least 30 days. It may be stopped at any time. What fails does not
// keep the rest from being cleaned.
func (db *DB) Clean(ctx context.Context, retention time.Duration) (int, error) {
	now := db.clock()
	used, ended := timestamp(now.Add(-usedRetention)), timestamp(now.Add(-retention))
	total := 0
	var faults error
	clean := func(part func(context.Context) (int, error)) {
		if ctx.Err() == nil {
			n, err := part(ctx)
			total, faults = total+n, errors.Join(faults, err)
		}
	}
	for _, statement := range []struct {
		query string
		limit int64
	}{
		{
			`UPDATE auth_refresh_tokens SET salt = NULL WHERE token_hash IN
			(SELECT token_hash FROM auth_refresh_tokens WHERE salt IS NOT NULL AND rotated_at <= ? LIMIT ?)`,
			timestamp(now.Add(-refreshGrace)),
		},
		{`DELETE FROM auth_requests WHERE request_hash IN
			(SELECT request_hash FROM auth_requests WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_refresh_tokens WHERE token_hash IN
			(SELECT token_hash FROM auth_refresh_tokens WHERE expires_at <= ? LIMIT ?)`, used},
		{`DELETE FROM auth_revoked_tokens WHERE token_id IN
			(SELECT token_id FROM auth_revoked_tokens WHERE expires_at <= ? LIMIT ?)`, timestamp(now.Add(-time.Hour))},
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
		{`DELETE FROM auth_endings WHERE no IN
			(SELECT no FROM auth_endings WHERE no <= (SELECT max(no) FROM auth_endings) - ? LIMIT ?)`, provider.KeptEndings},
		{`UPDATE credits_stripe_events SET body = x'' WHERE id IN
			(SELECT id FROM credits_stripe_events WHERE length(body) > 0 AND processed_at <= ?
				AND (outcome <> 'quarantined' OR reason = 'unknown purchase') LIMIT ?)`, timestamp(now.Add(-ledger.KeepBodies))},
	} {
		clean(func(ctx context.Context) (int, error) { return db.cleanRows(ctx, statement.query, statement.limit) })
	}
	clean(func(ctx context.Context) (int, error) { return db.cleanCodes(ctx, used) })
	return total, faults
}

// cleanRows repeats a statement until nothing is left that it would clean.
func (db *DB) cleanRows(ctx context.Context, query string, limit int64) (int, error) {
	for total := 0; ; {
		var n int64
		err := db.write(ctx, func(t *tx) error {
			result, err := t.exec(query, limit, cleanBatch)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, fmt.Errorf("deleting old rows: %w", err)
		}
		if total += int(n); n < cleanBatch {
			return total, nil
		}
	}
}

// codePlace is a place in the codes by their end.
type codePlace struct {
	expiresAt int64
	hash      []byte
}

// cleanCodes goes on through the old codes where the last run stopped, and begins again at their end: most must stay,
// so that looking at all of them would take longer with each that is there.
func (db *DB) cleanCodes(ctx context.Context, before int64) (int, error) {
	place := codePlace{hash: []byte{}}
	if at := db.codesFrom.Swap(nil); at != nil {
		place = *at
	}
	total := 0
	for range codePages {
		var n int64
		var next codePlace
		err := db.write(ctx, func(t *tx) error {
			err := t.queryRow(`SELECT expires_at, code_hash FROM auth_codes WHERE expires_at <= ? AND (expires_at, code_hash) > (?, ?)
				ORDER BY expires_at, code_hash LIMIT 1 OFFSET ?`, before, place.expiresAt, place.hash, cleanBatch-1).Scan(&next.expiresAt, &next.hash)
			if errors.Is(err, sql.ErrNoRows) {
				next = codePlace{expiresAt: before + 1, hash: []byte{}}
			} else if err != nil {
				return err
			}
			result, err := t.exec(`DELETE FROM auth_codes WHERE code_hash IN
				(SELECT code_hash FROM auth_codes c WHERE (expires_at, code_hash) > (?, ?) AND (expires_at, code_hash) <= (?, ?) AND NOT EXISTS
					(SELECT 1 FROM auth_refresh_tokens r WHERE r.grant_handle = c.grant_handle))`,
				place.expiresAt, place.hash, next.expiresAt, next.hash)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, fmt.Errorf("deleting old codes: %w", err)
		}
		total, place = total+int(n), next
		if next.expiresAt > before {
			return total, nil
		}
	}
	db.codesFrom.Store(&place)
	return total, nil
}
