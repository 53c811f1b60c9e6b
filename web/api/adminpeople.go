package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
)

// personBody is a person as administration sees them.
type personBody struct {
	ID            string `json:"id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
	Name          string `json:"name"`
	Role          string `json:"role"`
	Disabled      bool   `json:"disabled"`
	CreatedAt     string `json:"createdAt"`
}

// standingBody is a person with what administrators decide.
type standingBody struct {
	Person personBody `json:"person"`
	Roles  []string   `json:"roles"`
}

func personOf(u identity.User) personBody {
	return personBody{
		ID: u.ID.String(), Email: string(u.Email), EmailVerified: u.EmailVerified, Name: u.Name, Role: string(u.Role),
		Disabled: !u.DisabledAt.IsZero(), CreatedAt: timestamp(u.CreatedAt),
	}
}

// AdminPeople lists people, the youngest account first: GET /api/v1/admin/people.
func (a *API) AdminPeople() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		q, err := a.listQuery(r)
		if err != nil {
			return err
		}
		before, err := uuid.Parse(q.after)
		if q.after != "" && err != nil {
			return err
		}
		people, err := a.cfg.People.SearchPeople(r.Context(), identity.PeopleQuery{
			Prefix: strings.ToLower(strings.TrimSpace(r.URL.Query().Get("search"))), Before: before, Limit: q.limit + 1,
		})
		if err != nil {
			return err
		}
		last := ""
		if len(people) > q.limit {
			people = people[:q.limit]
			last = people[q.limit-1].ID.String()
		}
		data := make([]personBody, len(people))
		for i, u := range people {
			data[i] = personOf(u)
		}
		return writePage(a, w, r, data, last)
	})
}

// AdminPerson shows a person with roles: GET /api/v1/admin/people/{id}.
func (a *API) AdminPerson() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		id, ok := parseID(r.PathValue("id"))
		if !ok {
			return identity.ErrNotFound
		}
		return a.showPerson(w, r, id)
	})
}

func (a *API) showPerson(w http.ResponseWriter, r *http.Request, id uuid.UUID) error {
	dossier, err := a.cfg.People.Dossier(r.Context(), id)
	if err != nil {
		return err
	}
	if !dossier.User.DeletedAt.IsZero() {
		return identity.ErrNotFound
	}
	standing := identity.Standing{Role: dossier.User.Role, Disabled: !dossier.User.DisabledAt.IsZero(), Roles: dossier.Roles}
	w.Header().Set("ETag", tagOf(standingTag(standing)))
	writeJSON(w, http.StatusOK, standingBody{personOf(dossier.User), items(dossier.Roles)})
	return nil
}

// standingTag is what the tag of a person is made of.
func standingTag(s identity.Standing) any {
	s.Roles = items(s.Roles)
	return s
}

// AdminChangePerson replaces the free roles of a person, and locks them out or lets them in: PATCH
// /api/v1/admin/people/{id}. It makes nobody an administrator, and locks none out.
func (a *API) AdminChangePerson() http.Handler {
	return a.admin(provider.ScopeAdminPeople, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only("roles", "disabled")
		roles, disabled := body.list("roles"), body.boolean("disabled", false)
		if err := body.err(); err != nil {
			return err
		}
		id, ok := parseID(r.PathValue("id"))
		if !ok {
			return identity.ErrNotFound
		}
		_, named := body.members["roles"]
		_, decided := body.members["disabled"]
		err = a.cfg.People.ReviseStanding(r.Context(), by, id, func(s *identity.Standing) error {
			if err := fits(r, standingTag(*s)); err != nil {
				return err
			}
			if named {
				s.Roles = slices.Compact(slices.Sorted(slices.Values(roles)))
			}
			if decided && disabled != s.Disabled && s.Role == identity.RoleAdmin {
				return errOperatorOnly()
			}
			if decided {
				s.Disabled = disabled
			}
			return s.Check()
		})
		if err != nil {
			return err
		}
		a.cfg.FirstParty.Changed()
		return a.showPerson(w, r, id)
	})
}

// AdminSignOut ends all that a person is signed in to: DELETE /api/v1/admin/people/{id}/sessions.
func (a *API) AdminSignOut() http.Handler {
	return a.admin(provider.ScopeAdminPeople, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		id, ok := parseID(r.PathValue("id"))
		if !ok {
			return identity.ErrNotFound
		}
		admin := identity.Admin{Store: a.cfg.People, By: by}
		if err := admin.SignOutEverywhere(r.Context(), id); err != nil {
			return err
		}
		a.cfg.FirstParty.Changed()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}
