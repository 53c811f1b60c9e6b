package provider

import "mana/provider/identity"

// Allow is the one function that decides whether a subject may get, or keep using, a token for a client.
// Every path calls it inside the transaction that consumes its artefact: approval, code redemption, refresh,
// the first-party login; and every use of an access token at our own endpoints. [ErrDenied]; [ErrFactorDue].
func Allow(f Facts) error {
	switch {
	case f.VerifiedOnly && !f.User.EmailVerified:
		return ErrDenied
	case f.Client.Disabled, !f.Grant.RevokedAt.IsZero(), !f.User.Live():
		return ErrDenied
	case !f.Grant.Offline && !f.Session.Live(f.Now):
		return ErrDenied
	case identity.FactorDue(f.Session, f.User):
		return ErrFactorDue
	case len(missing(f.Grant.Scopes, f.Client.Scopes)) > 0:
		return ErrDenied // the client lost a scope that the grant still names
	}
	return nil
}

// allow is [Allow] for this installation.
func (p *Provider) allow(f Facts) error {
	f.VerifiedOnly = p.requireVerified
	return Allow(f)
}
