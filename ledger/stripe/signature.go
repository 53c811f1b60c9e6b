package stripe

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

const (
	tolerance     = 300 * time.Second // either way
	maxSignatures = 16                // of one header, each tried with each secret
)

// verify checks the header "t=SECONDS,v1=HEX,v1=HEX,..." of an event against its body. [ErrSignature].
func verify(header string, body []byte, secrets []Secret, now time.Time) error {
	at, signatures, ok := parseHeader(header)
	if !ok || now.Sub(at) > tolerance || at.Sub(now) > tolerance {
		return ErrSignature
	}
	for _, secret := range secrets {
		want := webhook.ComputeSignature(at, body, string(secret))
		for _, got := range signatures {
			if hmac.Equal(got, want) {
				return nil
			}
		}
	}
	return ErrSignature
}

// parseHeader reads one time, and the signatures of the scheme v1; others are not looked at.
func parseHeader(header string) (at time.Time, signatures [][]byte, ok bool) {
	for pair := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || !at.IsZero() {
				return at, nil, false
			}
			at = time.Unix(seconds, 0)
		case "v1":
			if raw, err := hex.DecodeString(value); err == nil && len(signatures) < maxSignatures {
				signatures = append(signatures, raw)
			}
		}
	}
	return at, signatures, !at.IsZero() && len(signatures) > 0
}

// Sign makes the header of an event, as Stripe does.
func Sign(body []byte, secret Secret, now time.Time) string {
	return fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(webhook.ComputeSignature(now, body, string(secret))))
}
