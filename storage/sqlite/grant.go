package sqlite

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"

	"mana/provider"
)

// Consent implements [provider.Grants].
func (s *Provider) Consent(ctx context.Context, userID uuid.UUID, clientID string) (provider.Consent, error) {
	return loadConsent(s.db.reader(ctx), userID, clientID)
}

func loadConsent(queryRow func(string, ...any) *sql.Row, userID uuid.UUID, clientID string) (provider.Consent, error) {
	c := provider.Consent{UserID: userID, ClientID: clientID}
	var scopes, claims string
	var updated int64
	err := queryRow(`SELECT scopes, claims, updated_at FROM auth_consents
		WHERE user_id = ? AND client_id = ?`, userID.String(), clientID).Scan(&scopes, &claims, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.UpdatedAt = fromTimestamp(updated)
	if c.Scopes, err = decodeList[string](scopes); err != nil {
		return c, err
	}
	c.Claims, err = decodeList[string](claims)
	return c, err
}

// IssueCode implements [provider.Grants].
func (s *Provider) IssueCode(ctx context.Context, c provider.CodeIssue, allow func(provider.Facts) error) error {
	now := s.db.clock()
	return s.db.write(ctx, func(t *tx) error {
		if c.RequestHash != nil {
			if err := consumeRequest(t, c.RequestHash, timestamp(now)); err != nil {
				return err
			}
		}
		if err := saveConsent(t, c.Consent); err != nil {
			return err
		}
		if err := insertGrant(t, c.Grant); err != nil {
			return err
		}
		facts, err := loadFacts(t.queryRow, c.Grant.Handle, "")
		if err != nil {
			return err
		}
		facts.Now = now
		if err := allow(facts); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO auth_codes (code_hash, grant_handle, client_id, redirect_uri, code_challenge, expires_at)
			VALUES (?, ?, ?, ?, ?, ?)`, c.CodeHash, c.Grant.Handle, c.Grant.ClientID, c.RedirectURI, c.CodeChallenge,
			timestamp(now.Add(c.ExpiresIn)))
		if err != nil || c.Event == nil {
			return err
		}
		return insertEvent(t, *c.Event, timestamp(now))
	})
}

// saveConsent adds what was allowed now to what was allowed before.
func saveConsent(t *tx, c *provider.Consent) error {
	if c == nil {
		return nil
	}
	given, err := loadConsent(t.queryRow, c.UserID, c.ClientID)
	if err != nil {
		return err
	}
	scopes, claims := merged(given.Scopes, c.Scopes), merged(given.Claims, c.Claims)
	_, err = t.exec(`INSERT INTO auth_consents (user_id, client_id, scopes, claims, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
		ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, claims = excluded.claims,
			updated_at = excluded.updated_at`,
		c.UserID.String(), c.ClientID, encodeList(scopes), encodeList(claims), timestamp(c.UpdatedAt))
	return err
}

// merged is a list with what another one has more.
func merged(list, other []string) []string {
	for _, value := range other {
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

func insertGrant(t *tx, g provider.Grant) error {
	_, err := t.exec(`INSERT INTO auth_grants
		(handle, user_id, client_id, session_id, scopes, claims, resource, nonce, offline, auth_time, amr, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		g.Handle, g.UserID.String(), g.ClientID, g.SessionID.String(), encodeList(g.Scopes), g.Claims, g.Resource, g.Nonce,
		g.Offline, timestamp(g.AuthTime), encodeList(g.AMR), timestamp(g.CreatedAt))
	return err
}

// RedeemCode implements [provider.Grants]. The refusal is returned after the commit, so that a code is
// consumed also when its binding is wrong.
func (s *Provider) RedeemCode(ctx context.Context, r provider.Redemption, allow func(provider.Facts) error) (provider.Facts, error) {
	var facts provider.Facts
	var refused error
	err := s.db.write(ctx, func(t *tx) error {
		facts, refused = provider.Facts{}, nil
		now := s.db.clock()
		var handle []byte
		var clientID, redirectURI, challenge string
		err := t.queryRow(`UPDATE auth_codes SET used_at = ? WHERE code_hash = ? AND used_at IS NULL AND expires_at > ?
			RETURNING grant_handle, client_id, redirect_uri, code_challenge`,
			timestamp(now), r.CodeHash, timestamp(now)).Scan(&handle, &clientID, &redirectURI, &challenge)
		if errors.Is(err, sql.ErrNoRows) {
			refused, err = revokeRepeated(t, r, timestamp(now))
			return err
		}
		if err != nil {
			return err
		}
		if !bound(r, clientID, redirectURI, challenge) {
			refused = provider.ErrInvalidGrant
			return nil
		}
		if facts, err = loadFacts(t.queryRow, handle, ""); err != nil {
			return err
		}
		facts.Now = now
		if refused = allow(facts); refused != nil || r.Refresh == nil {
			return nil
		}
		return insertRefresh(t, refreshRow{
			family: r.Refresh.FamilyID, session: facts.Session.ID, user: facts.User.ID, client: clientID,
			handle: handle, generation: 1, expires: timestamp(r.Refresh.Until),
		}, r.Refresh.Hash, timestamp(now))
	})
	if err != nil {
		return provider.Facts{}, err
	}
	return facts, refused
}

// bound compares what a code was issued for with what is shown. A redirect URI that is not sent is right,
// since the challenge binds the code already (OAuth 2.1); a code without challenge demands it.
func bound(r provider.Redemption, clientID, redirectURI, challenge string) bool {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	uriFits := same(r.RedirectURI, redirectURI) || r.RedirectURI == "" && challenge != ""
	return same(r.ClientID, clientID) && uriFits && same(r.VerifierHash, challenge)
}

// revokeRepeated ends the grant of a code that is shown a second time with all that it is bound to (RFC 6749,
// section 4.1.2): the code alone may have been read in a log. It gives the refusal.
func revokeRepeated(t *tx, r provider.Redemption, now int64) (refused, err error) {
	var handle []byte
	var clientID, redirectURI, challenge string
	err = t.queryRow(`SELECT grant_handle, client_id, redirect_uri, code_challenge FROM auth_codes
		WHERE code_hash = ? AND used_at IS NOT NULL`, r.CodeHash).Scan(&handle, &clientID, &redirectURI, &challenge)
	if errors.Is(err, sql.ErrNoRows) {
		return provider.ErrInvalidGrant, nil
	}
	if err != nil || !bound(r, clientID, redirectURI, challenge) {
		return provider.ErrInvalidGrant, err
	}
	_, err = revokeGrant(t, handle, now)
	return provider.ErrRepeated, err
}

// GrantFacts implements [provider.Grants].
func (s *Provider) GrantFacts(ctx context.Context, handle []byte, tokenID string) (provider.Facts, error) {
	facts, err := loadFacts(s.db.reader(ctx), handle, tokenID)
	facts.Now = s.db.clock()
	return facts, err
}

// loadFacts reads a grant with its person, session and client in one statement, unless the access token with
// this id was revoked by itself.
func loadFacts(queryRow func(string, ...any) *sql.Row, handle []byte, tokenID string) (provider.Facts, error) {
	f := provider.Facts{Grant: provider.Grant{Handle: handle}}
	var scopes, amr string
	var authTime, created int64
	var revoked sql.NullInt64
	var user userRow
	var session sessionRow
	var client clientRow
	targets := []any{
		&scopes, &f.Grant.Claims, &f.Grant.Resource, &f.Grant.Nonce, &f.Grant.Offline, &authTime, &amr, &created, &revoked,
	}
	targets = append(append(append(targets, user.targets()...), session.targets()...), client.targets()...)
	err := queryRow(`SELECT g.scopes, g.claims, g.resource, g.nonce, g.offline, g.auth_time, g.amr, g.created_at,
			g.revoked_at, `+userColumns+`, `+sessionColumns+`, `+clientColumns+` FROM auth_grants g
		JOIN auth_users u ON u.id = g.user_id JOIN auth_sessions s ON s.id = g.session_id
		JOIN auth_clients c ON c.id = g.client_id
		WHERE g.handle = ? AND NOT EXISTS (SELECT 1 FROM auth_revoked_tokens r WHERE r.token_id = ?)`,
		handle, tokenID).Scan(targets...)
	if err != nil {
		return provider.Facts{}, notFound(err, provider.ErrInvalidGrant)
	}
	f.User = user.value()
	if f.Session, err = session.value(); err != nil {
		return provider.Facts{}, err
	}
	if f.Client, err = client.value(); err != nil {
		return provider.Facts{}, err
	}
	g := &f.Grant
	g.UserID, g.ClientID, g.SessionID = f.User.ID, f.Client.ID, f.Session.ID
	g.AuthTime, g.CreatedAt, g.RevokedAt = fromTimestamp(authTime), fromTimestamp(created), fromOptional(revoked)
	if g.Scopes, err = decodeList[string](scopes); err != nil {
		return provider.Facts{}, err
	}
	g.AMR, err = decodeList[string](amr)
	return f, err
}
