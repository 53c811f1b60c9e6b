package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/ui"
)

// newID stands in the address of an app that is not there yet.
const newID = "new"

// secretOverlap is how long the secret before a new one stays valid.
const secretOverlap = 24 * time.Hour

type clientsView struct {
	ui.Page
	Done    string
	Clients []provider.Client
}

// Clients answers GET /admin/clients.
func (p *Pages) Clients(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	clients, err := p.Provider.Clients().ListClients(r.Context())
	if err != nil {
		return err
	}
	v := clientsView{Page: p.page(r, who, ui.T(r.Context(), ui.AdminClients)), Done: done(r), Clients: clients}
	ui.Render(w, r, http.StatusOK, clientsPage(v))
	return nil
}

// clientView is what the page of an app shows.
type clientView struct {
	ui.Page
	provider.Client
	New    bool
	Open   bool // public, as typed for a new one
	Done   string
	Secret string // right after it was made
	Faults ui.Faults
	Typed  string // the name typed to delete
}

// Client answers GET /admin/clients/{id}, and that of a new one.
func (p *Pages) Client(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.clientView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, clientPage(v))
	return nil
}

func (p *Pages) clientView(r *http.Request, who *provider.SignedIn) (v clientView, err error) {
	if r.PathValue("id") == newID {
		v.New, v.Page = true, p.page(r, who, ui.T(r.Context(), ui.AdminClientNew))
		v.GrantTypes = []string{"authorization_code", "refresh_token"}
		v.Scopes = []string{provider.ScopeOpenID, provider.ScopeProfile, provider.ScopeEmail}
		return v, nil
	}
	if v.Client, err = p.Provider.Clients().Client(r.Context(), r.PathValue("id")); err != nil {
		return v, err
	}
	v.Page = p.page(r, who, v.Name)
	return v, nil
}

// ChangeClient answers POST /admin/clients/{id}. A secret that was made is on the answer, and nowhere later.
func (p *Pages) ChangeClient(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.clientView(r, who)
	if err != nil {
		return err
	}
	admin := provider.ClientAdmin{Store: p.Provider.Clients(), By: by(r, who), Now: p.Now}
	ctx, id, outcome := r.Context(), v.ID, ""
	var secret identity.Secret
	switch act := r.PostForm.Get("act"); {
	case v.New && act == "save":
		v.Open = r.PostForm.Get("public") != ""
		described := typedClient(r, v.Client)
		if v.Client, secret, err = admin.Register(ctx, described, v.Open); err != nil {
			v.Client = described
		}
		outcome = "saved"
	case v.New:
		return provider.ErrUnknownClient
	case act == "save":
		described := typedClient(r, v.Client)
		_, err = admin.Change(ctx, id, func(c *provider.Client) error { *c = typedClient(r, *c); return nil })
		v.Client, outcome = described, "saved"
	case act == "rotate":
		v.Client, secret, err = admin.RotateSecret(ctx, id, secretOverlap)
	case act == "disable" || act == "enable":
		_, err = admin.Change(ctx, id, func(c *provider.Client) error { c.Disabled = act == "disable"; return nil })
		outcome = "saved"
	case act == "delete" && strings.TrimSpace(r.PostForm.Get("typed")) == v.Name:
		if err := admin.Remove(ctx, id); err != nil {
			return err
		}
		p.Provider.Changed()
		login.SeeOther(w, r, PathClients+"?done=deleted")
		return nil
	case act == "delete":
		v.Typed = r.PostForm.Get("typed")
		err = provider.ClientFaults{{Field: "typed", Text: ui.T(ctx, ui.AdminTypedWrong)}}
	default:
		return provider.ErrUnknownClient
	}
	p.Provider.Changed()
	v.Secret = string(secret)
	return p.clientDone(w, r, v, outcome, err)
}

// clientDone shows a secret that was made, what is wrong, or the app as it is now.
func (p *Pages) clientDone(w http.ResponseWriter, r *http.Request, v clientView, outcome string, err error) error {
	var faults provider.ClientFaults
	switch {
	case errors.As(err, &faults):
		v.Failed, v.Faults = true, clientFaults(r.Context(), faults)
		ui.Render(w, r, http.StatusUnprocessableEntity, clientPage(v))
		return nil
	case err != nil:
		return err
	case v.Secret != "":
		v.New, v.Title = false, v.Name
		ui.Render(w, r, http.StatusOK, clientPage(v))
		return nil
	}
	login.SeeOther(w, r, PathClients+"/"+v.ID+"?done="+outcome)
	return nil
}

// typedClient is a client with what the form says.
func typedClient(r *http.Request, c provider.Client) provider.Client {
	form := r.PostForm
	c.Name = strings.TrimSpace(form.Get("client_name"))
	c.RedirectURIs, c.PostLogoutRedirectURIs = strings.Fields(form.Get("redirect_uris")), strings.Fields(form.Get("post_logout_redirect_uris"))
	c.AppIDs, c.Audiences = strings.Fields(form.Get("app_ids")), strings.Fields(form.Get("audiences"))
	c.GrantTypes, c.Scopes = form["grant_types"], form["scopes"]
	c.FirstParty, c.PKCEExempt, c.RotateRefresh = form.Get("first_party") != "", form.Get("pkce_exempt") != "", form.Get("rotate_refresh") != ""
	return c
}

// clientFaults are faults at the fields of the form. Where they lie in another field, they are those of the form.
func clientFaults(ctx context.Context, faults provider.ClientFaults) ui.Faults {
	var found ui.Faults
	for _, f := range faults {
		field := f.Field
		switch field {
		case "client_name", "redirect_uris", "post_logout_redirect_uris", "app_ids", "audiences", "grant_types", "scopes", "pkce_exempt", "typed":
		default:
			field = ""
		}
		found = append(found, ui.Fault{Field: field, Text: sayFault(ctx, f)})
	}
	return found
}

// fieldLabels are the names of fields on the forms of apps and service keys.
var fieldLabels = map[string]ui.Key{
	"client_name": ui.Name, "name": ui.Name, "redirect_uris": ui.AdminRedirects, "post_logout_redirect_uris": ui.AdminLogouts,
	"app_ids": ui.AdminAppIDs, "audiences": ui.AdminAudiences, "cap_use": ui.AdminCapUse, "cap_day": ui.AdminCapDay,
	"grant_types": ui.AdminGrants, "scopes": ui.AdminScopes, "permissions": ui.AdminPermissions,
}

// sayFault is what is wrong with a field, in the language of the request and after the name of the field.
func sayFault(ctx context.Context, f provider.ClientFault) string {
	if f.Format == "" {
		return f.Text
	}
	name := f.Field
	if label, ok := fieldLabels[f.Field]; ok {
		name = ui.T(ctx, label)
	}
	return ui.T(ctx, ui.AdminFieldFault, "field", name, "text", ui.Phrase(ctx, f.Format, f.Args...))
}
