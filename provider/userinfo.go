package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// serveUserInfo guards the library's handler: one transport of the token, never the query (RFC 6750,
// section 2), and a challenge with every 401 (section 3).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request, limited func(http.ResponseWriter, *http.Request, uuid.UUID) bool) {
	noStore(w)
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		methodNotAllowed(w, "GET, POST")
		return
	}
	token, err := bearerToken(r)
	switch {
	case err != nil:
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+p.issuer+`", error="invalid_request"`)
		p.writeTokenError(w, r, err)
	case token == "":
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+p.issuer+`"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		// What is wrong with the token, the library asks us again.
		if claims, facts, err := p.userInfoFacts(r.Context(), token); err == nil {
			if limited(w, r, facts.User.ID) {
				return
			}
			p.keep(w, r, claims, facts, facts.Client)
		}
		p.library.ServeHTTP(&challengeWriter{ResponseWriter: w, realm: p.issuer}, r)
	}
}

// bearerToken finds the one access token of a request; empty if there is none.
func bearerToken(r *http.Request) (string, error) {
	if r.URL.Query().Has("access_token") {
		return "", badRequest("an access token never belongs in a query")
	}
	if r.Method == http.MethodPost && r.ContentLength != 0 && !isForm(r) {
		return "", badRequest("the body must be application/x-www-form-urlencoded")
	}
	if status := parseParams(r); status != http.StatusOK {
		return "", statusError{badRequest("the request is malformed or too large"), status}
	}
	posted := r.PostForm.Get("access_token")
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1 || len(headers) == 1 && posted != "":
		return "", badRequest("send the access token in one way")
	case len(headers) == 0:
		return posted, nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, oidc.BearerToken) || token == "" {
		return "", nil
	}
	return token, nil
}

// UserInfo implements [op.Server].
func (s *server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	p := s.provider
	claims, facts, err := p.userInfoFacts(ctx, r.Data.AccessToken)
	switch {
	case errors.Is(err, ErrInvalidToken):
		return nil, op.NewStatusError(errInvalidToken(), http.StatusUnauthorized)
	case err != nil:
		p.logger.ErrorContext(ctx, faultMessage, "error", err)
		return nil, op.NewStatusError(errUnavailable(), http.StatusServiceUnavailable)
	}
	scopes := strings.Fields(claims.Scope)
	if !slices.Contains(scopes, ScopeOpenID) {
		return nil, op.NewStatusError(errInsufficientScope(), http.StatusForbidden)
	}
	info := &oidc.UserInfo{Subject: facts.User.ID.String()}
	wishes, _ := parseClaims(facts.Grant.Claims) // checked when it came
	if err := p.addRoles(ctx, &facts, scopes, wishes.UserInfo); err != nil {
		p.logger.ErrorContext(ctx, faultMessage, "error", err)
		return nil, op.NewStatusError(errUnavailable(), http.StatusServiceUnavailable)
	}
	info.Claims = grantedClaims(facts, scopes, wishes.UserInfo)
	return op.NewResponse(info), nil
}

// userInfoFacts verifies an access token for userinfo and finds what stands behind it. [ErrInvalidToken]; any other
// error means that storage failed.
func (p *Provider) userInfoFacts(ctx context.Context, token string) (accessClaims, Facts, error) {
	claims, err := p.parseAccess(ctx, token)
	if err != nil {
		return claims, Facts{}, err
	}
	if claims.Audience != p.issuer || claims.Subject == claims.ClientID {
		return claims, Facts{}, ErrInvalidToken // for somebody else, or without a person behind it
	}
	facts, err := p.live(ctx, claims)
	return claims, facts, err
}

// challengeWriter adds the challenge that RFC 6750, section 3, demands of a refusal.
type challengeWriter struct {
	http.ResponseWriter
	realm string
}

// WriteHeader implements [http.ResponseWriter].
func (w *challengeWriter) WriteHeader(status int) {
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+w.realm+`", error="invalid_token"`)
	case http.StatusForbidden:
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+w.realm+`", error="insufficient_scope", scope="openid"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	w.ResponseWriter.WriteHeader(status)
}
