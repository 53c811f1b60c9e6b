package api

import (
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
)

// Person guards a route of the contract for a person with a first-party token, and counts the call.
func (a *API) Person(class string, h func(http.ResponseWriter, *http.Request, provider.Access) error) http.Handler {
	return a.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if !hasBearer(r) {
			return unauthorized("No token provided")
		}
		who, err := a.cfg.FirstParty.Access(r.Context(), bearerToken(r))
		if errors.Is(err, provider.ErrInvalidToken) || err == nil && !who.FirstParty {
			return unauthorized("Invalid token")
		}
		if err != nil {
			return err
		}
		if err := a.limitPerson(r, who, class); err != nil {
			return err
		}
		return h(w, r, who)
	})
}

// strong refuses somebody with a stronger way in than the one by which the session of the token began: the password alone
// changes nothing of theirs here. The status is no 401, since clients take one for an expired token, and repeat.
func (a *API) strong(r *http.Request, who provider.Access) error {
	session, user, err := a.cfg.Identity.SessionByID(r.Context(), who.SessionID)
	if errors.Is(err, identity.ErrNoSession) {
		return unauthorized("Invalid token")
	}
	if err == nil && provider.Weak(&provider.SignedIn{Session: session, User: user}) {
		err = &Error{
			Status: http.StatusForbidden, Code: "MFA_REQUIRED", Message: "A second factor is required. Please sign in on the account page.",
		}
	}
	return err
}
