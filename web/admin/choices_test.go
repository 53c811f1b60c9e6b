package admin

import (
	"slices"
	"testing"

	"mana/provider"
	"mana/web/page"
	"mana/web/ui"
)

// TestChoices finds names that an administrator can choose and that have no words.
func TestChoices(t *testing.T) {
	t.Parallel()
	german := page.InLanguage(t.Context(), page.German)
	for _, name := range slices.Concat(provider.Scopes(), grantTypes, provider.KeyPermissions()) {
		if key := choices[name]; key == "" || ui.T(t.Context(), key) == ui.T(german, key) {
			t.Errorf("%s: got %q in both languages", name, ui.T(german, key))
		}
	}
}
