package login

import (
	"net/http"

	"mana/provider"
	"mana/web/ui"
)

// ShowSelect answers GET /login/select: the person chooses between the account that is signed in and another.
func (p *Pages) ShowSelect(w http.ResponseWriter, r *http.Request) error {
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	if flow == nil {
		return provider.ErrNoRequest
	}
	if who == nil || !flow.SelectDue(who) {
		p.Provider.Resume(w, r, flow, who)
		return nil
	}
	v := selectView{
		Page: ui.Page{
			Site: p.Site, Title: ui.T(r.Context(), ui.SelectTitle), FormToken: p.Forms.Token(string(p.cookies.Session(r))),
		},
		Name: who.User.Name, Email: string(who.User.Email),
	}
	v.App, v.Request = appOf(flow)
	ui.Render(w, r, http.StatusOK, selectPage(v))
	return nil
}

// Select answers POST /login/select: the account that is signed in was chosen.
func (p *Pages) Select(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Session(r))); err != nil {
		return err
	}
	flow, who, err := p.visit(r)
	if err != nil {
		return err
	}
	if flow == nil {
		return provider.ErrNoRequest
	}
	return p.Provider.Select(w, r, flow, who)
}
