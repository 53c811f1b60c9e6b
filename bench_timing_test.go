//go:build bench

package main

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// timingPairs is how many answers of each class are measured: MANA_TIMING, else these. The limit is for a quiet machine.
const (
	timingPairs = 2_000
	timingLimit = 4.5
)

// TestTiming measures whether the time of an answer tells what stands behind an address: classes that must be alike
// are asked in turns, and compared by Welch's t.
func TestTiming(t *testing.T) {
	pairs := timingPairs
	if given, err := strconv.Atoi(os.Getenv("MANA_TIMING")); err == nil {
		pairs = given
	}
	s := start(t, strings.ReplaceAll(manyTries, "00/60", "0000/60")+",public=100000000/1", "SMTP_HOST=127.0.0.1", "SMTP_PORT=1", "SMTP_FROM=login@example.com",
		"REQUIRE_EMAIL_VERIFICATION=true")
	for _, email := range []string{"known@example.com", "disabled@example.com"} {
		if status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]any{"email": email, "password": testPassword}); status != http.StatusCreated {
			t.Fatalf("got %d %v", status, body)
		}
	}
	s.sql(t, `UPDATE auth_users SET email_verified = 1, disabled_at = CASE WHEN email LIKE 'disabled%' THEN 1 END`)
	b := s.browser(t)
	unknown := 0
	fresh := func() string {
		unknown++
		return fmt.Sprintf("nobody%d@example.com", unknown)
	}
	always := func(email string) func() string { return func() string { return email } }
	for _, c := range []struct {
		name, path, field string
		password          string
		status            int // of every answer
		one, other        func() string
	}{
		{"login_known", "/login", "username", "wrong password", 422, always("known@example.com"), fresh},
		{"login_disabled", "/login", "username", testPassword, 422, always("disabled@example.com"), fresh},
		{"login_same", "/login", "username", "wrong password", 422, fresh, fresh},
		{"forgot", "/forgot", "email", "", 200, always("known@example.com"), fresh},
		{"signup", "/signup", "email", testPassword, 200, always("known@example.com"), fresh},
	} {
		page := b.get(c.path)
		ask := func(email string) float64 {
			form := url.Values{"form_token": {hiddenFields(page, c.path).Get("form_token")}, c.field: {email}, "password": {c.password}}
			begin := time.Now()
			if got := b.post(c.path, form); got.StatusCode != c.status {
				t.Fatalf("%s: got %d for %s, want %d", c.name, got.StatusCode, email, c.status)
			}
			return float64(time.Since(begin).Microseconds()) / 1000
		}
		one, other := make([]float64, 0, pairs), make([]float64, 0, pairs)
		for i := range pairs {
			if i%4 == 0 { // before the accounts are locked
				s.sql(t, `DELETE FROM auth_login_attempts`)
			}
			if i%2 == 0 {
				one, other = append(one, ask(c.one())), append(other, ask(c.other()))
				continue
			}
			other, one = append(other, ask(c.other())), append(one, ask(c.one()))
		}
		figure("timing_"+c.name+"_t", math.Abs(welch(one, other)), "<=", timingLimit)
		figure("timing_"+c.name+"_ms", math.Abs(median(one)-median(other)), "<=", 1)
	}
}

// welch is Welch's t of two samples, the slowest hundredth of each left out: those say what else the machine did.
func welch(a, b []float64) float64 {
	var means, errors [2]float64
	for i, sample := range [][]float64{a, b} {
		kept := slices.Sorted(slices.Values(sample))[:len(sample)-len(sample)/100]
		for _, value := range kept {
			means[i] += value / float64(len(kept))
		}
		for _, value := range kept {
			errors[i] += (value - means[i]) * (value - means[i]) / float64(len(kept)-1) / float64(len(kept))
		}
	}
	return (means[0] - means[1]) / math.Sqrt(errors[0]+errors[1])
}
