package account

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/login"
	"mana/web/page"
	"mana/web/ui"
)

// profileView is what the profile page shows.
type profileView struct {
	ui.Page
	Done          string
	Faults        ui.Faults
	User          identity.User
	typed         url.Values // nil: nothing
	Theme         string
	More, Address bool // these parts are open
}

// claimField is the field of one standard claim.
type claimField struct {
	claim        string
	label, hint  ui.Key // no hint: empty
	wrong        ui.Key // what is said of a value that is refused
	autocomplete string
	kind         string // of the input; empty: text
}

// The fields of the profile, in the order of the page.
var (
	nameFields = []claimField{
		{"name", ui.ClaimName, "", ui.NameInvalid, "name", ""},
		{"given_name", ui.ClaimGivenName, "", ui.NameInvalid, "given-name", ""},
		{"family_name", ui.ClaimFamilyName, "", ui.NameInvalid, "family-name", ""},
	}
	moreFields = []claimField{
		{"middle_name", ui.ClaimMiddleName, "", ui.NameInvalid, "additional-name", ""},
		{"nickname", ui.ClaimNickname, "", ui.NameInvalid, "nickname", ""},
		{"preferred_username", ui.ClaimUsername, "", ui.NameInvalid, "off", ""},
		{"gender", ui.ClaimGender, "", ui.NameInvalid, "sex", ""},
		{"birthdate", ui.ClaimBirthdate, ui.ClaimBirthdateHint, ui.BirthdateWrong, "bday", ""},
		{"picture", ui.ClaimPicture, ui.WebAddressHint, ui.WebAddressWrong, "photo", "url"},
		{"profile", ui.ClaimProfile, ui.WebAddressHint, ui.WebAddressWrong, "url", "url"},
		{"website", ui.ClaimWebsite, ui.WebAddressHint, ui.WebAddressWrong, "url", "url"},
	}
	phoneField    = claimField{"phone_number", ui.ClaimPhone, ui.ClaimPhoneHint, ui.NameInvalid, "tel", "tel"}
	addressFields = []claimField{
		{"address.street_address", ui.ClaimStreet, "", ui.ClaimWrong, "street-address", "lines"},
		{"address.postal_code", ui.ClaimPostalCode, "", ui.NameInvalid, "postal-code", ""},
		{"address.locality", ui.ClaimLocality, "", ui.NameInvalid, "address-level2", ""},
		{"address.region", ui.ClaimRegion, "", ui.NameInvalid, "address-level1", ""},
		{"address.country", ui.ClaimCountry, "", ui.NameInvalid, "country-name", ""},
		{"address.formatted", ui.ClaimFormatted, "", ui.ClaimWrong, "off", "lines"},
	}
	localeField = claimField{"locale", ui.ClaimLocale, "", ui.NameInvalid, "language", ""}
	zoneField   = claimField{"zoneinfo", ui.ClaimZone, ui.ClaimZoneHint, ui.ZoneWrong, "off", ""}
)

// profileFields are all of them.
func profileFields() []claimField {
	fields := append(append(append([]claimField{}, nameFields...), moreFields...), phoneField)
	return append(append(fields, addressFields...), localeField, zoneField)
}

// fieldID is the id of a claim's field, of which a link can name the place.
func fieldID(claim string) string { return strings.ReplaceAll(claim, ".", "-") }

// Profile answers GET /account.
func (p *Pages) Profile(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	v := p.profileView(r, who)
	v.Done = done(r, map[string]ui.Key{"saved": ui.ProfileSaved})
	ui.Render(w, r, http.StatusOK, profilePage(v))
	return nil
}

func (p *Pages) profileView(r *http.Request, who *provider.SignedIn) profileView {
	v := profileView{Page: p.page(r, who, ui.ProfileTitle), User: who.User, Theme: page.From(r.Context()).Theme()}
	v.Address = who.User.Profile.Address != nil
	for _, f := range moreFields {
		v.More = v.More || who.User.Claim(f.claim) != ""
	}
	return v
}

// SaveProfile answers POST /account.
func (p *Pages) SaveProfile(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	if err := p.check(r); err != nil {
		return err
	}
	typed := who.User
	claims := make(map[string]string)
	var faults ui.Faults
	for _, f := range profileFields() {
		value := strings.TrimSpace(strings.ReplaceAll(r.PostForm.Get(f.claim), "\r\n", "\n"))
		claims[f.claim] = value
		if err := typed.SetOwnClaim(f.claim, value); err != nil {
			faults = append(faults, ui.Fault{Field: fieldID(f.claim), Text: ui.T(r.Context(), f.wrong)})
		}
	}
	if len(faults) > 0 {
		return p.profileRefused(w, r, who, faults)
	}
	if _, err := p.Identity.EditProfile(r.Context(), who.User.ID, claims); err != nil {
		return err
	}
	page.KeepTheme(w, r.PostForm.Get("theme"), p.Provider.Cookies().Secure())
	if l, ok := page.Understand(claims["locale"]); ok {
		page.KeepLanguage(w, l, p.Provider.Cookies().Secure())
	}
	login.SeeOther(w, r, PathProfile+"?done=saved")
	return nil
}

// profileRefused shows the form again with all that was typed.
func (p *Pages) profileRefused(w http.ResponseWriter, r *http.Request, who *provider.SignedIn, faults ui.Faults) error {
	v := p.profileView(r, who)
	v.Failed, v.Faults, v.Theme, v.More, v.Address = true, faults, r.PostForm.Get("theme"), true, true
	v.typed = r.PostForm
	ui.Render(w, r, http.StatusUnprocessableEntity, profilePage(v))
	return nil
}

// value is the text of a claim's field: what was typed, or else what is stored.
func (v profileView) value(claim string) string {
	if v.typed != nil {
		return v.typed.Get(claim)
	}
	return v.User.Claim(claim)
}

// input is the field of a claim.
func (v profileView) input(ctx context.Context, f claimField) ui.Input {
	in := ui.Input{
		ID: fieldID(f.claim), Label: ui.T(ctx, f.label), Type: cmp.Or(f.kind, "text"), Name: f.claim, Value: v.value(f.claim),
		Attributes: templ.Attributes{"autocomplete": f.autocomplete},
	}
	if f.hint != "" {
		in.Hint = ui.T(ctx, f.hint)
	}
	if f.claim == "zoneinfo" {
		in.Attributes["list"] = "zones"
	}
	return in
}

// locales are the languages to choose from, with the one that is stored.
func (v profileView) locales(ctx context.Context) []ui.Option {
	options := []ui.Option{{Text: ui.T(ctx, ui.ClaimLocaleAuto)}, {Value: "en", Text: "English"}, {Value: "de", Text: "Deutsch"}}
	stored := v.value("locale")
	for _, o := range options {
		if o.Value == stored {
			return options
		}
	}
	return append(options, ui.Option{Value: stored, Text: stored})
}

// themes are the looks to choose from.
func (v profileView) themes(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Text: ui.T(ctx, ui.ThemeAuto)}, {Value: "light", Text: ui.T(ctx, ui.ThemeLight)}, {Value: "dark", Text: ui.T(ctx, ui.ThemeDark)},
	}
}
