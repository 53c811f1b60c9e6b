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
)

// Scopes lists every scope that a client may be given, in the order in which pages show them.
func Scopes() []string {
	return []string{
		ScopeOpenID, ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeOfflineAccess, ScopeRoles, ScopeCreditsRead, ScopeCreditsSpend,
	}
}

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

// union is both lists, once each, in the order of [Scopes].
func union(a, b []string) []string {
	var out []string
	for _, s := range Scopes() {
		if slices.Contains(a, s) || slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}
