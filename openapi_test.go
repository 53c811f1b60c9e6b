package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// apiDocument is what the tests read of the description of the API.
type apiDocument struct {
	raw        any
	schemas    *jsonschema.Compiler
	Paths      map[string]map[string]apiOperation
	Components struct {
		Schemas map[string]apiSchema
	}
}

type apiOperation struct {
	OperationID string
	Security    []map[string][]string
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   apiSchema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema apiSchema }
	}
	Responses map[string]any
}

type apiSchema struct {
	Ref              string `json:"$ref"`
	Type             any
	Format, Pattern  string
	Enum             []string
	Minimum, Maximum *json.Number
	ExclusiveMinimum *json.Number
	MinLength        *int
	MaxLength        *int
	Required         []string
	Properties       map[string]apiSchema
}

const (
	openAPIFolder = "deploy/tools/openapi"
	documentURL   = "https://example.com/openapi.json" // a name alone
)

// openAPI reads the description that a running program serves. Objects of its schemas may hold nothing that it does not
// name, so that what it forgets is found.
func (s *server) openAPI(t *testing.T) *apiDocument {
	t.Helper()
	response, err := http.Get(s.issuer + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v", response.StatusCode, err)
	}
	d := &apiDocument{schemas: jsonschema.NewCompiler()}
	if err := json.Unmarshal(body, d); err != nil {
		t.Fatal(err)
	}
	if d.raw, err = jsonschema.UnmarshalJSON(bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	for _, schema := range d.raw.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		schema.(map[string]any)["additionalProperties"] = false
	}
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource(documentURL, d.raw); err != nil {
		t.Fatal(err)
	}
	return d
}

// holds checks an answer against the responses of an operation.
func (d *apiDocument) holds(t *testing.T, path, method string, status int, header http.Header, body []byte) {
	t.Helper()
	name := strings.ToUpper(method) + " " + path
	pointer := []string{"paths", path, method, "responses", strconv.Itoa(status)}
	declared := d.at(pointer)
	if declared == nil {
		t.Errorf("%s: got %d %.300s, which is not declared", name, status, body)
		return
	}
	if reference, ok := declared["$ref"].(string); ok {
		pointer = strings.Split(strings.TrimPrefix(reference, "#/"), "/")
		declared = d.at(pointer)
	}
	content, _ := declared["content"].(map[string]any)
	if len(content) == 0 {
		if len(body) > 0 && status != http.StatusSeeOther && status != http.StatusFound {
			t.Errorf("%s: got %d %.300s, want no body", name, status, body)
		}
		return
	}
	if status == http.StatusUnauthorized && len(body) == 0 && header.Get("WWW-Authenticate") != "" {
		return // who shows nothing is told of the scheme alone (RFC 6750, section 3.1)
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || content[media] == nil {
		t.Errorf("%s: got %d of type %q, which is not declared", name, status, header.Get("Content-Type"))
		return
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	at := documentURL + "#"
	for _, token := range append(pointer, "content", media, "schema") {
		at += "/" + escape.Replace(token)
	}
	schema, err := d.schemas.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s: got %d %.500s: %v", name, status, body, err)
	}
}

// at is the object at a place of the document, nil when there is none.
func (d *apiDocument) at(pointer []string) map[string]any {
	here, _ := d.raw.(map[string]any)
	for _, token := range pointer {
		here, _ = here[token].(map[string]any)
	}
	return here
}

// TestOpenAPI holds the description of the API against the rules of a linter, and shows how it is served.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	response, err := http.Get(s.issuer + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header; got.Get("Access-Control-Allow-Origin") != "*" || got.Get("ETag") == "" || got.Get("Content-Type") != "application/json" {
		t.Errorf("got %v, want a document that any page may read and keep", got)
	}
	nodeProject(t, openAPIFolder, "@redocly/openapi-core")
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := exec.CommandContext(t.Context(), "node", filepath.Join(openAPIFolder, "lint.mjs"), file).CombinedOutput()
	if err != nil || len(found) > 0 {
		t.Errorf("got %v\n%s", err, found)
	}
}
