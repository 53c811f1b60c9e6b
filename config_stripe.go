package main

import (
	"errors"
	"net/url"
	"strings"

	"mana/ledger/stripe"
)

const minStripeSecret = 32 // bytes

// parseStripeKey takes a secret or a restricted key.
func parseStripeKey(c *config, value string) error {
	if len(value) < minStripeSecret || !hasPrefix(value, "sk_live_", "sk_test_", "rk_live_", "rk_test_") {
		return errors.New("must be a key that begins with sk_live_, sk_test_, rk_live_ or rk_test_")
	}
	c.stripeKey = stripe.Secret(value)
	return nil
}

func hasPrefix(value string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(value, prefix) {
			return true
		}
	}
	return false
}

// parseStripeSecrets takes those that sign events, the newest first.
func parseStripeSecrets(c *config, value string) error {
	for entry := range strings.SplitSeq(value, ",") {
		secret := strings.TrimSpace(entry)
		if len(secret) < minStripeSecret || !strings.HasPrefix(secret, "whsec_") {
			return errors.New("must be secrets that begin with whsec_, parted by commas")
		}
		c.stripeSecrets = append(c.stripeSecrets, stripe.Secret(secret))
	}
	return nil
}

func parseStripeURL(c *config, value string) error {
	to, err := url.Parse(value)
	if err != nil || to.Scheme != "http" || !isLoopbackHost(to.Hostname()) || to.Path != "" || to.RawQuery != "" {
		return errors.New("must be http:// and a loopback address")
	}
	c.stripeURL = value
	return nil
}

// checkStripe holds the settings of payments against each other.
func (c *config) checkStripe(given map[string]string) []settingFault {
	var faults []settingFault
	webhook := given["STRIPE_WEBHOOK_SECRET"] + given["STRIPE_WEBHOOK_SECRET_FILE"]
	if c.stripeKey != "" && webhook == "" {
		faults = append(faults, settingFault{
			"STRIPE_WEBHOOK_SECRET", "not set, though STRIPE_SECRET_KEY is: payments would be taken and never booked",
		})
	}
	if c.stripeURL != "" && (!c.dev || c.stripeKey.Live()) {
		faults = append(faults, settingFault{"STRIPE_API_URL", c.stripeURL + ": is for dev mode and a test key only"})
	}
	return faults
}

func (c *config) stripeWarnings() []string {
	var out []string
	if c.stripeKey.Live() && c.directURL == "" && !strings.HasPrefix(c.databaseURL, "postgres") {
		out = append(out, "STRIPE_SECRET_KEY takes real money, and the database is a file of this machine: back it up")
	}
	if c.stripeKey != "" && !c.stripeKey.Live() && !c.dev {
		out = append(out, "STRIPE_SECRET_KEY is a test key: no money moves")
	}
	return out
}
