package api

import (
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

const maxDeletionReason = 500 // characters

// DeleteAccount deletes the caller, who proves it by the password: DELETE /api/v1/auth/account.
func (a *API) DeleteAccount(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	password, reason := body.required("password"), body.line("reason", 0, maxDeletionReason)
	if err := errors.Join(body.err(), a.strong(r, who)); err != nil {
		return err
	}
	user, err := a.cfg.Identity.UserByID(r.Context(), who.UserID)
	if err != nil {
		return err
	}
	err = a.cfg.Identity.DeleteAccount(r.Context(), user, password, reason, page.Device(r))
	if errors.Is(err, identity.ErrCredentials) { // clients take a 401 for an expired token, and repeat
		return &Error{Status: http.StatusBadRequest, Code: "INVALID_CREDENTIALS", Message: "Current password is incorrect"}
	}
	if errors.Is(err, identity.ErrNotFound) { // it was deleted meanwhile
		return unauthorized("Invalid token")
	}
	if err != nil {
		return err
	}
	a.cfg.FirstParty.SessionsEnded()
	writeJSON(w, http.StatusOK, succeeded{true, "Account deleted"})
	return nil
}
