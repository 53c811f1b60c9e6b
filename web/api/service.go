package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// service proves the back end of a call by its service key, which must have a permission, and counts the call.
func (a *API) service(r *http.Request, permission string) (provider.ServiceKey, error) {
	shown := r.Header.Values("X-Service-Key")
	if hasBearer(r) && len(shown) > 0 {
		return provider.ServiceKey{}, errTwoCredentials()
	}
	if len(shown) != 1 {
		return provider.ServiceKey{}, unauthorized("Invalid service key")
	}
	key, err := a.cfg.ServiceKeys.Find(shown[0])
	if errors.Is(err, provider.ErrInvalidServiceKey) {
		return key, unauthorized("Invalid service key")
	}
	if err != nil {
		return key, err
	}
	if wait := a.cfg.TakeService(r.Context(), key.ID.String(), key.Rate); wait > 0 {
		return key, tooMany(wait)
	}
	if !key.May(permission) {
		return key, errAppNotAllowed()
	}
	return key, singleQuery(r)
}

func errTwoCredentials() *Error { return validation("Send either a bearer token or a service key") }

func errAppNotAllowed() *Error {
	return &Error{Status: http.StatusForbidden, Code: "APP_NOT_ALLOWED", Message: "App or operation not allowed"}
}

func errUserNotFound() *Error {
	return &Error{Status: http.StatusNotFound, Code: "USER_NOT_FOUND", Message: "User not found"}
}

// person demands that a person whom a back end names is there: disabled and deleted people are answered as
// unknown ones.
func (a *API) person(ctx context.Context, id uuid.UUID) error {
	user, err := a.cfg.Identity.UserByID(ctx, id)
	if errors.Is(err, identity.ErrNotFound) || err == nil && !user.Live() {
		return errUserNotFound()
	}
	return err
}

// ofPerson turns what the ledger says of a person who is gone into the answer for back ends.
func ofPerson(err error) error {
	if errors.Is(err, ledger.ErrNoWallet) || errors.Is(err, ledger.ErrClosed) {
		return errUserNotFound()
	}
	return err
}

// ServiceBalance reads the credits of a person for a back end: GET balance/{userId}.
func (a *API) ServiceBalance(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.service(r, provider.MayBalance); err != nil {
		return err
	}
	id, ok := parseID(r.PathValue("userId"))
	if !ok {
		return errUserNotFound()
	}
	return a.balanceFor(w, r, id)
}

// ServiceInit makes sure that a person has a wallet: POST init. Everybody has one from the start, so it reads.
func (a *API) ServiceInit(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.service(r, provider.MayBalance); err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	id := body.id("userId")
	if err := body.err(); err != nil {
		return err
	}
	return a.balanceFor(w, r, id)
}

func (a *API) balanceFor(w http.ResponseWriter, r *http.Request, id uuid.UUID) error {
	if err := a.person(r.Context(), id); err != nil {
		return err
	}
	balance, err := a.cfg.Ledger.Balance(r.Context(), id)
	if err != nil {
		return ofPerson(err)
	}
	writeBalance(w, r, balance)
	return nil
}

// ServiceUse spends credits of a person for a back end: POST use.
func (a *API) ServiceUse(w http.ResponseWriter, r *http.Request) error {
	key, err := a.service(r, provider.MayUse)
	if err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	use := ledger.Use{UserID: body.id("userId"), Amount: body.amount(), AppID: body.appID(key.Owner()), Caller: key.Caller(), Actor: key.Actor()}
	use.Description = body.limited("description", 1, maxDescription)
	use.IdempotencyKey = body.idempotencyKey(r.Header)
	use.Metadata = body.metadata("metadata")
	if err := body.err(); err != nil {
		return err
	}
	if !key.Serves(use.AppID) {
		return errAppNotAllowed()
	}
	if err := a.person(r.Context(), use.UserID); err != nil {
		return err
	}
	receipt, err := a.ledgerFor(key, use.Amount).Use(r.Context(), use)
	if err != nil {
		return a.refusedUse(w, r, use.UserID, ofPerson(err))
	}
	writeReceipt(w, receipt)
	return nil
}

// ServiceRefund gives back credits of an earlier use: POST refund. Without the id of the use, the ledger finds
// it; with it and without an app, the use may be of any app of the key.
func (a *API) ServiceRefund(w http.ResponseWriter, r *http.Request) error {
	key, err := a.service(r, provider.MayRefund)
	if err != nil {
		return err
	}
	body, err := decode(r)
	if err != nil {
		return err
	}
	refund := ledger.Refund{UserID: body.id("userId"), Amount: body.amount(), Caller: key.Caller(), Actor: key.Actor()}
	refund.Description = body.limited("description", 1, maxDescription)
	refund.AppID = body.appID(key.Owner())
	refund.TransactionID = body.optionalID("transactionId")
	if named, _ := body.text("appId"); named == "" && refund.TransactionID != uuid.Nil {
		refund.AppIDs = key.AppIDs
	}
	refund.IdempotencyKey = body.idempotencyKey(r.Header)
	refund.Metadata = body.metadata("metadata")
	if err := body.err(); err != nil {
		return err
	}
	if !key.Serves(refund.AppID) {
		return errAppNotAllowed()
	}
	if err := a.person(r.Context(), refund.UserID); err != nil {
		return err
	}
	receipt, err := a.cfg.Ledger.Refund(r.Context(), refund)
	if err != nil {
		return ofPerson(err)
	}
	writeReceipt(w, receipt)
	return nil
}

// ledgerFor is the ledger for one use by a key: with a cap, one that looks at it.
func (a *API) ledgerFor(key provider.ServiceKey, amount ledger.Amount) *ledger.Ledger {
	if key.CapUse == 0 && key.CapDay == 0 {
		return a.cfg.Ledger
	}
	return a.cfg.CappedLedger(key, amount)
}
