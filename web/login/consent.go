package login

import (
	"net/http"
	"slices"

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
	if p.Provider.LoginDue(flow, who) {
		p.Provider.Resume(w, r, flow, who)
		return nil
	}
	fresh, err := p.Provider.NewScopes(r, flow, who)
	if err != nil {
		return err
	}
	v := consentView{
		Page: ui.Page{
			Site: p.Site, Title: ui.T(ui.ConsentTitle, "app", flow.Client.Name),
			FormToken: p.Forms.Token(string(p.cookies.Session(r))),
		},
		Account: string(who.User.Email),
		Scopes:  scopeViews(flow.Request.Scopes, fresh),
	}
	v.App, v.Request = appOf(flow)
	ui.Render(w, r, http.StatusOK, consentPage(v))
	return nil
}

// scopeViews puts what is new first; it is marked only beside what was allowed before.
func scopeViews(asked, fresh []string) []scopeView {
	var before, after []scopeView
	for _, scope := range asked {
		isNew := slices.Contains(fresh, scope)
		view := scopeView{Text: ui.T(scopeText(scope)), New: isNew && len(fresh) < len(asked)}
		if isNew {
			before = append(before, view)
		} else {
			after = append(after, view)
		}
	}
	return append(before, after...)
}

func scopeText(scope string) ui.Key {
	switch scope {
	case provider.ScopeOpenID:
		return ui.ScopeOpenID
	case provider.ScopeProfile:
		return ui.ScopeProfile
	case provider.ScopeEmail:
		return ui.ScopeEmail
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
