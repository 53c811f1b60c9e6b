package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

const (
	purchases = 200 // rows that are shown, the newest
	maxEvents = 100
)

// purchaseDays are the spans that can be looked at.
var purchaseDays = []int{7, 30, 90, 366}

// purchasesView is what the page of purchases shows.
type purchasesView struct {
	ui.Page
	Open      bool
	Done      string
	Faults    ui.Faults
	Days      int
	State     ledger.PurchaseStatus // empty: any
	Backlog   ledger.Backlog
	Balance   stripe.Balance
	Purchases []ledger.Purchase
	Events    []ledger.StripeEvent
}

// purchaseStates are the states that can be asked for, with their words.
var purchaseStates = []struct {
	state ledger.PurchaseStatus
	tone  ui.Tone
	text  ui.Key
}{
	{ledger.PurchasePending, ui.Warn, ui.StatePending},
	{ledger.PurchaseFailed, ui.Danger, ui.StateFailed},
	{ledger.PurchaseCancelled, ui.Plain, ui.StateCancelled},
	{ledger.PurchaseCompleted, ui.Good, ui.StateCompleted},
}

// ShowPurchases answers GET /admin/purchases.
func (p *Pages) ShowPurchases(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	return p.purchases(w, r, who, nil)
}

func (p *Pages) purchases(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, faults ui.Faults) error {
	ctx := r.Context()
	v := purchasesView{
		Page: p.page(r, who, ui.T(ctx, ui.AdminPurchases)), Open: p.Shop.Open(), Done: done(r), Faults: faults, Days: purchaseDays[0],
		Balance: p.Shop.Balance(),
	}
	if days, err := strconv.Atoi(r.FormValue("days")); err == nil && slices.Contains(purchaseDays, days) {
		v.Days = days
	}
	for _, known := range purchaseStates {
		if string(known.state) == r.FormValue("state") {
			v.State = known.state
		}
	}
	var err error
	if v.Purchases, err = p.Shop.Payments.NewestPurchases(ctx, p.Now().Add(-time.Duration(v.Days)*24*time.Hour), v.State, purchases); err != nil {
		return err
	}
	if v.Events, err = p.Shop.Inbox.Quarantined(ctx, maxEvents); err != nil {
		return err
	}
	if v.Backlog, err = p.Shop.Payments.Backlog(ctx); err != nil {
		return err
	}
	status := http.StatusOK
	if v.Failed = len(faults) > 0; v.Failed {
		status = http.StatusUnprocessableEntity
	}
	ui.Render(w, r, status, purchasesPage(v))
	return nil
}

// RetryEvent answers POST /admin/purchases: an event in quarantine waits again, for the next run of the job.
func (p *Pages) RetryEvent(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	id := r.PostForm.Get("event")
	err := p.Shop.Inbox.Requeue(r.Context(), id)
	if errors.Is(err, ledger.ErrNoEvent) {
		return p.purchases(w, r, who, ui.Faults{{Text: ui.T(r.Context(), ui.AdminEventGone)}})
	}
	if err != nil {
		return err
	}
	act := identity.Event{Type: "payment_event_requeued", Metadata: map[string]string{"eventId": id}}
	if err := p.Acts.NoteAct(r.Context(), by(r, who), act); err != nil {
		return err
	}
	login.SeeOther(w, r, PathPurchases+"?done=requeued")
	return nil
}

func (v purchasesView) states(ctx context.Context) []ui.Option {
	options := []ui.Option{{Text: ui.T(ctx, ui.FilterAny)}}
	for _, known := range purchaseStates {
		options = append(options, ui.Option{Value: string(known.state), Text: ui.T(ctx, known.text)})
	}
	return options
}

func (v purchasesView) spans() []ui.Option {
	options := make([]ui.Option, len(purchaseDays))
	for i, days := range purchaseDays {
		options[i] = ui.Option{Value: strconv.Itoa(days), Text: strconv.Itoa(days)}
	}
	return options
}

// differs is what is said of a difference: what we lack, and what we have too much.
func differs(cents int64) ui.Key {
	if cents < 0 {
		return ui.BalanceLacks
	}
	return ui.BalanceExcess
}

// purchaseState is how a purchase is shown.
func purchaseState(p ledger.Purchase) (ui.Tone, ui.Key) {
	if p.Facts.DisputedCents() > 0 {
		return ui.Danger, ui.StateDisputed
	}
	if back := p.Facts.RefundedCents(); back > 0 && back < p.PriceEuroCents {
		return ui.Plain, ui.StatePartly
	} else if back > 0 {
		return ui.Plain, ui.StateRefunded
	}
	for _, known := range purchaseStates {
		if known.state == p.Status {
			return known.tone, known.text
		}
	}
	return ui.Plain, ui.StateCancelled
}
