package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
)

const (
	maxPurchases = 1000
	maxRoomID    = 255
	webhookSlots = 32 // events at work at once
)

// errNoPayments: nothing can be bought as long as no payment service is set up.
func errNoPayments() *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: "PAYMENT_UNAVAILABLE", Message: "Stripe is not configured", RetryAfter: time.Hour,
	}
}

func errPaymentService() *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, Code: "PAYMENT_UNAVAILABLE", Message: "Payment service error", RetryAfter: 10 * time.Second,
	}
}

type purchaseBody struct {
	ID                    string          `json:"id"`
	UserID                string          `json:"userId"`
	PackageID             string          `json:"packageId"`
	Credits               ledger.Amount   `json:"credits"`
	PriceEuroCents        int64           `json:"priceEuroCents"`
	StripePaymentIntentID *string         `json:"stripePaymentIntentId"`
	StripeCustomerID      *string         `json:"stripeCustomerId"`
	Status                string          `json:"status"`
	RefundedEuroCents     int64           `json:"refundedEuroCents"`
	Metadata              json.RawMessage `json:"metadata"`
	CreatedAt             string          `json:"createdAt"`
	CompletedAt           *string         `json:"completedAt"`
}

func purchaseOf(p ledger.Purchase) purchaseBody {
	metadata := json.RawMessage("null")
	if p.Metadata != nil {
		metadata = p.Metadata
	}
	return purchaseBody{
		ID: p.ID.String(), UserID: p.UserID.String(), PackageID: p.PackageID.String(), Credits: p.Credits,
		PriceEuroCents: p.PriceEuroCents, StripePaymentIntentID: optional(p.Payment.IntentID),
		StripeCustomerID: optional(p.Payment.CustomerID), Status: string(p.Status),
		RefundedEuroCents: p.Facts.RefundedCents(), Metadata: metadata, CreatedAt: timestamp(p.CreatedAt), CompletedAt: completedAt(p),
	}
}

func completedAt(p ledger.Purchase) *string {
	if p.CompletedAt.IsZero() {
		return nil
	}
	text := timestamp(p.CompletedAt)
	return &text
}

// Purchases lists what a person bought: GET /api/v1/credits/purchases.
func (a *API) Purchases() http.Handler {
	return a.credits(provider.ScopeCreditsRead, "read", func(w http.ResponseWriter, r *http.Request, who provider.Access) error {
		found, err := a.cfg.Shop.Purchases.PurchasesOf(r.Context(), who.UserID, maxPurchases)
		if err != nil {
			return err
		}
		answer := make([]purchaseBody, len(found))
		for i, p := range found {
			answer[i] = purchaseOf(p)
		}
		writeJSON(w, http.StatusOK, answer)
		return nil
	})
}

type begunBody struct {
	PurchaseID   string        `json:"purchaseId"`
	ClientSecret string        `json:"clientSecret"`
	Amount       int64         `json:"amount"` // cents
	Credits      ledger.Amount `json:"credits"`
}

// Purchase begins to buy a package, which the client pays with Stripe's own means: POST /api/v1/credits/purchase.
func (a *API) Purchase() http.Handler {
	return a.credits(provider.ScopeCreditsSpend, "purchase", func(w http.ResponseWriter, r *http.Request, who provider.Access) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		basket := stripe.Basket{UserID: who.UserID, PackageID: body.id("packageId"), Metadata: body.metadata("metadata")}
		if err := body.err(); err != nil {
			return err
		}
		if !a.cfg.Shop.TakesMoney() {
			return errNoPayments()
		}
		p, intent, err := a.cfg.Shop.Pay(r.Context(), basket)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusCreated, begunBody{
			PurchaseID: p.ID.String(), ClientSecret: intent.ClientSecret, Amount: p.PriceEuroCents, Credits: p.Credits,
		})
		return nil
	})
}

type linkBody struct {
	URL        string      `json:"url"`
	PurchaseID string      `json:"purchaseId"`
	ExpiresAt  string      `json:"expiresAt"`
	Package    soldPackage `json:"package"`
}

type soldPackage struct {
	Name           string        `json:"name"`
	Credits        ledger.Amount `json:"credits"`
	PriceEuroCents int64         `json:"priceEuroCents"`
}

// PaymentLink begins to buy a package on Stripe's payment page: POST /api/v1/credits/payment-link.
func (a *API) PaymentLink() http.Handler {
	return a.credits(provider.ScopeCreditsSpend, "purchase", func(w http.ResponseWriter, r *http.Request, who provider.Access) error {
		basket, err := a.basket(r, who)
		if err != nil {
			return err
		}
		if !a.cfg.Shop.TakesMoney() {
			return errNoPayments()
		}
		name, err := a.packageName(r, basket.PackageID)
		if err != nil {
			return err
		}
		p, session, err := a.cfg.Shop.Checkout(r.Context(), basket)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusCreated, linkBody{
			URL: session.URL, PurchaseID: p.ID.String(), ExpiresAt: timestamp(p.ExpiresAt),
			Package: soldPackage{name, p.Credits, p.PriceEuroCents},
		})
		return nil
	})
}

// basket reads what is to be bought, and the pages to return to.
func (a *API) basket(r *http.Request, who provider.Access) (stripe.Basket, error) {
	body, err := decode(r)
	if err != nil {
		return stripe.Basket{}, err
	}
	basket := stripe.Basket{UserID: who.UserID, PackageID: body.id("packageId")}
	success, cancelled := a.returnTo(body, "successUrl"), a.returnTo(body, "cancelUrl")
	basket.RoomID = body.line("roomId", 0, maxRoomID)
	if _, ok := body.members["roomId"]; ok && basket.RoomID == "" {
		body.fail("roomId must be 1 to 255 characters")
	}
	if quantity, ok := body.members["quantity"]; ok && string(quantity) != "1" {
		body.fail("quantity must be 1")
	}
	issuer := a.cfg.FirstParty.Issuer()
	basket.Success = func(id uuid.UUID) string {
		if success != "" {
			return success
		}
		return issuer + "/credits/success?purchase_id=" + id.String()
	}
	basket.Cancelled = func(uuid.UUID) string {
		if cancelled != "" {
			return cancelled
		}
		return issuer + "/credits/cancelled"
	}
	if basket.RoomID != "" {
		room, _ := jsontext.AppendQuote(nil, basket.RoomID)
		basket.Metadata = append(append([]byte(`{"roomId":`), room...), '}')
	}
	return basket, body.err()
}

// returnTo reads an address that a page may lead to.
func (a *API) returnTo(body *object, name string) string {
	address, ok := body.text(name)
	if ok && !a.cfg.Returns(address) {
		body.fail(name + " must be an allowed URL")
	}
	return address
}

func (a *API) packageName(r *http.Request, id uuid.UUID) (string, error) {
	packages, err := a.cfg.Ledger.Packages(r.Context())
	if err != nil {
		return "", err
	}
	for _, p := range packages {
		if p.ID == id {
			return p.Name, nil
		}
	}
	return "", ledger.ErrNoPackage
}

type stateBody struct {
	ID             string        `json:"id"`
	Status         string        `json:"status"`
	Credits        ledger.Amount `json:"credits"`
	PriceEuroCents int64         `json:"priceEuroCents"`
	CreatedAt      string        `json:"createdAt"`
	CompletedAt    *string       `json:"completedAt"`
}

// PurchaseState reads a purchase: GET /api/v1/credits/purchase/{id}.
func (a *API) PurchaseState() http.Handler {
	return a.credits(provider.ScopeCreditsRead, "read", func(w http.ResponseWriter, r *http.Request, who provider.Access) error {
		id, ok := parseID(r.PathValue("id"))
		if !ok {
			return ledger.ErrNoPurchase
		}
		p, err := a.cfg.Shop.Purchases.Purchase(r.Context(), who.UserID, id)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, stateBody{
			ID: p.ID.String(), Status: string(p.Status), Credits: p.Credits, PriceEuroCents: p.PriceEuroCents,
			CreatedAt: timestamp(p.CreatedAt), CompletedAt: completedAt(p),
		})
		return nil
	})
}

type receivedBody struct {
	Received bool `json:"received"`
}

// Webhook takes an event of Stripe: POST /api/v1/webhooks/stripe. It answers as soon as the event is stored; whatever
// cannot be stored now, Stripe sends again.
func (a *API) Webhook(w http.ResponseWriter, r *http.Request) error {
	if len(a.cfg.Shop.Secrets) == 0 {
		return errNoPayments()
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return Refusal(http.StatusRequestEntityTooLarge)
	}
	if err != nil || len(body) == 0 {
		return validation("Missing raw body")
	}
	headers := r.Header.Values("Stripe-Signature")
	if len(headers) == 0 || headers[0] == "" {
		return validation("Missing stripe-signature header")
	}
	if len(headers) > 1 {
		return stripe.ErrSignature
	}
	select { // not before the body is here: who sends it slowly keeps no place from others
	case a.webhooks <- struct{}{}:
		defer func() { <-a.webhooks }()
	default:
		return unavailable()
	}
	err = a.cfg.Shop.Receive(r.Context(), headers[0], body)
	if err != nil && !errors.Is(err, stripe.ErrSignature) {
		a.cfg.Logger.ErrorContext(r.Context(), "an event of Stripe could not be stored", "error", err)
		return unavailable()
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, receivedBody{true})
	return nil
}
