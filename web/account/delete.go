package account

import (
	"errors"
	"net/http"
	"strings"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// PathDelete is the page on which people delete their account.
const PathDelete = "/account/delete"

// ConfirmDelete answers GET /account/delete: what is lost.
func (p *Pages) ConfirmDelete(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	return p.askDelete(w, r, who, nil)
}

func (p *Pages) askDelete(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, faults ui.Faults) error {
	ctx := r.Context()
	balance, err := p.Ledger.Balance(ctx, who.User.ID)
	if err != nil {
		return err
	}
	losses := []string{ui.T(ctx, ui.DeletePerson), ui.T(ctx, ui.DeleteApps)}
	if balance.Free > 0 {
		losses = append(losses, ui.T(ctx, ui.DeleteFree, "amount", ui.Credits(ctx, balance.Free)))
	}
	if balance.Paid > 0 {
		losses = append(losses, ui.T(ctx, ui.DeletePaid, "amount", ui.Credits(ctx, balance.Paid)))
	}
	v := ui.Confirm{
		Page: p.page(r, who, ui.DeleteTitle), Lead: ui.T(ctx, ui.DeleteLead), Losses: losses, Action: PathDelete,
		Button: ui.T(ctx, ui.DeleteButton), Back: PathProfile, Faults: faults,
	}
	v.Failed = len(faults) > 0
	status := http.StatusOK
	if v.Failed {
		status = http.StatusUnprocessableEntity
	}
	ui.Render(w, r, status, deletePage(v))
	return nil
}

// Delete answers POST /account/delete. The proof is the fresh sign-in, since not everybody has a password; the typed
// address keeps a slip of the hand from deleting.
func (p *Pages) Delete(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	typed, err := identity.ParseEmail(strings.TrimSpace(r.PostForm.Get("email")))
	if err != nil || typed != who.User.Email {
		return p.askDelete(w, r, who, ui.Faults{{Field: "email", Text: ui.T(r.Context(), ui.DeleteMismatch)}})
	}
	err = p.Identity.CloseAccount(r.Context(), who.User.ID, "", page.Device(r))
	if errors.Is(err, identity.ErrLastAdministrator) {
		return p.askDelete(w, r, who, ui.Faults{{Text: ui.T(r.Context(), ui.DeleteLast)}})
	}
	if err != nil && !errors.Is(err, identity.ErrNotFound) { // sent twice: it is deleted already
		return err
	}
	p.Provider.SessionsEnded()
	p.Provider.Cookies().ClearSession(w)
	login.SeeOther(w, r, PathDeleted)
	return nil
}

// PathDeleted is where a browser ends whose person has deleted the account.
const PathDeleted = "/deleted"

// Deleted answers GET /deleted, and says nothing of anybody.
func (p *Pages) Deleted(w http.ResponseWriter, r *http.Request) error {
	ui.Render(w, r, http.StatusOK, ui.Say(ui.Notice{
		Page: ui.Page{Site: p.Site, Title: ui.T(r.Context(), ui.DeletedTitle)}, Text: ui.T(r.Context(), ui.DeletedText),
	}))
	return nil
}
