package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mana/keys"
	"mana/provider/identity"
)

// Keys keeps signing keys.
type Keys struct{ db *DB }

var _ keys.Store = (*Keys)(nil)

// Keys is the part of the engine that knows signing keys.
func (db *DB) Keys() *Keys { return &Keys{db} }

// keyActs are changes of keys by one who acts.
type keyActs struct {
	*Keys
	by identity.Actor
}

var _ keys.Changes = keyActs{}

// By lets somebody change keys.
func (s *Keys) By(by identity.Actor) keys.Changes { return keyActs{s, by} }

// note writes the event of a change, if whoever acts may.
func (s keyActs) note(t *tx, kind, id, algorithm, detail string) error {
	return insertAct(t, s.by, identity.Event{
		Type: kind, Metadata: map[string]string{"kid": id, "alg": algorithm, "detail": detail},
	}, timestamp(s.db.clock()))
}

const keyColumns = `id, algorithm, state, sealed, created_at, activates_at, activated_at, retired_at, removed_at, reason`

// scanKey reads keyColumns.
func scanKey(row rowScanner) (keys.StoredKey, error) {
	var k keys.StoredKey
	var created int64
	var activates, activated, retired, removed sql.NullInt64
	err := row.Scan(&k.ID, &k.Algorithm, &k.State, &k.Sealed, &created, &activates, &activated, &retired, &removed, &k.Reason)
	k.CreatedAt, k.ActivatesAt, k.ActivatedAt = fromTimestamp(created), fromOptional(activates), fromOptional(activated)
	k.RetiredAt, k.RemovedAt = fromOptional(retired), fromOptional(removed)
	return k, err
}

// SigningKeys implements [keys.Store].
func (s *Keys) SigningKeys(ctx context.Context) ([]keys.StoredKey, error) {
	rows, err := s.db.query(ctx, `SELECT `+keyColumns+` FROM auth_signing_keys ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	defer rows.Close()
	var found []keys.StoredKey
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a signing key: %w", err)
		}
		found = append(found, k)
	}
	return found, rows.Err()
}

// AddFirstKey implements [keys.Store].
func (s *Keys) AddFirstKey(ctx context.Context, k keys.StoredKey) (stored bool, err error) {
	err = s.db.write(ctx, func(t *tx) error {
		stored, err = insertKey(t, k, `NOT EXISTS
			(SELECT 1 FROM auth_signing_keys WHERE algorithm = ? AND state = 'active')`, k.Algorithm)
		return err
	})
	return stored, err
}

// PublishKey implements [keys.Store].
func (s *Keys) PublishKey(ctx context.Context, k keys.StoredKey, replaces string) (stored bool, err error) {
	err = s.db.write(ctx, func(t *tx) error {
		stored, err = insertKey(t, k, `NOT EXISTS (SELECT 1 FROM auth_signing_keys WHERE state = 'pending')
			AND EXISTS (SELECT 1 FROM auth_signing_keys WHERE id = ? AND algorithm = ? AND state = 'active')`,
			replaces, k.Algorithm)
		return err
	})
	return stored, err
}

// insertKey stores a key if a condition holds.
func insertKey(t *tx, k keys.StoredKey, condition string, args ...any) (bool, error) {
	values := []any{
		k.ID, k.Algorithm, string(k.State), k.Sealed, timestamp(k.CreatedAt),
		optionalTime(k.ActivatesAt), optionalTime(k.ActivatedAt),
	}
	return one(t.exec(`INSERT INTO auth_signing_keys
		(id, algorithm, state, sealed, created_at, activates_at, activated_at)
		SELECT ?, ?, ?, ?, ?, ?, ? WHERE `+condition, append(values, args...)...))
}

// RotateKey implements [keys.Changes].
func (s keyActs) RotateKey(ctx context.Context, k keys.StoredKey) (next keys.StoredKey, err error) {
	run := func(t *tx) error {
		if next, err = rotateKey(t, k); err != nil {
			return err
		}
		return s.note(t, "key_rotated", next.ID, next.Algorithm, string(next.State))
	}
	err = s.db.write(ctx, run)
	return next, err
}

func rotateKey(t *tx, k keys.StoredKey) (next keys.StoredKey, err error) {
	if k.State == keys.Active {
		_, err = t.exec(`UPDATE auth_signing_keys SET state = 'retiring', retired_at = ?
			WHERE algorithm = ? AND state = 'active'`, timestamp(k.CreatedAt), k.Algorithm)
		if err != nil {
			return next, err
		}
		return activate(t, k, k.CreatedAt)
	}
	next, err = scanKey(t.queryRow(`UPDATE auth_signing_keys SET activates_at = min(activates_at, created_at + ?)
		WHERE algorithm = ? AND state = 'pending' RETURNING `+keyColumns, keys.PendingFor.Microseconds(), k.Algorithm))
	if errors.Is(err, sql.ErrNoRows) {
		next = k
		_, err = insertKey(t, k, `true`)
	}
	return next, err
}

// activate makes the pending key of an algorithm sign, or else the spare.
func activate(t *tx, spare keys.StoredKey, at time.Time) (keys.StoredKey, error) {
	next, err := scanKey(t.queryRow(`UPDATE auth_signing_keys SET state = 'active', activated_at = ?
		WHERE algorithm = ? AND state = 'pending' RETURNING `+keyColumns, timestamp(at), spare.Algorithm))
	if !errors.Is(err, sql.ErrNoRows) {
		return next, err
	}
	_, err = insertKey(t, spare, `true`)
	return spare, err
}

// RevokeKey implements [keys.Changes].
func (s keyActs) RevokeKey(ctx context.Context, r keys.Revocation) error {
	return s.db.write(ctx, func(t *tx) error {
		revoked, err := one(t.exec(`UPDATE auth_signing_keys
			SET state = 'removed', removed_at = ?, reason = ?, sealed = x''
			WHERE id = ? AND algorithm = ? AND state <> 'removed'`, timestamp(r.At), r.Reason, r.ID, r.Spare.Algorithm))
		if err != nil {
			return err
		}
		if !revoked {
			return keys.ErrUnknownKey
		}
		if err := s.note(t, "key_revoked", r.ID, r.Spare.Algorithm, r.Reason); err != nil {
			return err
		}
		var active bool
		err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth_signing_keys WHERE algorithm = ? AND state = 'active')`,
			r.Spare.Algorithm).Scan(&active)
		if err != nil || active {
			return err
		}
		_, err = activate(t, r.Spare, r.At)
		return err
	})
}

// AdvanceKeys implements [keys.Store].
func (s *Keys) AdvanceKeys(ctx context.Context, now time.Time) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE auth_signing_keys SET state = 'removed', removed_at = ?, sealed = x''
			WHERE state = 'retiring' AND retired_at <= ?`, timestamp(now), timestamp(now.Add(-keys.RetiringFor)))
		if err != nil {
			return err
		}
		var id, algorithm string
		err = t.queryRow(`SELECT id, algorithm FROM auth_signing_keys WHERE state = 'pending' AND activates_at <= ?
			ORDER BY activates_at, id LIMIT 1`, timestamp(now)).Scan(&id, &algorithm)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth_signing_keys SET state = 'retiring', retired_at = ?
			WHERE algorithm = ? AND state = 'active'`, timestamp(now), algorithm)
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth_signing_keys SET state = 'active', activated_at = ? WHERE id = ?`, timestamp(now), id)
		return err
	})
}
