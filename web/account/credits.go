package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/web/page"
	"mana/web/ui"
)

const (
	entriesPage = 25
	exportPage  = 1000
	usedApps    = 100 // apps to choose from
	exportPause = 30 * time.Second
)

// creditsView is what the credits page shows.
type creditsView struct {
	ui.Page
	Balance ledger.Balance
	Entries []ledger.Transaction
	Apps    []string // that charged something
	Asked   url.Values
	Shop    bool   // something can be bought
	Narrow  bool   // not everything was asked for
	Newest  string // address of the first page; empty: this is it
	Older   string // address of the next page; empty: there is none
	Usage   usageView
	Below   string // what the field of the low-balance mail holds
	Done    string
	Faults  ui.Faults
}

// entryView is what the page of one entry shows.
type entryView struct {
	ui.Page
	Entry   ledger.Transaction
	Refunds []ledger.Transaction // of it
}

// entryTypes are the types of entries that can be asked for, with their words.
var entryTypes = []struct {
	kind ledger.Type
	text ui.Key
}{
	{ledger.TypeUsage, ui.EntryUsage},
	{ledger.TypeRefund, ui.EntryRefund},
	{ledger.TypeBonus, ui.EntryBonus},
	{ledger.TypePurchase, ui.EntryPurchase},
	{ledger.TypeExpiry, ui.EntryExpiry},
	{ledger.TypeAdjustment, ui.EntryAdjustment},
}

// typeText is the word for a type of entries.
func typeText(kind ledger.Type) ui.Key {
	for _, t := range entryTypes {
		if t.kind == kind {
			return t.text
		}
	}
	return ui.EntryAdjustment
}

// filter reads which entries are asked for. What is not understood is not asked for. Days are those of the person's
// zone, the last one included.
func filter(r *http.Request) ledger.Filter {
	q := r.URL.Query()
	f := ledger.Filter{AppID: q.Get("app")}
	for _, t := range entryTypes {
		if string(t.kind) == q.Get("type") {
			f.Type = t.kind
		}
	}
	zone := page.From(r.Context()).Zone()
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("from"), zone); err == nil && day.Year() > 0 {
		f.Since = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("to"), zone); err == nil && day.Year() > 0 && day.Year() < 9999 {
		f.Until = day.AddDate(0, 0, 1)
	}
	return f
}

// Credits answers GET /account/credits: the balance, and the history page by page.
func (p *Pages) Credits(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.creditsView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r, map[string]ui.Key{"alert": ui.AlertOn, "quiet": ui.AlertOff})
	ui.Render(w, r, http.StatusOK, creditsPage(v))
	return nil
}

func (p *Pages) creditsView(r *http.Request, who *provider.SignedIn) (creditsView, error) {
	v := creditsView{Page: p.page(r, who, ui.CreditsTitle), Asked: r.URL.Query(), Shop: p.Shop.Open()}
	f := filter(r)
	v.Narrow = f != ledger.Filter{}
	before, err := strconv.ParseInt(v.Asked.Get("before"), 10, 64)
	if err != nil || before < 1 {
		before = 0
	}
	if v.Balance, err = p.Ledger.Balance(r.Context(), who.User.ID); err != nil {
		return v, err
	}
	if v.Balance.AlertBelow > 0 {
		v.Below = ui.Credits(r.Context(), v.Balance.AlertBelow)
	}
	var next int64
	if v.Entries, next, err = p.Ledger.HistoryPage(r.Context(), who.User.ID, f, before, entriesPage); err != nil {
		return v, err
	}
	if v.Usage, err = p.usage(r, who); err != nil {
		return v, err
	}
	used, err := p.Ledger.Usage(r.Context(), who.User.ID, ledger.UsageQuery{Until: 1 << 20, Limit: usedApps})
	if err != nil {
		return v, err
	}
	for _, u := range used {
		v.Apps = append(v.Apps, u.AppID)
	}
	slices.Sort(v.Apps)
	if before > 0 {
		v.Newest = v.address(PathCredits, "before", "")
	}
	if next > 0 {
		v.Older = v.address(PathCredits, "before", strconv.FormatInt(next, 10))
	}
	return v, nil
}

// address is a path with what was asked for, and one parameter changed; an empty value leaves it out.
func (v creditsView) address(path, name, value string) string {
	q := make(url.Values)
	for _, kept := range []string{"type", "app", "from", "to"} {
		if text := v.Asked.Get(kept); text != "" {
			q.Set(kept, text)
		}
	}
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Entry answers GET /account/credits/{id}.
func (p *Pages) Entry(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v := entryView{Page: p.page(r, who, ui.EntryTitle)}
	id, err := uuid.Parse(r.PathValue("id"))
	if err == nil {
		v.Entry, v.Refunds, err = p.Ledger.Entry(r.Context(), who.User.ID, id)
	} else {
		err = ledger.ErrNoTransaction
	}
	if errors.Is(err, ledger.ErrNoTransaction) {
		v.Title, v.Failed = ui.T(r.Context(), ui.NotFoundTitle), true
		ui.Render(w, r, http.StatusNotFound, noEntryPage(v.Page))
		return nil
	}
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, entryPage(v))
	return nil
}

// ExportCredits answers GET /account/credits/export: what is asked for as CSV or JSON Lines, the newest first.
func (p *Pages) ExportCredits(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	page.From(r.Context()).Live(who.User.Profile.Zoneinfo)
	format, media := "csv", "text/csv; charset=utf-8"
	if r.FormValue("format") == "jsonl" {
		format, media = "jsonl", "application/jsonl; charset=utf-8"
	}
	export, err := ledger.NewExport(w, format)
	if err != nil {
		return err
	}
	return p.eachPage(w, r, historyWalk{
		userID: who.User.ID, filter: filter(r), write: export.Write,
		begin: func() { download(w, media, "credits."+format) },
	})
}

// historyWalk is a history that is read to its end. begin is called once the first page is there: until then a fault
// can be shown.
type historyWalk struct {
	userID uuid.UUID
	filter ledger.Filter
	begin  func()
	write  func([]ledger.Transaction) error
}

// eachPage reads a history to its end, unless the person goes before.
func (p *Pages) eachPage(w http.ResponseWriter, r *http.Request, walk historyWalk) error {
	control := http.NewResponseController(w)
	for before := int64(0); ; {
		entries, next, err := p.Ledger.HistoryPage(r.Context(), walk.userID, walk.filter, before, exportPage)
		if before == 0 && err != nil {
			return err
		}
		if err != nil {
			panic(http.ErrAbortHandler) // half of it has gone: the browser must not take it for all
		}
		if before == 0 {
			walk.begin()
			if r.Method == http.MethodHead {
				return nil
			}
		}
		_ = control.SetWriteDeadline(time.Now().Add(exportPause)) // a long history takes long, a page does not
		if err := walk.write(entries); err != nil {
			return nil // the person has gone: there is nobody to tell
		}
		if before = next; next == 0 {
			return nil
		}
	}
}

// download sets the headers of a file.
func download(w http.ResponseWriter, media, name string) {
	header := w.Header()
	header.Set("Content-Type", media)
	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	header.Set("Cache-Control", "no-store")
}

// types are the types of entries to choose from.
func (v creditsView) types(ctx context.Context) []ui.Option {
	options := []ui.Option{{Text: ui.T(ctx, ui.FilterAny)}}
	for _, t := range entryTypes {
		options = append(options, ui.Option{Value: string(t.kind), Text: ui.T(ctx, t.text)})
	}
	return options
}

// apps are the apps to choose from.
func (v creditsView) apps(ctx context.Context) []ui.Option {
	options := []ui.Option{{Text: ui.T(ctx, ui.FilterAny)}}
	for _, app := range v.Apps {
		options = append(options, ui.Option{Value: app, Text: app})
	}
	return options
}

// described is what an entry is about; its type where it says nothing itself.
func described(ctx context.Context, t ledger.Transaction) string {
	if t.Description == "" {
		return ui.T(ctx, typeText(t.Type))
	}
	return ui.EntryText(ctx, t)
}

// related is the address of the use that an entry gives back, empty if it gives none back.
func related(t ledger.Transaction) string {
	if t.RelatedID == uuid.Nil {
		return ""
	}
	return PathCredits + "/" + t.RelatedID.String()
}
