package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"mana/keys"
	"mana/provider/identity"
)

// PathSignedOut is where a browser goes that was signed out and has no place to return to.
const PathSignedOut = PathLogout + "?done=1"

// posted marks the address to which a logout that was posted goes on.
const posted = PathEndSession + "?posted=1"

// serveEndSession guards the library's handler. A POST may come from another site, whose cookies a
// browser holds back, so it is kept, and answered with our own address (303), where they are sent.
func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		methodNotAllowed(w, "GET, HEAD, POST")
		return
	}
	values, status := authorizeValues(r)
	switch {
	case status != http.StatusOK:
		p.pages.ProtocolError(w, r, status, PageBadRequest)
		return
	case r.Method == http.MethodPost:
		p.cookies.setLogout(w, logoutValues(values))
		seeOther(w, posted)
		return
	case r.URL.RequestURI() == posted:
		r.URL.RawQuery = p.cookies.logout(r).Encode()
		r.Form = nil
	}
	p.library.ServeHTTP(logoutWriter{w, p.cookies}, r.WithContext(withDevice(r.Context(), p.device(r))))
}

// logoutValues keeps the parameters that the endpoint reads.
func logoutValues(values url.Values) url.Values {
	kept := url.Values{}
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} {
		if value := values.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

type deviceKey struct{}

// withDevice carries where a request came from past the library, which hands on its headers alone.
func withDevice(ctx context.Context, d identity.Device) context.Context {
	return context.WithValue(ctx, deviceKey{}, d)
}

// EndSession implements [op.Server]. The session cookie is the authority. A valid hint for the signed-in
// person ends the session without a question; everything else leads to a page that asks. The address to
// return to counts only with a valid hint, and only if it is registered byte for byte for its client.
func (s *server) EndSession(ctx context.Context, r *op.Request[oidc.EndSessionRequest]) (*op.Redirect, error) {
	p := s.provider
	request := &http.Request{Header: r.Header}
	who, err := p.SignedIn(request.WithContext(ctx))
	if err != nil {
		p.logger.ErrorContext(ctx, faultMessage, "error", err)
		return nil, op.NewStatusError(errUnavailable(), http.StatusServiceUnavailable)
	}
	client, subject, ok := p.hintedClient(ctx, r.Data)
	to := r.Data.PostLogoutRedirectURI
	if !ok || to != "" && !slices.Contains(client.PostLogoutRedirectURIs, to) {
		return op.NewRedirect(PathLogout), nil
	}
	if who != nil && who.User.ID.String() != subject {
		return op.NewRedirect(PathLogout), nil
	}
	redirect := op.NewRedirect(PathSignedOut)
	if to != "" {
		redirect.URL = withState(to, r.Data.State)
	}
	if who == nil {
		return redirect, nil
	}
	device, _ := ctx.Value(deviceKey{}).(identity.Device)
	if err := p.SignOut(ctx, who.Session, device); err != nil {
		p.logger.ErrorContext(ctx, faultMessage, "error", err)
		return nil, op.NewStatusError(errUnavailable(), http.StatusServiceUnavailable)
	}
	p.cookies.ClearSession(headerWriter{redirect.Header})
	redirect.Header.Set("Clear-Site-Data", `"cache", "storage"`)
	return redirect, nil
}

// readHint reads an ID token of ours, expired or not (OpenID Connect Core 1.0, section 3.1.2.1).
func (p *Provider) readHint(token string) (idClaims, error) {
	var claims idClaims
	payload, err := p.ring.Verify(keys.TypeIDToken, token)
	if err != nil {
		return claims, err
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Issuer != p.issuer {
		return claims, ErrInvalidToken
	}
	return claims, nil
}

// hintedClient is the client that the hint of a logout was made for, and the person that it names.
func (p *Provider) hintedClient(ctx context.Context, request *oidc.EndSessionRequest) (Client, string, bool) {
	claims, err := p.readHint(request.IdTokenHint)
	if err != nil || request.ClientID != "" && request.ClientID != claims.Audience {
		return Client{}, "", false
	}
	client, err := p.store.Client(ctx, claims.Audience)
	return client, claims.Subject, err == nil && !client.Disabled
}

// withState adds state, if there is one, and nothing else.
func withState(uri, state string) string {
	if state == "" {
		return uri
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + "state=" + url.QueryEscape(state)
}

// logoutWriter answers 303 where the library answers 302, and says when a failure of storage may have passed. A
// logout that was posted is forgotten with every answer, here because the library replaces cookies set before.
type logoutWriter struct {
	http.ResponseWriter
	cookies Cookies
}

// WriteHeader implements [http.ResponseWriter].
func (w logoutWriter) WriteHeader(status int) {
	w.cookies.clearLogout(w.ResponseWriter)
	switch status {
	case http.StatusFound:
		status = http.StatusSeeOther
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	w.ResponseWriter.WriteHeader(status)
}

// headerWriter lets a cookie be set on a header alone.
type headerWriter struct{ header http.Header }

func (w headerWriter) Header() http.Header         { return w.header }
func (w headerWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w headerWriter) WriteHeader(int)             {}
