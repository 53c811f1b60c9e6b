package main

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// What serve can be.
const (
	rolePrimary = "primary"
	roleEdge    = "edge"
)

const minEdgeToken = 32 // bytes

// edgeSettings are those of an edge and its origin.
func edgeSettings() []setting {
	return []setting{
		{"PRIMARY_URL", "", "origin of `mana serve --role=edge`, https, or http on a loopback address", false, parsePrimary},
		{"EDGE_TOKEN", "", "secret of 32 characters or more that edges prove themselves by; a comma list while it changes, of which an edge shows the first", true, parseEdgeToken},
	}
}

func parsePrimary(c *config, value string) error {
	to, err := url.Parse(value)
	if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" || to.Path != "" || to.RawQuery != "" || to.Fragment != "" || to.User != nil {
		return errors.New("must be an address such as https://origin.example.com, without a path or a slash at the end")
	}
	c.primary = to
	return nil
}

func parseEdgeToken(c *config, value string) error {
	for part := range strings.SplitSeq(value, ",") {
		token := strings.TrimSpace(part)
		if len(token) < minEdgeToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return errors.New("must have 32 visible characters or more: mana config new-key makes one")
		}
		c.edgeTokens = append(c.edgeTokens, token)
	}
	return nil
}

// checkEdge demands what an edge needs, and refuses secrets that it must not hold.
func (c *config) checkEdge(given map[string]string) []settingFault {
	if !c.edge {
		return nil
	}
	var faults []settingFault
	add := func(name, text string) { faults = append(faults, settingFault{name, text}) }
	if given["PRIMARY_URL"] == "" {
		add("PRIMARY_URL", "not set: the origin of an edge, also given by --origin")
	}
	if p := c.primary; p != nil && p.Scheme == "http" && !isLoopbackHost(p.Hostname()) && !slices.Contains(c.plainStores, "primary") {
		add("PRIMARY_URL", "passwords would cross a network in clear: use https, or set ALLOW_PLAIN_STORES=primary")
	}
	if given["EDGE_TOKEN"]+given["EDGE_TOKEN_FILE"] == "" {
		add("EDGE_TOKEN", "not set: the origin takes the same")
	}
	for _, s := range settings() {
		if s.secret && s.name != "EDGE_TOKEN" && given[s.name]+given[s.name+"_FILE"] != "" {
			add(s.name, "is a secret that an edge does not need and must not hold: unset it")
		}
	}
	return faults
}
