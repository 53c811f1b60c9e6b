package stripe

import (
	"context"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

// APIVersion is the version of Stripe's API whose objects we ask for. Events are read whatever theirs is.
const APIVersion = stripe.APIVersion

// Endpoint is an address to which Stripe sends events, of the mode of the key that asks.
type Endpoint struct {
	URL     string
	Enabled bool
	Version string   // of the API; empty: that of the account
	Missing []string // types of events that we need and it does not send
}

// needed are the types of events without which credits are not booked.
var needed = []string{
	"checkout.session.completed", "checkout.session.expired", "payment_intent.succeeded", "payment_intent.payment_failed", "charge.refunded",
	"charge.dispute.created", "charge.dispute.closed",
}

// Endpoints asks Stripe where it sends events.
func Endpoints(ctx context.Context, key Secret, url string) ([]Endpoint, error) {
	c := newClient(Config{Key: key, URL: url})
	list := c.api.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{ListParams: stripe.ListParams{Context: ctx}})
	var found []Endpoint
	for list.Next() {
		e := list.WebhookEndpoint()
		endpoint := Endpoint{URL: e.URL, Enabled: e.Status == "enabled", Version: e.APIVersion}
		for _, event := range needed {
			if !slices.Contains(e.EnabledEvents, event) && !slices.Contains(e.EnabledEvents, "*") {
				endpoint.Missing = append(endpoint.Missing, event)
			}
		}
		found = append(found, endpoint)
	}
	if err := list.Err(); err != nil {
		return nil, fault("asking stripe where it sends events", err)
	}
	return found, nil
}
