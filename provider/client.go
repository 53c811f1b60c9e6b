package provider

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
)

const (
	clientIDPrefix = "mc_" // keeps client ids apart from people and APIs
	maxClientName  = 60    // characters
)

// NewClient is a request to register a client.
type NewClient struct {
	ID                     string // empty: one is made
	Name                   string
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	GrantTypes             []string // empty: authorization_code
	Scopes                 []string // empty: openid profile email
	Public                 bool     // no secret
	FirstParty             bool
}

// Register checks and stores a client, and gives its secret, which is shown once and never again; it is
// empty for a public client. An error names every field that is wrong.
func (c NewClient) Register(ctx context.Context, store Clients, now time.Time) (Client, identity.Secret, error) {
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{string(oidc.GrantTypeCode)}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{ScopeOpenID, ScopeProfile, ScopeEmail}
	}
	if faults := c.faults(); len(faults) > 0 {
		return Client{}, "", fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	client := Client{
		ID: c.ID, Name: c.Name,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
		GrantTypes: c.GrantTypes, Scopes: union(c.Scopes, nil), FirstParty: c.FirstParty,
		CreatedAt: now.UTC().Truncate(time.Microsecond),
	}
	if client.ID == "" {
		client.ID = newClientID()
	}
	var secret identity.Secret
	if !c.Public {
		secret = identity.NewSecret()
		client.Secrets = []ClientSecret{{Hash: secret.Hash()}}
	}
	if err := store.SaveClient(ctx, client); err != nil {
		return Client{}, "", fmt.Errorf("storing client %q: %w", client.ID, err)
	}
	return client, secret, nil
}

func (c NewClient) faults() []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if !validClientName(c.Name) {
		add("the name must be 1 to %d printable characters", maxClientName)
	}
	for _, uri := range c.RedirectURIs {
		if fault := CheckRedirectURI(uri); fault != "" {
			add("redirect URI %q %s", uri, fault)
		}
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		if u, err := url.Parse(uri); CheckRedirectURI(uri) != "" || err != nil || u.Host == "" {
			add("post-logout URI %q must be https, or http on a loopback address", uri)
		}
	}
	for _, grant := range c.GrantTypes {
		if !slices.Contains(grantTypes(), oidc.GrantType(grant)) {
			add("grant type %q is not supported", grant)
		}
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(Scopes(), scope) {
			add("scope %q does not exist; there are: %s", scope, strings.Join(Scopes(), " "))
		}
	}
	code := slices.Contains(c.GrantTypes, string(oidc.GrantTypeCode))
	if code != (len(c.RedirectURIs) > 0) {
		add("a redirect URI is needed for the grant type authorization_code, and only there")
	}
	if c.Public && slices.Contains(c.GrantTypes, string(oidc.GrantTypeClientCredentials)) {
		add("a public client cannot use client_credentials")
	}
	return faults
}

// grantTypes are the ways to a token that exist.
func grantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials}
}

func validClientName(name string) bool {
	n := utf8.RuneCountInString(name)
	unsafe := func(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) }
	return utf8.ValidString(name) && n > 0 && n <= maxClientName && !strings.ContainsFunc(name, unsafe)
}

func newClientID() string {
	raw := make([]byte, 15)
	rand.Read(raw)
	return clientIDPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw))
}
