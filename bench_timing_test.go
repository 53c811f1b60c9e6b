//go:build bench

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
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
// are asked in random order, each address once, and compared by Welch's t. Nothing else touches the database meanwhile.
// Two classes that are the same (login_same) say what t this machine gives for no difference.
func TestTiming(t *testing.T) {
	pairs := timingPairs
	if given, err := strconv.Atoi(os.Getenv("MANA_TIMING")); err == nil {
		pairs = given
	}
	s := start(t, strings.ReplaceAll(manyTries, "00/60", "0000/60")+",public=100000000/1", "SMTP_HOST=127.0.0.1", "SMTP_PORT=1", "SMTP_FROM=login@example.com",
		"REQUIRE_EMAIL_VERIFICATION=true")
	timingPeople(t, s, pairs)
	b := s.browser(t)
	for _, c := range []struct {
		name, path, field string
		password          string
		status            int    // of every answer
		one, fresh        string // how the addresses begin
	}{
		{"login_same", "/login", "username", "wrong password", 422, "nobody", "stray"},
		{"login_known", "/login", "username", "wrong password", 422, "member", "alien"},
		{"login_disabled", "/login", "username", testPassword, 422, "barred", "guest"},
		{"forgot", "/forgot", "email", "", 200, "member", "ghost"},
		{"signup", "/signup", "email", testPassword, 200, "member", "fresh"},
	} {
		token := hiddenFields(b.get(c.path), c.path).Get("form_token")
		ask := func(email string) float64 {
			form := url.Values{"form_token": {token}, c.field: {email}, "password": {c.password}}
			begin := time.Now()
			if got := b.post(c.path, form); got.StatusCode != c.status {
				t.Fatalf("%s: got %d for %s, want %d", c.name, got.StatusCode, email, c.status)
			}
			return float64(time.Since(begin).Microseconds()) / 1000
		}
		var one, other []float64
		for _, turn := range rand.Perm(2 * pairs) { // not in pairs: what an answer leaves to do would always meet the other
			if turn%2 == 0 {
				one = append(one, ask(fmt.Sprintf("%s%05d@example.com", c.one, turn/2)))
			} else {
				other = append(other, ask(fmt.Sprintf("%s-%05d@example.com", c.fresh, turn/2)))
			}
		}
		figure("timing_"+c.name+"_t", math.Abs(welch(one, other)), "<=", timingLimit)
		figure("timing_"+c.name+"_ms", math.Abs(median(one)-median(other)), "<=", 1)
	}
}

// timingPeople makes as many people as there are pairs, and as many who are disabled, with the same password.
func timingPeople(t *testing.T, s *server, pairs int) {
	t.Helper()
	if status, body, _ := s.api(t, "POST", "/api/v1/auth/register", "", map[string]any{"email": "first@example.com", "password": testPassword}); status != http.StatusCreated {
		t.Fatalf("got %d %v", status, body)
	}
	for place, name := range []string{"member", "barred"} {
		s.sql(t, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %[1]d - 1)
			INSERT INTO auth_users (id, email, email_verified, role, disabled_at, created_at, updated_at)
			SELECT printf('0190000%[2]d-%%04x-7000-8000-000000000000', i), printf('%[3]s%%05d@example.com', i), 1, 'user',
				CASE WHEN %[2]d THEN 1 END, created_at, updated_at FROM n, auth_users WHERE email = 'first@example.com'`, pairs, place, name))
	}
	s.sql(t, `INSERT INTO auth_passwords (user_id, hashed_password, created_at, updated_at)
		SELECT u.id, p.hashed_password, p.created_at, p.updated_at FROM auth_users u, auth_passwords p WHERE u.id LIKE '0190000%'`)
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
