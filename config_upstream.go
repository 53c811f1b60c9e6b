package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"mana/provider/upstream"
	"mana/web/login"
)

const upstreamPrefix = "UPSTREAM_"

// upstreamNames are the parts of the settings of an upstream provider, after its name.
var upstreamNames = []string{"ISSUER", "CLIENT_ID", "CLIENT_SECRET", "LABEL", "SCOPES"}

var upstreamName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,31}$`)

// parseUpstreams reads the providers that people may sign in with. There is one set of settings for each name.
func (c *config) parseUpstreams(given map[string]string) []settingFault {
	found := make(map[string]*upstream.Config)
	var faults []settingFault
	for _, name := range slices.Sorted(maps.Keys(given)) {
		rest, ours := strings.CutPrefix(name, upstreamPrefix)
		if !ours || given[name] == "" {
			continue
		}
		if err := readUpstream(found, given, strings.TrimSuffix(rest, "_FILE")); err != nil {
			faults = append(faults, settingFault{name, err.Error()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		p := found[name]
		switch {
		case p.ClientID == "":
			faults = append(faults, settingFault{upstreamPrefix + name + "_CLIENT_ID", "is missing"})
		case p.Issuer == "" && upstream.DefaultIssuer(p.Name) == "":
			faults = append(faults, settingFault{upstreamPrefix + name + "_ISSUER", "is missing"})
		default:
			c.upstreams = append(c.upstreams, *p)
		}
	}
	return faults
}

// readUpstream reads one setting, NAME_PART, into the provider of that name.
func readUpstream(found map[string]*upstream.Config, given map[string]string, rest string) error {
	at := slices.IndexFunc(upstreamNames, func(part string) bool { return strings.HasSuffix(rest, "_"+part) })
	if at < 0 {
		return errors.New("must end with one of _" + strings.Join(upstreamNames, ", _"))
	}
	part := upstreamNames[at]
	name := strings.TrimSuffix(rest, "_"+part)
	if !upstreamName.MatchString(name) {
		return fmt.Errorf("%s: a name has up to 32 of A-Z, 0-9 and _", name)
	}
	value, err := valueOf(setting{name: upstreamPrefix + rest, secret: part == "CLIENT_SECRET"}, given)
	if err != nil {
		return err
	}
	if found[name] == nil {
		found[name] = &upstream.Config{Name: strings.ReplaceAll(strings.ToLower(name), "_", "-"), Now: time.Now}
	}
	switch p := found[name]; part {
	case "ISSUER":
		p.Issuer = value
		return checkUpstreamIssuer(value)
	case "CLIENT_ID":
		p.ClientID = value
	case "CLIENT_SECRET":
		p.ClientSecret = value
	case "LABEL":
		p.Label = value
	case "SCOPES":
		p.Scopes = strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == ',' })
	}
	return nil
}

// checkUpstreamIssuer wants https, but on this machine.
func checkUpstreamIssuer(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s: must be an address without query", value)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackHost(u.Hostname())) {
		return fmt.Errorf("%s: must be https, or http on a loopback address", value)
	}
	return nil
}

// upstreamProviders makes the providers that people may sign in with.
func (c *config) upstreamProviders() []*upstream.Provider {
	var providers []*upstream.Provider
	for _, cfg := range c.upstreams {
		cfg.RedirectURI = c.issuer.JoinPath(login.UpstreamPath, cfg.Name, "callback").String()
		cfg.Outgoing = traced
		providers = append(providers, upstream.New(cfg))
	}
	return providers
}
