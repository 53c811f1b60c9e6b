package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mana/ledger/stripe"
)

// starter is the smallest package: its id, by the list.
func (s *server) starter(t *testing.T) string {
	t.Helper()
	for _, p := range s.list(t, "/api/v1/credits/packages", "") {
		if p["priceEuroCents"] == 100.0 {
			return p["id"].(string)
		}
	}
	t.Fatal("there is no package for 1 EUR")
	return ""
}

// bearer is a token of somebody who has an account.
func (s *server) bearer(t *testing.T, email string) string {
	t.Helper()
	_, login, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": email, "password": testPassword})
	return fmt.Sprint(login["accessToken"])
}

// paid is the balance of bought credits.
func (s *server) paid(t *testing.T, token string) float64 {
	t.Helper()
	_, body, _ := s.api(t, "GET", "/api/v1/credits/balance", token, nil)
	balance, err := strconv.ParseFloat(fmt.Sprint(body["balance"]), 64)
	debt, debtErr := strconv.ParseFloat(fmt.Sprint(body["debt"]), 64)
	if err != nil || debtErr != nil {
		t.Fatalf("got %v", body)
	}
	return balance - debt
}

// TestBuyByAPI orders by both ways against Stripe's own mock, which holds each call against its description.
func TestBuyByAPI(t *testing.T) {
	t.Parallel()
	mock := stripeMock(t)
	s := start(t, "STRIPE_SECRET_KEY="+stripeKey, "STRIPE_WEBHOOK_SECRET="+stripeSecret, "STRIPE_API_URL="+mock.URL)
	_, token := s.person(t, "ada@example.com")
	id := s.starter(t)
	status, body, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, map[string]any{"packageId": id, "metadata": map[string]any{"cart": 7}})
	if status != http.StatusCreated || fmt.Sprintf("%v %v", body["amount"], body["credits"]) != "100 100" || !strings.Contains(fmt.Sprint(body["clientSecret"]), "_secret_") {
		t.Fatalf("got %d %v", status, body)
	}
	purchase := fmt.Sprint(body["purchaseId"])
	status, body, _ = s.api(t, "GET", "/api/v1/credits/purchase/"+purchase, token, nil)
	if status != http.StatusOK || body["status"] != "pending" || body["completedAt"] != nil || fmt.Sprint(body["priceEuroCents"]) != "100" {
		t.Errorf("got %d %v", status, body)
	}
	_, other := s.person(t, "eve@example.com")
	for name, path := range map[string]string{"foreign": purchase, "malformed": "x", "unknown": "019ab000-0000-7000-8000-00000000dead"} {
		as := other
		if name != "foreign" {
			as = token
		}
		status, body, _ := s.api(t, "GET", "/api/v1/credits/purchase/"+path, as, nil)
		wantError(t, name, status, body, 404, "PURCHASE_NOT_FOUND")
	}
	for name, c := range map[string]struct {
		body string
		code string
	}{
		"unknown package": {`{"packageId":"019ab000-0000-7000-8000-00000000dead"}`, "PACKAGE_NOT_FOUND"},
		"foreign return":  {`{"packageId":"` + id + `","successUrl":"https://evil.example/"}`, "VALIDATION"},
		"two of them":     {`{"packageId":"` + id + `","quantity":2}`, "VALIDATION"},
		"empty room":      {`{"packageId":"` + id + `","roomId":""}`, "VALIDATION"},
	} {
		status, body, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, c.body)
		wantError(t, name, status, body, map[string]int{"PACKAGE_NOT_FOUND": 404}[c.code]+map[string]int{"VALIDATION": 400}[c.code], c.code)
	}
	list := s.list(t, "/api/v1/credits/purchases", token)
	if len(list) != 1 || list[0]["id"] != purchase || list[0]["status"] != "pending" || fmt.Sprint(list[0]["metadata"]) != "map[cart:7]" {
		t.Errorf("got %v", list)
	}
}

// TestBuy walks a purchase from the page of packages to the receipt, the refund and the dispute.
func TestBuy(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	b := s.browser(t)
	b.signUp("ada@example.com")
	token := s.bearer(t, "ada@example.com")
	order := b.get("/account/credits/buy?package=" + s.starter(t))
	if policy := order.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+pay.server.URL) {
		t.Errorf("got the policy %s, want the payment page in it", policy)
	}
	if refused := b.submit(order, "/account/credits/buy"); refused.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d without the consent", refused.StatusCode)
	}
	leads := b.submit(order, "/account/credits/buy", "consent", "2026-11")
	to, err := leads.Location()
	if err != nil || !strings.HasPrefix(to.String(), pay.server.URL+"/pay/") {
		t.Fatalf("got %d %v, %v", leads.StatusCode, to, err)
	}
	session := pay.pay(strings.TrimPrefix(to.Path, "/pay/"))
	receipt := b.get(session["success_url"].(string))
	if receipt.StatusCode != 200 || !strings.Contains(receipt.body, "Thank you") || receipt.Header.Get("Refresh") != "" {
		t.Errorf("got %d, %s", receipt.StatusCode, receipt.body)
	}
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits, want 100", got)
	}
	for range 3 { // told again, in another order
		pay.event("checkout.session.completed", session)
		pay.event("payment_intent.succeeded", pay.objects[session["payment_intent"].(string)])
	}
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits after repetitions, want 100", got)
	}
	pay.mu.Lock()
	refund := pay.refund(session["payment_intent"].(string), 40, object{})
	pay.mu.Unlock()
	pay.event("refund.updated", refund)
	pay.event("charge.refunded", object{
		"object": "charge", "id": "ch_1", "payment_intent": session["payment_intent"], "amount_refunded": 40, "currency": "eur",
	})
	if got := s.paid(t, token); got != 60 {
		t.Errorf("got %v credits after a refund of 40 cents, want 60", got)
	}
	dispute := object{
		"object": "dispute", "id": "dp_1", "payment_intent": session["payment_intent"], "amount": 60, "currency": "eur",
		"status": "needs_response", "balance_transactions": []object{{"amount": -60}},
	}
	pay.event("charge.dispute.created", dispute)
	if got := s.paid(t, token); got != 0 {
		t.Errorf("got %v credits after a dispute, want none", got)
	}
	page := b.get(receipt.Request.URL.Path)
	if !strings.Contains(page.body, "Disputed") || !strings.Contains(page.body, "0.40") {
		t.Errorf("got %s", page.body)
	}
	dispute["status"] = "won"
	pay.event("charge.dispute.closed", dispute)
	if got := s.paid(t, token); got != 60 {
		t.Errorf("got %v credits after the dispute was won, want 60", got)
	}
	if pay.charged["checkout/sessions"] != 1 || pay.charged["customers"] != 1 {
		t.Errorf("got %v calls", pay.charged)
	}
}

// TestWebhookRefusals: what is not genuine, or does not fit, credits nothing, and says why.
func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	_, token := s.person(t, "ada@example.com")
	_, begun, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, map[string]any{"packageId": s.starter(t)})
	purchase, intent := fmt.Sprint(begun["purchaseId"]), strings.TrimSuffix(fmt.Sprint(begun["clientSecret"]), "_secret_x")
	hook, now := s.issuer+stripeHook, time.Now()
	paid := func(id, about string, more ...string) []byte {
		return []byte(`{"id":"` + id + `","object":"event","type":"payment_intent.succeeded","api_version":"2023-10-16",` + strings.Join(append(more, `"data":`), ",") +
			`{"object":{"object":"payment_intent","status":"succeeded",` + about + `}}}`)
	}
	good := `"id":"` + intent + `","amount_received":100,"currency":"eur","metadata":{"purchaseId":"` + purchase + `"}`
	genuine := paid("evt_good", good, `"livemode":false`)
	for name, c := range map[string]struct {
		body      []byte
		signature string
		text      string
	}{
		"forged":      {genuine, stripe.Sign(genuine, "whsec_of_somebody_else_0123456789ab", now), "Invalid webhook signature"},
		"stale":       {genuine, stripe.Sign(genuine, stripeSecret, now.Add(-301*time.Second)), "Invalid webhook signature"},
		"early":       {genuine, stripe.Sign(genuine, stripeSecret, now.Add(310*time.Second)), "Invalid webhook signature"},
		"changed":     {[]byte(strings.Replace(string(genuine), "100", "900", 1)), stripe.Sign(genuine, stripeSecret, now), "Invalid webhook signature"},
		"no header":   {genuine, "", "Missing stripe-signature header"},
		"empty":       {nil, stripe.Sign(nil, stripeSecret, now), "Missing raw body"},
		"no time":     {genuine, "v1=00", "Invalid webhook signature"},
		"other names": {genuine, "x", "Invalid webhook signature"},
	} {
		if status, text := postEvent(t, hook, c.body, c.signature); status != http.StatusBadRequest || !strings.Contains(text, c.text) {
			t.Errorf("%s: got %d %s, want %s", name, status, text, c.text)
		}
	}
	if status, _ := postEvent(t, hook, make([]byte, 512<<10+1), "x"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d for a large body", status)
	}
	for reason, body := range map[string][]byte{
		"amount":           paid("evt_amount", strings.Replace(good, "100", "99", 1), `"livemode":false`),
		"currency":         paid("evt_currency", strings.Replace(good, "eur", "usd", 1), `"livemode":false`),
		"livemode":         paid("evt_livemode", good, `"livemode":true`),
		"account":          paid("evt_account", good, `"livemode":false,"account":"acct_other"`),
		"unknown purchase": paid("evt_unknown", `"id":"pi_other","amount_received":100,"currency":"eur"`, `"livemode":false`),
		"unreadable":       paid("evt_newer", strings.Replace(good, "100", `{"value":100}`, 1), `"livemode":false`),
	} {
		if status, text := postEvent(t, hook, body, stripe.Sign(body, stripeSecret, now)); status != http.StatusOK || strings.TrimSpace(text) != `{"received":true}` {
			t.Errorf("%s: got %d %s", reason, status, text)
		}
	}
	if got := s.paid(t, token); got != 0 {
		t.Errorf("got %v credits by events that do not fit, want none", got)
	}
	admin := s.administrator(t)
	page := admin.get("/admin/purchases")
	for _, reason := range []string{"Another amount", "Another currency", "Test and live mixed", "Another account at Stripe", "Unknown purchase", "Unreadable"} {
		if !strings.Contains(page.body, ">"+reason+"<") {
			t.Errorf("the administration shows no event in quarantine for %s", reason)
		}
	}
	old := paid("evt_rotated", good, `"livemode":false`)
	if status, text := postEvent(t, hook, old, stripe.Sign(old, stripeOld, now)); status != http.StatusOK {
		t.Errorf("got %d %s for a signature of the old secret", status, text)
	}
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits, want 100", got)
	}
}

// TestWebhookSlowly: who sends many events slowly keeps none of Stripe's out.
func TestWebhookSlowly(t *testing.T) {
	t.Parallel()
	s := start(t, newStandIn(t).env()...)
	host := strings.TrimPrefix(s.issuer, "http://")
	for range 64 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", stripeHook, host)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("got %q, %v, want the program to wait for the event", line, err)
		}
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"customer.created"}`)
	if status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, stripeSecret, time.Now())); status != http.StatusOK {
		t.Errorf("got %d %s", status, text)
	}
}

// TestWebhookOff computes nothing when no secret is set.
func TestWebhookOff(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := start(t, "PORT="+port, "LISTEN=127.0.0.1:"+port)
	body := []byte(`{"id":"evt_1","type":"payment_intent.succeeded"}`)
	if status, text := postEvent(t, s.issuer+stripeHook, body, stripe.Sign(body, "", time.Now())); status != http.StatusBadRequest {
		t.Errorf("got %d %s for a signature by no secret", status, text) // in dev mode the stand-in has a secret of its own
	}
}

// TestReconcile finds by Stripe's objects what events did not tell: a payment, a refund and a dispute.
func TestReconcile(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	_, token := s.person(t, "ada@example.com")
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t), "roomId": "kitchen"})
	session := pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	if got := s.paid(t, token); got != 0 {
		t.Fatalf("got %v credits before anybody told", got)
	}
	pay.mu.Lock()
	pay.make("checkout.session", "cs", object{ // of something else that is sold there
		"mode": "setup", "currency": nil, "amount_total": nil, "status": "open", "payment_status": "no_payment_required", "payment_intent": nil,
	})
	pay.mu.Unlock()
	again := func(want float64, what string) {
		t.Helper()
		s.stop()
		s.serve(t) // the comparison runs at the start
		deadline := time.Now().Add(20 * time.Second)
		for got := s.paid(t, token); got != want; got = s.paid(t, token) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: got %v credits, want %v", what, got, want)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	again(100, "a payment that no event told")
	pay.mu.Lock()
	pay.refund(session["payment_intent"].(string), 30, object{})
	pay.mu.Unlock()
	again(70, "a refund that no event told")
	pay.mu.Lock()
	pay.make("dispute", "dp", object{
		"payment_intent": session["payment_intent"], "amount": int64(70), "currency": "eur", "status": "lost", "balance_transactions": []object{},
	})
	pay.mu.Unlock()
	again(0, "a dispute that no event told")
	if _, log := s.stop(); strings.Contains(log, "a job failed") {
		t.Errorf("what is of something else stops the comparison\n%s", log)
	}
}

// TestWithdraw takes a purchase back by both steps, and Stripe is asked for the refund once.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	b := s.browser(t)
	b.signUp("ada@example.com")
	token := s.bearer(t, "ada@example.com")
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
	session := pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	stranger, own := s.browser(t), b.get("/withdraw")
	form := stranger.get("/withdraw")
	if got := stranger.submit(form, "/withdraw", "email", "eve@example.com", "purchase", fmt.Sprint(link["purchaseId"])); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d for another address", got.StatusCode)
	}
	confirm := stranger.submit(form, "/withdraw", "email", "ada@example.com", "purchase", fmt.Sprint(link["purchaseId"]))
	if confirm.StatusCode != http.StatusOK || s.paid(t, token) != 100 {
		t.Fatalf("got %d at the first step\n%s", confirm.StatusCode, confirm.body)
	}
	s.sql(t, `UPDATE credits_balances SET state = 'frozen', version = version + 1`)
	if !strings.Contains(confirm.body, "You get back €1.00") {
		t.Errorf("got %s, want what comes back", confirm.body)
	}
	if later := stranger.submit(confirm, "/withdraw"); later.StatusCode != http.StatusServiceUnavailable || !strings.Contains(later.body, "not received") {
		t.Errorf("got %d while the wallet is frozen\n%s", later.StatusCode, later.body)
	}
	s.sql(t, `UPDATE credits_balances SET state = 'active', version = version + 1`)
	if done := stranger.submit(confirm, "/withdraw"); done.StatusCode != http.StatusOK || !strings.Contains(done.body, "received") {
		t.Errorf("got %d\n%s", done.StatusCode, done.body)
	}
	if got := s.paid(t, token); got != 0 {
		t.Errorf("got %v credits after the withdrawal", got)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		pay.mu.Lock()
		n, refunded := pay.charged["refunds"], pay.objects[session["payment_intent"].(string)]["refunded"]
		pay.mu.Unlock()
		if n == 1 && refunded == int64(100) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d refunds of %v", n, refunded)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if again := stranger.submit(confirm, "/withdraw"); again.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d when it was sent again", again.StatusCode)
	}
	letter := b.mail("Confirmation of your withdrawal")
	if !strings.Contains(letter, fmt.Sprint(link["purchaseId"])) || !strings.Contains(letter, "€1.00") {
		t.Errorf("got %s, want the order number and the amount", letter)
	}
	for i := range 11 { // who is signed in is counted too
		got := b.submit(own, "/withdraw", "act", "confirm")
		if limited := got.StatusCode == http.StatusTooManyRequests; limited != (i >= 9) || limited && got.Header.Get("Retry-After") == "" {
			t.Fatalf("got %d at the confirmation %d", got.StatusCode, i)
		}
	}
}

// TestWithdrawRefused: Stripe refuses the refund. The credits come back, and the buyer is told.
func TestWithdrawRefused(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	b := s.browser(t)
	b.signUp("ada@example.com")
	token := s.bearer(t, "ada@example.com")
	_, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, map[string]any{"packageId": s.starter(t)})
	session := pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	pay.mu.Lock()
	pay.objects[session["payment_intent"].(string)]["refunded"] = int64(100) // at Stripe, and nobody told
	pay.mu.Unlock()
	purchase := fmt.Sprint(link["purchaseId"])
	b.submit(b.submit(b.get("/withdraw"), "/withdraw", "purchase", purchase), "/withdraw")
	deadline := time.Now().Add(30 * time.Second)
	for s.paid(t, token) != 100 {
		if time.Now().After(deadline) {
			t.Fatal("the credits do not come back")
		}
		time.Sleep(20 * time.Millisecond)
	}
	page := b.get("/account/credits/receipts/" + purchase)
	for _, want := range []string{`id="unpaid-back"`, "withdrew from €1.00", `id="test"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the receipt lacks %q\n%s", want, page.body)
		}
	}
}

// TestCustomerGone: somebody deleted the customer at Stripe, or the key is of another mode now. Buying goes on.
func TestCustomerGone(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.tell(s)
	_, token := s.person(t, "ada@example.com")
	order := map[string]any{"packageId": s.starter(t)}
	if status, body, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, order); status != http.StatusCreated {
		t.Fatalf("got %d %v", status, body)
	}
	pay.mu.Lock()
	for _, o := range pay.objects {
		if o["object"] == "customer" {
			o["deleted"] = true
		}
	}
	pay.mu.Unlock()
	if status, body, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, order); status != http.StatusCreated {
		t.Errorf("got %d %v", status, body)
	}
	status, link, _ := s.api(t, "POST", "/api/v1/credits/payment-link", token, order)
	if status != http.StatusCreated {
		t.Fatalf("got %d %v", status, link)
	}
	pay.pay(strings.TrimPrefix(fmt.Sprint(link["url"]), pay.server.URL+"/pay/"))
	if got := s.paid(t, token); got != 100 {
		t.Errorf("got %v credits", got)
	}
}

// TestPaymentDown: Stripe does not answer; nothing is charged, and the order does not block others.
func TestPaymentDown(t *testing.T) {
	t.Parallel()
	pay := newStandIn(t)
	s := start(t, pay.env()...)
	pay.broken = true
	_, token := s.person(t, "ada@example.com")
	status, body, _ := s.api(t, "POST", "/api/v1/credits/purchase", token, map[string]any{"packageId": s.starter(t)})
	wantError(t, "down", status, body, 503, "PAYMENT_UNAVAILABLE")
	if list := s.list(t, "/api/v1/credits/purchases", token); len(list) != 1 || list[0]["status"] != "cancelled" {
		t.Errorf("got %v", list)
	}
}
