package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

const (
	maxReceipts = 200
	looksApart  = 3  // seconds between two looks at a payment that is to come
	maxLooks    = 20 // of them by itself
)

// receiptsView is the list of purchases.
type receiptsView struct {
	ui.Page
	Open      bool
	Purchases []ledger.Purchase
}

// receiptView is one purchase.
type receiptView struct {
	ui.Page
	Purchase   ledger.Purchase
	Waits      bool // the page looks again by itself
	Waited     bool // it did so long enough
	Withdraws  bool // the person may withdraw
	TakesMoney bool
	Done       string
	Fault      string
	Consent    consentBody
}

// consent is what is kept of the buyer's consent to begin at once.
func (p *Pages) consent() []byte {
	body, _ := json.Marshal(consentBody{consentVersion, p.Now().UTC()}) // always encodes
	return body
}

// Receipts answers GET /account/credits/receipts.
func (p *Pages) Receipts(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v := receiptsView{Page: p.page(r, who, ui.ReceiptsTitle), Open: p.Shop.Open()}
	var err error
	if v.Purchases, err = p.Shop.Purchases.PurchasesOf(r.Context(), who.User.ID, maxReceipts); err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, receiptsPage(v))
	return nil
}

// Receipt answers GET /account/credits/receipts/{id}: how far a purchase has come, by what is stored. Who comes from the
// payment page sees it look again until the payment is there.
func (p *Pages) Receipt(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	found, err := p.purchase(r, who)
	if err != nil {
		return p.noPurchase(w, r, who, err)
	}
	back, err := p.Ledger.Withdrawable(r.Context(), found)
	if err != nil {
		return err
	}
	look, err := strconv.Atoi(r.FormValue("look"))
	looks := err == nil && look > 0 && found.Status != ledger.PurchaseCompleted
	v := receiptView{
		Page: p.page(r, who, ui.ReceiptTitle), Purchase: found, Waits: looks && look <= maxLooks, Waited: looks && look > maxLooks,
		Withdraws: back > 0, TakesMoney: p.Shop.TakesMoney(),
		Done: done(r, map[string]ui.Key{"cancelled": ui.OrderCancelled, "withdrawn": ui.WithdrawDoneText}),
	}
	switch r.FormValue("fault") {
	case "closed":
		v.Fault = ui.T(r.Context(), ui.PayClosed)
	case "service":
		v.Fault = ui.T(r.Context(), ui.OrderService)
	case "receipt":
		v.Fault = ui.T(r.Context(), ui.ReceiptNoStripe)
	}
	_ = json.Unmarshal(found.Metadata, &v.Consent) // what an app sent along says nothing of a consent
	if v.Waits {
		next := PathReceipts + "/" + found.ID.String() + "?look=" + strconv.Itoa(look+1)
		w.Header().Set("Refresh", strconv.Itoa(looksApart)+"; url="+next)
	}
	if p.Shop.Open() {
		page.From(r.Context()).AllowForm(p.Shop.PayOrigin())
	}
	ui.Render(w, r, http.StatusOK, receiptPage(v))
	return nil
}

func (p *Pages) purchase(r *http.Request, who *provider.SignedIn) (ledger.Purchase, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return ledger.Purchase{}, ledger.ErrNoPurchase
	}
	return p.Shop.Purchases.Purchase(r.Context(), who.User.ID, id)
}

func (p *Pages) noPurchase(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, err error) error {
	if !errors.Is(err, ledger.ErrNoPurchase) {
		return err
	}
	frame := p.page(r, who, ui.NotFoundTitle)
	frame.Failed = true
	ui.Render(w, r, http.StatusNotFound, noReceiptPage(frame))
	return nil
}

// ChangeReceipt answers POST /account/credits/receipts/{id}: back to the payment page, or the end of the order.
func (p *Pages) ChangeReceipt(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	found, err := p.purchase(r, who)
	if err != nil {
		return p.noPurchase(w, r, who, err)
	}
	here := PathReceipts + "/" + found.ID.String()
	if r.PostForm.Get("act") == "cancel" {
		err := p.Shop.Cancel(r.Context(), who.User.ID, found.ID)
		return p.answer(w, r, here+"?done=cancelled", here, err)
	}
	address, err := p.Shop.Continue(r.Context(), who.User.ID, found.ID)
	if address == "" {
		address = here + "?fault=closed"
	}
	return p.answer(w, r, address, here, err)
}

// answer leads on, or back to a purchase when Stripe does not answer.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request, to, here string, err error) error {
	if errors.Is(err, stripe.ErrService) || errors.Is(err, stripe.ErrOff) {
		to, err = here+"?fault=service", nil
	}
	if err == nil {
		login.SeeOther(w, r, to)
	}
	return err
}

// StripeReceipt answers GET /account/credits/receipts/{id}/stripe: it leads to Stripe's receipt.
func (p *Pages) StripeReceipt(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	found, err := p.purchase(r, who)
	if err != nil {
		return p.noPurchase(w, r, who, err)
	}
	here := PathReceipts + "/" + found.ID.String()
	address, err := p.Shop.Receipt(r.Context(), who.User.ID, found.ID)
	if !strings.HasPrefix(address, "https://") {
		address = here + "?fault=receipt"
	}
	return p.answer(w, r, address, here, err)
}

// stage is how a purchase is shown.
type stage struct {
	Tone  ui.Tone
	Badge ui.Key
	Title ui.Key // of its page
}

// stageOf is how far a purchase has come, with what happened after the payment.
func stageOf(p ledger.Purchase) stage {
	switch {
	case p.Status == ledger.PurchaseFailed:
		return stage{ui.Danger, ui.StateFailed, ui.StateFailed}
	case p.Status == ledger.PurchaseCancelled:
		return stage{ui.Plain, ui.StateCancelled, ui.StateCancelled}
	case p.Status == ledger.PurchasePending:
		return stage{ui.Warn, ui.StatePending, ui.StatePending}
	case p.Facts.DisputedCents() > 0:
		return stage{ui.Danger, ui.StateDisputed, ui.StateDisputed}
	case returned(p) >= p.PriceEuroCents:
		return stage{ui.Plain, ui.StateRefunded, ui.StateRefunded}
	case returned(p) > 0:
		return stage{ui.Plain, ui.StatePartly, ui.StatePartly}
	}
	return stage{ui.Good, ui.StateCompleted, ui.CompletedTitle}
}

// returned are the cents that go back to the buyer, asked for or done.
func returned(p ledger.Purchase) int64 {
	asked := int64(0)
	for _, r := range p.Facts.Refunds {
		if r.State == ledger.RefundAsked {
			asked += r.Cents
		}
	}
	return p.Facts.RefundedCents() + asked
}

// unpaidBack are the cents that the buyer withdrew from, and that could not be paid back.
func unpaidBack(p ledger.Purchase) (cents int64) {
	for _, r := range p.Facts.Refunds {
		if r.RequestID != uuid.Nil && r.State == ledger.RefundFailed {
			cents += r.Cents
		}
	}
	return cents
}

func euros(ctx context.Context, cents int64) string { return ui.Money(ctx, cents, "EUR") }
