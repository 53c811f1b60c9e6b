package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"mana/provider"
)

// StoreRequest implements [provider.Requests].
func (s *Provider) StoreRequest(ctx context.Context, r provider.AuthRequest) error {
	var state any
	if r.HasState {
		state = r.State
	}
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO auth_requests (request_hash, browser_hash, client_id, redirect_uri, response_mode,
			scopes, state, nonce, code_challenge, prompt, max_age, login_hint, ui_locales, hint_subject, claims,
			resource, acr_values, session_id, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Hash, r.BrowserHash, r.ClientID, r.RedirectURI, r.ResponseMode, encodeList(r.Scopes), state, r.Nonce,
			r.CodeChallenge, encodeList(r.Prompt), r.MaxAge, r.LoginHint, r.UILocales, r.HintSubject,
			r.Claims, r.Resource, encodeList(r.ACRValues), optionalID(r.SessionID),
			timestamp(r.CreatedAt), timestamp(r.ExpiresAt))
		return err
	})
}

// Request implements [provider.Requests].
func (s *Provider) Request(ctx context.Context, hash []byte) (provider.AuthRequest, error) {
	r := provider.AuthRequest{Hash: hash}
	var scopes, prompt, acr string
	var state sql.NullString
	var session uuid.NullUUID
	var created, expires int64
	err := s.db.queryRow(ctx, `SELECT browser_hash, client_id, redirect_uri, response_mode, scopes, state,
			nonce, code_challenge, prompt, max_age, login_hint, ui_locales, hint_subject, claims, resource, acr_values,
			session_id, created_at, expires_at
		FROM auth_requests WHERE request_hash = ? AND used_at IS NULL AND expires_at > ?`, hash, timestamp(s.db.clock())).
		Scan(&r.BrowserHash, &r.ClientID, &r.RedirectURI, &r.ResponseMode, &scopes, &state,
			&r.Nonce, &r.CodeChallenge, &prompt, &r.MaxAge, &r.LoginHint, &r.UILocales, &r.HintSubject,
			&r.Claims, &r.Resource, &acr, &session, &created, &expires)
	if err != nil {
		return provider.AuthRequest{}, notFound(err, provider.ErrNoRequest)
	}
	r.State, r.HasState, r.SessionID = state.String, state.Valid, session.UUID
	r.CreatedAt, r.ExpiresAt = fromTimestamp(created), fromTimestamp(expires)
	return r, decodeLists(storedList{scopes, &r.Scopes}, storedList{prompt, &r.Prompt}, storedList{acr, &r.ACRValues})
}

// MarkAuthenticated implements [provider.Requests].
func (s *Provider) MarkAuthenticated(ctx context.Context, hash []byte, sessionID uuid.UUID) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error {
		marked, err := one(t.exec(`UPDATE auth_requests SET session_id = ?
			WHERE request_hash = ? AND used_at IS NULL AND expires_at > ?`, sessionID.String(), hash, now))
		if err == nil && !marked {
			return provider.ErrNoRequest
		}
		return err
	})
}

// ConsumeRequest implements [provider.Requests].
func (s *Provider) ConsumeRequest(ctx context.Context, hash []byte) error {
	now := timestamp(s.db.clock())
	return s.db.write(ctx, func(t *tx) error { return consumeRequest(t, hash, now) })
}

// consumeRequest ends a request by one conditional update.
func consumeRequest(t *tx, hash []byte, now int64) error {
	used, err := one(t.exec(`UPDATE auth_requests SET used_at = ?
		WHERE request_hash = ? AND used_at IS NULL AND expires_at > ?`, now, hash, now))
	if err == nil && !used {
		return provider.ErrNoRequest
	}
	return err
}
