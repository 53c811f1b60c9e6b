package main

import (
	"encoding"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"mana/provider"
)

// clientFields is a client as `mana client show --json` prints it and the file of `mana apply` describes it.
type clientFields struct {
	ID                     string   `json:"client_id" yaml:"client_id"`
	Name                   string   `json:"client_name" yaml:"client_name"`
	Public                 bool     `json:"public" yaml:"public"`
	RedirectURIs           []string `json:"redirect_uris" yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty" yaml:"post_logout_redirect_uris"`
	GrantTypes             []string `json:"grant_types" yaml:"grant_types"`
	Scopes                 []string `json:"scopes" yaml:"scopes"`
	AppIDs                 []string `json:"app_ids,omitempty" yaml:"app_ids"`
	Audiences              []string `json:"audiences,omitempty" yaml:"audiences"`
	FirstParty             bool     `json:"first_party" yaml:"first_party"`
	PKCEExempt             bool     `json:"pkce_exempt" yaml:"pkce_exempt"`
	RotateRefresh          bool     `json:"rotate_refresh" yaml:"rotate_refresh"`
	RefreshIdle            life     `json:"refresh_idle" yaml:"refresh_idle"`
	RefreshMax             life     `json:"refresh_max" yaml:"refresh_max"`
	IDTokenLife            life     `json:"id_token_life" yaml:"id_token_life"`
	IDTokenAlg             string   `json:"id_token_signed_response_alg,omitempty" yaml:"id_token_signed_response_alg"`
	Disabled               *bool    `json:"disabled" yaml:"disabled"` // nil: as it is
}

// fieldsOf describes a stored client.
func fieldsOf(c provider.Client) clientFields {
	return clientFields{
		ID: c.ID, Name: c.Name, Public: c.Public(), RedirectURIs: c.RedirectURIs,
		PostLogoutRedirectURIs: c.PostLogoutRedirectURIs, GrantTypes: c.GrantTypes, Scopes: c.Scopes,
		AppIDs: c.AppIDs, Audiences: c.Audiences, FirstParty: c.FirstParty, PKCEExempt: c.PKCEExempt,
		RotateRefresh: c.RotateRefresh, RefreshIdle: life(c.RefreshIdle), RefreshMax: life(c.RefreshMax),
		IDTokenLife: life(c.IDTokenLife), IDTokenAlg: c.IDTokenAlg, Disabled: &c.Disabled,
	}
}

// client is the client that the fields describe, without what they do not say.
func (f clientFields) client() provider.Client {
	return provider.Client{
		ID: f.ID, Name: f.Name, RedirectURIs: f.RedirectURIs,
		PostLogoutRedirectURIs: f.PostLogoutRedirectURIs, GrantTypes: f.GrantTypes, Scopes: f.Scopes,
		AppIDs: f.AppIDs, Audiences: f.Audiences, FirstParty: f.FirstParty, PKCEExempt: f.PKCEExempt,
		RotateRefresh: f.RotateRefresh, RefreshIdle: time.Duration(f.RefreshIdle), RefreshMax: time.Duration(f.RefreshMax),
		IDTokenLife: time.Duration(f.IDTokenLife), IDTokenAlg: f.IDTokenAlg,
	}
}

// rows are the fields as text, by their names.
func (f clientFields) rows() [][2]string {
	list := func(values []string) string { return strings.Join(values, " ") }
	return [][2]string{
		{"client_id", f.ID},
		{"client_name", f.Name},
		{"public", fmt.Sprint(f.Public)},
		{"redirect_uris", list(f.RedirectURIs)},
		{"post_logout_redirect_uris", list(f.PostLogoutRedirectURIs)},
		{"grant_types", list(f.GrantTypes)},
		{"scopes", list(f.Scopes)},
		{"app_ids", list(f.AppIDs)},
		{"audiences", list(f.Audiences)},
		{"first_party", fmt.Sprint(f.FirstParty)},
		{"pkce_exempt", fmt.Sprint(f.PKCEExempt)},
		{"rotate_refresh", fmt.Sprint(f.RotateRefresh)},
		{"refresh_idle", f.RefreshIdle.String()},
		{"refresh_max", f.RefreshMax.String()},
		{"id_token_life", f.IDTokenLife.String()},
		{"id_token_signed_response_alg", f.IDTokenAlg},
		{"disabled", fmt.Sprint(*f.Disabled)},
	}
}

// clientFlags binds the flags that describe a client. The function that it returns sets what was given, and
// leaves the rest as it is; a list that is given empty becomes empty.
func clientFlags(flags *pflag.FlagSet) (set func(*provider.Client)) {
	var given provider.Client
	setters := make(map[string]func(*provider.Client))
	list := func(bind func(*[]string, string, []string, string), name string, field func(*provider.Client) *[]string, usage string) {
		bind(field(&given), name, nil, usage)
		setters[name] = func(c *provider.Client) {
			*field(c) = slices.DeleteFunc(*field(&given), func(item string) bool { return item == "" })
		}
	}
	yes := func(name string, field func(*provider.Client) *bool, usage string) {
		flags.BoolVar(field(&given), name, false, usage)
		setters[name] = func(c *provider.Client) { *field(c) = *field(&given) }
	}
	lasting := func(name string, field func(*provider.Client) *time.Duration, usage string) {
		flags.Var((*life)(field(&given)), name, usage)
		setters[name] = func(c *provider.Client) { *field(c) = *field(&given) }
	}
	list(flags.StringArrayVar, "redirect", func(c *provider.Client) *[]string { return &c.RedirectURIs }, "redirect URI, exact; may repeat")
	list(flags.StringArrayVar, "post-logout", func(c *provider.Client) *[]string { return &c.PostLogoutRedirectURIs }, "address to return to after logout; may repeat")
	list(flags.StringSliceVar, "grant", func(c *provider.Client) *[]string { return &c.GrantTypes }, "default authorization_code,refresh_token; also client_credentials")
	list(flags.StringSliceVar, "scope", func(c *provider.Client) *[]string { return &c.Scopes }, "default openid,profile,email; "+strings.Join(provider.Scopes(), ","))
	list(flags.StringSliceVar, "app", func(c *provider.Client) *[]string { return &c.AppIDs }, "app that it spends credits for, besides its own id; may repeat")
	list(flags.StringArrayVar, "audience", func(c *provider.Client) *[]string { return &c.Audiences }, "API that it serves, and whose tokens it may introspect; may repeat")
	yes("first-party", func(c *provider.Client) *bool { return &c.FirstParty }, "no consent page unless it spends credits")
	yes("pkce-exempt", func(c *provider.Client) *bool { return &c.PKCEExempt }, "a confidential client may leave out PKCE")
	yes("rotate-refresh", func(c *provider.Client) *bool { return &c.RotateRefresh }, "refresh tokens of a confidential client rotate")
	yes("disabled", func(c *provider.Client) *bool { return &c.Disabled }, "refuse everything that it asks")
	lasting("refresh-idle", func(c *provider.Client) *time.Duration { return &c.RefreshIdle }, "life of an unused refresh token, such as 12h or 7d; 0: 7d")
	lasting("refresh-max", func(c *provider.Client) *time.Duration { return &c.RefreshMax }, "life of a chain of refresh tokens; 0: 90d")
	lasting("id-token-life", func(c *provider.Client) *time.Duration { return &c.IDTokenLife }, "5m to 24h; 0: 1h")
	flags.StringVar(&given.IDTokenAlg, "id-token-alg", "", "algorithm of its ID tokens; empty: RS256")
	setters["id-token-alg"] = func(c *provider.Client) { c.IDTokenAlg = given.IDTokenAlg }
	flags.StringVar(&given.Name, "name", "", "name on the consent page")
	setters["name"] = func(c *provider.Client) { c.Name = given.Name }
	return func(c *provider.Client) {
		flags.Visit(func(flag *pflag.Flag) {
			if apply, ok := setters[flag.Name]; ok {
				apply(c)
			}
		})
	}
}

// life is a length of time that is written as 7d, 12h or 1h30m; 0 is the default of what it describes.
type life time.Duration

// String implements [pflag.Value].
func (l *life) String() string {
	d := time.Duration(*l)
	switch {
	case d == 0:
		return "0"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}

// Set implements [pflag.Value].
func (l *life) Set(value string) error {
	d, err := parseDuration(value)
	if err != nil {
		return err
	}
	*l = life(d)
	return nil
}

// Type implements [pflag.Value].
func (*life) Type() string { return "time" }

// MarshalText implements [encoding.TextMarshaler]: it writes what Set reads.
func (l life) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

var _ encoding.TextMarshaler = life(0)

// UnmarshalText reads what Set reads.
func (l *life) UnmarshalText(text []byte) error { return l.Set(string(text)) }
