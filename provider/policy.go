package provider

import "slices"

// Allow is the one function that decides whether a subject may get, or keep using, a token for a client.
// Every path calls it inside the transaction that consumes its artefact: code redemption and every use
// of an access token at our own endpoints. [ErrDenied].
func Allow(f Facts) error {
	switch {
	case f.Client.Disabled,
		!f.Grant.RevokedAt.IsZero(),
		!f.User.Live(),
		!f.Session.RevokedAt.IsZero(),
		!f.Session.ExpiresAt.After(f.Now),
		f.Session.IdleFor > 0 && !f.Session.LastActivityAt.Add(f.Session.IdleFor).After(f.Now):
		return ErrDenied
	}
	for _, scope := range f.Grant.Scopes {
		if !slices.Contains(f.Client.Scopes, scope) {
			return ErrDenied // the client lost a scope that the grant still names
		}
	}
	return nil
}

// acrBasic is the authentication context class of one factor, the only kind of sign-in so far.
const acrBasic = "urn:mana:acr:basic"
