package admin

import (
	"context"
	"net/http"

	"mana/provider"
	"mana/web/ui"
)

type settingsView struct {
	ui.Page
	Settings []Setting
	Checks   []Check
}

// ShowSettings answers GET /admin/settings: what is set, without secrets, and how the parts are.
func (p *Pages) ShowSettings(w http.ResponseWriter, r *http.Request, who *provider.SignedIn) error {
	ui.Render(w, r, http.StatusOK, settingsPage(settingsView{
		Page: p.page(r, who, ui.T(r.Context(), ui.AdminSettings)), Settings: p.Settings(), Checks: p.Health(r.Context()),
	}))
	return nil
}

// sourceOf tells where the value of a setting comes from.
func sourceOf(s Setting) ui.Key {
	if s.Given {
		return ui.AdminGiven
	}
	return ui.AdminDefault
}

// shownValue is the value of a setting: of a secret, that it is set.
func shownValue(ctx context.Context, s Setting) string {
	if s.Hidden {
		return ui.T(ctx, ui.AdminSet)
	}
	return s.Value
}
