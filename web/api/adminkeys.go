package api

import (
	"net/http"
	"time"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// maxKeyRate is the highest rate of a service key, in calls a minute.
const maxKeyRate = 1_000_000

// serviceKeyBody is a service key, in the words of `mana apply`. Its value is never shown again.
type serviceKeyBody struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	AppIDs      []string      `json:"app_ids"`
	Permissions []string      `json:"permissions"`
	CapUse      ledger.Amount `json:"cap_use"`
	CapDay      ledger.Amount `json:"cap_day"`
	Rate        int64         `json:"rate"`
	ExpiresAt   string        `json:"expires_at,omitempty"`
	CreatedAt   string        `json:"createdAt"`
	RevokedAt   string        `json:"revokedAt,omitempty"`
	LastUsedAt  string        `json:"lastUsedAt,omitempty"`
}

// keyMadeBody is a service key with its value, which is shown once.
type keyMadeBody struct {
	Key   serviceKeyBody `json:"service_key"`
	Value string         `json:"value"`
}

// sometimes is a moment that may be none.
func sometimes(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timestamp(t)
}

func serviceKeyOf(k provider.ServiceKey) serviceKeyBody {
	return serviceKeyBody{
		ID: k.ID.String(), Name: k.Name, AppIDs: items(k.AppIDs), Permissions: items(k.Permissions), CapUse: k.CapUse, CapDay: k.CapDay,
		Rate: int64(k.Rate), ExpiresAt: sometimes(k.ExpiresAt), CreatedAt: timestamp(k.CreatedAt), RevokedAt: sometimes(k.RevokedAt),
		LastUsedAt: sometimes(k.LastUsedAt),
	}
}

// settingsOf is what the tag of a key is made of: all but its use.
func settingsOf(k provider.ServiceKey) serviceKeyBody {
	k.LastUsedAt = time.Time{}
	return serviceKeyOf(k)
}

func writeKey(w http.ResponseWriter, k provider.ServiceKey) {
	w.Header().Set("ETag", tagOf(settingsOf(k)))
	writeJSON(w, http.StatusOK, serviceKeyOf(k))
}

func (a *API) keyAdmin(by identity.Actor) provider.ServiceKeyAdmin {
	return provider.ServiceKeyAdmin{Store: a.cfg.KeyStore, By: by, Now: a.cfg.Now}
}

// AdminKeys lists service keys, also revoked ones: GET /api/v1/admin/service-keys.
func (a *API) AdminKeys() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		keys, err := a.cfg.KeyStore.ListServiceKeys(r.Context())
		if err != nil {
			return err
		}
		return list[provider.ServiceKey, serviceKeyBody]{func(k provider.ServiceKey) string { return k.ID.String() }, serviceKeyOf}.write(a, w, r, keys)
	})
}

// AdminKey shows a service key: GET /api/v1/admin/service-keys/{id}.
func (a *API) AdminKey() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		keys, err := a.cfg.KeyStore.ListServiceKeys(r.Context())
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID.String() == r.PathValue("id") {
				writeKey(w, k)
				return nil
			}
		}
		return provider.ErrUnknownServiceKey
	})
}

// AdminCreateKey makes a service key: POST /api/v1/admin/service-keys.
func (a *API) AdminCreateKey() http.Handler {
	return a.admin(provider.ScopeAdminKeys, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(keyMembers()...)
		for _, member := range []string{"name", "app_ids", "permissions"} {
			if _, named := body.members[member]; !named {
				body.fail(member + " is required")
			}
		}
		var key provider.ServiceKey
		readKey(body)(&key)
		if err := body.err(); err != nil {
			return err
		}
		key, value, err := a.keyAdmin(by).Register(r.Context(), key, "")
		if err != nil {
			return err
		}
		w.Header().Set("Location", r.URL.Path+"/"+key.ID.String())
		w.Header().Set("ETag", tagOf(settingsOf(key)))
		writeJSON(w, http.StatusCreated, keyMadeBody{serviceKeyOf(key), string(value)})
		return nil
	})
}

// AdminChangeKey sets what the body names of a key that is not revoked: PATCH /api/v1/admin/service-keys/{id}.
func (a *API) AdminChangeKey() http.Handler {
	return a.admin(provider.ScopeAdminKeys, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(keyMembers()...)
		change := readKey(body)
		if err := body.err(); err != nil {
			return err
		}
		id, err := keyID(r)
		if err != nil {
			return err
		}
		key, err := a.keyAdmin(by).Change(r.Context(), id, func(k *provider.ServiceKey) error {
			if err := fits(r, settingsOf(*k)); err != nil {
				return err
			}
			change(k)
			return nil
		})
		if err != nil {
			return err
		}
		writeKey(w, key)
		return nil
	})
}

// keyID is the id in the path: the domain takes names as well.
func keyID(r *http.Request) (string, error) {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return "", provider.ErrUnknownServiceKey
	}
	return id.String(), nil
}

// AdminRotateKey gives a key a new value: POST /api/v1/admin/service-keys/{id}/value.
func (a *API) AdminRotateKey() http.Handler {
	return a.admin(provider.ScopeAdminKeys, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		overlap, err := readOverlap(r)
		if err != nil {
			return err
		}
		id, err := keyID(r)
		if err != nil {
			return err
		}
		key, value, err := a.keyAdmin(by).Rotate(r.Context(), id, overlap)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, keyMadeBody{serviceKeyOf(key), string(value)})
		return nil
	})
}

// AdminRevokeKey ends a key at once and for ever: DELETE /api/v1/admin/service-keys/{id}. It stays in the list.
func (a *API) AdminRevokeKey() http.Handler {
	return a.admin(provider.ScopeAdminKeys, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		id, err := keyID(r)
		if err != nil {
			return err
		}
		key, err := a.keyAdmin(by).Revoke(r.Context(), id)
		if err != nil {
			return err
		}
		writeKey(w, key)
		return nil
	})
}

// keyMembers are what can be set of a service key.
func keyMembers() []string {
	return []string{"name", "app_ids", "permissions", "cap_use", "cap_day", "rate", "expires_at"}
}

// readKey reads what a body says of a service key. What it gives sets that.
func readKey(body *object) func(*provider.ServiceKey) {
	name, rate := body.line("name", 0, maxPackageName), body.whole("rate", 0, maxKeyRate, 0)
	apps, permissions := body.list("app_ids"), body.list("permissions")
	capUse, capDay := body.cap("cap_use"), body.cap("cap_day")
	until := body.moment("expires_at")
	sets := map[string]func(*provider.ServiceKey){
		"name":        func(k *provider.ServiceKey) { k.Name = name },
		"app_ids":     func(k *provider.ServiceKey) { k.AppIDs = apps },
		"permissions": func(k *provider.ServiceKey) { k.Permissions = permissions },
		"cap_use":     func(k *provider.ServiceKey) { k.CapUse = capUse },
		"cap_day":     func(k *provider.ServiceKey) { k.CapDay = capDay },
		"rate":        func(k *provider.ServiceKey) { k.Rate = int(rate) },
		"expires_at":  func(k *provider.ServiceKey) { k.ExpiresAt = until },
	}
	return func(k *provider.ServiceKey) {
		for member := range body.members {
			if set := sets[member]; set != nil {
				set(k)
			}
		}
	}
}
