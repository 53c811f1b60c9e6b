package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider"
	"mana/provider/identity"
)

// Connections implements [provider.Connections].
func (s *Provider) Connections(ctx context.Context, userID uuid.UUID) ([]provider.Connection, error) {
	var found []provider.Connection
	err := s.db.read(ctx, system, `SELECT client_id, coalesce(c.scopes, g.scopes)::text, coalesce(c.created_at, g.since),
			coalesce(greatest(g.used, r.used), c.updated_at)
		FROM (SELECT client_id, scopes, created_at, updated_at FROM auth.consents WHERE user_id = $1) c
		FULL JOIN (SELECT DISTINCT ON (client_id) client_id, scopes, created_at AS used, min(created_at) OVER (PARTITION BY client_id) AS since
			FROM auth.grants WHERE user_id = $1 AND revoked_at IS NULL ORDER BY client_id, created_at DESC) g USING (client_id)
		LEFT JOIN (SELECT g.client_id, max(r.issued_at) AS used FROM auth.grants g JOIN auth.refresh_tokens r ON r.grant_handle = g.handle
			WHERE g.user_id = $1 GROUP BY g.client_id) r USING (client_id)
		ORDER BY client_id`,
		all(&found, func(row pgx.CollectableRow) (c provider.Connection, err error) {
			var scopes string
			if err = row.Scan(&c.ClientID, &scopes, &c.Since, &c.UsedAt); err == nil {
				c.Scopes, err = decodeList[string](scopes)
			}
			return c, err
		}), userID)
	return found, err
}

// Disconnect implements [provider.Connections].
func (s *Provider) Disconnect(ctx context.Context, userID uuid.UUID, clientID string, e identity.Event) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, userID.String(), system, func(t *tx) error {
		forgotten, err := t.exec(`DELETE FROM auth.consents WHERE user_id = $1 AND client_id = $2`, userID, clientID)
		if err != nil {
			return err
		}
		revoked, err := t.exec(`UPDATE auth.grants SET revoked_at = $3 WHERE user_id = $1 AND client_id = $2 AND revoked_at IS NULL`,
			userID, clientID, now)
		if err != nil {
			return err
		}
		if forgotten.RowsAffected()+revoked.RowsAffected() == 0 {
			return provider.ErrUnknownClient
		}
		if _, err := t.exec(`UPDATE auth.refresh_tokens SET revoked_at = $3, salt = NULL WHERE revoked_at IS NULL AND grant_handle IN
			(SELECT handle FROM auth.grants WHERE user_id = $1 AND client_id = $2)`, userID, clientID, now); err != nil {
			return err
		}
		return insertEvent(t, e, now)
	})
}
