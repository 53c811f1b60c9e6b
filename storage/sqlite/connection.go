package sqlite

import (
	"context"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

// Connections implements [provider.Connections].
func (s *Provider) Connections(ctx context.Context, userID uuid.UUID) ([]provider.Connection, error) {
	rows, err := s.db.query(ctx, `SELECT client_id, coalesce(c.scopes, g.scopes), coalesce(c.created_at, g.since),
			coalesce(nullif(max(coalesce(g.used, 0), coalesce(r.used, 0)), 0), c.updated_at)
		FROM (SELECT client_id, scopes, created_at, updated_at FROM auth_consents WHERE user_id = ?1) c
		FULL JOIN (SELECT client_id, scopes, max(created_at) AS used, min(created_at) AS since
			FROM auth_grants WHERE user_id = ?1 AND revoked_at IS NULL GROUP BY client_id) g USING (client_id)
		LEFT JOIN (SELECT g.client_id, max(r.issued_at) AS used FROM auth_grants g JOIN auth_refresh_tokens r ON r.grant_handle = g.handle
			WHERE g.user_id = ?1 GROUP BY g.client_id) r USING (client_id)
		ORDER BY client_id`, userID.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []provider.Connection
	for rows.Next() {
		var c provider.Connection
		var scopes string
		var since, used int64
		if err := rows.Scan(&c.ClientID, &scopes, &since, &used); err != nil {
			return nil, err
		}
		c.Since, c.UsedAt = fromTimestamp(since), fromTimestamp(used)
		if c.Scopes, err = decodeList[string](scopes); err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, rows.Err()
}

// Disconnect implements [provider.Connections].
func (s *Provider) Disconnect(ctx context.Context, userID uuid.UUID, clientID string, e identity.Event) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		total := int64(0)
		for _, statement := range []string{
			`DELETE FROM auth_consents WHERE user_id = ?1 AND client_id = ?2 AND ?3 > 0`,
			`UPDATE auth_grants SET revoked_at = ?3 WHERE user_id = ?1 AND client_id = ?2 AND revoked_at IS NULL`,
		} {
			result, err := t.exec(statement, userID.String(), clientID, now)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			total += n
		}
		if total == 0 {
			return provider.ErrUnknownClient
		}
		if _, err := t.exec(`UPDATE auth_refresh_tokens SET revoked_at = ?3, salt = NULL WHERE revoked_at IS NULL AND grant_handle IN
			(SELECT handle FROM auth_grants WHERE user_id = ?1 AND client_id = ?2)`, userID.String(), clientID, now); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}
