package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"mana/keys"
)

// Keys keeps signing keys.
type Keys struct{ db *DB }

var _ keys.Store = (*Keys)(nil)

// Keys is the part of the engine that knows signing keys.
func (db *DB) Keys() *Keys { return &Keys{db} }

// SigningKeys implements [keys.Store].
func (s *Keys) SigningKeys(ctx context.Context) ([]keys.StoredKey, error) {
	rows, err := s.db.readers.QueryContext(ctx, `SELECT id, algorithm, state, sealed, created_at, activated_at
		FROM auth_signing_keys WHERE state <> 'removed' ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	defer rows.Close()
	var found []keys.StoredKey
	for rows.Next() {
		var k keys.StoredKey
		var created int64
		var activated sql.NullInt64
		if err := rows.Scan(&k.ID, &k.Algorithm, &k.State, &k.Sealed, &created, &activated); err != nil {
			return nil, fmt.Errorf("reading a signing key: %w", err)
		}
		k.CreatedAt, k.ActivatedAt = fromTimestamp(created), fromOptional(activated)
		found = append(found, k)
	}
	return found, rows.Err()
}

// AddFirstKey implements [keys.Store].
func (s *Keys) AddFirstKey(ctx context.Context, k keys.StoredKey) (bool, error) {
	var stored bool
	err := s.db.write(ctx, func(t *tx) error {
		var err error
		stored, err = one(t.exec(`INSERT INTO auth_signing_keys (id, algorithm, state, sealed, created_at, activated_at)
			SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS
				(SELECT 1 FROM auth_signing_keys WHERE algorithm = ? AND state <> 'removed')`,
			k.ID, k.Algorithm, string(k.State), k.Sealed, timestamp(k.CreatedAt), optionalTime(k.ActivatedAt), k.Algorithm))
		return err
	})
	return stored, err
}
