package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"mana/ledger"
)

const (
	callTimeout = 10 * time.Second
	callRetries = 1 // of the library, with the same key, while its caller waits

	metaUser     = "userId"
	metaPackage  = "packageId"
	metaPurchase = "purchaseId"
	metaRoom     = "roomId"
	metaRefund   = "refundId" // of a refund that we asked for
)

// stripeClient is the desk at Stripe.
type stripeClient struct {
	api      *client.API
	payments ledger.Payments
	live     bool
}

func newClient(cfg Config) *stripeClient {
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: callTimeout}, MaxNetworkRetries: stripe.Int64(callRetries),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, EnableTelemetry: stripe.Bool(false),
	}
	if cfg.Outgoing != nil {
		backend.HTTPClient.Transport = cfg.Outgoing(http.DefaultTransport)
	}
	if cfg.URL != "" {
		backend.URL = stripe.String(cfg.URL)
	}
	api := stripe.GetBackendWithConfig(stripe.APIBackend, backend)
	return &stripeClient{
		api:      client.New(string(cfg.Key), &stripe.Backends{API: api, Connect: api, Uploads: api}),
		payments: cfg.Payments, live: cfg.Key.Live(),
	}
}

// metadata goes with the payment of a purchase, so that its events find it.
func metadata(p ledger.Purchase, b Basket) map[string]string {
	m := map[string]string{metaUser: p.UserID.String(), metaPackage: p.PackageID.String(), metaPurchase: p.ID.String()}
	if b.RoomID != "" {
		m[metaRoom] = b.RoomID
	}
	return m
}

func description(p ledger.Purchase) string {
	return "Credit purchase: " + p.Credits.String() + " credits"
}

// session opens a payment page, which Stripe closes after its default of 24 hours.
func (c *stripeClient) session(ctx context.Context, p ledger.Purchase, b Basket) (Session, error) {
	customer, err := c.customer(ctx, p.UserID)
	if err != nil {
		return Session{}, err
	}
	params := &stripe.CheckoutSessionParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String(p.ID.String())},
		Mode:   stripe.String(string(stripe.CheckoutSessionModePayment)), Customer: &customer,
		ClientReferenceID: stripe.String(p.ID.String()),
		SuccessURL:        stripe.String(b.Success(p.ID)), CancelURL: stripe.String(b.Cancelled(p.ID)),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: &p.Currency, UnitAmount: &p.PriceEuroCents,
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(description(p))},
			},
		}},
		Metadata: metadata(p, b),
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{
			Description: stripe.String(description(p)), Metadata: metadata(p, b),
		},
	}
	if b.Language != "" {
		params.Locale = &b.Language
	}
	session, err := c.api.CheckoutSessions.New(params)
	if customerGone(err) {
		customer, params.Customer, params.IdempotencyKey = "", nil, withoutCustomer(p.ID)
		session, err = c.api.CheckoutSessions.New(params)
	}
	if err != nil {
		return Session{}, fault("opening a payment page", err)
	}
	at := ledger.Payment{CheckoutID: session.ID, CustomerID: customer}
	if session.PaymentIntent != nil {
		at.IntentID = session.PaymentIntent.ID
	}
	return Session{session.URL, at}, nil
}

func (c *stripeClient) intent(ctx context.Context, p ledger.Purchase, b Basket) (Intent, error) {
	customer, err := c.customer(ctx, p.UserID)
	if err != nil {
		return Intent{}, err
	}
	params := &stripe.PaymentIntentParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String(p.ID.String())},
		Amount: &p.PriceEuroCents, Currency: &p.Currency, Customer: &customer,
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true)},
		Description:             stripe.String(description(p)), Metadata: metadata(p, b),
	}
	intent, err := c.api.PaymentIntents.New(params)
	if customerGone(err) {
		customer, params.Customer, params.IdempotencyKey = "", nil, withoutCustomer(p.ID)
		intent, err = c.api.PaymentIntents.New(params)
	}
	if err != nil {
		return Intent{}, fault("beginning a payment", err)
	}
	return Intent{intent.ClientSecret, ledger.Payment{IntentID: intent.ID, CustomerID: customer}}, nil
}

// customer is the person's customer at Stripe, who is made once. Stripe gets no address from us: it asks for one.
func (c *stripeClient) customer(ctx context.Context, userID uuid.UUID) (string, error) {
	id, err := c.payments.Customer(ctx, userID)
	if err != nil || id != "" {
		return id, err
	}
	made, err := c.api.Customers.New(&stripe.CustomerParams{
		Params:   stripe.Params{Context: ctx, IdempotencyKey: stripe.String("customer-" + userID.String())},
		Metadata: map[string]string{metaUser: userID.String()},
	})
	if err != nil {
		return "", fault("making a customer", err)
	}
	return c.payments.NoteCustomer(ctx, userID, made.ID)
}

// customerGone reports whether Stripe has no such customer any more: somebody deleted it there, or the key is of another
// mode than the one it was made with.
func customerGone(err error) bool {
	answer := new(stripe.Error)
	return errors.As(err, &answer) && answer.Code == stripe.ErrorCodeResourceMissing && answer.Param == "customer"
}

// withoutCustomer is the key of a call that is repeated without a customer.
func withoutCustomer(purchaseID uuid.UUID) *string {
	return stripe.String(purchaseID.String() + "-guest")
}

func (c *stripeClient) address(ctx context.Context, p ledger.Purchase) (string, error) {
	if p.Payment.CheckoutID == "" {
		return "", nil
	}
	session, err := c.api.CheckoutSessions.Get(p.Payment.CheckoutID, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return "", fault("reading a payment page", err)
	}
	return session.URL, nil
}

// expire closes a payment page, or the payment that has none. One that is closed already is no error.
func (c *stripeClient) expire(ctx context.Context, p ledger.Purchase) error {
	var err error
	switch at := p.Payment; {
	case at.CheckoutID != "":
		_, err = c.api.CheckoutSessions.Expire(at.CheckoutID, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}})
	case at.IntentID != "":
		_, err = c.api.PaymentIntents.Cancel(at.IntentID, &stripe.PaymentIntentCancelParams{Params: stripe.Params{Context: ctx}})
	}
	if err != nil && !refused(err) {
		return fault("closing a payment page", err)
	}
	return nil
}

func (c *stripeClient) receipt(ctx context.Context, p ledger.Purchase) (string, error) {
	if p.Payment.IntentID == "" {
		return "", nil
	}
	params := &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}}
	params.Expand = []*string{stripe.String("latest_charge")}
	intent, err := c.api.PaymentIntents.Get(p.Payment.IntentID, params)
	if err != nil {
		return "", fault("reading a payment", err)
	}
	if intent.LatestCharge == nil {
		return "", nil
	}
	return intent.LatestCharge.ReceiptURL, nil
}

// refund looks first whether Stripe has the refund already: it forgets the keys of calls after a day.
func (c *stripeClient) refund(ctx context.Context, r ledger.AskedRefund) (ledger.PaymentRefund, error) {
	done := ledger.PaymentRefund{RequestID: r.RequestID, Cents: r.Cents, State: ledger.RefundFailed}
	list := c.api.Refunds.List(&stripe.RefundListParams{ListParams: stripe.ListParams{Context: ctx}, PaymentIntent: &r.IntentID})
	for list.Next() {
		if found := list.Refund(); found.Metadata[metaRefund] == r.RequestID.String() {
			done.ID, done.State = found.ID, refundState(string(found.Status))
			return done, nil
		}
	}
	if err := list.Err(); err != nil {
		return done, fault("looking for a refund", err)
	}
	made, err := c.api.Refunds.New(&stripe.RefundParams{
		Params:        stripe.Params{Context: ctx, IdempotencyKey: stripe.String(r.RequestID.String())},
		PaymentIntent: &r.IntentID, Amount: &r.Cents, Reason: stripe.String(string(stripe.RefundReasonRequestedByCustomer)),
		Metadata: map[string]string{metaRefund: r.RequestID.String(), metaPurchase: r.PurchaseID.String()},
	})
	if refused(err) {
		return done, nil
	}
	if err != nil {
		return done, fault("asking for a refund", err)
	}
	done.ID, done.State = made.ID, refundState(string(made.Status))
	return done, nil
}

// refused reports whether Stripe understood a call and will not do it, however often it is repeated.
func refused(err error) bool {
	answer := new(stripe.Error)
	return errors.As(err, &answer) && (answer.HTTPStatusCode == http.StatusBadRequest || answer.HTTPStatusCode == http.StatusPaymentRequired)
}

// fault tells what Stripe answered in the words of its own lists alone: its errors hold secrets of payments.
func fault(doing string, err error) error {
	answer := new(stripe.Error)
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %w: status %d, %s, %s, request %s", doing, ErrService, answer.HTTPStatusCode, answer.Type, answer.Code, answer.RequestID)
	}
	return fmt.Errorf("%s: %w: no answer", doing, ErrService)
}

// local is the desk of development: it takes no money, and its payment page is one of ours.
type local struct{ page string }

func (l local) session(_ context.Context, p ledger.Purchase, _ Basket) (Session, error) {
	return Session{l.page + "?purchase=" + p.ID.String(), localPayment(p.ID)}, nil
}

func (l local) intent(_ context.Context, p ledger.Purchase, _ Basket) (Intent, error) {
	return Intent{"", localPayment(p.ID)}, nil
}

// localPayment are the ids that Stripe would give.
func localPayment(purchaseID uuid.UUID) ledger.Payment {
	return ledger.Payment{IntentID: "pi_local_" + purchaseID.String(), CheckoutID: "cs_local_" + purchaseID.String()}
}

func (l local) address(_ context.Context, p ledger.Purchase) (string, error) {
	return l.page + "?purchase=" + p.ID.String(), nil
}

func (l local) expire(context.Context, ledger.Purchase) error { return nil }

func (l local) receipt(context.Context, ledger.Purchase) (string, error) { return "", nil }

func (l local) refund(_ context.Context, r ledger.AskedRefund) (ledger.PaymentRefund, error) {
	return ledger.PaymentRefund{ID: "re_local_" + r.RequestID.String(), RequestID: r.RequestID, Cents: r.Cents, State: ledger.RefundSucceeded}, nil
}
