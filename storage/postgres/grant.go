package postgres

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mana/provider"
)

// Consent implements [provider.Grants].
func (s *Provider) Consent(ctx context.Context, userID uuid.UUID, clientID string) (provider.Consent, error) {
	return loadConsent(s.db.reader(ctx, user(userID))(selectConsent, userID, clientID), userID, clientID)
}

const selectConsent = `SELECT scopes, claims, updated_at FROM auth.consents WHERE user_id = $1 AND client_id = $2`

func loadConsent(row pgx.Row, userID uuid.UUID, clientID string) (provider.Consent, error) {
	c := provider.Consent{UserID: userID, ClientID: clientID}
	var scopes, claims string
	err := row.Scan(&scopes, &claims, &c.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if c.Scopes, err = decodeList[string](scopes); err != nil {
		return c, err
	}
	c.Claims, err = decodeList[string](claims)
	return c, err
}

// IssueCode implements [provider.Grants].
func (s *Provider) IssueCode(ctx context.Context, c provider.CodeIssue, allow func(provider.Facts) error) error {
	now := s.db.clock()
	return s.db.writeFor(ctx, c.Grant.SessionID.String(), system, func(t *tx) error {
		if err := lockSession(t, c.Grant.SessionID); err != nil {
			return err
		}
		if c.RequestHash != nil {
			if err := consumeRequest(t, c.RequestHash, now); err != nil {
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
		_, err = t.exec(`INSERT INTO auth.codes (code_hash, grant_handle, client_id, redirect_uri, code_challenge, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6)`, c.CodeHash, c.Grant.Handle, c.Grant.ClientID, c.RedirectURI, c.CodeChallenge,
			now.Add(c.ExpiresIn))
		if err != nil || c.Event == nil {
			return err
		}
		return insertEvent(t, *c.Event, now)
	})
}

// saveConsent adds what was allowed now to what was allowed before.
func saveConsent(t *tx, c *provider.Consent) error {
	if c == nil {
		return nil
	}
	_, err := t.exec(`INSERT INTO auth.consents (user_id, client_id, scopes, created_at, updated_at) VALUES ($1, $2, '[]', $3, $3)
		ON CONFLICT DO NOTHING`, c.UserID, c.ClientID, c.UpdatedAt) // there is a row to lock now
	if err != nil {
		return err
	}
	given, err := loadConsent(t.queryRow(selectConsent+` FOR UPDATE`, c.UserID, c.ClientID), c.UserID, c.ClientID)
	if err != nil {
		return err
	}
	scopes, claims := merged(given.Scopes, c.Scopes), merged(given.Claims, c.Claims)
	_, err = t.exec(`UPDATE auth.consents SET scopes = $3, claims = $4, updated_at = $5 WHERE user_id = $1 AND client_id = $2`,
		c.UserID, c.ClientID, encodeList(scopes), encodeList(claims), c.UpdatedAt)
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

// lockSession keeps the end of a session, and of what hangs on it, until this transaction has ended: what this one
// adds to the session is seen by the other one, or the other one by this. Sessions are locked before grants, and
// grants before their tokens.
func lockSession(t *tx, id uuid.UUID) error {
	_, err := t.exec(`SELECT FROM auth.sessions WHERE id = $1 FOR NO KEY UPDATE`, id)
	return err
}

// lockGrant does the same for a grant and its session.
func lockGrant(t *tx, handle []byte) error {
	_, err := t.exec(`SELECT FROM auth.sessions WHERE id = (SELECT session_id FROM auth.grants WHERE handle = $1)
		FOR NO KEY UPDATE`, handle)
	if err != nil {
		return err
	}
	_, err = t.exec(`SELECT FROM auth.grants WHERE handle = $1 FOR NO KEY UPDATE`, handle)
	return err
}

func insertGrant(t *tx, g provider.Grant) error {
	_, err := t.exec(`INSERT INTO auth.grants
		(handle, user_id, client_id, session_id, scopes, claims, resource, nonce, offline, auth_time, amr, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		g.Handle, g.UserID, g.ClientID, g.SessionID, encodeList(g.Scopes), g.Claims, g.Resource, g.Nonce,
		g.Offline, g.AuthTime, encodeList(g.AMR), g.CreatedAt)
	return err
}

// RedeemCode implements [provider.Grants]. The refusal is returned after the commit, so that a code is
// consumed also when its binding is wrong.
func (s *Provider) RedeemCode(ctx context.Context, r provider.Redemption, allow func(provider.Facts) error) (provider.Facts, error) {
	var facts provider.Facts
	var refused error
	err := s.db.writeFor(ctx, string(r.CodeHash), system, func(t *tx) error {
		facts, refused = provider.Facts{}, nil
		now := s.db.clock()
		var handle []byte
		var clientID, redirectURI, challenge string
		err := t.queryRow(`UPDATE auth.codes SET used_at = $1 WHERE code_hash = $2 AND used_at IS NULL AND expires_at > $1
			RETURNING grant_handle, client_id, redirect_uri, code_challenge`,
			now, r.CodeHash).Scan(&handle, &clientID, &redirectURI, &challenge)
		if errors.Is(err, pgx.ErrNoRows) {
			refused, err = revokeRepeated(t, r, now)
			return err
		}
		if err != nil {
			return err
		}
		if !bound(r, clientID, redirectURI, challenge) {
			refused = provider.ErrInvalidGrant
			return nil
		}
		if err := lockGrant(t, handle); err != nil {
			return err
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
			handle: handle, generation: 1, expires: r.Refresh.Until,
		}, r.Refresh.Hash, now)
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
func revokeRepeated(t *tx, r provider.Redemption, now time.Time) (refused, err error) {
	var handle []byte
	var clientID, redirectURI, challenge string
	err = t.queryRow(`SELECT grant_handle, client_id, redirect_uri, code_challenge FROM auth.codes
		WHERE code_hash = $1 AND used_at IS NOT NULL`, r.CodeHash).Scan(&handle, &clientID, &redirectURI, &challenge)
	if errors.Is(err, pgx.ErrNoRows) {
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
	facts, err := loadFacts(s.db.reader(ctx, system), handle, tokenID)
	facts.Now = s.db.clock()
	return facts, err
}

// loadFacts reads a grant with its person, session and client in one statement, unless the access token with
// this id was revoked by itself.
func loadFacts(queryRow func(string, ...any) pgx.Row, handle []byte, tokenID string) (provider.Facts, error) {
	f := provider.Facts{Grant: provider.Grant{Handle: handle}}
	var scopes, amr string
	var user userRow
	var session sessionRow
	var client clientRow
	targets := []any{
		&scopes, &f.Grant.Claims, &f.Grant.Resource, &f.Grant.Nonce, &f.Grant.Offline, &f.Grant.AuthTime, &amr,
		&f.Grant.CreatedAt, toTime(&f.Grant.RevokedAt),
	}
	targets = append(append(append(targets, user.targets()...), session.targets()...), client.targets()...)
	err := queryRow(`SELECT g.scopes, g.claims, g.resource, g.nonce, g.offline, g.auth_time, g.amr, g.created_at,
			g.revoked_at, `+userColumns+`, `+sessionColumns+`, `+clientColumns+` FROM auth.grants g
		JOIN auth.users u ON u.id = g.user_id JOIN auth.sessions s ON s.id = g.session_id
		JOIN auth.clients c ON c.id = g.client_id
		WHERE g.handle = $1 AND NOT EXISTS (SELECT 1 FROM auth.revoked_tokens r WHERE r.token_id = $2)`,
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
	if g.Scopes, err = decodeList[string](scopes); err != nil {
		return provider.Facts{}, err
	}
	g.AMR, err = decodeList[string](amr)
	return f, err
}
