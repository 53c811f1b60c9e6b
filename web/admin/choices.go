package admin

import (
	"context"
	"strings"

	"mana/provider"
	"mana/web/ui"
)

// grantTypes are those that an app can have, in the order in which pages show them.
var grantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}

// choices are what the names of scopes, grant types and permissions of service keys mean. A test finds what is missing.
var choices = map[string]ui.Key{
	provider.ScopeOpenID: ui.ChoiceOpenID, provider.ScopeProfile: ui.ChoiceProfile, provider.ScopeEmail: ui.ChoiceEmail,
	provider.ScopeAddress: ui.ChoiceAddress, provider.ScopePhone: ui.ChoicePhone, provider.ScopeOfflineAccess: ui.ChoiceOffline,
	provider.ScopeRoles: ui.ChoiceRoles, provider.ScopeCreditsRead: ui.ChoiceRead, provider.ScopeCreditsSpend: ui.ChoiceSpend,

	"authorization_code": ui.ChoiceCode, "refresh_token": ui.ChoiceRefresh, "client_credentials": ui.ChoiceClient,

	provider.MayBalance: ui.ChoiceBalance, provider.MayUse: ui.ChoiceUse, provider.MayRefund: ui.ChoiceRefund, provider.MayHold: ui.ChoiceHold,
}

// chosen lists what names mean.
func chosen(ctx context.Context, names []string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = ui.T(ctx, choices[name])
	}
	return strings.Join(texts, ", ")
}

// kindOf is the kind of an app.
func kindOf(c provider.Client) ui.Key {
	if c.Public() {
		return ui.AdminClientPublic
	}
	return ui.AdminClientConfidential
}
