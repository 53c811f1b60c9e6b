package account

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// withdrawView is what the pages of the withdrawal show (Directive (EU) 2023/2673: a function that anybody finds, with
// two steps).
type withdrawView struct {
	ui.Page
	Who       *provider.SignedIn // nil: nobody is signed in
	Purchases []ledger.Purchase  // that who is signed in may withdraw from
	Email     string             // as typed
	Number    string
	Chosen    ledger.Purchase // of the second step
	Cents     int64           // that it gives back
	Faults    ui.Faults
}

// ShowWithdraw answers GET /withdraw. Who is signed in and names a purchase is at the second step.
func (p *Pages) ShowWithdraw(w http.ResponseWriter, r *http.Request) error {
	if r.FormValue("done") != "" {
		return p.say(w, r, ui.WithdrawDoneTitle, ui.WithdrawDoneText)
	}
	v, err := p.withdrawView(w, r)
	if err != nil {
		return err
	}
	v.Number = r.FormValue("purchase")
	if v.Who != nil && v.Number != "" {
		err := p.choose(r.Context(), v.Who.User.ID, &v)
		if err != nil {
			return err
		}
	}
	p.renderWithdraw(w, r, v)
	return nil
}

func (p *Pages) withdrawView(w http.ResponseWriter, r *http.Request) (v withdrawView, err error) {
	if v.Who, err = p.Provider.SignedIn(r); err != nil {
		return v, err
	}
	title := ui.T(r.Context(), ui.WithdrawTitle)
	if v.Who == nil {
		v.Page = ui.Page{Site: p.Site, Title: title, FormToken: p.Forms.Token(string(p.Provider.Cookies().EnsureBrowser(w, r)))}
		return v, nil
	}
	v.Page = p.page(r, v.Who, ui.WithdrawTitle)
	found, err := p.Shop.Purchases.PurchasesOf(r.Context(), v.Who.User.ID, maxReceipts)
	for _, one := range found {
		var cents int64
		if err == nil && one.Status == ledger.PurchaseCompleted {
			cents, err = p.Ledger.Withdrawable(r.Context(), one)
		}
		if cents > 0 {
			v.Purchases = append(v.Purchases, one)
		}
	}
	return v, err
}

func (p *Pages) renderWithdraw(w http.ResponseWriter, r *http.Request, v withdrawView) {
	status := http.StatusOK
	if v.Failed = len(v.Faults) > 0; v.Failed {
		status = http.StatusUnprocessableEntity
	}
	if v.Chosen.ID != uuid.Nil && !v.Failed {
		v.Title = ui.T(r.Context(), ui.WithdrawConfirmTitle)
		ui.Render(w, r, status, confirmWithdrawPage(v))
		return
	}
	ui.Render(w, r, status, withdrawPage(v))
}

// choose finds the purchase that is named.
func (p *Pages) choose(ctx context.Context, userID uuid.UUID, v *withdrawView) error {
	id, err := uuid.Parse(strings.TrimSpace(v.Number))
	if err == nil {
		v.Chosen, err = p.Shop.Purchases.Purchase(ctx, userID, id)
	} else {
		err = ledger.ErrNoPurchase
	}
	if err == nil {
		v.Cents, err = p.Ledger.Withdrawable(ctx, v.Chosen)
	}
	switch {
	case errors.Is(err, ledger.ErrNoPurchase):
		v.Faults = ui.Faults{{Field: "purchase", Text: ui.T(ctx, ui.WithdrawUnknown)}}
	case err != nil:
		return err
	case v.Cents == 0:
		v.Faults = ui.Faults{{Field: "purchase", Text: ui.T(ctx, ui.WithdrawOver)}}
	}
	return nil
}

// Withdraw answers POST /withdraw, of both steps. Without a session the number of the order and the address prove who
// buys: neither can be guessed from the other, and the money goes back to where it came from.
func (p *Pages) Withdraw(w http.ResponseWriter, r *http.Request) error {
	v, err := p.withdrawView(w, r)
	if err != nil {
		return err
	}
	cookie := string(p.Provider.Cookies().Browser(r))
	if v.Who != nil {
		cookie = string(p.Provider.Cookies().Session(r))
	}
	if err := p.Forms.Check(r, cookie); err != nil {
		return err
	}
	ctx := r.Context()
	v.Number, v.Email = r.PostForm.Get("purchase"), r.PostForm.Get("email")
	if wait := p.countWithdrawal(r, v); wait > 0 {
		p.tooMany(w, r, v, wait)
		return nil
	}
	userID, err := p.withdrawer(r, &v)
	if err != nil {
		return err
	}
	if len(v.Faults) == 0 {
		err = p.choose(ctx, userID, &v)
	}
	if err != nil {
		return err
	}
	if len(v.Faults) > 0 || !confirmed(r) {
		p.renderWithdraw(w, r, v)
		return nil
	}
	return p.withdraw(w, r, userID, v)
}

// countWithdrawal counts what a person confirms, and every try of somebody who is not signed in.
func (p *Pages) countWithdrawal(r *http.Request, v withdrawView) (wait time.Duration) {
	ctx := r.Context()
	switch {
	case v.Who == nil:
		return p.Take(ctx, classPurchase, p.Network(ctx))
	case confirmed(r):
		return p.Take(ctx, classPurchase, v.Who.User.ID.String())
	}
	return 0
}

// confirmed reports whether a form is the second step.
func confirmed(r *http.Request) bool { return r.PostForm.Get("act") == "confirm" }

// tooMany answers who asks too often.
func (p *Pages) tooMany(w http.ResponseWriter, r *http.Request, v withdrawView, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(r.Context(), ui.OrderTooMany)}}
	ui.Render(w, r, http.StatusTooManyRequests, withdrawPage(v))
}

// withdrawer finds whose purchase is meant.
func (p *Pages) withdrawer(r *http.Request, v *withdrawView) (uuid.UUID, error) {
	if v.Who != nil {
		return v.Who.User.ID, nil
	}
	ctx := r.Context()
	userID, err := p.Identity.PersonAt(ctx, strings.TrimSpace(v.Email))
	if errors.Is(err, identity.ErrNotFound) {
		v.Faults = ui.Faults{{Field: "purchase", Text: ui.T(ctx, ui.WithdrawUnknown)}}
		return uuid.Nil, nil
	}
	return userID, err
}

func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request, userID uuid.UUID, v withdrawView) error {
	ctx := r.Context()
	by := page.Device(r)
	_, err := p.Shop.Withdraw(ctx, ledger.Withdrawal{
		UserID: userID, PurchaseID: v.Chosen.ID, IPAddress: by.IPAddress, UserAgent: by.UserAgent, Language: by.Language,
	})
	if errors.Is(err, ledger.ErrNotWithdrawable) {
		v.Faults = ui.Faults{{Field: "purchase", Text: ui.T(ctx, ui.WithdrawOver)}}
		p.renderWithdraw(w, r, v)
		return nil
	}
	if errors.Is(err, ledger.ErrFrozen) {
		v.Failed, v.Faults = true, ui.Faults{{Text: ui.T(ctx, ui.WithdrawLater)}}
		ui.Render(w, r, http.StatusServiceUnavailable, withdrawPage(v))
		return nil
	}
	if err != nil {
		return err
	}
	if v.Who == nil {
		login.SeeOther(w, r, PathWithdraw+"?done=1")
		return nil
	}
	login.SeeOther(w, r, PathReceipts+"/"+v.Chosen.ID.String()+"?done=withdrawn")
	return nil
}

// options are the purchases to choose from.
func (v withdrawView) options(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(v.Purchases))
	for i, one := range v.Purchases {
		options[i] = ui.Option{
			Value: one.ID.String(),
			Text:  ui.Day(ctx, one.CreatedAt) + " · " + ui.Credits(ctx, one.Credits) + " " + ui.T(ctx, ui.CreditsUnit) + " · " + euros(ctx, one.PriceEuroCents),
		}
	}
	return options
}
