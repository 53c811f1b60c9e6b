package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mana/ledger/stripe"
)

// TestBrowserBuy goes from the packages over the stand-in of the payment page to the receipt and the withdrawal.
func TestBrowserBuy(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	ctx, _ := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#save", "")
	w.open(s.issuer+"/account/credits", "#buy", "credits-buy")
	w.press("#buy", ".package", "buy")
	w.press(".package .button", "#total", "order")
	w.press("#consent", "#consent:checked", "")
	w.press("#buy", "#stand-in-pay", "")
	w.press("#stand-in-pay", "#credits", "receipt")
	if state := w.read(chromedp.Text(chromedp.CSS("#state"))); state != inEither("Thank you", "Vielen Dank") {
		t.Errorf("got %q after the payment", state)
	}
	w.press("#withdraw", "#confirm", "withdraw")
	w.press("#confirm", "#refunded", "withdrawn")
	if kept := w.read(chromedp.Text(chromedp.CSS("#kept"))); strings.TrimSpace(kept) != "0" {
		t.Errorf("got %q credits of it after the withdrawal", kept)
	}
	w.open(s.issuer+"/account/credits/receipts", "table", "receipts")
	w.open(s.issuer+"/credits/success", "h1", "bought-by-an-app")
	w.open(s.issuer+"/credits/cancelled", "h1", "not-bought")
}

// TestBrowserPayments shows administrators the purchases, what is in quarantine, and what apps charged.
func TestBrowserPayments(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	ctx, _ := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	code := setupCode.FindStringSubmatch(s.command(t, "setup-link"))
	w.open(s.issuer+"/setup#"+code[1], "#email", "")
	w.fill("#name", "Grace Hopper", "#email", "grace@example.com", "#password", testPassword)
	w.press("#submit", "a.primary", "")
	w.open(s.issuer+"/admin/usage", ".empty", "admin-usage-none")
	_, token := s.person(t, "ada@example.com")
	for i, app := range []string{"chat", "chat", "todo", "pictures", "translate"} {
		s.api(t, "POST", "/api/v1/credits/use", token, map[string]any{"amount": 9 - i, "appId": app, "description": "x"})
	}
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
	pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	for i, rest := range []string{`"id":"pi_unknown","status":"succeeded","amount_received":100,"currency":"eur"`, `"id":"pi_x"`} {
		body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"payment_intent.succeeded","livemode":false,"data":{"object":{"object":"payment_intent",%s}}}`, i, rest)
		if status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now())); status != 200 {
			t.Fatalf("got %d %s", status, text)
		}
	}
	pay.mu.Lock()
	pay.charge(pay.make("payment_intent", "pi", object{"amount": int64(500), "currency": "eur", "metadata": object{"purchaseId": uuid.Must(uuid.NewV7()).String()}}))
	pay.mu.Unlock()
	s.stop()
	s.serve(t) // the comparison runs at the start
	deadline := time.Now().Add(30 * time.Second)
	for compared := ""; compared != "true"; compared = w.read(chromedp.Evaluate[string](`String(!!document.querySelector("#differences"))`)) {
		if time.Now().After(deadline) {
			t.Fatal("got no comparison with the balance")
		}
		w.open(s.issuer+"/admin/purchases", "#orders", "")
	}
	w.open(s.issuer+"/admin/usage", "#usage-apps", "admin-usage")
	w.open(s.issuer+"/admin/purchases", "#orders", "admin-payments")
	w.press(`a[href*="/event?id=evt_0"]`, "#body", "admin-payment-event")
	w.open(s.issuer+"/admin", "#health", "admin-payments-home")
}

// TestBrowserTestPayment pays where no key is set: by a signed event through the webhook.
func TestBrowserTestPayment(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, _ := chromium(t)
	dir := screenshots(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, shots: shots{dir, t}}
	w.open(s.issuer+"/signup", "#name", "")
	w.fill("#name", "Ada Lovelace", "#email", "ada@example.com", "#password", testPassword)
	w.press("#submit", "#save", "")
	w.open(s.issuer+"/account/credits/buy", ".package", "")
	w.press(".package .button", "#total", "")
	w.press("#consent", "#consent:checked", "")
	w.press("#buy", "#pay", "test-payment")
	w.press("#decline", "#continue", "payment-failed")
	w.press("#continue", "#pay", "")
	w.press("#pay", "#credits", "")
	if state := w.read(chromedp.Text(chromedp.CSS("#state"))); state != inEither("Thank you", "Vielen Dank") {
		t.Errorf("got %q after the payment", state)
	}
}
