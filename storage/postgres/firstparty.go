package postgres

import (
	"context"

	"mana/provider"
)

// StartFirstParty implements [provider.FirstPartySessions].
func (s *Provider) StartFirstParty(ctx context.Context, f provider.FirstPartySession, allow func(provider.Facts) error) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, f.Session.UserID.String(), system, func(t *tx) error {
		if err := proofHolds(t, f.Session.UserID, f.Session.Proof); err != nil {
			return err
		}
		if err := insertSession(t, f.Session); err != nil {
			return err
		}
		facts, err := sessionFacts(t.queryRow, f.Session.ID, f.Session.ClientID)
		if err != nil {
			return err
		}
		facts.Now = now
		if err := allow(facts); err != nil {
			return err
		}
		err = insertRefresh(t, refreshRow{
			family: f.Refresh.FamilyID, session: f.Session.ID, user: f.Session.UserID, client: f.Session.ClientID,
			generation: 1, expires: f.Refresh.Until,
		}, f.Refresh.Hash, f.Session.CreatedAt)
		if err != nil {
			return err
		}
		return insertEvent(t, f.Event, now)
	})
}
