package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
	err = s.db.writeFor(ctx, string(key), system, func(t *tx) (err error) {
		attempt, err = takeAttempt(t, id, key, limits, now)
		return err
	})
	return attempt, err
}

// takeAttempt takes a place under an id, unless all places of a limit are taken.
func takeAttempt(t *tx, id uuid.UUID, key []byte, limits []identity.AttemptLimit, now time.Time) (identity.Attempt, error) {
	if err := lockAccount(t, key); err != nil {
		return identity.Attempt{}, err
	}
	_, err := t.exec(`DELETE FROM auth.login_attempts WHERE account_key = $1 AND taken_at <= $2`, key, now.Add(-attemptMemory))
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
	_, err = t.exec(`INSERT INTO auth.login_attempts (id, account_key, taken_at) VALUES ($1, $2, $3)`, id, key, now)
	return identity.Attempt{ID: id}, err
}

// lockAccount lets one transaction at a time count the attempts of an account, until its end. There need not be a row
// to lock.
func lockAccount(t *tx, key []byte) error {
	if len(key) == 0 {
		return nil
	}
	_, err := t.exec(`SELECT pg_advisory_xact_lock($1)`, int64(binary.BigEndian.Uint64(key)))
	return err
}

// attemptRefused holds the attempts of an account against one limit; nil means that there is a place.
func attemptRefused(t *tx, key []byte, limit identity.AttemptLimit, now time.Time) (*identity.Attempt, error) {
	var taken int
	var oldest time.Time
	var pending bool
	err := t.queryRow(`SELECT count(*), coalesce(min(taken_at), 'epoch'), coalesce(bool_or(NOT failed AND taken_at > $1), false)
		FROM auth.login_attempts WHERE account_key = $2 AND taken_at > $3`,
		now.Add(-attemptPending), key, now.Add(-limit.Window)).Scan(&taken, &oldest, &pending)
	if err != nil || taken < limit.Max {
		return nil, err
	}
	return &identity.Attempt{RetryAfter: oldest.Add(limit.Window).Sub(now), Pending: pending}, nil
}

// FailAttempt implements [identity.Attempts].
func (s *Identity) FailAttempt(ctx context.Context, id uuid.UUID, limits []identity.AttemptLimit, e identity.Event) error {
	now := s.db.clock()
	return s.db.write(ctx, system, func(t *tx) error {
		var key []byte
		err := t.queryRow(`UPDATE auth.login_attempts SET failed = true WHERE id = $1 RETURNING account_key`, id).Scan(&key)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) { // it may be too old to count
			return err
		}
		if err := lockAccount(t, key); err != nil {
			return err
		}
		if err := insertEvent(t, e, now); err != nil {
			return err
		}
		for _, limit := range limits {
			var failed int
			err := t.queryRow(`SELECT count(*) FROM auth.login_attempts WHERE account_key = $1 AND taken_at > $2 AND failed`,
				key, now.Add(-limit.Window)).Scan(&failed)
			if err != nil {
				return err
			}
			if failed == limit.Max {
				locked := e
				locked.Type = "account_locked"
				return insertEvent(t, locked, now)
			}
		}
		return nil
	})
}

// ReturnAttempt implements [identity.Attempts].
func (s *Identity) ReturnAttempt(ctx context.Context, id uuid.UUID) error {
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`DELETE FROM auth.login_attempts WHERE id = $1`, id)
		return err
	})
}
