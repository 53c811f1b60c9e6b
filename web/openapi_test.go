package web

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mana/provider"
	"mana/web/api"
)

// TestOperations holds the description of the API against the table of routes: each route that programs call is an
// operation, and each operation a route.
func TestOperations(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	api.OpenAPI().ServeHTTP(recorder, httptest.NewRequest("GET", api.PathOpenAPI, nil))
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range document.Paths {
		for method := range methods {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	p := &provider.Provider{}
	s := &Site{cfg: Config{Provider: p}, api: api.New(api.Config{FirstParty: &provider.FirstParty{Provider: p}, Now: time.Now})}
	for _, line := range slices.Concat(s.protocolRoutes(nil, nil), s.apiRoutes(), s.serviceRoutes(), s.administrationRoutes()) {
		if line.path == api.PathOpenAPI {
			continue
		}
		name := line.method + " " + line.path
		if line.method == "" { // the handler knows its own: one operation at least
			name = ""
			for _, method := range []string{"GET", "POST"} {
				if described[method+" "+line.path] {
					delete(described, method+" "+line.path)
					name = method
				}
			}
			if name == "" {
				t.Errorf("%s is no operation of the document", line.path)
			}
			continue
		}
		if !described[name] {
			t.Errorf("%s is no operation of the document", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s of the document is no route", name)
	}
}
