package sqlite

import (
	"context"

	"mana/provider"
)

// StartFirstParty implements [provider.FirstPartySessions].
func (s *Provider) StartFirstParty(ctx context.Context, f provider.FirstPartySession) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		if err := insertSession(t, f.Session); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO auth_refresh_tokens
			(token_hash, family_id, session_id, user_id, client_id, generation, issued_at, expires_at)
			VALUES (?, ?, ?, ?, ?, 1, ?, ?)`, f.RefreshHash, f.FamilyID.String(), f.Session.ID.String(),
			f.Session.UserID.String(), f.Session.ClientID, timestamp(f.Session.CreatedAt), timestamp(f.RefreshUntil))
		if err != nil {
			return err
		}
		return insertEvent(t, f.Event, now)
	})
}
