package api

import (
	"net/http"
	"time"

	"mana/provider"
	"mana/provider/identity"
)

// maxOverlap is how long a secret or value may stay valid beside the one after it, in seconds.
const maxOverlap = 30 * 24 * 60 * 60

// clientBody is a client, in the words of `mana apply`. Times are whole seconds; 0 is the default.
type clientBody struct {
	ID                     string   `json:"client_id"`
	Name                   string   `json:"client_name"`
	Public                 bool     `json:"public"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
	GrantTypes             []string `json:"grant_types"`
	Scopes                 []string `json:"scopes"`
	AppIDs                 []string `json:"app_ids"`
	Audiences              []string `json:"audiences"`
	FirstParty             bool     `json:"first_party"`
	PKCEExempt             bool     `json:"pkce_exempt"`
	RotateRefresh          bool     `json:"rotate_refresh"`
	RefreshIdle            int64    `json:"refresh_idle"`
	RefreshMax             int64    `json:"refresh_max"`
	IDTokenLife            int64    `json:"id_token_life"`
	IDTokenAlg             string   `json:"id_token_signed_response_alg"`
	Disabled               bool     `json:"disabled"`
	CreatedAt              string   `json:"createdAt"`
}

// clientMadeBody is a client with its secret, which is shown once.
type clientMadeBody struct {
	Client clientBody `json:"client"`
	Secret string     `json:"client_secret,omitempty"`
}

// items is a list that is never null.
func items(list []string) []string { return append([]string{}, list...) }

func clientOf(c provider.Client) clientBody {
	return clientBody{
		ID: c.ID, Name: c.Name, Public: c.Public(), RedirectURIs: items(c.RedirectURIs),
		PostLogoutRedirectURIs: items(c.PostLogoutRedirectURIs), GrantTypes: items(c.GrantTypes), Scopes: items(c.Scopes),
		AppIDs: items(c.AppIDs), Audiences: items(c.Audiences), FirstParty: c.FirstParty, PKCEExempt: c.PKCEExempt,
		RotateRefresh: c.RotateRefresh, RefreshIdle: int64(c.RefreshIdle / time.Second), RefreshMax: int64(c.RefreshMax / time.Second),
		IDTokenLife: int64(c.IDTokenLife / time.Second), IDTokenAlg: c.IDTokenAlg, Disabled: c.Disabled, CreatedAt: timestamp(c.CreatedAt),
	}
}

// clientAdmin changes clients on the word of a token. It gives nobody a scope of this API.
func (a *API) clientAdmin(r *http.Request, by identity.Actor) provider.ClientAdmin {
	return provider.ClientAdmin{
		Store: a.cfg.FirstParty.Clients(), By: by, Now: a.cfg.Now, May: func(c provider.Client) error { return mayTouch(r, c) },
	}
}

// AdminClients lists clients: GET /api/v1/admin/clients.
func (a *API) AdminClients() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		clients, err := a.cfg.FirstParty.Clients().ListClients(r.Context())
		if err != nil {
			return err
		}
		return list[provider.Client, clientBody]{func(c provider.Client) string { return c.ID }, clientOf}.write(a, w, r, clients)
	})
}

// AdminClient shows a client: GET /api/v1/admin/clients/{clientId}.
func (a *API) AdminClient() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		client, err := a.cfg.FirstParty.Clients().Client(r.Context(), r.PathValue("clientId"))
		if err != nil {
			return err
		}
		writeTagged(w, http.StatusOK, clientOf(client))
		return nil
	})
}

// AdminRegister makes a client: POST /api/v1/admin/clients.
func (a *API) AdminRegister() http.Handler {
	return a.admin(provider.ScopeAdminClients, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(append(clientMembers(), "public")...)
		body.required("client_name")
		change, public := a.readClient(body), body.boolean("public", false)
		if err := body.err(); err != nil {
			return err
		}
		var client provider.Client
		change(&client)
		client, secret, err := a.clientAdmin(r, by).Register(r.Context(), client, public)
		if err != nil {
			return err
		}
		shown := clientOf(client)
		w.Header().Set("ETag", tagOf(shown))
		w.Header().Set("Location", r.URL.Path+"/"+client.ID)
		writeJSON(w, http.StatusCreated, clientMadeBody{shown, string(secret)})
		return nil
	})
}

// AdminChangeClient sets what the body names of a client, and leaves the rest: PATCH /api/v1/admin/clients/{clientId}.
func (a *API) AdminChangeClient() http.Handler {
	return a.admin(provider.ScopeAdminClients, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(clientMembers()...)
		change := a.readClient(body)
		if err := body.err(); err != nil {
			return err
		}
		client, err := a.clientAdmin(r, by).Change(r.Context(), r.PathValue("clientId"), func(c *provider.Client) error {
			change(c)
			return nil
		})
		if err != nil {
			return err
		}
		a.cfg.FirstParty.Changed()
		writeTagged(w, http.StatusOK, clientOf(client))
		return nil
	})
}

// mayTouch refuses a change of a client that administers, or it would give itself more than it was given, and of one that
// is not as the caller knows it.
func mayTouch(r *http.Request, c provider.Client) error {
	if c.Administers() {
		return errOperatorOnly()
	}
	return fits(r, clientOf(c))
}

// AdminRotateSecret gives a client a new secret: POST /api/v1/admin/clients/{clientId}/secret.
func (a *API) AdminRotateSecret() http.Handler {
	return a.admin(provider.ScopeAdminClients, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		overlap, err := readOverlap(r)
		if err != nil {
			return err
		}
		client, secret, err := a.clientAdmin(r, by).RotateSecret(r.Context(), r.PathValue("clientId"), overlap)
		if err != nil {
			return err
		}
		a.cfg.FirstParty.Changed()
		writeJSON(w, http.StatusOK, clientMadeBody{clientOf(client), string(secret)})
		return nil
	})
}

// readOverlap reads for how long what is replaced stays valid.
func readOverlap(r *http.Request) (time.Duration, error) {
	body, err := decode(r)
	if err != nil {
		return 0, err
	}
	body.only("overlap")
	seconds := body.whole("overlap", 0, maxOverlap, 0)
	return time.Duration(seconds) * time.Second, body.err()
}

// AdminRemoveClient deletes a client with all that people allowed it: DELETE /api/v1/admin/clients/{clientId}.
func (a *API) AdminRemoveClient() http.Handler {
	return a.admin(provider.ScopeAdminClients, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		id := r.PathValue("clientId")
		client, err := a.cfg.FirstParty.Clients().Client(r.Context(), id)
		if err == nil {
			err = mayTouch(r, client)
		}
		if err != nil {
			return err
		}
		if err := a.clientAdmin(r, by).Remove(r.Context(), id); err != nil {
			return err
		}
		a.cfg.FirstParty.Changed()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// clientMembers are what can be set of a client.
func clientMembers() []string {
	return []string{
		"client_name", "redirect_uris", "post_logout_redirect_uris", "grant_types", "scopes", "app_ids", "audiences", "first_party",
		"pkce_exempt", "rotate_refresh", "refresh_idle", "refresh_max", "id_token_life", "id_token_signed_response_alg", "disabled",
	}
}

// readClient reads what a body says of a client. What it gives sets that.
func (a *API) readClient(body *object) func(*provider.Client) {
	var sets []func(*provider.Client)
	set := func(name string, f func(*provider.Client)) {
		if _, named := body.members[name]; named {
			sets = append(sets, f)
		}
	}
	texts := func(name string, field func(*provider.Client) *[]string) {
		values := body.list(name)
		set(name, func(c *provider.Client) { *field(c) = values })
	}
	yes := func(name string, field func(*provider.Client) *bool) {
		value := body.boolean(name, false)
		set(name, func(c *provider.Client) { *field(c) = value })
	}
	lasting := func(name string, field func(*provider.Client) *time.Duration) {
		seconds := body.whole(name, 0, maxLife, 0)
		set(name, func(c *provider.Client) { *field(c) = time.Duration(seconds) * time.Second })
	}
	name := body.line("client_name", 0, maxDevice)
	set("client_name", func(c *provider.Client) { c.Name = name })
	texts("redirect_uris", func(c *provider.Client) *[]string { return &c.RedirectURIs })
	texts("post_logout_redirect_uris", func(c *provider.Client) *[]string { return &c.PostLogoutRedirectURIs })
	texts("grant_types", func(c *provider.Client) *[]string { return &c.GrantTypes })
	texts("scopes", func(c *provider.Client) *[]string { return &c.Scopes })
	texts("app_ids", func(c *provider.Client) *[]string { return &c.AppIDs })
	texts("audiences", func(c *provider.Client) *[]string { return &c.Audiences })
	yes("first_party", func(c *provider.Client) *bool { return &c.FirstParty })
	yes("pkce_exempt", func(c *provider.Client) *bool { return &c.PKCEExempt })
	yes("rotate_refresh", func(c *provider.Client) *bool { return &c.RotateRefresh })
	yes("disabled", func(c *provider.Client) *bool { return &c.Disabled })
	lasting("refresh_idle", func(c *provider.Client) *time.Duration { return &c.RefreshIdle })
	lasting("refresh_max", func(c *provider.Client) *time.Duration { return &c.RefreshMax })
	lasting("id_token_life", func(c *provider.Client) *time.Duration { return &c.IDTokenLife })
	alg, _ := body.text("id_token_signed_response_alg")
	if !a.cfg.FirstParty.SignsWith(alg) {
		body.fail("id_token_signed_response_alg is none of SIGNING_ALGS")
	}
	set("id_token_signed_response_alg", func(c *provider.Client) { c.IDTokenAlg = alg })
	return func(c *provider.Client) {
		for _, f := range sets {
			f(c)
		}
	}
}

// maxLife is the longest life of a token, in seconds; the check of clients knows the bounds of each.
const maxLife = 365 * 24 * 60 * 60
