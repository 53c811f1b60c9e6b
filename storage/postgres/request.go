package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"mana/provider"
)

// StoreRequest implements [provider.Requests].
func (s *Provider) StoreRequest(ctx context.Context, r provider.AuthRequest) error {
	var state any
	if r.HasState {
		state = r.State
	}
	return s.db.write(ctx, system, func(t *tx) error {
		_, err := t.exec(`INSERT INTO auth.requests (request_hash, browser_hash, client_id, redirect_uri, response_mode,
			scopes, state, nonce, code_challenge, prompt, max_age, login_hint, ui_locales, hint_subject, claims,
			resource, acr_values, session_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
			r.Hash, r.BrowserHash, r.ClientID, r.RedirectURI, r.ResponseMode, encodeList(r.Scopes), state, r.Nonce,
			r.CodeChallenge, encodeList(r.Prompt), r.MaxAge, printable(r.LoginHint), printable(r.UILocales), r.HintSubject,
			r.Claims, r.Resource, encodeList(r.ACRValues), optionalID(r.SessionID),
			r.CreatedAt, r.ExpiresAt)
		return err
	})
}

// Request implements [provider.Requests].
func (s *Provider) Request(ctx context.Context, hash []byte) (provider.AuthRequest, error) {
	r := provider.AuthRequest{Hash: hash}
	var scopes, prompt, acr string
	var state pgtype.Text
	err := s.db.reader(ctx, system)(`SELECT browser_hash, client_id, redirect_uri, response_mode, scopes, state,
			nonce, code_challenge, prompt, max_age, login_hint, ui_locales, hint_subject, claims, resource, acr_values,
			session_id, created_at, expires_at
		FROM auth.requests WHERE request_hash = $1 AND used_at IS NULL AND expires_at > $2`, hash, s.db.clock()).
		Scan(&r.BrowserHash, &r.ClientID, &r.RedirectURI, &r.ResponseMode, &scopes, &state,
			&r.Nonce, &r.CodeChallenge, &prompt, &r.MaxAge, &r.LoginHint, &r.UILocales, &r.HintSubject,
			&r.Claims, &r.Resource, &acr, toID(&r.SessionID), &r.CreatedAt, &r.ExpiresAt)
	if err != nil {
		return provider.AuthRequest{}, notFound(err, provider.ErrNoRequest)
	}
	r.State, r.HasState = state.String, state.Valid
	return r, decodeLists(storedList{scopes, &r.Scopes}, storedList{prompt, &r.Prompt}, storedList{acr, &r.ACRValues})
}

// MarkAuthenticated implements [provider.Requests].
func (s *Provider) MarkAuthenticated(ctx context.Context, hash []byte, sessionID uuid.UUID) error {
	now := s.db.clock()
	return s.db.write(ctx, system, func(t *tx) error {
		marked, err := one(t.exec(`UPDATE auth.requests SET session_id = $1
			WHERE request_hash = $2 AND used_at IS NULL AND expires_at > $3`, sessionID, hash, now))
		if err == nil && !marked {
			return provider.ErrNoRequest
		}
		return err
	})
}

// ConsumeRequest implements [provider.Requests].
func (s *Provider) ConsumeRequest(ctx context.Context, hash []byte) error {
	now := s.db.clock()
	return s.db.write(ctx, system, func(t *tx) error { return consumeRequest(t, hash, now) })
}

// consumeRequest ends a request by one conditional update.
func consumeRequest(t *tx, hash []byte, now time.Time) error {
	used, err := one(t.exec(`UPDATE auth.requests SET used_at = $1
		WHERE request_hash = $2 AND used_at IS NULL AND expires_at > $1`, now, hash))
	if err == nil && !used {
		return provider.ErrNoRequest
	}
	return err
}
