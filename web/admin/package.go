package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"mana/ledger"
	"mana/provider"
	"mana/web/login"
	"mana/web/ui"
)

// packagesView is what the page of packages shows.
type packagesView struct {
	ui.Page
	Done     string
	Faults   ui.Faults
	Packages []ledger.Package
	Typed    typedPackage
}

// typedPackage is a package as it was typed. ID is that of the form, empty for a new one.
type typedPackage struct{ ID, Name, Description, Credits, Order, Price string }

// Packages answers GET /admin/packages.
func (p *Pages) Packages(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v, err := p.packagesView(r, who)
	if err != nil {
		return err
	}
	v.Done = done(r)
	ui.Render(w, r, http.StatusOK, packagesPage(v))
	return nil
}

func (p *Pages) packagesView(r *http.Request, who *provider.SignedIn) (v packagesView, err error) {
	v.Page = p.page(r, who, ui.T(r.Context(), ui.AdminPackages))
	v.Packages, err = p.Goods.ListPackages(r.Context())
	return v, err
}

// ChangePackages answers POST /admin/packages.
func (p *Pages) ChangePackages(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	form := r.PostForm
	typed := typedPackage{
		ID: form.Get("id"), Name: strings.TrimSpace(form.Get("name")), Description: strings.TrimSpace(form.Get("description")),
		Credits: strings.TrimSpace(form.Get("credits")), Order: strings.TrimSpace(form.Get("order")), Price: strings.TrimSpace(form.Get("price")),
	}
	err := p.changePackage(r, who, typed)
	fault, refused := packageFault(r.Context(), err)
	if err != nil && !refused {
		return err
	}
	if !refused {
		login.SeeOther(w, r, PathPackages+"?done=saved")
		return nil
	}
	v, err := p.packagesView(r, who)
	if err != nil {
		return err
	}
	if fault.Field != "" {
		fault.Field += typed.ID // as the fields of the form are called
	}
	v.Failed, v.Faults, v.Typed = true, ui.Faults{fault}, typed
	ui.Render(w, r, http.StatusUnprocessableEntity, packagesPage(v))
	return nil
}

func (p *Pages) changePackage(r *http.Request, who *provider.SignedIn, typed typedPackage) error {
	admin := provider.PackageAdmin{Store: p.Goods, By: by(r, who), Now: p.Now}
	act := r.PostForm.Get("act")
	order, err := strconv.Atoi(typed.Order)
	if err != nil && (act == "create" || act == "save") {
		return provider.ErrPackageOrder
	}
	if act == "create" {
		credits, err := strconv.ParseInt(typed.Credits, 10, 32)
		if err != nil {
			return provider.ErrPackageCredits
		}
		_, err = admin.Create(r.Context(), ledger.Package{
			Name: typed.Name, Description: typed.Description, Credits: ledger.Amount(credits) * ledger.Credit, SortOrder: order,
			StripePriceID: typed.Price, Active: true,
		})
		return err
	}
	id, err := uuid.Parse(typed.ID)
	if err != nil {
		return provider.ErrUnknownPackage
	}
	switch act {
	case "save":
		return admin.Change(r.Context(), id, func(p *ledger.Package) {
			p.Name, p.Description, p.SortOrder, p.StripePriceID = typed.Name, typed.Description, order, typed.Price
		})
	case "on", "off":
		return admin.Change(r.Context(), id, func(p *ledger.Package) { p.Active = act == "on" })
	}
	return provider.ErrUnknownPackage
}

// packageFault says what is wrong with a form.
func packageFault(ctx context.Context, err error) (ui.Fault, bool) {
	for _, known := range []struct {
		err   error
		field string
		text  ui.Key
	}{
		{provider.ErrPackageName, "name", ui.AdminPackageNameWrong},
		{provider.ErrPackageCredits, "credits", ui.AdminPackageCreditsWrong},
		{provider.ErrPackageOrder, "order", ui.AdminPackageOrderWrong},
		{provider.ErrPackagePrice, "price", ui.AdminPackagePriceWrong},
	} {
		if errors.Is(err, known.err) {
			return ui.Fault{Field: known.field, Text: ui.T(ctx, known.text)}, true
		}
	}
	return ui.Fault{}, false
}

// typedOf is what the form of a package holds: what was typed, if that was refused, else what is stored.
func (v packagesView) typedOf(p ledger.Package) typedPackage {
	if v.Failed && v.Typed.ID == p.ID.String() && v.Typed.Name+v.Typed.Order != "" {
		return v.Typed
	}
	return typedPackage{ID: p.ID.String(), Name: p.Name, Description: p.Description, Order: strconv.Itoa(p.SortOrder), Price: p.StripePriceID}
}

// typedNew is what the form of a new package holds.
func (v packagesView) typedNew() typedPackage {
	if v.Failed && v.Typed.ID == "" {
		return v.Typed
	}
	last := 0
	for _, p := range v.Packages {
		last = max(last, p.SortOrder)
	}
	return typedPackage{Order: strconv.Itoa(last + 1)}
}
