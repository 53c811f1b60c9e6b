package login

import (
	"net/http"

	"mana/provider"
	"mana/web/page"
	"mana/web/ui"
)

// ShowLogout answers GET /logout: it asks, or says that it is done.
func (p *Pages) ShowLogout(w http.ResponseWriter, r *http.Request) error {
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return err
	}
	if who == nil {
		ui.Render(w, r, http.StatusOK, ui.Say(ui.Notice{
			Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), ui.SignedOutTitle)}, Text: ui.T(r.Context(), ui.SignedOutLead),
			Action: ui.Link{Text: ui.T(r.Context(), ui.LoginTitle), URL: provider.PathLogin},
		}))
		return nil
	}
	ui.Render(w, r, http.StatusOK, logoutPage(logoutView{
		Page: ui.Page{
			Site: p.Site, Title: ui.T(r.Context(), ui.LogoutTitle), FormToken: p.Forms.Token(string(p.cookies.Session(r))),
		},
		Account: string(who.User.Email),
	}))
	return nil
}

// Logout answers POST /logout: the session ends with its tokens, at once.
func (p *Pages) Logout(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forms.Check(r, string(p.cookies.Session(r))); err != nil {
		return err
	}
	who, err := p.Provider.SignedIn(r)
	if err != nil {
		return err
	}
	if who != nil {
		if err := p.Provider.SignOut(r.Context(), who.Session, page.Device(r)); err != nil {
			return err
		}
	}
	p.cookies.ClearSession(w)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	SeeOther(w, r, provider.PathSignedOut)
	return nil
}
