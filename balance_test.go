package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mana/ledger/stripe"
)

// scrape reads the metrics.
func scrape(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestBalance compares purchases with Stripe's balance by day: what an event and the lists of objects did not tell is
// made up for, and what we lack, or have too much, is told.
func TestBalance(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	address := "127.0.0.1:" + freePort(t)
	s := start(t, append(pay.env(), "METRICS_ADDR="+address)...)
	pay.tell(s)
	_, token := s.person(t, "ada@example.com")
	admin := s.administrator(t)
	link := func() object {
		_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
		return link
	}
	again := func(want string) string {
		t.Helper()
		s.stop()
		s.serve(t) // the comparison runs at the start
		deadline := time.Now().Add(30 * time.Second)
		compared := func(got string) bool {
			return !strings.Contains(got, "stripe_balance_compared_timestamp_seconds 0\n") && strings.Contains(got, "stripe_balance_differences "+want+"\n")
		}
		for got := scrape(t, address); !compared(got); got = scrape(t, address) {
			if time.Now().After(deadline) {
				t.Fatalf("got no comparison that finds %s in\n%s", want, got)
			}
			time.Sleep(20 * time.Millisecond)
		}
		return admin.get("/admin/purchases").body
	}
	session := pay.pay(strings.TrimPrefix(fmt.Sprint(link()["url"]), pay.server.URL+"/pay/"))
	pay.mu.Lock()
	refund := pay.refund(session["payment_intent"].(string), 30, object{})
	pay.mu.Unlock()
	pay.event("refund.updated", refund)
	if page := again("0"); !strings.Contains(page, "€1.00</td>") || !strings.Contains(page, "€0.30</td>") || !strings.Contains(page, "Every purchase agrees") {
		t.Errorf("got no sums of the day in\n%s", page)
	}

	pay.mu.Lock() // an old refund fails, and no event tells it
	refund["status"], refund["created"] = "failed", time.Now().AddDate(0, 0, -10).Unix()
	pay.move(refund, 30)
	pay.mu.Unlock()
	again("0")
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits after a refund that failed, want 100", got)
	}

	second := link() // an event tells of a payment that moved nothing
	body := fmt.Appendf(nil, `{"id":"evt_x","object":"event","type":"checkout.session.completed","livemode":false,"data":{"object":{"object":"checkout.session",
		"id":%q,"payment_intent":"pi_x","payment_status":"paid","status":"complete","amount_total":100,"currency":"eur","metadata":{"purchaseId":%q}}}}`,
		strings.TrimPrefix(fmt.Sprint(second["url"]), pay.server.URL+"/pay/"), second["purchaseId"])
	if status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now())); status != http.StatusOK {
		t.Fatalf("got %d %s", status, text)
	}
	if page := again("1"); !strings.Contains(page, fmt.Sprint(second["purchaseId"])) || !strings.Contains(page, "We have it too much") {
		t.Errorf("got no purchase that we have too much in\n%s", page)
	}

	lost := uuid.Must(uuid.NewV7()).String() // of a purchase that a restore has lost
	pay.mu.Lock()
	pay.charge(pay.make("payment_intent", "pi", object{"amount": int64(500), "currency": "eur", "metadata": object{"purchaseId": lost}}))
	pay.charge(pay.make("payment_intent", "pi", object{"amount": int64(700), "currency": "eur", "metadata": object{}})) // of something else
	pay.mu.Unlock()
	if page := again("2"); !strings.Contains(page, lost) || !strings.Contains(page, "We lack it") || strings.Contains(page, "€7.00") {
		t.Errorf("got no purchase that we lack in\n%s", page)
	}
	if home := admin.get("/admin"); !strings.Contains(home.body, "2 purchases differ") || !strings.Contains(home.body, "last event") {
		t.Errorf("got nothing of Stripe on the first page\n%s", home.body)
	}
	if status, ready, _ := s.api(t, "GET", "/health/ready", "", nil); status != http.StatusOK {
		t.Errorf("got %d %v, want readiness to be none of Stripe's", status, ready)
	}

	s.sql(t, `UPDATE credits_balances SET state = 'frozen', version = version + 1`) // its payments wait, and hide no others
	pay.mu.Lock()
	pay.refund(session["payment_intent"].(string), 20, object{})
	pay.mu.Unlock()
	again("3")
}
