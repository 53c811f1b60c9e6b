package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

var _ provider.ServiceKeyStore = (*Provider)(nil)

const listServiceKeys = `SELECT id, name, key_hash, old_key_hash, old_until, app_ids, permissions, cap_use, cap_day, rate,
	created_at, expires_at, revoked_at, last_used_at FROM auth_service_keys ORDER BY name, created_at, id`

// ListServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) ListServiceKeys(ctx context.Context) ([]provider.ServiceKey, error) {
	rows, err := s.db.query(ctx, listServiceKeys)
	if err != nil {
		return nil, fmt.Errorf("listing service keys: %w", err)
	}
	return collectServiceKeys(rows)
}

func collectServiceKeys(rows *sql.Rows) ([]provider.ServiceKey, error) {
	defer rows.Close()
	var found []provider.ServiceKey
	for rows.Next() {
		var k provider.ServiceKey
		var apps, permissions string
		var created int64
		var oldUntil, expires, revoked, used sql.NullInt64
		if err := rows.Scan(&k.ID, &k.Name, &k.Hash, &k.OldHash, &oldUntil, &apps, &permissions, &k.CapUse, &k.CapDay, &k.Rate,
			&created, &expires, &revoked, &used); err != nil {
			return nil, fmt.Errorf("reading a service key: %w", err)
		}
		k.OldUntil, k.CreatedAt, k.ExpiresAt = fromOptional(oldUntil), fromTimestamp(created), fromOptional(expires)
		k.RevokedAt, k.LastUsedAt = fromOptional(revoked), fromOptional(used)
		if err := decodeLists(storedList{apps, &k.AppIDs}, storedList{permissions, &k.Permissions}); err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, rows.Err()
}

// ReviseServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) ReviseServiceKeys(ctx context.Context, by identity.Actor, revise func([]provider.ServiceKey) ([]provider.ServiceKey, error)) error {
	return s.db.write(ctx, func(t *tx) error {
		rows, err := t.query(listServiceKeys)
		if err != nil {
			return fmt.Errorf("listing service keys: %w", err)
		}
		stored, err := collectServiceKeys(rows)
		if err != nil {
			return err
		}
		wanted, err := revise(slices.Clone(stored))
		if err != nil {
			return err
		}
		for _, k := range wanted {
			var before provider.ServiceKey
			if at := slices.IndexFunc(stored, func(b provider.ServiceKey) bool { return b.ID == k.ID }); at >= 0 {
				before = stored[at]
			}
			if reflect.DeepEqual(k, before) {
				continue
			}
			if err := upsertServiceKey(t, k); err != nil {
				return fmt.Errorf("storing service key %q: %w", k.Name, err)
			}
			if err := insertAct(t, by, provider.ServiceKeyEvent(before, k), timestamp(s.db.clock())); err != nil {
				return err
			}
		}
		return nil
	})
}

// upsertServiceKey stores a key. When it was last used is noted elsewhere.
func upsertServiceKey(t *tx, k provider.ServiceKey) error {
	var other string
	err := t.queryRow(`SELECT id FROM auth_service_keys WHERE id <> ? AND (key_hash = ? OR old_key_hash = ?)`,
		k.ID.String(), k.Hash, k.Hash).Scan(&other)
	if err == nil {
		return provider.ErrServiceKeyTaken
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("looking for the value: %w", err)
	}
	_, err = t.exec(`INSERT INTO auth_service_keys (id, name, key_hash, old_key_hash, old_until, app_ids, permissions,
			cap_use, cap_day, rate, created_at, expires_at, revoked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, key_hash = excluded.key_hash,
			old_key_hash = excluded.old_key_hash, old_until = excluded.old_until, app_ids = excluded.app_ids,
			permissions = excluded.permissions, cap_use = excluded.cap_use, cap_day = excluded.cap_day,
			rate = excluded.rate, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at`,
		k.ID.String(), k.Name, k.Hash, k.OldHash, optionalTime(k.OldUntil), encodeList(k.AppIDs), encodeList(k.Permissions),
		k.CapUse, k.CapDay, k.Rate, timestamp(k.CreatedAt), optionalTime(k.ExpiresAt), optionalTime(k.RevokedAt))
	if violates(err, "auth_service_keys.name") {
		return provider.ErrServiceKeyTaken
	}
	return err
}

// NoteServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) NoteServiceKeys(ctx context.Context, used map[uuid.UUID]time.Time) error {
	return s.db.write(ctx, func(t *tx) error {
		for id, at := range used {
			if _, err := t.exec(`UPDATE auth_service_keys SET last_used_at = ? WHERE id = ?`, timestamp(at), id.String()); err != nil {
				return fmt.Errorf("noting a use: %w", err)
			}
		}
		return nil
	})
}
