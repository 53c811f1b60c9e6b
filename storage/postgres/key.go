package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	}, s.db.clock())
}

const keyColumns = `id, algorithm, state, sealed, created_at, activates_at, activated_at, retired_at, removed_at, reason`

// scanKey reads keyColumns.
func scanKey(row pgx.Row) (keys.StoredKey, error) {
	var k keys.StoredKey
	err := row.Scan(&k.ID, &k.Algorithm, &k.State, &k.Sealed, &k.CreatedAt, toTime(&k.ActivatesAt), toTime(&k.ActivatedAt),
		toTime(&k.RetiredAt), toTime(&k.RemovedAt), &k.Reason)
	return k, err
}

func collectKey(row pgx.CollectableRow) (keys.StoredKey, error) { return scanKey(row) }

// write changes keys with other writers kept out: each method decides by all of them.
func (s *Keys) write(ctx context.Context, run func(*tx) error) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "auth.signing_keys"); err != nil {
			return err
		}
		return run(t)
	})
}

// SigningKeys implements [keys.Store].
func (s *Keys) SigningKeys(ctx context.Context) ([]keys.StoredKey, error) {
	var found []keys.StoredKey
	err := s.db.read(ctx, system, `SELECT `+keyColumns+` FROM auth.signing_keys ORDER BY created_at, id COLLATE "C"`,
		all(&found, collectKey))
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	return found, nil
}

// AddFirstKey implements [keys.Store].
func (s *Keys) AddFirstKey(ctx context.Context, k keys.StoredKey) (stored bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		stored, err = insertKey(t, k, `NOT EXISTS (SELECT 1 FROM auth.signing_keys WHERE algorithm = $2 AND state = 'active')`)
		return err
	})
	return stored, err
}

// PublishKey implements [keys.Store].
func (s *Keys) PublishKey(ctx context.Context, k keys.StoredKey, replaces string) (stored bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		stored, err = insertKey(t, k, `NOT EXISTS (SELECT 1 FROM auth.signing_keys WHERE state = 'pending')
			AND EXISTS (SELECT 1 FROM auth.signing_keys WHERE id = $8 AND algorithm = $2 AND state = 'active')`, replaces)
		return err
	})
	return stored, err
}

// insertKey stores a key if a condition holds, whose parameters follow the seven of the key.
func insertKey(t *tx, k keys.StoredKey, condition string, args ...any) (bool, error) {
	values := []any{
		k.ID, k.Algorithm, string(k.State), k.Sealed, k.CreatedAt, optionalTime(k.ActivatesAt), optionalTime(k.ActivatedAt),
	}
	return one(t.exec(`INSERT INTO auth.signing_keys
		(id, algorithm, state, sealed, created_at, activates_at, activated_at)
		SELECT $1::text, $2::text, $3::text, $4::bytea, $5::timestamptz, $6::timestamptz, $7::timestamptz
		WHERE `+condition, append(values, args...)...))
}

// RotateKey implements [keys.Changes].
func (s keyActs) RotateKey(ctx context.Context, k keys.StoredKey) (next keys.StoredKey, err error) {
	run := func(t *tx) error {
		if next, err = rotateKey(t, k); err != nil {
			return err
		}
		return s.note(t, "key_rotated", next.ID, next.Algorithm, string(next.State))
	}
	err = s.write(ctx, run)
	return next, err
}

func rotateKey(t *tx, k keys.StoredKey) (next keys.StoredKey, err error) {
	if k.State == keys.Active {
		_, err = t.exec(`UPDATE auth.signing_keys SET state = 'retiring', retired_at = $1
			WHERE algorithm = $2 AND state = 'active'`, k.CreatedAt, k.Algorithm)
		if err != nil {
			return next, err
		}
		return activate(t, k, k.CreatedAt)
	}
	next, err = scanKey(t.queryRow(`UPDATE auth.signing_keys SET activates_at = least(activates_at, created_at + $1::interval)
		WHERE algorithm = $2 AND state = 'pending' RETURNING `+keyColumns, keys.PendingFor, k.Algorithm))
	if errors.Is(err, pgx.ErrNoRows) {
		next = k
		_, err = insertKey(t, k, `true`)
	}
	return next, err
}

// activate makes the pending key of an algorithm sign, or else the spare.
func activate(t *tx, spare keys.StoredKey, at time.Time) (keys.StoredKey, error) {
	next, err := scanKey(t.queryRow(`UPDATE auth.signing_keys SET state = 'active', activated_at = $1
		WHERE algorithm = $2 AND state = 'pending' RETURNING `+keyColumns, at, spare.Algorithm))
	if !errors.Is(err, pgx.ErrNoRows) {
		return next, err
	}
	_, err = insertKey(t, spare, `true`)
	return spare, err
}

// RevokeKey implements [keys.Changes].
func (s keyActs) RevokeKey(ctx context.Context, r keys.Revocation) error {
	return s.write(ctx, func(t *tx) error {
		revoked, err := one(t.exec(`UPDATE auth.signing_keys
			SET state = 'removed', removed_at = $1, reason = $2, sealed = ''
			WHERE id = $3 AND algorithm = $4 AND state <> 'removed'`, r.At, r.Reason, r.ID, r.Spare.Algorithm))
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
		err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM auth.signing_keys WHERE algorithm = $1 AND state = 'active')`,
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
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE auth.signing_keys SET state = 'removed', removed_at = $1, sealed = ''
			WHERE state = 'retiring' AND retired_at <= $2`, now, now.Add(-keys.RetiringFor))
		if err != nil {
			return err
		}
		var id, algorithm string
		err = t.queryRow(`SELECT id, algorithm FROM auth.signing_keys WHERE state = 'pending' AND activates_at <= $1
			ORDER BY activates_at, id LIMIT 1`, now).Scan(&id, &algorithm)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth.signing_keys SET state = 'retiring', retired_at = $1
			WHERE algorithm = $2 AND state = 'active'`, now, algorithm)
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE auth.signing_keys SET state = 'active', activated_at = $1 WHERE id = $2`, now, id)
		return err
	})
}
