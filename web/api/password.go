package api

import (
	"errors"
	"net/http"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

type succeeded struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
}

// mailTo is how a mail to whoever asked is written. A place to return to that is not allowed is dropped.
func (a *API) mailTo(r *http.Request, returnTo string) identity.MailTo {
	to := identity.MailTo{Language: string(page.From(r.Context()).Language())}
	if a.cfg.Returns(returnTo) {
		to.ReturnTo = returnTo
	}
	return to
}

// ForgotPassword sends a link to set a new password: POST /api/v1/auth/forgot-password. It answers alike whether
// somebody has the address or not.
func (a *API) ForgotPassword(w http.ResponseWriter, r *http.Request) error {
	if err := a.limitAddress(r.Context(), "mail"); err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	email := body.required("email")
	to, _ := body.text("redirectTo")
	if err := body.err(); err != nil {
		return err
	}
	if err := a.cfg.Identity.ForgotPassword(r.Context(), email, a.mailTo(r, to), page.Device(r)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, succeeded{true, "If the address is registered, a mail has been sent"})
	return nil
}

// ResendVerification sends a link to prove an address once more: POST /api/v1/auth/resend-verification. It answers
// alike whether somebody waits for one or not.
func (a *API) ResendVerification(w http.ResponseWriter, r *http.Request) error {
	if err := a.limitAddress(r.Context(), "mail"); err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	email := body.required("email")
	to, _ := body.text("sourceAppUrl")
	if err := body.err(); err != nil {
		return err
	}
	if err := a.cfg.Identity.ResendVerification(r.Context(), email, a.mailTo(r, to), page.Device(r)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, succeeded{Success: true})
	return nil
}

// ResetPassword sets a password by a link: POST /api/v1/auth/reset-password. Nobody is signed in by it.
func (a *API) ResetPassword(w http.ResponseWriter, r *http.Request) error {
	if err := a.limitAddress(r.Context(), "public"); err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	token, password := body.required("token"), body.required("newPassword")
	if err := body.err(); err != nil {
		return err
	}
	language := string(page.From(r.Context()).Language())
	if _, err := a.cfg.Identity.ResetPassword(r.Context(), identity.Secret(token), password, language, page.Device(r)); err != nil {
		return newPassword(err)
	}
	a.cfg.FirstParty.SessionsEnded()
	writeJSON(w, http.StatusOK, succeeded{Success: true})
	return nil
}

// VerifyEmail proves an address by a link: POST /api/v1/auth/verify-email.
func (a *API) VerifyEmail(w http.ResponseWriter, r *http.Request) error {
	if err := a.limitAddress(r.Context(), "public"); err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	token := body.required("token")
	if err := body.err(); err != nil {
		return err
	}
	if _, err := a.cfg.Identity.VerifyEmail(r.Context(), identity.Secret(token), page.Device(r)); err != nil {
		return err
	}
	a.cfg.FirstParty.SessionsEnded()
	writeJSON(w, http.StatusOK, succeeded{Success: true})
	return nil
}

// ChangePassword sets another password for who knows the present one: POST /api/v1/auth/change-password. Other sessions
// end.
func (a *API) ChangePassword(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	current, password := body.required("currentPassword"), body.required("newPassword")
	if err := errors.Join(body.err(), a.strong(r, who)); err != nil {
		return err
	}
	_, err = a.cfg.Identity.ChangePassword(r.Context(), identity.NewPassword{
		UserID: who.UserID, SessionID: who.SessionID, Current: current, Password: password,
		Language: string(page.From(r.Context()).Language()), Device: page.Device(r),
	})
	if errors.Is(err, identity.ErrCredentials) { // clients take a 401 for an expired token, and repeat
		return &Error{Status: http.StatusBadRequest, Code: "INVALID_CREDENTIALS", Message: "Current password is incorrect"}
	}
	if err != nil {
		return newPassword(err)
	}
	a.cfg.FirstParty.SessionsEnded()
	writeJSON(w, http.StatusOK, succeeded{true, "Password changed"})
	return nil
}

// newPassword names the member that a weak password was sent as.
func newPassword(err error) error {
	switch {
	case errors.Is(err, identity.ErrPasswordLength):
		return &Error{Status: http.StatusBadRequest, Code: "WEAK_PASSWORD", Message: "newPassword must be 8 to 128 characters"}
	case errors.Is(err, identity.ErrPasswordCommon):
		return &Error{Status: http.StatusBadRequest, Code: "WEAK_PASSWORD", Message: "newPassword is too common"}
	case errors.Is(err, identity.ErrPasswordBreached):
		return &Error{Status: http.StatusBadRequest, Code: "WEAK_PASSWORD", Message: "newPassword is known from a data breach"}
	}
	return err
}
