package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/ui"
)

const (
	chartDays  = 30
	chartHours = 48
)

// Statistics are the numbers of the first page. They are read from rows of an hour each, however much happens.
type Statistics interface {
	// Tallies reads what was counted since a moment, hour by hour.
	Tallies(ctx context.Context, since time.Time) ([]identity.Tally, error)
	// FrozenWallets lists wallets that nobody can use until they are mended.
	FrozenWallets(ctx context.Context, limit int) ([]uuid.UUID, error)
	// AppUsage sums up what each app charged all people, by day, of the days from since up to until; at most limit sums,
	// the latest days first.
	AppUsage(ctx context.Context, since, until int64, limit int) ([]ledger.UsageDay, error)
	// CountUsers tells how many people are not deleted.
	CountUsers(ctx context.Context) (int, error)
}

// homeView is what the first page shows.
type homeView struct {
	ui.Page
	People, Clients int
	Pass            *ledger.Pass
	Frozen          int
	Checks          []Check
	Charts          []ui.Chart
}

// Home answers GET /admin.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ctx := r.Context()
	v := homeView{Page: p.page(r, who, ui.T(ctx, ui.AdminHome)), Pass: p.Checker.Last(), Checks: p.Health(ctx)}
	var err error
	if v.People, err = p.Stats.CountUsers(ctx); err != nil {
		return err
	}
	clients, err := p.Provider.Clients().ListClients(ctx)
	if err != nil {
		return err
	}
	frozen, err := p.Stats.FrozenWallets(ctx, maxShown)
	if err != nil {
		return err
	}
	v.Clients, v.Frozen = len(clients), len(frozen)
	now := p.Now().UTC()
	tallies, err := p.Stats.Tallies(ctx, now.AddDate(0, 0, -chartDays))
	if err != nil {
		return err
	}
	v.Charts = charts(ctx, tallies, now)
	ui.Render(w, r, http.StatusOK, homePage(v))
	return nil
}

// charts draws what was counted.
func charts(ctx context.Context, tallies []identity.Tally, now time.Time) []ui.Chart {
	hour := series{tallies, time.Hour, now.Truncate(time.Hour).Add(-(chartHours - 1) * time.Hour), chartHours}
	day := series{tallies, 24 * time.Hour, now.Truncate(24*time.Hour).AddDate(0, 0, -(chartDays - 1)), chartDays}
	chart := func(id string, title, text ui.Key, of series, first ui.Key, one string, second ui.Key, two string) ui.Chart {
		c := ui.Chart{
			ID: id, Title: ui.T(ctx, title), Description: ui.T(ctx, text), Column: ui.T(ctx, ui.ColumnWhen), Labels: of.labels(ctx),
			Series: []ui.Series{{Name: ui.T(ctx, first), Values: of.values(one)}},
		}
		if two != "" {
			c.Series = append(c.Series, ui.Series{Name: ui.T(ctx, second), Values: of.values(two)})
		}
		return c
	}
	issued := chart("credits", ui.ChartCredits, ui.ChartCreditsText, day, ui.ChartIssued, identity.CountIssued, ui.ChartSpent, identity.CountSpent)
	issued.Series = append(issued.Series, ui.Series{Name: ui.T(ctx, ui.ChartSold), Values: day.values(identity.CountSold)})
	for _, s := range issued.Series { // whole credits
		for i := range s.Values {
			s.Values[i] /= int64(ledger.Credit)
		}
	}
	return []ui.Chart{
		chart("logins", ui.ChartSignIns, ui.ChartSignInsText, hour, ui.ChartSucceeded, identity.CountSignIns, ui.ChartFailed, identity.CountFailures),
		chart("signups", ui.ChartSignups, ui.ChartSignupsText, day, ui.ChartSignupsName, identity.CountSignups, "", ""),
		chart("tokens", ui.ChartTokens, ui.ChartTokensText, day, ui.ChartTokensName, identity.CountTokens, ui.ChartErrors, identity.CountErrors),
		issued,
	}
}

// series sums tallies by steps of time.
type series struct {
	tallies []identity.Tally
	step    time.Duration
	from    time.Time
	n       int
}

func (s series) values(measure string) []int64 {
	values := make([]int64, s.n)
	for _, t := range s.tallies {
		if i := int(t.Hour.Sub(s.from) / s.step); t.Measure == measure && !t.Hour.Before(s.from) && i < s.n {
			values[i] += max(0, t.Value)
		}
	}
	return values
}

func (s series) labels(ctx context.Context) []string {
	labels := make([]string, s.n)
	for i := range labels {
		at := s.from.Add(time.Duration(i) * s.step)
		if labels[i] = ui.Day(ctx, at); s.step < 24*time.Hour {
			labels[i] = ui.When(ctx, at)
		}
	}
	return labels
}
