package login

import (
	"context"
	"errors"
	"net/http"

	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/page"
	"mana/web/ui"
)

// addressView is what the page of a link shows that changes an address, or takes the change back.
type addressView struct {
	ui.Page
	Action             string
	Lead, Loss, Button string
}

// ShowChange answers GET /change-email: where the link leads that a new address got. It changes nothing.
func (p *Pages) ShowChange(w http.ResponseWriter, r *http.Request) error {
	return p.showAddress(w, r, mail.PathChange, identity.PurposeChange, saying{title: ui.ChangeDoneTitle, text: ui.ChangeDone})
}

// ShowUndo answers GET /undo-email: where the link leads that the address before got. It changes nothing.
func (p *Pages) ShowUndo(w http.ResponseWriter, r *http.Request) error {
	next := ui.Link{Text: ui.T(r.Context(), ui.UndoNext), URL: pathForgot}
	return p.showAddress(w, r, mail.PathUndo, identity.PurposeUndo, saying{ui.UndoDoneTitle, ui.UndoDone, next})
}

func (p *Pages) showAddress(w http.ResponseWriter, r *http.Request, path string, purpose identity.Purpose, done saying) error {
	if p.takeLink(w, r, path) {
		return nil
	}
	if r.FormValue("done") != "" {
		if done.action.URL == "" {
			done.action = ui.Link{Text: ui.T(r.Context(), ui.ToAccount), URL: accountPath}
		}
		return p.say(w, r, http.StatusOK, done)
	}
	link, err := p.Identity.Link(r.Context(), purpose, p.cookies.Link(r))
	if err != nil {
		return p.deadLink(w, r, err, accountPath)
	}
	ctx, v := r.Context(), addressView{Page: p.page(w, r, ui.ChangeTitle), Action: path, Button: ui.T(r.Context(), ui.ChangeButton)}
	v.Lead = ui.T(ctx, ui.ChangeLead, "mail", string(link.Email), "old", string(link.User.Email))
	if purpose == identity.PurposeUndo {
		v.Title, v.Button, v.Loss = ui.T(ctx, ui.UndoTitle), ui.T(ctx, ui.UndoButton), ui.T(ctx, ui.UndoLoss)
		v.Lead = ui.T(ctx, ui.UndoLead, "mail", string(link.Email), "new", string(link.User.Email))
	}
	ui.Render(w, r, http.StatusOK, addressPage(v))
	return nil
}

// Change answers POST /change-email: the link is used up, the address is another.
func (p *Pages) Change(w http.ResponseWriter, r *http.Request) error {
	return p.useAddress(w, r, mail.PathChange, func(ctx context.Context, token identity.Secret, d identity.Device) error {
		_, err := p.Identity.ConfirmChange(ctx, token, language(r), d)
		return err
	})
}

// Undo answers POST /undo-email: the address before is back, and everybody signed out.
func (p *Pages) Undo(w http.ResponseWriter, r *http.Request) error {
	return p.useAddress(w, r, mail.PathUndo, func(ctx context.Context, token identity.Secret, d identity.Device) error {
		_, err := p.Identity.UndoChange(ctx, token, d)
		return err
	})
}

func (p *Pages) useAddress(
	w http.ResponseWriter, r *http.Request, path string, use func(context.Context, identity.Secret, identity.Device) error,
) error {
	if err := p.Forms.Check(r, string(p.cookies.Browser(r))); err != nil {
		return err
	}
	err := use(r.Context(), p.cookies.Link(r), page.Device(r))
	if errors.Is(err, identity.ErrEmailTaken) {
		back := ui.Link{Text: ui.T(r.Context(), ui.ToAccount), URL: accountPath}
		return p.say(w, r, http.StatusConflict, saying{ui.ChangeTakenTitle, ui.ChangeTaken, back})
	}
	if err != nil {
		return p.deadLink(w, r, err, accountPath)
	}
	p.Provider.SessionsEnded()
	p.cookies.SetLink(w, "")
	SeeOther(w, r, withParam(path, "done"))
	return nil
}
