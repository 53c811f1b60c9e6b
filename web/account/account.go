// Package account holds the pages of a person who is signed in.
package account

import (
	"net/http"

	"mana/ledger"
	"mana/provider"
	"mana/web/page"
	"mana/web/ui"
)

const recent = 20 // entries on the home page

// Config is what the pages need. All fields are required.
type Config struct {
	Site     ui.Site
	Provider *provider.Provider
	Ledger   *ledger.Ledger
	Forms    *page.Forms
}

// Pages answers the account area. It is safe for concurrent use.
type Pages struct{ Config }

// New makes the pages.
func New(cfg Config) *Pages { return &Pages{cfg} }

// Home answers GET /account: balance and latest entries.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	balance, err := p.Ledger.Balance(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	entries, err := p.Ledger.History(r.Context(), who.User.ID, recent, 0)
	if err != nil {
		return err
	}
	cookie := p.Provider.Cookies().Session(r)
	ui.Render(w, r, http.StatusOK, homePage(homeView{
		Page: ui.Page{
			Site: p.Site, Title: ui.T(r.Context(), ui.AccountTitle), Wide: true,
			Email: string(who.User.Email), FormToken: p.Forms.Token(string(cookie)),
		},
		Name: who.User.Name, Since: who.User.CreatedAt, Balance: balance, Entries: entries,
	}))
	return nil
}
