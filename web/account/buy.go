package account

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/ledger/stripe"
	"mana/provider"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// The pages of buying.
const (
	PathBuy       = "/account/credits/buy"
	PathReceipts  = "/account/credits/receipts"
	PathReceipt   = PathReceipts + "/{id}"
	PathStripe    = PathReceipt + "/stripe"
	PathBought    = "/credits/success"
	PathNotBought = "/credits/cancelled"
	PathWithdraw  = "/withdraw"
)

const classPurchase = "purchase" // of the limits

// buyView is what the pages of buying show.
type buyView struct {
	ui.Page
	Packages   []ledger.Package
	Chosen     ledger.Package // of the order summary
	TakesMoney bool
	Faults     ui.Faults
}

// Buy answers GET /account/credits/buy: the packages, and the order summary of the one that is chosen.
func (p *Pages) Buy(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	return p.showBuy(w, r, who, http.StatusOK, nil)
}

func (p *Pages) showBuy(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, status int, faults ui.Faults) error {
	v := buyView{Page: p.page(r, who, ui.BuyTitle), Faults: faults, TakesMoney: p.Shop.TakesMoney()}
	v.Failed = len(faults) > 0
	if !p.Shop.Open() {
		ui.Render(w, r, status, shutPage(v))
		return nil
	}
	var err error
	if v.Packages, err = p.Ledger.Packages(r.Context()); err != nil {
		return err
	}
	chosen := r.FormValue("package")
	for _, one := range v.Packages {
		if one.ID.String() == chosen {
			v.Chosen, v.Title = one, ui.T(r.Context(), ui.OrderTitle)
			page.From(r.Context()).AllowForm(p.Shop.PayOrigin())
			ui.Render(w, r, status, orderPage(v))
			return nil
		}
	}
	ui.Render(w, r, status, buyPage(v))
	return nil
}

// Order answers POST /account/credits/buy: it leads to the payment page.
func (p *Pages) Order(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	ctx := r.Context()
	if r.PostForm.Get("consent") != consentVersion {
		return p.showBuy(w, r, who, http.StatusUnprocessableEntity, ui.Faults{{Field: "consent", Text: ui.T(ctx, ui.OrderConsentMissing)}})
	}
	if wait := p.Take(ctx, classPurchase, who.User.ID.String()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		return p.showBuy(w, r, who, http.StatusTooManyRequests, ui.Faults{{Text: ui.T(ctx, ui.OrderTooMany)}})
	}
	chosen, err := uuid.Parse(r.PostForm.Get("package"))
	if err != nil {
		chosen = uuid.Nil
	}
	receipt := func(id uuid.UUID) string { return p.Provider.Issuer() + PathReceipts + "/" + id.String() }
	_, session, err := p.Shop.Checkout(ctx, stripe.Basket{
		UserID: who.User.ID, PackageID: chosen, Metadata: p.consent(), Language: string(page.From(ctx).Language()),
		Success:   func(id uuid.UUID) string { return receipt(id) + "?look=1" },
		Cancelled: receipt,
	})
	if text, status := orderFault(err); status != 0 {
		return p.showBuy(w, r, who, status, ui.Faults{{Text: ui.T(ctx, text)}})
	}
	if err != nil {
		return err
	}
	login.SeeOther(w, r, session.URL)
	return nil
}

// orderFaults are the reasons for which nothing is bought.
var orderFaults = []struct {
	err    error
	text   ui.Key
	status int
}{
	{stripe.ErrOff, ui.BuyOff, http.StatusServiceUnavailable},
	{stripe.ErrService, ui.OrderService, http.StatusServiceUnavailable},
	{ledger.ErrNoPackage, ui.OrderGone, http.StatusNotFound},
	{ledger.ErrTooManyPending, ui.OrderPending, http.StatusConflict},
	{ledger.ErrBalanceLimit, ui.OrderLimit, http.StatusConflict},
	{ledger.ErrFrozen, ui.OrderUnavailable, http.StatusServiceUnavailable},
	{ledger.ErrClosed, ui.OrderUnavailable, http.StatusServiceUnavailable},
}

// orderFault says why nothing is bought; a status of 0 means that it is something else.
func orderFault(err error) (ui.Key, int) {
	for _, known := range orderFaults {
		if errors.Is(err, known.err) {
			return known.text, known.status
		}
	}
	return "", 0
}

// consentVersion names the text that a buyer agrees to. A text that changes gets a new version, and the old one stays in
// [consentTexts].
const consentVersion = "2026-11"

// consentTexts are the texts of all versions that somebody has agreed to.
var consentTexts = map[string]ui.Key{consentVersion: ui.OrderConsent}

// consentBody is what is kept of a consent, in the metadata of its purchase.
type consentBody struct {
	Version string    `json:"consent"`
	At      time.Time `json:"consentAt"`
}

// Bought answers GET /credits/success, where Stripe leads who bought by an app. Who is signed in sees the purchase.
func (p *Pages) Bought(w http.ResponseWriter, r *http.Request) error {
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.FormValue("purchase_id")); who != nil && err == nil {
		_, err := p.Shop.Purchases.Purchase(r.Context(), who.User.ID, id)
		if err == nil {
			login.SeeOther(w, r, PathReceipts+"/"+id.String()+"?look=1")
			return nil
		}
		if !errors.Is(err, ledger.ErrNoPurchase) {
			return err
		}
	}
	return p.say(w, r, ui.BoughtTitle, ui.BoughtText)
}

// NotBought answers GET /credits/cancelled.
func (p *Pages) NotBought(w http.ResponseWriter, r *http.Request) error {
	return p.say(w, r, ui.NotBoughtTitle, ui.NotBoughtText)
}

func (p *Pages) say(w http.ResponseWriter, r *http.Request, title, text ui.Key) error {
	ui.Render(w, r, http.StatusOK, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), title)}, Text: ui.T(r.Context(), text),
	}))
	return nil
}
