package api

import (
	"net/http"

	"mana/ledger"
	"mana/provider"
	"mana/provider/identity"
)

// offerBody is a package as administration sees it, in the words of `mana apply`.
type offerBody struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	Credits        int64  `json:"credits"`
	PriceEuroCents int64  `json:"priceEuroCents"`
	Place          int64  `json:"place"`
	StripePriceID  string `json:"stripe_price_id"`
	Active         bool   `json:"active"`
	CreatedAt      string `json:"createdAt"`
	UpdatedAt      string `json:"updatedAt"`
}

func offerOf(p ledger.Package) offerBody {
	return offerBody{
		ID: p.ID.String(), Name: p.Name, Description: p.Description, Credits: int64(p.Credits / ledger.Credit), PriceEuroCents: p.PriceEuroCents,
		Place: int64(p.SortOrder), StripePriceID: p.StripePriceID, Active: p.Active, CreatedAt: timestamp(p.CreatedAt), UpdatedAt: timestamp(p.UpdatedAt),
	}
}

func (a *API) packageAdmin(by identity.Actor) provider.PackageAdmin {
	return provider.PackageAdmin{Store: a.cfg.Goods, By: by, Now: a.cfg.Now}
}

// AdminPackages lists packages, also those that are off: GET /api/v1/admin/packages.
func (a *API) AdminPackages() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		packages, err := a.cfg.Goods.ListPackages(r.Context())
		if err != nil {
			return err
		}
		return list[ledger.Package, offerBody]{func(p ledger.Package) string { return p.ID.String() }, offerOf}.write(a, w, r, packages)
	})
}

// AdminPackage shows a package: GET /api/v1/admin/packages/{id}.
func (a *API) AdminPackage() http.Handler {
	return a.admin(provider.ScopeAdminRead, func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		packages, err := a.cfg.Goods.ListPackages(r.Context())
		if err != nil {
			return err
		}
		for _, p := range packages {
			if p.ID.String() == r.PathValue("id") {
				writeTagged(w, http.StatusOK, offerOf(p))
				return nil
			}
		}
		return provider.ErrUnknownPackage
	})
}

// AdminCreatePackage makes a package: POST /api/v1/admin/packages. Its price follows from the credits.
func (a *API) AdminCreatePackage() http.Handler {
	return a.admin(provider.ScopeAdminPackages, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(append(packageMembers(), "credits")...)
		body.required("name")
		if _, named := body.members["credits"]; !named {
			body.fail("credits is required")
		}
		made := ledger.Package{Active: true, Credits: ledger.Amount(body.whole("credits", 1, provider.MaxPackageCredits, 0)) * ledger.Credit}
		readPackage(body)(&made)
		if err := body.err(); err != nil {
			return err
		}
		if made, err = a.packageAdmin(by).Create(r.Context(), made); err != nil {
			return err
		}
		w.Header().Set("Location", r.URL.Path+"/"+made.ID.String())
		writeTagged(w, http.StatusCreated, offerOf(made))
		return nil
	})
}

// AdminChangePackage sets what the body names of a package: PATCH /api/v1/admin/packages/{id}. Credits and price stay.
func (a *API) AdminChangePackage() http.Handler {
	return a.admin(provider.ScopeAdminPackages, func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		body, err := decode(r)
		if err != nil {
			return err
		}
		body.only(packageMembers()...)
		change := readPackage(body)
		if err := body.err(); err != nil {
			return err
		}
		id, ok := parseID(r.PathValue("id"))
		if !ok {
			return provider.ErrUnknownPackage
		}
		after, err := a.packageAdmin(by).Revise(r.Context(), id, func(p *ledger.Package) error {
			if err := fits(r, offerOf(*p)); err != nil {
				return err
			}
			change(p)
			return nil
		})
		if err != nil {
			return err
		}
		writeTagged(w, http.StatusOK, offerOf(after))
		return nil
	})
}

// packageMembers are what can be changed of a package.
func packageMembers() []string {
	return []string{"name", "description", "place", "stripe_price_id", "active"}
}

// readPackage reads what a body says of a package. What it gives sets that.
func readPackage(body *object) func(*ledger.Package) {
	name, description := body.line("name", 0, maxPackageName), body.line("description", 0, maxPackageText)
	place, active := body.whole("place", 0, maxPlace, 0), body.boolean("active", true)
	price, _ := body.text("stripe_price_id")
	sets := map[string]func(*ledger.Package){
		"name":            func(p *ledger.Package) { p.Name = name },
		"description":     func(p *ledger.Package) { p.Description = description },
		"place":           func(p *ledger.Package) { p.SortOrder = int(place) },
		"stripe_price_id": func(p *ledger.Package) { p.StripePriceID = price },
		"active":          func(p *ledger.Package) { p.Active = active },
	}
	return func(p *ledger.Package) {
		for member := range body.members {
			if set := sets[member]; set != nil {
				set(p)
			}
		}
	}
}

// The bounds of what packages say.
const (
	maxPackageName = 60
	maxPackageText = 200
	maxPlace       = 1_000_000
)
