package login

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"mana/provider"
	"mana/web/ui"
)

// ShowConsent answers GET /consent.
func (p *Pages) ShowConsent(w http.ResponseWriter, r *http.Request) error {
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	if flow == nil {
		return provider.ErrNoRequest
	}
	if p.Provider.LoginDue(flow, who) || flow.SelectDue(who) || flow.StepUpDue(who) {
		p.Provider.Resume(w, r, flow, who)
		return nil
	}
	all, fresh, err := p.Provider.Asked(r, flow, who)
	if err != nil {
		return err
	}
	v := consentView{
		Page: ui.Page{
			Site: p.Site, Title: ui.T(r.Context(), ui.ConsentTitle, "app", flow.Client.Name),
			FormToken: p.Forms.Token(string(p.cookies.Session(r))),
		},
		Account: string(who.User.Email),
		Scopes:  askedViews(r.Context(), all, fresh),
	}
	v.App, v.Request = appOf(flow)
	ui.Render(w, r, http.StatusOK, consentPage(v))
	return nil
}

// askedViews says in words what is asked for. What is new comes first; it is marked only beside what was
// allowed before.
func askedViews(ctx context.Context, all, fresh provider.Consent) []scopeView {
	var before, after []scopeView
	some := len(fresh.Scopes)+len(fresh.Claims) < len(all.Scopes)+len(all.Claims)
	add := func(text string, isNew bool) {
		if isNew {
			before = append(before, scopeView{Text: text, New: some})
		} else {
			after = append(after, scopeView{Text: text})
		}
	}
	for _, scope := range all.Scopes {
		add(ui.T(ctx, ScopeText(scope)), slices.Contains(fresh.Scopes, scope))
	}
	if len(all.Claims) > 0 {
		names := strings.ReplaceAll(strings.Join(all.Claims, ", "), "_", " ")
		add(ui.T(ctx, ui.ScopeClaims, "list", names), len(fresh.Claims) > 0)
	}
	return append(before, after...)
}

// ScopeText says what a scope allows.
func ScopeText(scope string) ui.Key {
	switch scope {
	case provider.ScopeOpenID:
		return ui.ScopeOpenID
	case provider.ScopeProfile:
		return ui.ScopeProfile
	case provider.ScopeEmail:
		return ui.ScopeEmail
	case provider.ScopeAddress:
		return ui.ScopeAddress
	case provider.ScopePhone:
		return ui.ScopePhone
	case provider.ScopeRoles:
		return ui.ScopeRoles
	case provider.ScopeOfflineAccess:
		return ui.ScopeOffline
	case provider.ScopeCreditsRead:
		return ui.ScopeCreditsRead
	}
	return ui.ScopeCreditsSpend
}

// Consent answers POST /consent. What was asked for is the stored request's: the form only decides.
func (p *Pages) Consent(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Session(r))); err != nil {
		return err
	}
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	switch {
	case flow == nil:
		return provider.ErrNoRequest
	case r.PostForm.Get("decision") == "allow":
		p.Provider.Approve(w, r, flow, who)
	default:
		p.Provider.Deny(w, r, flow)
	}
	return nil
}
