package provider

import (
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Scopes that exist.
const (
	ScopeOpenID       = "openid"
	ScopeProfile      = "profile"
	ScopeEmail        = "email"
	ScopeAddress      = "address"
	ScopePhone        = "phone"
	ScopeRoles        = "roles" // the free role names that administrators gave
	ScopeCreditsRead  = "credits:read"
	ScopeCreditsSpend = "credits:spend"
	// ScopeOfflineAccess keeps a grant, and its refresh tokens, beyond the session that it was made in.
	ScopeOfflineAccess = "offline_access"

	// Those of the administration API, which the operator alone gives to a client for itself.
	ScopeAdminRead     = "admin:read"     // see everything there
	ScopeAdminClients  = "admin:clients"  // change clients
	ScopeAdminPackages = "admin:packages" // change packages
	ScopeAdminKeys     = "admin:keys"     // change service keys
	ScopeAdminPeople   = "admin:people"   // change roles of people, lock them out, and sign them out
)

// Scopes lists every scope that a client may be given by an administrator, in the order in which pages show them.
func Scopes() []string {
	return []string{
		ScopeOpenID, ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeOfflineAccess, ScopeRoles, ScopeCreditsRead, ScopeCreditsSpend,
	}
}

// AdminScopes lists the scopes of the administration API. No person can give them, and no token has one that was not
// asked for by name.
func AdminScopes() []string {
	return []string{ScopeAdminRead, ScopeAdminClients, ScopeAdminPackages, ScopeAdminKeys, ScopeAdminPeople}
}

// allScopes lists every scope there is, in the order in which they are stored.
func allScopes() []string { return append(Scopes(), AdminScopes()...) }

const (
	maxScopes    = 50
	maxScopeSize = 2 << 10 // bytes
)

// usableScopes keeps what exists and the client may ask for, once each, in the order of [Scopes].
func usableScopes(c Client, scope string) []string {
	asked := strings.Fields(scope)
	if len(asked) > maxScopes || len(scope) > maxScopeSize {
		return nil
	}
	var usable []string
	refreshes := slices.Contains(c.GrantTypes, string(oidc.GrantTypeRefreshToken))
	for _, s := range Scopes() {
		useless := s == ScopeOfflineAccess && !refreshes // there would be no token to come back with
		if slices.Contains(asked, s) && slices.Contains(c.Scopes, s) && !useless {
			usable = append(usable, s)
		}
	}
	return usable
}

// isCredits reports whether a scope belongs to the credits API.
func isCredits(scope string) bool { return strings.HasPrefix(scope, "credits:") }

// isAdmin reports whether a scope belongs to the administration API.
func isAdmin(scope string) bool { return strings.HasPrefix(scope, "admin:") }

// adminOnly keeps the scopes of the administration API.
func adminOnly(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !isAdmin(scope) })
}

// resourceFor is the audience that a scope means something to.
func (p *Provider) resourceFor(scope string) string {
	switch {
	case isCredits(scope):
		return p.CreditsResource()
	case isAdmin(scope):
		return p.AdminResource()
	}
	return p.issuer
}

// missing lists the scopes of want that have does not hold.
func missing(want, have []string) []string {
	var out []string
	for _, s := range want {
		if !slices.Contains(have, s) {
			out = append(out, s)
		}
	}
	return out
}

// union is both lists, once each, in the order in which they are stored.
func union(a, b []string) []string {
	var out []string
	for _, s := range allScopes() {
		if slices.Contains(a, s) || slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}
