package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// list calls a route of the API that answers a bare array.
func (s *server) list(t *testing.T, path, token string) []map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.issuer+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var found []map[string]any
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v of %s, want a list", response.StatusCode, err, path)
	}
	return found
}

// members are the names of an object, in order of name.
func members(t *testing.T, object any) string {
	t.Helper()
	encoded, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(string(encoded), -1) {
		names = append(names, match[1])
	}
	return strings.Join(names, " ")
}

// TestContractProfile is section 2.7 of the contract: the profile.
func TestContractProfile(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	const path = "/api/v1/auth/profile"
	status, profile, _ := s.api(t, "GET", path, token, nil)
	if status != http.StatusOK || members(t, profile) != "createdAt email emailVerified id image name role" {
		t.Fatalf("got %d %v", status, profile)
	}
	if profile["id"] != id || profile["name"] != "Ada" || profile["email"] != "ada@example.com" || profile["emailVerified"] != false ||
		profile["image"] != nil || profile["role"] != "user" {
		t.Errorf("got %v", profile)
	}
	status, edited, _ := s.api(t, "POST", path, token, map[string]any{
		"name": "Ada King", "image": "https://a.example/ada.png?" + strings.Repeat("a", 2000), "role": "admin", "email": "eve@example.com", "emailVerified": true,
	})
	user, _ := edited["user"].(map[string]any)
	if status != http.StatusOK || edited["success"] != true || user["name"] != "Ada King" || user["role"] != "user" || user["email"] != "ada@example.com" ||
		user["emailVerified"] != false || !strings.HasPrefix(user["image"].(string), "https://a.example/") {
		t.Errorf("got %d %v", status, edited)
	}
	for _, c := range []struct {
		body    any
		message string
	}{
		{map[string]any{"name": 1}, "name must be a string"},
		{map[string]any{"name": strings.Repeat("a", 256)}, "name must be 0 to 255 characters"},
		{map[string]any{"image": "http://a.example/"}, "image must be an allowed URL"},
		{map[string]any{"image": "javascript:alert(1)"}, "image must be an allowed URL"},
		{map[string]any{"image": "https://a.example/" + strings.Repeat("a", 2048)}, "image must be an allowed URL"},
		{`[]`, "Request body must be a JSON object"},
	} {
		if status, body, _ := s.api(t, "POST", path, token, c.body); status != http.StatusBadRequest || body["message"] != c.message || body["error"] != "VALIDATION" {
			t.Errorf("got %d %v for %v, want %s", status, body, c.body, c.message)
		}
	}
	_, cleared, _ := s.api(t, "POST", path, token, map[string]any{"name": "", "image": ""})
	user, _ = cleared["user"].(map[string]any)
	if user["name"] != "" || user["image"] != nil {
		t.Errorf("got %v, want nothing left", cleared)
	}
	_, same, _ := s.api(t, "POST", path, token, map[string]any{"name": nil})
	if user, _ = same["user"].(map[string]any); user["name"] != "" {
		t.Errorf("got %v for nothing to change", same)
	}
	for token, message := range map[string]string{"": "No token provided", "x": "Invalid token"} {
		if status, body, _ := s.api(t, "GET", path, token, nil); status != http.StatusUnauthorized || body["message"] != message {
			t.Errorf("got %d %v, want 401 %s", status, body, message)
		}
	}
}

// TestContractSessions is section 2.7 of the contract: sessions and how they end, faults 3 and 15.
func TestContractSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.person(t, "ada@example.com")
	_, other := s.person(t, "eve@example.com")
	_, second, _ := s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{
		"email": "ada@example.com", "password": testPassword, "deviceId": "d-1", "deviceName": "Pixel",
	})
	browser := s.browser(t)
	browser.submit(browser.get("/login"), "/login", "username", "ada@example.com", "password", testPassword)
	sessions := s.list(t, "/api/v1/auth/sessions", token)
	if len(sessions) != 3 {
		t.Fatalf("got %v, want REST and hosted sessions", sessions)
	}
	current, device := 0, ""
	for _, session := range sessions {
		if members(t, session) != "createdAt current deviceId deviceName expiresAt id ipAddress lastActivityAt userAgent" {
			t.Errorf("got %v", session)
		}
		if session["current"] == true {
			current++
		}
		if session["deviceId"] == "d-1" && session["deviceName"] == "Pixel" {
			device = session["id"].(string)
		}
	}
	_, session, _ := s.api(t, "GET", "/api/v1/auth/session", token, nil)
	here, _ := session["session"].(map[string]any)
	if current != 1 || device == "" || here["current"] != true || claimsOf(t, token)["sid"] != here["id"] || session["user"].(map[string]any)["email"] != "ada@example.com" {
		t.Errorf("got %v and %v, want the session of the token marked", sessions, session)
	}
	for _, id := range []string{s.list(t, "/api/v1/auth/sessions", other)[0]["id"].(string), "01890000-0000-7000-8000-000000000000", "x"} {
		if status, body, _ := s.api(t, "DELETE", "/api/v1/auth/sessions/"+id, token, nil); status != http.StatusNotFound || body["error"] != "SESSION_NOT_FOUND" {
			t.Errorf("got %d %v for a session that is not the person's", status, body)
		}
	}
	if status, body, _ := s.api(t, "DELETE", "/api/v1/auth/sessions/"+device, token, nil); status != http.StatusOK || body["success"] != true {
		t.Fatalf("got %d %v", status, body)
	}
	if status, _, _ := s.api(t, "GET", "/api/v1/auth/profile", second["accessToken"].(string), nil); status != http.StatusUnauthorized {
		t.Errorf("got %d with a token of a session that was ended", status)
	}
	if status, body, _ := s.api(t, "POST", "/api/v1/auth/refresh", "", map[string]any{"refreshToken": second["refreshToken"]}); status != http.StatusUnauthorized || body["message"] != "Invalid refresh token" {
		t.Errorf("got %d %v for a refresh of a session that was ended", status, body)
	}
	if status, _, _ := s.api(t, "DELETE", "/api/v1/auth/sessions/"+device, token, nil); status != http.StatusNotFound {
		t.Errorf("got %d for a session that was ended before", status)
	}
}

// TestContractSecurityEvents is section 2.7 of the contract: the security log.
func TestContractSecurityEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, token := s.person(t, "ada@example.com")
	s.api(t, "POST", "/api/v1/auth/login", "", map[string]string{"email": "ada@example.com", "password": "wrong"})
	events := s.list(t, "/api/v1/auth/security-events", token)
	var types []string
	for _, e := range events {
		types = append(types, e["eventType"].(string))
		if members(t, e) != "createdAt eventType id ipAddress metadata userAgent userId" || e["userId"] != id || e["ipAddress"] == "" {
			t.Errorf("got %v", e)
		}
	}
	if strings.Join(types, " ") != "login_failure login_success register" || events[0]["metadata"] != nil {
		t.Errorf("got %v, want the newest first", types)
	}
	if one := s.list(t, "/api/v1/auth/security-events?limit=1", token); len(one) != 1 {
		t.Errorf("got %v, want one", one)
	}
	for _, limit := range []string{"0", "501", "-1", "abc", ""} {
		if status, body, _ := s.api(t, "GET", "/api/v1/auth/security-events?limit="+limit, token, nil); status != http.StatusBadRequest && limit != "" {
			t.Errorf("got %d %v for the limit %q", status, body, limit)
		}
	}
}
