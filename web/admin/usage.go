package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"mana/ledger"
	"mana/provider"
	"mana/web/ui"
)

const (
	secondsPerDay = 24 * 60 * 60
	maxSums       = 10_000 // of an app and a day
	drawnApps     = 2      // that have a colour of their own
)

// usageView is what apps charged all people in the last days.
type usageView struct {
	ui.Page
	Chart ui.Chart
	Apps  []ledger.UsageDay // sums of all days, the largest first
	Cut   bool              // there were too many sums: the first days are missing
}

// ShowUsage answers GET /admin/usage.
func (p *Pages) ShowUsage(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ctx := r.Context()
	until := p.Now().Unix()/secondsPerDay + 1
	days, err := p.Stats.AppUsage(ctx, until-chartDays, until, maxSums)
	if err != nil {
		return err
	}
	v := usageView{Page: p.page(r, who, ui.T(ctx, ui.AdminUsage)), Apps: byApp(days), Cut: len(days) == maxSums}
	v.Chart = usageChart(ctx, until-chartDays, days, v.Apps)
	v.Apps = v.Apps[:min(len(v.Apps), maxShown)]
	ui.Render(w, r, http.StatusOK, usagePage(v))
	return nil
}

// byApp are the sums of each app, the largest first.
func byApp(days []ledger.UsageDay) (apps []ledger.UsageDay) {
	at := make(map[string]int)
	for _, d := range days {
		i, known := at[d.AppID]
		if !known {
			i = len(apps)
			at[d.AppID] = i
			apps = append(apps, ledger.UsageDay{AppID: d.AppID})
		}
		apps[i].Used += d.Used
		apps[i].Uses += d.Uses
	}
	slices.SortFunc(apps, func(a, b ledger.UsageDay) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(a.AppID, b.AppID))
	})
	return apps
}

// usageChart draws the apps that charged the most, and all others together.
func usageChart(ctx context.Context, from int64, days, apps []ledger.UsageDay) ui.Chart {
	chart := ui.UsageByDay(ctx, from, chartDays, nil)
	chart.Title, chart.Description = ui.T(ctx, ui.AdminUsage), ui.T(ctx, ui.AdminUsageText)
	chart.Series = nil
	drawn := apps[:min(len(apps), drawnApps)]
	if len(apps) == drawnApps+1 {
		drawn = apps
	}
	of := func(name string, wanted func(app string) bool) {
		var some []ledger.UsageDay
		for _, d := range days {
			if wanted(d.AppID) {
				some = append(some, d)
			}
		}
		chart.Series = append(chart.Series, ui.Series{Name: name, Values: ui.UsageByDay(ctx, from, chartDays, some).Series[0].Values})
	}
	for _, one := range drawn {
		of(one.AppID, func(app string) bool { return app == one.AppID })
	}
	if len(drawn) < len(apps) {
		of(ui.T(ctx, ui.AdminUsageRest), func(app string) bool {
			return !slices.ContainsFunc(drawn, func(d ledger.UsageDay) bool { return d.AppID == app })
		})
	}
	return chart
}
