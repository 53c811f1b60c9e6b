package admin

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// auditWindow is how far back a search looks that does not say.
const auditWindow = 30 * 24 * time.Hour

// exportLimit bounds an export, in events.
const exportLimit = 100_000

// auditFilter is what the form above the log says.
type auditFilter struct {
	Who, Type, Actor string
	From, To         string // days, YYYY-MM-DD, UTC
}

func readFilter(r *http.Request) auditFilter {
	return auditFilter{
		Who: strings.TrimSpace(r.FormValue("who")), Type: strings.TrimSpace(r.FormValue("type")), Actor: strings.TrimSpace(r.FormValue("actor")),
		From: r.FormValue("from"), To: r.FormValue("to"),
	}
}

func (f auditFilter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"who": f.Who, "type": f.Type, "actor": f.Actor, "from": f.From, "to": f.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// commandLine is the actor of whoever uses the program's command line.
const commandLine = "command line"

// personID is the person that a filter names by address or id, uuid.Nil if there is none.
func (p *Pages) personID(ctx context.Context, text string) uuid.UUID {
	if id, err := uuid.Parse(text); err == nil {
		return id
	}
	address := identity.Email(strings.ToLower(strings.ToValidUTF8(text, "")))
	found, err := p.People.SearchPeople(ctx, identity.PeopleQuery{Prefix: string(address), Limit: pageSize})
	at := slices.IndexFunc(found, func(u identity.User) bool { return u.Email == address })
	if err != nil || at < 0 {
		return uuid.Nil
	}
	return found[at].ID
}

// query is the question to storage. What cannot be read is a fault at its field.
func (p *Pages) query(r *http.Request, f *auditFilter) (q identity.EventQuery, faults ui.Faults) {
	ctx, now := r.Context(), p.Now()
	fault := func(field string, text ui.Key) {
		faults = append(faults, ui.Fault{Field: field, Text: ui.T(ctx, text)})
	}
	q = identity.EventQuery{Type: f.Type, Actor: f.Actor, Limit: pageSize + 1}
	var err error
	if f.Who != "" {
		if q.UserID = p.personID(ctx, f.Who); q.UserID == uuid.Nil {
			fault("who", ui.AdminIDWrong)
		}
	}
	if id := p.personID(ctx, f.Actor); f.Actor != "" && id != uuid.Nil {
		q.Actor = identity.Actor{Admin: id}.String()
	} else if f.Actor == ui.Phrase(ctx, commandLine) {
		q.Actor = commandLine
	}
	if f.From == "" {
		f.From = now.Add(-auditWindow).UTC().Format(time.DateOnly)
	}
	if q.Since, err = time.Parse(time.DateOnly, f.From); err != nil {
		fault("from", ui.AdminDayWrong)
	}
	if f.To != "" {
		last, err := time.Parse(time.DateOnly, f.To)
		if err != nil {
			fault("to", ui.AdminDayWrong)
		}
		q.Until = last.AddDate(0, 0, 1)
	}
	if at, id, ok := strings.Cut(r.FormValue("before"), "."); ok {
		micro, err := strconv.ParseInt(at, 10, 64)
		if last, parsed := uuid.Parse(id); err == nil && parsed == nil { // else it begins anew
			q.BeforeAt, q.BeforeID = time.UnixMicro(micro).UTC(), last
		}
	}
	return q, faults
}

// place is where the page after an event begins.
func place(e identity.LoggedEvent) string {
	return strconv.FormatInt(e.At.UnixMicro(), 10) + "." + e.ID.String()
}

// auditView is what the security log shows.
type auditView struct {
	ui.Page
	auditFilter
	Faults       ui.Faults
	Log          eventsView
	Newer, Older string
}

// eventsView is a list of events, with the people that they name.
type eventsView struct {
	Events []identity.LoggedEvent
	People map[uuid.UUID]string
	Whom   bool // they are about several people
}

// name looks for the people of events.
func (p *Pages) name(ctx context.Context, v *eventsView) error {
	v.People = map[uuid.UUID]string{uuid.Nil: ""}
	for _, e := range v.Events {
		for _, id := range []uuid.UUID{e.UserID, actorOf(e)} {
			if _, known := v.People[id]; known {
				continue
			}
			person, err := p.Login.Identity.UserByID(ctx, id)
			if err != nil && !errors.Is(err, identity.ErrNotFound) {
				return err
			}
			person.ID = id
			v.People[id] = addressOf(person)
		}
	}
	return nil
}

// actorOf is the administrator who has acted, uuid.Nil if none has.
func actorOf(e identity.LoggedEvent) uuid.UUID {
	admin, found := strings.CutPrefix(e.Metadata["actor"], "admin:")
	id, err := uuid.Parse(admin)
	if !found || err != nil {
		return uuid.Nil
	}
	return id
}

// kinds are the kinds of events to choose from, and one that is asked for by its name.
func (v auditView) kinds(ctx context.Context) []ui.Option {
	all := append([]ui.Option{{Text: ui.T(ctx, ui.FilterAny)}}, ui.EventKinds(ctx)...)
	if !slices.ContainsFunc(all, func(o ui.Option) bool { return o.Value == v.Type }) {
		all = append(all, ui.Option{Value: v.Type, Text: v.Type})
	}
	return all
}

// ExportURL is the address of the same events in a file.
func (v auditView) exportURL(format string) string {
	values := v.values()
	values.Set("format", format)
	return PathExport + "?" + values.Encode()
}

// Audit answers GET /admin/audit.
func (p *Pages) Audit(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v := auditView{Page: p.page(r, who, ui.T(r.Context(), ui.AdminAudit)), auditFilter: readFilter(r)}
	q, faults := p.query(r, &v.auditFilter)
	if v.Faults = faults; len(faults) > 0 {
		v.Failed = true
		ui.Render(w, r, http.StatusUnprocessableEntity, auditPage(v))
		return nil
	}
	events, err := p.People.Events(r.Context(), q)
	if err != nil {
		return err
	}
	if !q.BeforeAt.IsZero() {
		v.Newer = PathAudit + "?" + v.values().Encode()
	}
	if len(events) > pageSize {
		events = events[:pageSize]
		values := v.values()
		values.Set("before", place(events[pageSize-1]))
		v.Older = PathAudit + "?" + values.Encode()
	}
	v.Log = eventsView{Events: events, Whom: true}
	if err := p.name(r.Context(), &v.Log); err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, auditPage(v))
	return nil
}

// exported is one event of an export.
type exported struct {
	ID        uuid.UUID         `json:"id"`
	At        time.Time         `json:"at"`
	Type      string            `json:"type"`
	UserID    string            `json:"user_id,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	IPAddress string            `json:"ip_address,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

func exportedOf(e identity.LoggedEvent) exported {
	x := exported{ID: e.ID, At: e.At, Type: e.Type, Actor: e.Metadata["actor"], IPAddress: e.Device.IPAddress, UserAgent: e.Device.UserAgent, Metadata: e.Metadata}
	if e.UserID != uuid.Nil {
		x.UserID = e.UserID.String()
	}
	return x
}

// Export answers GET /admin/audit/export: the events of the filter as JSON Lines or CSV, page by page as they are read. It
// takes so much away at once that it needs a fresh proof, as acts do.
func (p *Pages) Export(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if !p.Provider.Fresh(who) {
		login.AskLogin(w, r, "")
		return nil
	}
	filter := readFilter(r)
	q, faults := p.query(r, &filter)
	if len(faults) > 0 {
		return identity.ErrNotFound
	}
	format, media := "jsonl", "application/jsonl"
	if r.FormValue("format") == "csv" {
		format, media = "csv", "text/csv; charset=utf-8"
	}
	q.Limit = identity.MaxPage
	page, err := p.People.Events(r.Context(), q)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", media)
	header.Set("Content-Disposition", `attachment; filename="security-log.`+format+`"`)
	header.Set("Cache-Control", "no-store")
	write := jsonWriter(w)
	if format == "csv" {
		write = csvWriter(w)
	}
	for n := 0; len(page) > 0 && n < exportLimit; n += len(page) {
		if err := write(page); err != nil {
			return nil //nolint:nilerr // the caller has gone
		}
		if len(page) < q.Limit {
			break
		}
		last := page[len(page)-1]
		q.BeforeAt, q.BeforeID = last.At, last.ID
		if page, err = p.People.Events(r.Context(), q); err != nil {
			panic(http.ErrAbortHandler) // the answer has begun: a cut connection says that it is not whole
		}
	}
	return nil
}

func jsonWriter(w http.ResponseWriter) func([]identity.LoggedEvent) error {
	encoder := json.NewEncoder(w)
	return func(page []identity.LoggedEvent) error {
		for _, e := range page {
			if err := encoder.Encode(exportedOf(e)); err != nil {
				return err
			}
		}
		return nil
	}
}

func csvWriter(w http.ResponseWriter) func([]identity.LoggedEvent) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "at", "type", "user_id", "actor", "ip_address", "user_agent", "metadata"}) // Flush tells
	return func(page []identity.LoggedEvent) error {
		for _, e := range page {
			x := exportedOf(e)
			row := []string{x.ID.String(), x.At.Format(time.RFC3339Nano), x.Type, x.UserID, x.Actor, x.IPAddress, x.UserAgent, pairs(e.Metadata)}
			for i, cell := range row {
				row[i] = ledger.TextCell(cell) // a browser's name is what a stranger says
			}
			_ = out.Write(row)
		}
		out.Flush()
		return out.Error()
	}
}

// pairs writes what an event holds in one line, in order of the names.
func pairs(metadata map[string]string) string {
	var names []string
	for name := range metadata {
		if name != "actor" && name != "requestId" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = name + ": " + metadata[name]
	}
	return strings.Join(parts, ", ")
}
