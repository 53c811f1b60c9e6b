package provider

import (
	"context"
	"fmt"
	"slices"

	"mana/provider/identity"
)

// claimScopes are the scopes that stand for claims, in the order in which pages show them.
var claimScopes = []string{ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeRoles}

// scopeClaims are the claims that each scope gives (OpenID Connect Core 1.0, section 5.4).
var scopeClaims = map[string][]string{
	ScopeProfile: {
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	ScopeEmail:   {"email", "email_verified"},
	ScopeAddress: {"address"},
	ScopePhone:   {"phone_number", "phone_number_verified"},
	ScopeRoles:   {"roles"},
}

// personClaims are all standard claims of a person that have a value.
func personClaims(u identity.User) map[string]any {
	p := u.Profile
	claims := map[string]any{"updated_at": u.UpdatedAt.Unix()}
	for name, value := range map[string]string{
		"name": u.Name, "given_name": p.GivenName, "family_name": p.FamilyName, "middle_name": p.MiddleName,
		"nickname": p.Nickname, "preferred_username": p.PreferredUsername, "profile": p.Profile, "picture": u.AvatarURL,
		"website": p.Website, "gender": p.Gender, "birthdate": p.Birthdate, "zoneinfo": p.Zoneinfo, "locale": p.Locale,
		"email": string(u.Email), "phone_number": p.PhoneNumber,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if u.Email != "" {
		claims["email_verified"] = u.EmailVerified
	}
	if p.PhoneNumber != "" {
		claims["phone_number_verified"] = p.PhoneNumberVerified
	}
	if p.Address != nil && *p.Address != (identity.Address{}) {
		claims["address"] = p.Address
	}
	return claims
}

// grantedClaims are the claims of a person that a grant gives by its scopes and, where wishes are given, one by
// one.
func grantedClaims(f Facts, scopes []string, wishes map[string]claimWish) map[string]any {
	held := personClaims(f.User)
	if len(f.Roles) > 0 {
		held["roles"] = f.Roles
	}
	given := make(map[string]any)
	for _, scope := range claimScopes {
		whole := slices.Contains(scopes, scope)
		for _, name := range scopeClaims[scope] {
			_, wished := wishes[name]
			value, ok := held[name]
			if ok && (whole || wished && slices.Contains(f.Client.Scopes, scope)) {
				given[name] = value
			}
		}
	}
	return given
}

// addRoles reads the free roles of a person where they are given.
func (p *Provider) addRoles(ctx context.Context, f *Facts, scopes []string, wishes map[string]claimWish) error {
	_, wished := wishes["roles"]
	if !slices.Contains(scopes, ScopeRoles) && (!wished || !slices.Contains(f.Client.Scopes, ScopeRoles)) {
		return nil
	}
	var err error
	if f.Roles, err = p.identity.Roles(ctx, f.User.ID); err != nil {
		return fmt.Errorf("reading roles: %w", err)
	}
	return nil
}
