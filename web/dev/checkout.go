package dev

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// CheckoutPath is the page that stands in for Stripe's payment page when no key is set.
const CheckoutPath = "/dev/checkout"

// checkoutHook is where events go.
const checkoutHook = "/api/v1/webhooks/stripe"

// Checkout answers the payment page of development. Its buttons post events to the webhook, signed as Stripe signs them.
type Checkout struct {
	Config
	Shop   *stripe.Shop
	Signer stripe.Secret // of the events
	Now    func() time.Time
}

// checkoutView is what the page shows.
type checkoutView struct {
	ui.Page
	Purchase ledger.Purchase
}

// Show answers GET /dev/checkout.
func (c *Checkout) Show(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	p, err := c.purchase(r, who)
	if errors.Is(err, ledger.ErrNoPurchase) {
		login.SeeOther(w, r, "/account/credits/receipts")
		return nil
	}
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, checkoutPage(checkoutView{
		Page: ui.Page{
			Site: c.Site, Title: ui.T(r.Context(), ui.DevCheckoutTitle),
			FormToken: c.Forms.Token(string(c.Cookies.Session(r))),
		},
		Purchase: p,
	}))
	return nil
}

func (c *Checkout) purchase(r *http.Request, who *provider.SignedIn) (ledger.Purchase, error) {
	id, err := uuid.Parse(r.FormValue("purchase"))
	if err != nil {
		return ledger.Purchase{}, ledger.ErrNoPurchase
	}
	return c.Shop.Purchases.Purchase(r.Context(), who.User.ID, id)
}

// Press answers POST /dev/checkout.
func (c *Checkout) Press(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := c.Forms.Check(r, string(c.Cookies.Session(r))); err != nil {
		return err
	}
	p, err := c.purchase(r, who)
	if errors.Is(err, ledger.ErrNoPurchase) {
		login.SeeOther(w, r, "/account/credits/receipts")
		return nil
	}
	if err != nil {
		return err
	}
	receipt := "/account/credits/receipts/" + p.ID.String()
	switch r.PostForm.Get("act") {
	case "pay":
		if err := c.post(r, "checkout.session.completed", object{
			"object": "checkout.session", "id": p.Payment.CheckoutID, "status": "complete", "payment_status": "paid",
			"payment_intent": p.Payment.IntentID, "amount_total": p.PriceEuroCents, "currency": p.Currency,
			"metadata": object{"purchaseId": p.ID.String()},
		}); err != nil {
			return err
		}
		receipt += "?look=1"
	case "decline":
		if err := c.post(r, "payment_intent.payment_failed", object{
			"object": "payment_intent", "id": p.Payment.IntentID, "status": "requires_payment_method",
			"amount_received": 0, "currency": p.Currency, "metadata": object{"purchaseId": p.ID.String()},
		}); err != nil {
			return err
		}
	}
	login.SeeOther(w, r, receipt)
	return nil
}

type object map[string]any

// post sends an event as Stripe does.
func (c *Checkout) post(r *http.Request, kind string, about object) error {
	body, err := json.Marshal(object{
		"object": "event", "id": "evt_local_" + string(identity.NewSecret()), "type": kind, "livemode": false,
		"api_version": "2023-10-16", "created": c.Now().Unix(), "data": object{"object": about},
	})
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, c.Issuer+checkoutHook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("posting an event: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Stripe-Signature", stripe.Sign(body, c.Signer, c.Now()))
	response, err := c.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("posting an event: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("posting an event: status %d", response.StatusCode)
	}
	return nil
}
