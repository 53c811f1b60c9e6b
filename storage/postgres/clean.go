package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
// security log, but at least 30 days. It may be stopped at any time, and rows that are in use wait for the next time.
// What fails does not keep the rest from being cleaned.
func (db *DB) Clean(ctx context.Context, retention time.Duration) (int, error) {
	now := db.clock()
	used, ended := now.Add(-usedRetention), now.Add(-retention)
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
		limit any
	}{
		{
			`UPDATE auth.refresh_tokens SET salt = NULL WHERE token_hash IN
			(SELECT token_hash FROM auth.refresh_tokens WHERE salt IS NOT NULL AND rotated_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			now.Add(-refreshGrace),
		},
		{`DELETE FROM auth.requests WHERE request_hash IN
			(SELECT request_hash FROM auth.requests WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.refresh_tokens WHERE token_hash IN
			(SELECT token_hash FROM auth.refresh_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, used},
		{`DELETE FROM auth.revoked_tokens WHERE token_id IN
			(SELECT token_id FROM auth.revoked_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-time.Hour)},
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
		{`DELETE FROM auth.endings WHERE no IN
			(SELECT no FROM auth.endings WHERE no <= (SELECT max(no) FROM auth.endings) - $1::bigint LIMIT $2)`, provider.KeptEndings},
		{`UPDATE credits.stripe_events SET body = '' WHERE id IN
			(SELECT id FROM credits.stripe_events WHERE body <> '' AND processed_at <= $1
				AND (outcome <> 'quarantined' OR reason = 'unknown purchase') LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-ledger.KeepBodies)},
	} {
		clean(func(ctx context.Context) (int, error) { return db.cleanRows(ctx, statement.query, statement.limit) })
	}
	clean(func(ctx context.Context) (int, error) { return db.cleanCodes(ctx, used) })
	clean(func(ctx context.Context) (int, error) { return db.cleanEvents(ctx, ended) })
	return total, faults
}

// cleanRows repeats a statement until nothing is left that it would clean.
func (db *DB) cleanRows(ctx context.Context, query string, limit any) (int, error) {
	for total := 0; ; {
		var n int64
		err := db.jobs.write(ctx, system, func(t *tx) error {
			result, err := t.exec(query, limit, cleanBatch)
			n = result.RowsAffected()
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
	expiresAt time.Time
	hash      []byte
}

// cleanCodes goes on through the old codes where the last run stopped, and begins again at their end: most must stay,
// so that looking at all of them would take longer with each that is there.
func (db *DB) cleanCodes(ctx context.Context, before time.Time) (int, error) {
	place := codePlace{hash: []byte{}}
	if at := db.codesFrom.Swap(nil); at != nil {
		place = *at
	}
	total := 0
	for range codePages {
		var n int64
		var next codePlace
		err := db.jobs.write(ctx, system, func(t *tx) error {
			err := t.queryRow(`SELECT expires_at, code_hash FROM auth.codes WHERE expires_at <= $1 AND (expires_at, code_hash) > ($2, $3)
				ORDER BY expires_at, code_hash OFFSET $4 LIMIT 1`, before, place.expiresAt, place.hash, cleanBatch-1).Scan(&next.expiresAt, &next.hash)
			if errors.Is(err, pgx.ErrNoRows) {
				next = codePlace{expiresAt: before.Add(time.Microsecond), hash: []byte{}}
			} else if err != nil {
				return err
			}
			result, err := t.exec(`DELETE FROM auth.codes WHERE code_hash IN
				(SELECT c.code_hash FROM auth.codes c WHERE (expires_at, code_hash) > ($1, $2) AND (expires_at, code_hash) <= ($3, $4) AND NOT EXISTS
					(SELECT 1 FROM auth.refresh_tokens r WHERE r.grant_handle = c.grant_handle) FOR UPDATE SKIP LOCKED)`,
				place.expiresAt, place.hash, next.expiresAt, next.hash)
			n = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, fmt.Errorf("deleting old codes: %w", err)
		}
		total, place = total+int(n), next
		if next.expiresAt.After(before) {
			return total, nil
		}
	}
	db.codesFrom.Store(&place)
	return total, nil
}

// cleanEvents has old events deleted, which the program's role itself may not do.
func (db *DB) cleanEvents(ctx context.Context, before time.Time) (int, error) {
	for total := 0; ; {
		var n int
		err := db.jobs.write(ctx, system, func(t *tx) error {
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
