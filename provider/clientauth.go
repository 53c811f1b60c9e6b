package provider

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// credentials are what a caller shows of a client.
type credentials struct {
	id, secret string
	hasSecret  bool
}

// authenticateClient proves the client of a protocol request by exactly one method (RFC 6749, section
// 2.3): client_secret_basic, client_secret_post, or none for a public client. Unknown client, disabled
// client and wrong secret are answered alike. The error is an *oidc.Error unless storage failed.
func (p *Provider) authenticateClient(r *http.Request) (Client, error) {
	shown, fault := shownCredentials(r)
	if fault != nil {
		return Client{}, fault
	}
	client, err := p.checkCredentials(r.Context(), shown)
	if errors.Is(err, ErrInvalidClient) {
		return Client{}, invalidClient()
	}
	return client, err
}

func (p *Provider) checkCredentials(ctx context.Context, shown credentials) (Client, error) {
	client, err := p.store.Client(ctx, shown.id)
	if err != nil && !errors.Is(err, ErrUnknownClient) {
		return Client{}, err
	}
	sum := sha256.Sum256([]byte(shown.secret))
	fits := 0
	for _, secret := range client.Secrets {
		if secret.ExpiresAt.IsZero() || p.now().Before(secret.ExpiresAt) {
			fits |= subtle.ConstantTimeCompare(secret.Hash, sum[:])
		}
	}
	proven := client.Public() && !shown.hasSecret || shown.secret != "" && fits == 1
	if err != nil || client.Disabled || !proven {
		return Client{}, ErrInvalidClient
	}
	return client, nil
}

// shownCredentials reads the credentials of a request whose form was parsed.
func shownCredentials(r *http.Request) (credentials, *oidc.Error) {
	form := credentials{id: r.PostForm.Get("client_id"), secret: r.PostForm.Get("client_secret")}
	form.hasSecret = form.secret != ""
	header := r.Header.Get("Authorization")
	assertion := r.PostForm.Get("client_assertion") != ""
	several := len(r.Header.Values("Authorization")) > 1
	if several || header != "" && (form.hasSecret || assertion) || form.hasSecret && assertion {
		return credentials{}, badRequest("use exactly one method of client authentication")
	}
	if header == "" {
		if form.id == "" || assertion {
			return credentials{}, invalidClient()
		}
		return form, nil
	}
	basic, ok := parseBasic(header)
	if !ok {
		return credentials{}, invalidClient()
	}
	if form.id != "" && form.id != basic.id {
		return credentials{}, badRequest("client_id is not that of the authenticated client")
	}
	return basic, nil
}

// parseBasic reads client_secret_basic: both halves are form-encoded before base64 (RFC 6749, section
// 2.3.1).
func parseBasic(header string) (credentials, bool) {
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return credentials{}, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.Count(string(raw), ":") != 1 {
		return credentials{}, false
	}
	id, secret, _ := strings.Cut(string(raw), ":")
	if id, err = url.QueryUnescape(id); err != nil {
		return credentials{}, false
	}
	if secret, err = url.QueryUnescape(secret); err != nil {
		return credentials{}, false
	}
	return credentials{id: id, secret: secret, hasSecret: true}, true
}

func invalidClient() *oidc.Error {
	return describe(oidc.ErrInvalidClient(), "client authentication failed")
}
