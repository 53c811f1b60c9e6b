package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// adminScopes are all scopes of the administration API.
const adminScopes = "admin:read,admin:clients,admin:packages,admin:keys,admin:people"

// robot is a client with admin scopes, as the operator makes it, and a token of it for the administration API.
func (s *server) robot(t *testing.T, scopes string) string {
	t.Helper()
	made := s.client(t, "Robot", "--grant", "client_credentials", "--scope", scopes)
	return s.clientToken(t, made, strings.ReplaceAll(scopes, ",", " "))
}

// administers gives the caller the tokens of a client that may do everything.
func (c *caller) administers(t *testing.T) {
	t.Helper()
	c.person(t, "linus@example.com")
	_, login, _ := c.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "linus@example.com", "password": testPassword})
	c.other = login["user"].(map[string]any)["id"].(string)
	token := c.robot(t, adminScopes)
	for scope := range strings.SplitSeq(adminScopes, ",") {
		c.secrets["oauth "+scope] = "Bearer " + token
	}
}

// knowAdmin sets members that a request of the administration API needs to succeed.
func (c *caller) knowAdmin(body map[string]any, schema apiSchema) {
	for name, value := range map[string]any{
		"app_ids": []string{"app-1"}, "permissions": []string{"use"}, "expires_at": "2099-01-31T12:00:00Z", "stripe_price_id": "",
		"id_token_signed_response_alg": "RS256", "grant_types": []string{"client_credentials"}, "public": false, "refresh_idle": 3600,
		"refresh_max": 7200, "id_token_life": 600, "redirect_uris": []string{},
	} {
		if _, there := schema.Properties[name]; there {
			body[name] = value
		}
	}
	if _, there := schema.Properties["permissions"]; there {
		body["name"] = "key " + uuid.NewString()
	}
}

// administered makes something new that a path of the administration API can name.
func (c *caller) administered(t *testing.T, path string) string {
	t.Helper()
	section := strings.Split(path, "/")[4]
	if section == "people" {
		return c.other
	}
	bodies := map[string]map[string]any{
		"clients":      {"client_name": "Shop", "grant_types": []string{"client_credentials"}},
		"packages":     {"name": "Some", "credits": json.Number("100")},
		"service-keys": {"name": "key " + uuid.NewString(), "app_ids": []string{"app-1"}, "permissions": []string{"use"}},
	}
	status, made, _ := c.api(t, "POST", "/api/v1/admin/"+section, "", bodies[section], "Authorization", c.secrets["oauth admin:read"])
	if status != http.StatusCreated {
		t.Fatalf("got %d %v, want a new one of %s", status, made, section)
	}
	for _, part := range []string{"client", "service_key"} {
		if inner, ok := made[part].(map[string]any); ok {
			made = inner
		}
	}
	if id, ok := made["client_id"].(string); ok {
		return id
	}
	return made["id"].(string)
}
