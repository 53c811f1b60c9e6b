package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/mail"
	"mana/web/ui"
)

// linkFor is how long a link to set a password works that is handed over.
const linkFor = time.Hour

// errNoAct says that a form does not ask for this kind of act.
var errNoAct = errors.New("another act")

// ways does what a form asks of the ways in of a person. [errNoAct].
func (p *Pages) ways(r *http.Request, by identity.Actor, id uuid.UUID) (outcome string, err error) {
	people := p.Login.Identity
	switch r.PostForm.Get("act") {
	case "mail-reset":
		return "mailed", people.SendReset(r.Context(), by, id)
	case "take":
		way := identity.Way{Kind: identity.WayKind(r.PostForm.Get("kind")), ID: r.PostForm.Get("way")}
		return "taken", people.TakeWay(r.Context(), by, id, way)
	}
	return "", errNoAct
}

// handOver answers with a link by which the person sets a password. It is on this answer, and nowhere later.
func (p *Pages) handOver(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, id uuid.UUID) error {
	secret, err := p.Login.Identity.HandOverReset(r.Context(), by(r, who), id, linkFor)
	if err != nil {
		return err
	}
	v, err := p.userView(r, who)
	if err != nil {
		return err
	}
	v.Link = p.Provider.Issuer() + mail.PathReset + "?" + mail.ParamToken + "=" + string(secret)
	ui.Render(w, r, http.StatusOK, userPage(v))
	return nil
}

// wayView is a way in as the page of a person lists it.
type wayView struct {
	identity.Way
	Name ui.Key
	Text string // which one of its name; may be empty
	When time.Time
}

// wayViews lists what a person signs in with.
func (p *Pages) wayViews(w identity.Ways) []wayView {
	var list []wayView
	if !w.App.EnabledAt.IsZero() {
		list = append(list, wayView{identity.Way{Kind: identity.WayApp}, ui.AdminWayApp, "", w.App.EnabledAt})
	}
	for _, key := range w.Passkeys {
		list = append(list, wayView{identity.PasskeyWay(key), ui.AdminWayPasskey, key.Name, key.CreatedAt})
	}
	for _, account := range w.Accounts {
		label := account.Provider
		for _, u := range p.Login.Upstreams {
			if u.Name() == account.Provider {
				label = u.Label()
			}
		}
		list = append(list, wayView{identity.Way{Kind: identity.WayAccount, ID: account.Provider}, ui.AdminWayAccount, label, account.CreatedAt})
	}
	return list
}
