package admin

import (
	"mana/keys"
	"mana/provider/identity"
	"mana/web/ui"
)

// addressOf is the address of a person, or the id of one who has none any more.
func addressOf(u identity.User) string {
	if u.Email != "" {
		return string(u.Email)
	}
	return u.ID.String()
}

// otherRole is the role that the button of a person gives.
func otherRole(u identity.User) identity.Role {
	if u.Role == identity.RoleAdmin {
		return identity.RoleUser
	}
	return identity.RoleAdmin
}

func roleButton(u identity.User) ui.Key {
	if u.Role == identity.RoleAdmin {
		return ui.AdminDemote
	}
	return ui.AdminPromote
}

// clientPath is the last part of the address of an app's page.
func clientPath(v clientView) string {
	if v.New {
		return newID
	}
	return v.ID
}

func options(values []string) []ui.Option {
	var all []ui.Option
	for _, value := range values {
		all = append(all, ui.Option{Value: value, Text: value})
	}
	return all
}

// reasonOf is why a key was revoked, after a colon.
func reasonOf(k keys.StoredKey) string {
	if k.Reason == "" {
		return ""
	}
	return ": " + k.Reason
}
