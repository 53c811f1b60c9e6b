package provider

import "slices"

// Allow is the one function that decides whether a subject may get, or keep using, a token for a client.
// Every path calls it inside the transaction that consumes its artefact: approval, code redemption, refresh,
// the first-party login; and every use of an access token at our own endpoints. [ErrDenied].
func Allow(f Facts) error {
	switch {
	case f.Client.Disabled, !f.Grant.RevokedAt.IsZero(), !f.User.Live():
		return ErrDenied
	case !f.Grant.Offline && !f.Session.Live(f.Now):
		return ErrDenied
	case len(missing(f.Grant.Scopes, f.Client.Scopes)) > 0:
		return ErrDenied // the client lost a scope that the grant still names
	}
	return nil
}

// acrBasic is the authentication context class of one factor, the only kind of sign-in so far.
const acrBasic = "urn:mana:acr:basic"

// reachable reports whether a sign-in can reach one of the wanted classes; no wish is always met.
func reachable(wanted []string) bool { return len(wanted) == 0 || slices.Contains(wanted, acrBasic) }
