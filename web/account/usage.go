package account

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mana/ledger"
	"mana/provider"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

const (
	usageDays     = 30
	secondsPerDay = 24 * 60 * 60
)

// usageView is what apps charged in the last days.
type usageView struct {
	Chart ui.Chart
	Apps  []ledger.UsageDay // the largest first; empty: nothing was charged
}

// usage reads what apps charged a person in the last days.
func (p *Pages) usage(r *http.Request, who *provider.SignedIn) (v usageView, err error) {
	ctx := r.Context()
	today := time.Now().Unix() / secondsPerDay
	q := ledger.UsageQuery{Since: today + 1 - usageDays, Until: today + 1, Limit: usedApps}
	if v.Apps, err = p.Ledger.Usage(ctx, who.User.ID, q); err != nil {
		return v, err
	}
	q.ByDay = true
	days, err := p.Ledger.Usage(ctx, who.User.ID, q)
	v.Chart = ui.UsageByDay(ctx, q.Since, usageDays, days)
	v.Chart.Title, v.Chart.Description = ui.T(ctx, ui.UsageChart), ui.T(ctx, ui.UsageChartText)
	return v, err
}

// SaveAlert answers POST /account/credits/alert: below what the person is told by mail that few credits are left.
func (p *Pages) SaveAlert(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	text := strings.TrimSpace(r.PostForm.Get("below"))
	below, err := ledger.Amount(0), error(nil)
	if text != "" {
		below, err = ledger.ParseAmount([]byte(plainNumber(r.Context(), text)))
	}
	if err != nil {
		return p.alertRefused(w, r, who, text)
	}
	if err := p.Ledger.SetAlert(r.Context(), who.User.ID, below, string(page.From(r.Context()).Language())); err != nil {
		return err
	}
	outcome := "alert"
	if below == 0 {
		outcome = "quiet"
	}
	login.SeeOther(w, r, PathCredits+"?done="+outcome)
	return nil
}

// plainNumber is a number as the language of the request writes it, without marks of thousands and with a point.
func plainNumber(ctx context.Context, text string) string {
	thousands, decimal := ",", "."
	if page.From(ctx).Language() == page.German {
		thousands, decimal = ".", ","
		if strings.Count(text, thousands) == 1 && !strings.Contains(text, decimal) && len(text)-strings.Index(text, thousands) != 4 {
			return text // typed with a point
		}
	}
	return strings.Replace(strings.ReplaceAll(text, thousands, ""), decimal, ".", 1)
}

// alertRefused shows the page again with what was typed.
func (p *Pages) alertRefused(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, typed string) error {
	v, err := p.creditsView(r, who)
	if err != nil {
		return err
	}
	v.Failed, v.Below = true, typed
	v.Faults = ui.Faults{{Field: "below", Text: ui.T(r.Context(), ui.AlertWrong)}}
	ui.Render(w, r, http.StatusUnprocessableEntity, creditsPage(v))
	return nil
}
