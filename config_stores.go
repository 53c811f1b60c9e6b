package main

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"mana/storage/valkey"
)

func parseValkeyURL(c *config, value string) error {
	server, err := valkey.ParseURL(value)
	if err != nil {
		return err
	}
	c.valkey = &server
	return nil
}

// plainStores are what ALLOW_PLAIN_STORES may list.
var plainStores = []string{"database", "valkey", "primary"}

func parsePlainStores(c *config, value string) error {
	for part := range strings.SplitSeq(value, ",") {
		store := strings.TrimSpace(part)
		if !slices.Contains(plainStores, store) {
			return errors.New("must be a list of " + strings.Join(plainStores, ", "))
		}
		c.plainStores = append(c.plainStores, store)
	}
	return nil
}

// checkValkey makes up VALKEY_URL of the names of the original service when it is not set, and demands a password in
// production.
func (c *config) checkValkey(given map[string]string) []settingFault {
	name := "VALKEY_URL"
	if given[name]+given[name+"_FILE"] == "" && c.redisHost != "" {
		name = "REDIS_HOST"
		u := url.URL{Scheme: "redis", Host: net.JoinHostPort(strings.Trim(c.redisHost, "[]"), c.redisPort)}
		if c.redisPassword != "" {
			u.User = url.UserPassword("", c.redisPassword)
		}
		if err := parseValkeyURL(c, u.String()); err != nil {
			return []settingFault{{name, c.redisHost + ": must be a host, and REDIS_PORT a port"}}
		}
	}
	production := c.issuer != nil && !isLoopbackHost(c.issuer.Hostname())
	if production && c.valkey != nil && !c.valkey.HasPassword() && !slices.Contains(c.plainStores, "valkey") {
		return []settingFault{{name, "has no password, which ALLOW_PLAIN_STORES=valkey allows"}}
	}
	return nil
}
