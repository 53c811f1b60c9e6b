// Package stripe sells packages of credits through Stripe: it asks for payments and refunds, takes in what Stripe tells
// of them, and compares both with Stripe's own objects.
//
// It promises that a purchase is stored before Stripe hears of it, that no database transaction is open during a call,
// that a call which is repeated charges and refunds once, and that nothing an event says is believed unless it is signed
// and fits the purchase. It must never decide what a wallet gets: that is a function of the facts, in package ledger.
//
// Threats: forged, replayed and stale events; events of other accounts, modes and prices; events that never come; a
// Stripe that hangs, or answers twice; keys in logs.
package stripe

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"

	"mana/ledger"
)

// Errors that callers tell apart.
var (
	// ErrOff: no key is set, so nothing can be bought.
	ErrOff = errors.New("payments are off")
	// ErrService: Stripe did not answer, or refused.
	ErrService = errors.New("payment service error")
	// ErrSignature: an event is not signed by a secret of ours, or at another time than about now.
	ErrSignature = errors.New("invalid signature of an event")
)

// Secret is a key of Stripe's API, or of its events.
type Secret string

// String hides the secret.
func (s Secret) String() string { return "redacted" }

// GoString hides the secret.
func (s Secret) GoString() string { return "redacted" }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue("redacted") }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// Live reports whether a key takes real money.
func (s Secret) Live() bool {
	return strings.HasPrefix(string(s), "sk_live_") || strings.HasPrefix(string(s), "rk_live_")
}

// Config is what a shop needs. All fields are required, unless said.
type Config struct {
	Purchases ledger.Purchases
	Inbox     ledger.Inbox
	Payments  ledger.Payments
	Key       Secret   // of Stripe's API; empty: payments are off
	Secrets   []Secret // that sign events, several while they change; empty: none is taken
	URL       string   // where Stripe's API is; empty: at Stripe. Else a stand-in on a loopback address
	// Local is the address of a page that stands in for Stripe's when there is no key; empty: there is none.
	Local   string
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *metrics.Set // nil: nobody reads what is counted
	// Outgoing is put around the transport of calls; nil: nothing is.
	Outgoing func(http.RoundTripper) http.RoundTripper
}

// Shop sells packages. It is safe for concurrent use.
type Shop struct {
	Config
	desk    desk // nil: payments are off
	backlog gauges
	failed  map[uuid.UUID]time.Time // refunds that could not be asked for, and when they are tried again; of the job alone
}

// New makes a shop.
func New(cfg Config) *Shop {
	s := &Shop{Config: cfg, failed: make(map[uuid.UUID]time.Time)}
	if s.Metrics == nil {
		s.Metrics = metrics.NewSet()
	}
	switch {
	case cfg.Key != "":
		s.desk = newClient(cfg)
	case cfg.Local != "":
		s.desk = local{cfg.Local}
	}
	s.watch()
	return s
}

// Open reports whether something can be bought on our pages.
func (s *Shop) Open() bool { return s.desk != nil }

// TakesMoney reports whether Stripe takes the money.
func (s *Shop) TakesMoney() bool { return s.Key != "" }

// checkoutOrigin is where Stripe's payment pages are.
const checkoutOrigin = "https://checkout.stripe.com"

// PayOrigin is the origin of the payment pages, for the policy of the page whose form leads there; empty: ours.
func (s *Shop) PayOrigin() string {
	switch {
	case s.Key == "":
		return ""
	case s.URL != "":
		return s.URL
	}
	return checkoutOrigin
}
