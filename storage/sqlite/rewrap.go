package sqlite

import (
	"context"
	"fmt"

	"mana/keys"
	"mana/provider/identity"
)

// Rewrap implements [keys.Changes].
func (s keyActs) Rewrap(ctx context.Context, again keys.Again) (done keys.Rewrapped, err error) {
	err = s.db.write(ctx, func(t *tx) error {
		done = keys.Rewrapped{}
		var err error
		if done.Keys, err = rewrap(t, keys.SigningLabel, again, `SELECT id, sealed FROM auth_signing_keys WHERE state <> 'removed'`,
			`UPDATE auth_signing_keys SET sealed = ? WHERE id = ?`); err != nil {
			return err
		}
		if done.Factors, err = rewrap(t, keys.FactorLabel, again, `SELECT user_id, secret FROM auth_two_factor_auth`,
			`UPDATE auth_two_factor_auth SET secret = ? WHERE user_id = ?`); err != nil {
			return err
		}
		if done.Keys+done.Factors == 0 {
			return nil
		}
		removed, err := t.exec(`DELETE FROM auth_recovery_codes`)
		if err != nil {
			return err
		}
		if done.RecoveryCodes, err = removed.RowsAffected(); err != nil {
			return err
		}
		return insertAct(t, s.by, identity.Event{Type: "master_key_changed"}, timestamp(s.db.clock()))
	})
	return done, err
}

// rewrap seals anew the values of one table, and counts those that it changed.
func rewrap(t *tx, label string, again keys.Again, read, change string) (changed int64, err error) {
	sealed, err := sealedValues(t, read)
	if err != nil {
		return 0, fmt.Errorf("reading what is sealed: %w", err)
	}
	for id, value := range sealed {
		next, err := again(label, id, value)
		if err != nil {
			return 0, err
		}
		if next == nil {
			continue
		}
		if _, err := t.exec(change, next, id); err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}

// sealedValues are the values of a query by the ids of their rows.
func sealedValues(t *tx, query string) (map[string][]byte, error) {
	rows, err := t.query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string][]byte)
	for rows.Next() {
		var id string
		var value []byte
		if err := rows.Scan(&id, &value); err != nil {
			return nil, err
		}
		found[id] = value
	}
	return found, rows.Err()
}
