package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider"
	"mana/provider/identity"
)

var _ provider.ServiceKeyStore = (*Provider)(nil)

const listServiceKeys = `SELECT id, name, key_hash, old_key_hash, old_until, app_ids, permissions, cap_use, cap_day, rate,
	created_at, expires_at, revoked_at, last_used_at FROM auth.service_keys ORDER BY name COLLATE "C", created_at, id`

// ListServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) ListServiceKeys(ctx context.Context) ([]provider.ServiceKey, error) {
	var found []provider.ServiceKey
	if err := s.db.read(ctx, system, listServiceKeys, all(&found, scanServiceKey)); err != nil {
		return nil, fmt.Errorf("listing service keys: %w", err)
	}
	return found, nil
}

func scanServiceKey(row pgx.CollectableRow) (provider.ServiceKey, error) {
	var k provider.ServiceKey
	var apps, permissions string
	err := row.Scan(&k.ID, &k.Name, &k.Hash, &k.OldHash, toTime(&k.OldUntil), &apps, &permissions, &k.CapUse, &k.CapDay, &k.Rate,
		&k.CreatedAt, toTime(&k.ExpiresAt), toTime(&k.RevokedAt), toTime(&k.LastUsedAt))
	if err != nil {
		return k, err
	}
	return k, decodeLists(storedList{apps, &k.AppIDs}, storedList{permissions, &k.Permissions})
}

// ReviseServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) ReviseServiceKeys(ctx context.Context, by identity.Actor, revise func([]provider.ServiceKey) ([]provider.ServiceKey, error)) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "auth.service_keys"); err != nil {
			return err
		}
		rows, err := t.query(listServiceKeys)
		if err != nil {
			return fmt.Errorf("listing service keys: %w", err)
		}
		stored, err := pgx.CollectRows(rows, scanServiceKey)
		if err != nil {
			return fmt.Errorf("listing service keys: %w", err)
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
			if err := insertAct(t, by, provider.ServiceKeyEvent(before, k), s.db.clock()); err != nil {
				return err
			}
		}
		return nil
	})
}

// upsertServiceKey stores a key. When it was last used is noted elsewhere.
func upsertServiceKey(t *tx, k provider.ServiceKey) error {
	var other uuid.UUID
	err := t.queryRow(`SELECT id FROM auth.service_keys WHERE id <> $1 AND (key_hash = $2 OR old_key_hash = $2)`,
		k.ID, k.Hash).Scan(&other)
	if err == nil {
		return provider.ErrServiceKeyTaken
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("looking for the value: %w", err)
	}
	_, err = t.exec(`INSERT INTO auth.service_keys (id, name, key_hash, old_key_hash, old_until, app_ids, permissions,
			cap_use, cap_day, rate, created_at, expires_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, key_hash = excluded.key_hash,
			old_key_hash = excluded.old_key_hash, old_until = excluded.old_until, app_ids = excluded.app_ids,
			permissions = excluded.permissions, cap_use = excluded.cap_use, cap_day = excluded.cap_day,
			rate = excluded.rate, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at`,
		k.ID, k.Name, k.Hash, k.OldHash, optionalTime(k.OldUntil), encodeList(k.AppIDs), encodeList(k.Permissions),
		k.CapUse, k.CapDay, k.Rate, k.CreatedAt, optionalTime(k.ExpiresAt), optionalTime(k.RevokedAt))
	if violates(err, "service_keys_name_live_key") {
		return provider.ErrServiceKeyTaken
	}
	return err
}

// NoteServiceKeys implements [provider.ServiceKeyStore].
func (s *Provider) NoteServiceKeys(ctx context.Context, used map[uuid.UUID]time.Time) error {
	ids := slices.SortedFunc(maps.Keys(used), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	times := column(ids, func(id uuid.UUID) time.Time { return used[id] })
	return s.db.write(ctx, system, func(t *tx) error {
		if _, err := t.exec(`SELECT FROM auth.service_keys WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`, ids); err != nil {
			return fmt.Errorf("noting uses: %w", err)
		}
		_, err := t.exec(`UPDATE auth.service_keys k SET last_used_at = n.at FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, at)
			WHERE k.id = n.id AND (k.last_used_at IS NULL OR k.last_used_at < n.at)`, ids, times)
		return err
	})
}
