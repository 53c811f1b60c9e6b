package account

import (
	"net/http"

	"mana/provider"
	"mana/web/ui"
)

const recent = 20 // entries

// Credits answers GET /account/credits: balance and latest entries.
func (p *Pages) Credits(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	balance, err := p.Ledger.Balance(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	entries, err := p.Ledger.History(r.Context(), who.User.ID, recent, 0)
	if err != nil {
		return err
	}
	ui.Render(w, r, http.StatusOK, creditsPage(creditsView{Page: p.page(r, who, ui.CreditsTitle), Balance: balance, Entries: entries}))
	return nil
}
