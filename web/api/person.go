package api

import (
	"errors"
	"net/http"

	"mana/provider"
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
