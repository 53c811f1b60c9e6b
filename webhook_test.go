package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mana/ledger/stripe"
)

// TestWebhooksAtOnce: 32 events of one payment arrive together, some of them the same. Each is answered, and the credits
// are there once.
func TestWebhooksAtOnce(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	_, token := s.person(t, "ada@example.com")
	_, begun, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, map[string]any{"packageId": s.starter(t)})
	intent := strings.TrimSuffix(fmt.Sprint(begun["clientSecret"]), "_secret_x")
	var taken atomic.Int64
	var group sync.WaitGroup
	for i := range 32 {
		body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"payment_intent.succeeded","livemode":false,"data":{"object":{"object":"payment_intent",
			"id":%q,"status":"succeeded","amount_received":100,"currency":"eur","metadata":{"purchaseId":%q}}}}`, i%24, intent, begun["purchaseId"])
		group.Go(func() {
			for range 100 { // Stripe repeats what is not taken
				status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now()))
				if status == http.StatusOK {
					taken.Add(1)
					return
				}
				if status != http.StatusServiceUnavailable {
					t.Errorf("got %d %s", status, text)
					return
				}
			}
		})
	}
	group.Wait()
	if taken.Load() != 32 {
		t.Errorf("got %d of 32 events taken", taken.Load())
	}
	eventually(t, "100 credits", func() bool { return s.paid(t, token) == 100 })
	list := s.list(t, "/api/v1/credits/transactions", token)
	bought := 0
	for _, x := range list {
		if x["type"] == "purchase" {
			bought++
		}
	}
	if bought != 1 {
		t.Errorf("got %d purchases in the history, want one: %v", bought, list)
	}
	s.command(t, "credits", "verify", "--quiet")
}

// TestCancel gives an order up. Its payment page closes, and money that arrives all the same completes it.
func TestCancel(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	b := s.browser(t)
	b.signUp("ada@example.com")
	token := s.bearer(t, "ada@example.com")
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
	path := "/account/credits/receipts/" + fmt.Sprint(link["purchaseId"])
	waiting := b.get(path)
	done := b.submit(waiting, path, "act", "cancel")
	if done.StatusCode != http.StatusOK || !strings.Contains(done.body, "Cancelled") {
		t.Fatalf("got %d\n%s", done.StatusCode, done.body)
	}
	id := strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/")
	pay.mu.Lock()
	closed := pay.objects[id]["status"]
	pay.mu.Unlock()
	if closed != "expired" {
		t.Errorf("got the payment page %v, want it closed", closed)
	}
	if again := b.submit(waiting, path, "act", "cancel"); again.StatusCode != http.StatusOK {
		t.Errorf("got %d for the same again", again.StatusCode)
	}
	eve := s.browser(t)
	eve.signUp("eve@example.com")
	if foreign := eve.get(path); foreign.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for somebody else", foreign.StatusCode)
	}
	pay.pay(id)
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits, want those that were paid", got)
	}
}

// TestPending: who comes back from the payment page before the payment does sees a page that looks again by itself,
// without any script, for a minute, and then on request.
func TestPending(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	b := s.browser(t)
	b.signUp("ada@example.com")
	token := s.bearer(t, "ada@example.com")
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
	path := "/account/credits/receipts/" + fmt.Sprint(link["purchaseId"])
	next := path + "?look=1"
	for look := 1; look <= 20; look++ {
		page := b.get(next)
		want := fmt.Sprintf("3; url=%s?look=%d", path, look+1)
		if got := page.Header.Get("Refresh"); got != want || page.StatusCode != http.StatusOK {
			t.Fatalf("got %d and %q, want %q", page.StatusCode, got, want)
		}
		next = strings.TrimPrefix(page.Header.Get("Refresh"), "3; url=")
	}
	last := b.get(next)
	if got := last.Header.Get("Refresh"); got != "" {
		t.Errorf("got %q, want an end", got)
	}
	for _, path := range []string{path, path + "?look=x", path + "?look=-1", path + "?look=99999999999999999999"} {
		if got := b.get(path).Header.Get("Refresh"); got != "" {
			t.Errorf("got %q at %s", got, path)
		}
	}
	pay.tell(s)
	pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	if paid := b.get(path + "?look=2"); paid.Header.Get("Refresh") != "" || !strings.Contains(paid.body, "Thank you") {
		t.Errorf("got %q when it was paid\n%s", paid.Header.Get("Refresh"), paid.body)
	}
}

// TestQuarantinedBody shows administrators what an event in quarantine holds: as text, not all of a large one, and notes
// who looked.
func TestQuarantinedBody(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	admin := s.administrator(t)
	post := func(id, rest string) {
		t.Helper()
		body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"payment_intent.succeeded","livemode":false,%s"data":{"object":{"object":"payment_intent",
			"id":"pi_x","status":"succeeded","amount_received":100,"currency":"eur"}}}`, id, rest)
		if status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now())); status != http.StatusOK {
			t.Fatalf("got %d %s", status, text)
		}
	}
	post(`evt_<b>&"1`, `"note":"<script>alert(1)</script>",`)
	post("evt_large", `"note":"`+strings.Repeat("x", 100<<10)+`",`)
	list := admin.get("/admin/purchases")
	if !strings.Contains(list.body, `href="/admin/purchases/event?id=evt_%3Cb%3E%26%221"`) {
		t.Fatalf("got no link to the event in\n%s", list.body)
	}
	one := admin.get("/admin/purchases/event?id=evt_%3Cb%3E%26%221")
	if one.StatusCode != http.StatusOK || strings.Contains(one.body, "<script>alert") || !strings.Contains(one.body, "&lt;script&gt;alert(1)") ||
		!strings.Contains(one.body, "Unknown purchase") {
		t.Errorf("got %d\n%s", one.StatusCode, one.body)
	}
	large := admin.get("/admin/purchases/event?id=evt_large")
	if n := strings.Count(large.body, "x"); n < 60<<10 || n > 70<<10 || !strings.Contains(large.body, "not shown") {
		t.Errorf("got %d of its bytes, want 64 KiB", n)
	}
	if got := admin.get("/admin/purchases/event?id=evt_other"); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for an event that is not there", got.StatusCode)
	}
	if log := admin.get("/admin/audit?type=payment_event_viewed"); strings.Count(log.body, "evt_large") == 0 || !strings.Contains(log.body, "root@example.com") {
		t.Errorf("got nobody who looked in\n%s", log.body)
	}
	b := s.browser(t)
	b.signUp("ada@example.com")
	if got := b.get("/admin/purchases/event?id=evt_large"); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for somebody else", got.StatusCode)
	}
}

// TestStripeMetrics: the metrics of payments are there, and whatever types events have, few labels.
func TestStripeMetrics(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	address := "127.0.0.1:" + freePort(t)
	s := start(t, append(pay.env(), "METRICS_ADDR="+address)...)
	_, token := s.person(t, "ada@example.com")
	if status, body, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, map[string]any{"packageId": s.starter(t)}); status != http.StatusCreated {
		t.Fatalf("got %d %v", status, body)
	}
	for i := range 40 {
		body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"made.up.%d"}`, i, i)
		postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now()))
	}
	body := []byte(`{"id":"evt_unread","type":"charge.refunded"}`)
	for range 2 {
		postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now()))
	}
	postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, "whsec_of_somebody_else_0123456789ab", time.Now()))
	wants := []string{
		`stripe_events_total{type="other",result="ignored"} 40`, `stripe_events_total{type="other",result="refused"} 1`,
		`stripe_events_total{type="charge.refunded",result="quarantined"} 1`, `stripe_events_total{type="charge.refunded",result="repeated"} 1`,
		"stripe_event_lag_seconds 0", "stripe_purchases_pending 1", "stripe_quarantined 1", "stripe_differences 0",
		"stripe_balance_differences 0", "stripe_balance_compared_timestamp_seconds 1",
	}
	missing, text := "", ""
	eventually(t, "all metrics of payments", func() bool { // the job counts what is under way
		missing, text = "", scrape(t, address)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				missing = want
			}
		}
		return missing == ""
	})
	if strings.Contains(text, "made.up") || strings.Contains(text, "evt_") {
		t.Errorf("got what an event says in\n%s", text)
	}
}
