package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

const (
	attemptMemory  = 24 * time.Hour   // the longest window of a limit
	attemptPending = 30 * time.Second // an attempt that is not decided by then counts as failed
)

// TakeAttempt implements [identity.Attempts].
func (s *Identity) TakeAttempt(ctx context.Context, key []byte, limits []identity.AttemptLimit) (identity.Attempt, error) {
	now := s.db.clock()
	id, err := uuid.NewV7()
	if err != nil {
		return identity.Attempt{}, err
	}
	var attempt identity.Attempt
	err = s.db.write(ctx, func(t *tx) (err error) {
		attempt, err = takeAttempt(t, id, key, limits, now)
		return err
	})
	return attempt, err
}

// takeAttempt takes a place under an id, unless all places of a limit are taken.
func takeAttempt(t *tx, id uuid.UUID, key []byte, limits []identity.AttemptLimit, now time.Time) (identity.Attempt, error) {
	_, err := t.exec(`DELETE FROM auth_login_attempts WHERE account_key = ? AND taken_at <= ?`, key, timestamp(now.Add(-attemptMemory)))
	if err != nil {
		return identity.Attempt{}, err
	}
	for _, limit := range limits {
		refused, err := attemptRefused(t, key, limit, now)
		if err != nil {
			return identity.Attempt{}, err
		}
		if refused != nil {
			return *refused, nil
		}
	}
	_, err = t.exec(`INSERT INTO auth_login_attempts (id, account_key, taken_at) VALUES (?, ?, ?)`, id.String(), key, timestamp(now))
	return identity.Attempt{ID: id}, err
}

// attemptRefused holds the attempts of an account against one limit; nil means that there is a place.
func attemptRefused(t *tx, key []byte, limit identity.AttemptLimit, now time.Time) (*identity.Attempt, error) {
	var taken int
	var oldest, pending int64
	err := t.queryRow(`SELECT count(*), coalesce(min(taken_at), 0), coalesce(sum(failed = 0 AND taken_at > ?), 0)
		FROM auth_login_attempts WHERE account_key = ? AND taken_at > ?`,
		timestamp(now.Add(-attemptPending)), key, timestamp(now.Add(-limit.Window))).Scan(&taken, &oldest, &pending)
	if err != nil || taken < limit.Max {
		return nil, err
	}
	return &identity.Attempt{RetryAfter: fromTimestamp(oldest).Add(limit.Window).Sub(now), Pending: pending > 0}, nil
}

// FailAttempt implements [identity.Attempts].
func (s *Identity) FailAttempt(ctx context.Context, id uuid.UUID, limits []identity.AttemptLimit, e identity.Event) error {
	now := s.db.clock()
	return s.db.write(ctx, func(t *tx) error {
		var key []byte
		err := t.queryRow(`UPDATE auth_login_attempts SET failed = 1 WHERE id = ? RETURNING account_key`, id.String()).Scan(&key)
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // it may be too old to count
			return err
		}
		if err := insertEvent(t, e, timestamp(now)); err != nil {
			return err
		}
		for _, limit := range limits {
			var failed int
			err := t.queryRow(`SELECT count(*) FROM auth_login_attempts WHERE account_key = ? AND taken_at > ? AND failed = 1`,
				key, timestamp(now.Add(-limit.Window))).Scan(&failed)
			if err != nil {
				return err
			}
			if failed == limit.Max {
				locked := e
				locked.Type = "account_locked"
				return insertEvent(t, locked, timestamp(now))
			}
		}
		return nil
	})
}

// ReturnAttempt implements [identity.Attempts].
func (s *Identity) ReturnAttempt(ctx context.Context, id uuid.UUID) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM auth_login_attempts WHERE id = ?`, id.String())
		return err
	})
}
