package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const (
	maxClientName  = 60  // characters
	maxAudience    = 512 // characters
	minRefreshLife = 5 * time.Minute
	maxRefreshLife = 365 * 24 * time.Hour
	minIDTokenLife = 5 * time.Minute
	maxIDTokenLife = 24 * time.Hour
)

// clientIDPrefix keeps client ids apart from people and APIs.
const clientIDPrefix = "mc_"

var (
	clientIDForm = regexp.MustCompile(`^mc_[A-Za-z0-9_-]{1,64}$`)
	appIDForm    = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`) // as the credits API takes them
)

// ClientFault is one thing that is wrong with a client.
type ClientFault struct {
	Field string // by its name in RFC 7591, or one of that kind
	Text  string

	// Text as it was made, for whoever says it in another language; no Format: Text is all there is.
	Format string
	Args   []any
}

// ClientFaults is the error that lists everything that is wrong with a client, so that it is mended in one
// go.
type ClientFaults []ClientFault

// Error implements error.
func (f ClientFaults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Field + ": " + fault.Text
	}
	return strings.Join(texts, "; ")
}

// Add adds one fault.
func (f *ClientFaults) Add(field, format string, args ...any) {
	*f = append(*f, ClientFault{field, fmt.Sprintf(format, args...), format, args})
}

// Check says everything that is wrong with a client that is to be stored, as [ClientFaults]. It is the one
// place that knows what a client may be.
func (c Client) Check() error {
	var faults ClientFaults
	c.checkNames(&faults)
	c.checkAddresses(&faults)
	c.checkGrants(&faults)
	c.checkTokens(&faults)
	if len(faults) == 0 {
		return nil
	}
	return faults
}

func (c Client) checkNames(faults *ClientFaults) {
	if !clientIDForm.MatchString(c.ID) {
		faults.Add("client_id", `must be "mc_" and 1 to 64 of A-Z, a-z, 0-9, underscore and hyphen`)
	}
	if !validClientName(c.Name) {
		faults.Add("client_name", "must be 1 to %d printable characters", maxClientName)
	}
	for _, s := range c.Secrets {
		if len(s.Hash) != sha256.Size {
			faults.Add("secrets", "must be SHA-256 hashes")
		}
	}
	for _, id := range c.AppIDs {
		if !appIDForm.MatchString(id) {
			faults.Add("app_ids", "%q must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen", id)
		}
	}
}

func (c Client) checkAddresses(faults *ClientFaults) {
	for _, uri := range c.RedirectURIs {
		if fault := CheckRedirectURI(uri); fault != "" {
			faults.Add("redirect_uris", "%q "+fault, uri)
		}
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		if u, err := url.Parse(uri); CheckRedirectURI(uri) != "" || err != nil || u.Host == "" {
			faults.Add("post_logout_redirect_uris", "%q must be https, or http on a loopback address", uri)
		}
	}
	for _, uri := range c.Audiences {
		if uri == "" || len(uri) > maxAudience || strings.ContainsFunc(uri, notVisible) {
			faults.Add("audiences", "%q must be 1 to %d visible characters, as in the claim aud", uri, maxAudience)
		}
	}
}

func (c Client) checkGrants(faults *ClientFaults) {
	has := func(grant oidc.GrantType) bool { return slices.Contains(c.GrantTypes, string(grant)) }
	code, refresh, own := has(oidc.GrantTypeCode), has(oidc.GrantTypeRefreshToken), has(oidc.GrantTypeClientCredentials)
	for _, grant := range c.GrantTypes {
		if !slices.Contains(grantTypes(), oidc.GrantType(grant)) {
			faults.Add("grant_types", "%q is not supported; there are: %v", grant, grantTypes())
		}
	}
	switch {
	case len(c.GrantTypes) == 0:
		faults.Add("grant_types", "at least one is needed")
	case refresh && !code:
		faults.Add("grant_types", "refresh_token needs authorization_code")
	}
	if code != (len(c.RedirectURIs) > 0) {
		faults.Add("redirect_uris", "are needed for the grant type authorization_code, and only there")
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(allScopes(), scope) {
			faults.Add("scopes", "%q does not exist; there are: %s", scope, strings.Join(Scopes(), " "))
		}
		if isAdmin(scope) && !own {
			faults.Add("scopes", "%q needs the grant type client_credentials", scope)
		}
	}
	if !c.Public() {
		return
	}
	if own {
		faults.Add("grant_types", "a public client cannot use client_credentials")
	}
	if c.PKCEExempt {
		faults.Add("pkce_exempt", "a public client cannot leave out PKCE")
	}
	if len(c.Audiences) > 0 {
		faults.Add("audiences", "a public client cannot introspect tokens")
	}
}

func (c Client) checkTokens(faults *ClientFaults) {
	life := func(field string, d, low, high time.Duration) {
		if d != 0 && (d < low || d > high || d%time.Second != 0) {
			faults.Add(field, "must be whole seconds from %s to %s, or 0 for the default", low, high)
		}
	}
	life("refresh_idle", c.RefreshIdle, minRefreshLife, maxRefreshLife)
	life("refresh_max", c.RefreshMax, minRefreshLife, maxRefreshLife)
	life("id_token_life", c.IDTokenLife, minIDTokenLife, maxIDTokenLife)
	if c.RefreshMax != 0 && c.RefreshIdle > c.RefreshMax {
		faults.Add("refresh_idle", "must not be longer than refresh_max")
	}
	algorithms := []string{"RS256", "PS256", "ES256", "EdDSA"}
	if c.IDTokenAlg != "" && !slices.Contains(algorithms, c.IDTokenAlg) {
		faults.Add("id_token_signed_response_alg", "%q is not supported; there are: %s", c.IDTokenAlg, strings.Join(algorithms, " "))
	}
}

// grantTypes are the ways to a token that exist.
func grantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials}
}

func notVisible(c rune) bool { return c <= ' ' || c > '~' }

func validClientName(name string) bool {
	n := utf8.RuneCountInString(name)
	unsafe := func(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) }
	return utf8.ValidString(name) && n > 0 && n <= maxClientName && !strings.ContainsFunc(name, unsafe)
}

// Administers reports whether the client has a scope of the administration API.
func (c Client) Administers() bool { return slices.ContainsFunc(c.Scopes, isAdmin) }

// Complete is the client with what is left out filled in, and in the form in which it is stored: unless
// said otherwise it logs people in, refreshes, and may ask for openid, profile and email. The client is
// good if the error is nil; otherwise it is [ClientFaults].
func (c Client) Complete() (Client, error) {
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken)}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{ScopeOpenID, ScopeProfile, ScopeEmail}
	}
	if err := c.Check(); err != nil {
		return c, err
	}
	return c.normal(), nil
}

// normal is the form in which a checked client is stored: scopes in their order, no empty lists.
func (c Client) normal() Client {
	c.Scopes = union(c.Scopes, nil)
	for _, list := range []*[]string{
		&c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.GrantTypes, &c.AppIDs, &c.Audiences,
	} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return c
}

func newClientID() string {
	raw := make([]byte, 15)
	rand.Read(raw)
	return clientIDPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw))
}
