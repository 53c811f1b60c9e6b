package main

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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
