package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

const (
	pageSize = 50 // of lists
	recent   = 20 // entries on the page of a person
)

// usersView is what the list of people shows.
type usersView struct {
	ui.Page
	Query        string
	People       []identity.User
	Newer, Older string
}

// Users answers GET /admin/users: a search by id, or by the beginning of the address or name.
func (p *Pages) Users(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	text := strings.TrimSpace(r.FormValue("q"))
	v := usersView{Page: p.page(r, who, ui.T(r.Context(), ui.AdminUsers)), Query: text}
	var err error
	if id, parsed := uuid.Parse(text); parsed == nil {
		v.People, err = p.byID(r.Context(), id)
	} else {
		before, _ := uuid.Parse(r.FormValue("before")) // one that is malformed begins anew
		v.People, err = p.People.SearchPeople(r.Context(), identity.PeopleQuery{
			Prefix: strings.ToLower(strings.ToValidUTF8(text, "")), Before: before, Limit: pageSize + 1,
		})
		if before != uuid.Nil {
			v.Newer = PathUsers + "?" + url.Values{"q": {text}}.Encode()
		}
	}
	if err != nil {
		return err
	}
	if len(v.People) > pageSize {
		v.People = v.People[:pageSize]
		v.Older = PathUsers + "?" + url.Values{"q": {text}, "before": {v.People[pageSize-1].ID.String()}}.Encode()
	}
	ui.Render(w, r, http.StatusOK, usersPage(v))
	return nil
}

// byID finds one person.
func (p *Pages) byID(ctx context.Context, id uuid.UUID) ([]identity.User, error) {
	d, err := p.People.Dossier(ctx, id)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	return []identity.User{d.User}, err
}

// userView is what the page of a person shows.
type userView struct {
	ui.Page
	identity.Dossier
	Done    string
	Faults  ui.Faults
	Self    bool
	Balance ledger.Balance
	Ways    []wayView
	Mails   bool   // a link can be mailed
	Link    string // that was made just now
	Entries []ledger.Transaction
	Log     eventsView
	Roles   string            // as typed
	Typed   map[string]string // of the form that was refused
	Key     string            // makes a repeated adjustment one
}

// User answers GET /admin/users/{id}.
func (p *Pages) User(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.userView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, userPage(v))
	return nil
}

func (p *Pages) userView(r *http.Request, who *provider.SignedIn) (v userView, err error) {
	ctx := r.Context()
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return v, identity.ErrNotFound
	}
	if v.Dossier, err = p.People.Dossier(ctx, id); err != nil {
		return v, err
	}
	if v.Balance, err = p.Ledger.Peek(ctx, id); err != nil {
		return v, err
	}
	if v.Entries, err = p.Ledger.History(ctx, id, recent, 0); err != nil {
		return v, err
	}
	if v.Log.Events, err = p.People.Events(ctx, identity.EventQuery{UserID: id, Limit: recent}); err != nil {
		return v, err
	}
	if err := p.name(ctx, &v.Log); err != nil {
		return v, err
	}
	ways, err := p.Login.Identity.Ways(ctx, id)
	if err != nil {
		return v, err
	}
	v.Ways, v.Mails = p.wayViews(ways), p.Login.Mails
	v.Page = p.page(r, who, titleOf(v.User))
	v.Self, v.Roles, v.Typed = id == who.User.ID, strings.Join(v.Dossier.Roles, " "), map[string]string{}
	v.Key = "admin-" + uuid.NewString()
	return v, nil
}

// titleOf is how a person is called.
func titleOf(u identity.User) string {
	switch {
	case u.Name != "":
		return u.Name
	case u.Email != "":
		return string(u.Email)
	}
	return u.ID.String()
}

// ChangeUser answers POST /admin/users/{id}.
func (p *Pages) ChangeUser(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return identity.ErrNotFound
	}
	if r.PostForm.Get("act") == "reset" {
		return p.handOver(w, r, who, id)
	}
	outcome, err := p.act(r, who, id)
	if fault, refused := userFault(r.Context(), err); refused {
		v, err := p.userView(r, who)
		if err != nil {
			return err
		}
		v.Failed, v.Faults = true, ui.Faults{fault}
		for _, name := range []string{"roles", "amount", "reason"} {
			v.Typed[name] = r.PostForm.Get(name)
		}
		if v.Typed["roles"] != "" {
			v.Roles = v.Typed["roles"]
		}
		ui.Render(w, r, http.StatusUnprocessableEntity, userPage(v))
		return nil
	}
	if err != nil {
		return err
	}
	login.SeeOther(w, r, PathUsers+"/"+id.String()+"?done="+outcome)
	return nil
}

// act does what a form on the page of a person asks for, and says what was done.
func (p *Pages) act(r *http.Request, who *provider.SignedIn, id uuid.UUID) (outcome string, err error) {
	ctx, admin := r.Context(), identity.Admin{Store: p.People, By: by(r, who)}
	switch r.PostForm.Get("act") {
	case "disable":
		outcome, err = "disabled", admin.SetDisabled(ctx, id, true)
	case "enable":
		outcome, err = "enabled", admin.SetDisabled(ctx, id, false)
	case "end":
		outcome, err = "ended", admin.SignOutEverywhere(ctx, id)
	case "role":
		outcome, err = "saved", admin.SetRole(ctx, id, identity.Role(r.PostForm.Get("role")))
	case "roles":
		outcome, err = "saved", admin.SetRoles(ctx, id, strings.Fields(r.PostForm.Get("roles")))
	case "adjust":
		outcome, err = "adjusted", p.adjust(r, admin.By, id)
	default:
		if outcome, err = p.ways(r, admin.By, id); errors.Is(err, errNoAct) {
			return "", identity.ErrNotFound
		}
	}
	p.Provider.Changed() // what is kept of access tokens for a moment
	return outcome, err
}

// errAmount says that what was typed is no amount.
var errAmount = errors.New("no amount")

// adjust gives credits, or takes them: the journal and the security log name the administrator.
func (p *Pages) adjust(r *http.Request, by identity.Actor, id uuid.UUID) error {
	digits, taken := strings.CutPrefix(strings.ReplaceAll(strings.TrimSpace(r.PostForm.Get("amount")), "−", "-"), "-")
	amount, err := ledger.ParseAmount([]byte(strings.ReplaceAll(digits, ",", ".")))
	if err != nil {
		return errAmount
	}
	if taken {
		amount = -amount
	}
	class := ledger.Free
	if r.PostForm.Get("class") == string(ledger.Paid) {
		class = ledger.Paid
	}
	_, err = p.Ledger.Adjust(r.Context(), ledger.Adjustment{
		UserID: id, Amount: amount, Class: class, Reason: strings.TrimSpace(r.PostForm.Get("reason")),
		IdempotencyKey: r.PostForm.Get("key"), Actor: by.String(), Admin: by.Admin,
	})
	return err
}

// userFault says what is wrong with a form on the page of a person.
func userFault(ctx context.Context, err error) (ui.Fault, bool) {
	for _, known := range []struct {
		err   error
		field string
		text  ui.Key
	}{
		{identity.ErrLastAdministrator, "", ui.AdminLast},
		{identity.ErrLastWay, "", ui.AdminLastWay},
		{identity.ErrRole, "roles", ui.AdminRolesWrong},
		{errAmount, "amount", ui.AdminAmountWrong},
		{ledger.ErrAmount, "amount", ui.AdminAmountWrong},
		{ledger.ErrInsufficient, "amount", ui.AdminTooMuch},
		{ledger.ErrBalanceLimit, "amount", ui.AdminTooMuch},
		{ledger.ErrReason, "reason", ui.AdminReasonWrong},
		{ledger.ErrKeyReused, "", ui.AdminRepeated},
		{ledger.ErrFrozen, "", ui.AdminWalletStopped},
		{ledger.ErrClosed, "", ui.AdminWalletStopped},
	} {
		if errors.Is(err, known.err) {
			return ui.Fault{Field: known.field, Text: ui.T(ctx, known.text)}, true
		}
	}
	return ui.Fault{}, false
}
