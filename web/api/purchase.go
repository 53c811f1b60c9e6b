package api

import (
	"net/http"
	"time"

	"mana/provider"
)

// errNoPayments: nothing can be bought as long as no payment service is set up.
func errNoPayments() *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: "PAYMENT_UNAVAILABLE", Message: "Stripe is not configured", RetryAfter: time.Hour,
	}
}

// Purchases lists what a person bought: GET /api/v1/credits/purchases. Nothing can be bought yet.
func (a *API) Purchases() http.Handler {
	return a.credits(provider.ScopeCreditsRead, "read", func(w http.ResponseWriter, _ *http.Request, _ provider.Access) error {
		writeJSON(w, http.StatusOK, []struct{}{})
		return nil
	})
}

// Purchase begins to buy a package: POST /api/v1/credits/purchase and payment-link.
func (a *API) Purchase() http.Handler {
	return a.credits(provider.ScopeCreditsSpend, "spend", func(_ http.ResponseWriter, r *http.Request, _ provider.Access) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.id("packageId")
		body.metadata("metadata")
		if err := body.err(); err != nil {
			return err
		}
		return errNoPayments()
	})
}

// PurchaseState reads a purchase: GET /api/v1/credits/purchase/{id}.
func (a *API) PurchaseState() http.Handler {
	return a.credits(provider.ScopeCreditsRead, "read", func(http.ResponseWriter, *http.Request, provider.Access) error {
		return errNoPayments()
	})
}
