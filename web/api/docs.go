package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"mana/web/page"
	"mana/web/ui"
)

// Docs are the pages of the reference: they show [OpenAPI], and work without a script.
type Docs struct {
	site    ui.Site
	issuer  string
	parts   []docsPart
	proofs  []docsProof
	errors  []docsError
	schemas map[string]docsSchema
}

// PathDocs is the first page of the reference. Its parts lie below it.
const PathDocs = "/docs"

// docsPart is what the document calls a tag, on a page of its own.
type docsPart struct {
	Name       string `json:"name"`
	Text       string `json:"description"`
	key        ui.Key
	operations []docsOperation
}

// path is the name of the page of a part.
func (p docsPart) path() string {
	return PathDocs + "/" + strings.ReplaceAll(strings.ToLower(p.Name), " ", "-")
}

// keys name the parts in the language of the reader.
var docsKeys = map[string]ui.Key{
	"OpenID Connect": ui.DocsOpenID, "Sign-in": ui.DocsSignIn, "Account": ui.DocsAccount, "Credits": ui.DocsCredits,
	"Holds": ui.DocsHolds, "Purchases": ui.DocsPurchases, "Back ends": ui.DocsBackEnds, "Administration": ui.AdminTitle, "Health": ui.DocsHealth,
}

// docsOperation is one operation of the document.
type docsOperation struct {
	ID         string                `json:"operationId"`
	Summary    string                `json:"summary"`
	Text       string                `json:"description"`
	Tags       []string              `json:"tags"`
	Security   []map[string][]string `json:"security"`
	Parameters []struct {
		Name     string     `json:"name"`
		In       string     `json:"in"`
		Text     string     `json:"description"`
		Required bool       `json:"required"`
		Schema   docsSchema `json:"schema"`
	} `json:"parameters"`
	Body struct {
		Content map[string]docsContent `json:"content"`
	} `json:"requestBody"`
	Responses    map[string]docsResponse `json:"responses"`
	method, path string
}

type docsContent struct {
	Schema docsSchema `json:"schema"`
}

type docsResponse struct {
	Ref     string                 `json:"$ref"`
	Text    string                 `json:"description"`
	Content map[string]docsContent `json:"content"`
}

// docsSchema is what the pages show of a schema.
type docsSchema struct {
	Ref        string                `json:"$ref"`
	Type       docsTypes             `json:"type"`
	Format     string                `json:"format"`
	Text       string                `json:"description"`
	Enum       []string              `json:"enum"`
	Minimum    *json.Number          `json:"minimum"`
	Maximum    *json.Number          `json:"maximum"`
	MinLength  *int                  `json:"minLength"`
	MaxLength  *int                  `json:"maxLength"`
	Required   []string              `json:"required"`
	Properties map[string]docsSchema `json:"properties"`
	Items      *docsSchema           `json:"items"`
}

// docsTypes is one type, or several.
type docsTypes []string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *docsTypes) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		*t = make(docsTypes, 1)
		return json.Unmarshal(raw, &(*t)[0])
	}
	return json.Unmarshal(raw, (*[]string)(t))
}

// docsProof is one way to prove who calls.
type docsProof struct {
	name string
	Text string `json:"description"`
}

// docsError is a refusal.
type docsError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Problem string `json:"problem"`
	Message string `json:"message"`
}

// NewDocs reads the description. It fails only when what is embedded is not one.
func NewDocs(site ui.Site, issuer string) (*Docs, error) {
	var read struct {
		Tags       []docsPart
		Paths      map[string]map[string]docsOperation
		Components struct {
			Schemas         map[string]docsSchema
			Responses       map[string]docsResponse
			SecuritySchemes map[string]docsProof
		}
		Errors []docsError `json:"x-errors"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return nil, fmt.Errorf("reading the description of the API: %w", err)
	}
	d := &Docs{site: site, issuer: issuer, parts: read.Tags, errors: read.Errors, schemas: read.Components.Schemas}
	for i := range d.parts {
		d.parts[i].key = docsKeys[d.parts[i].Name]
	}
	for _, path := range slices.Sorted(maps.Keys(read.Paths)) {
		for _, method := range []string{"get", "post", "patch", "delete"} {
			operation, ok := read.Paths[path][method]
			if !ok {
				continue
			}
			operation.method, operation.path = strings.ToUpper(method), path
			for status, response := range operation.Responses {
				if name, ok := strings.CutPrefix(response.Ref, "#/components/responses/"); ok {
					operation.Responses[status] = read.Components.Responses[name]
				}
			}
			i := slices.IndexFunc(d.parts, func(p docsPart) bool { return slices.Contains(operation.Tags, p.Name) })
			d.parts[i].operations = append(d.parts[i].operations, operation)
		}
	}
	for _, name := range []string{"oauth", "firstParty", "serviceKey", "client"} {
		proof := read.Components.SecuritySchemes[name]
		proof.name = name
		d.proofs = append(d.proofs, proof)
	}
	return d, nil
}

// Overview shows all operations by part: GET /docs.
func (d *Docs) Overview(w http.ResponseWriter, r *http.Request) {
	ui.Render(w, r, http.StatusOK, docsOverview(d, d.page(r, ui.DocsTitle)))
}

// Part shows the operations of one part, or the refusals: GET /docs/{part}. It reports whether there is such a part.
func (d *Docs) Part(w http.ResponseWriter, r *http.Request) bool {
	path := PathDocs + "/" + r.PathValue("part")
	if path == pathRefusals {
		ui.Render(w, r, http.StatusOK, docsRefusals(d, d.page(r, ui.DocsErrors)))
		return true
	}
	for _, part := range d.parts {
		if part.path() == path {
			ui.Render(w, r, http.StatusOK, docsPartPage(d, part, d.page(r, part.key)))
			return true
		}
	}
	return false
}

const pathRefusals = PathDocs + "/refusals"

func (d *Docs) page(r *http.Request, title ui.Key) ui.Page {
	nav := ui.Nav{Label: ui.DocsNav, Items: []ui.NavItem{{Text: ui.DocsTitle, URL: PathDocs}}}
	for _, part := range d.parts {
		nav.Items = append(nav.Items, ui.NavItem{Text: part.key, URL: part.path()})
	}
	nav.Items = append(nav.Items, ui.NavItem{Text: ui.DocsErrors, URL: pathRefusals})
	return ui.Page{Site: d.site, Title: ui.T(r.Context(), title), Nav: nav}
}

// docsMember is a line of a list: a parameter, or a member of an object.
type docsMember struct {
	name, kind, text, link string
	required               bool
}

// members are those of an object, what is required first.
func (s docsSchema) members() (list []docsMember) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		one := s.Properties[name]
		list = append(list, docsMember{name, one.kind(), one.Text, one.target(), slices.Contains(s.Required, name)})
	}
	slices.SortStableFunc(list, func(a, b docsMember) int {
		switch {
		case a.required == b.required:
			return 0
		case a.required:
			return -1
		}
		return 1
	})
	return list
}

// kind says in words what values there are.
func (s docsSchema) kind() string {
	if s.Ref != "" {
		return s.name()
	}
	kind := strings.Join(s.Type, " or ")
	switch {
	case s.Items != nil:
		return "array of " + s.Items.kind()
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, ", ")
	case s.Format != "":
		kind += ", " + s.Format
	case s.MaxLength != nil && s.MinLength != nil:
		kind += fmt.Sprintf(", %d to %d characters", *s.MinLength, *s.MaxLength)
	case s.Maximum != nil && s.Minimum != nil:
		kind += ", " + s.Minimum.String() + " to " + s.Maximum.String()
	case s.Maximum != nil:
		kind += ", above 0, at most " + s.Maximum.String()
	}
	return kind
}

func (s docsSchema) name() string { return s.Ref[strings.LastIndex(s.Ref, "/")+1:] }

// target is the anchor of the object that a value is, or is a list of; empty for others.
func (s docsSchema) target() string {
	switch {
	case s.Items != nil:
		return s.Items.target()
	case s.Ref == "":
		return ""
	}
	return "#" + s.name()
}

// parameters are those of path, query and headers.
func (o docsOperation) parameters() (list []docsMember) {
	for _, p := range o.Parameters {
		kind := p.Schema.kind()
		if p.In != "query" {
			kind = p.In + ", " + kind
		}
		list = append(list, docsMember{p.Name, kind, p.Text, "", p.Required})
	}
	return list
}

// body is the schema of what is sent, and whether it is a form.
func (d *Docs) body(o docsOperation) (schema docsSchema, form bool) {
	for media, content := range o.Body.Content {
		return d.schemas[content.Schema.name()], media != "application/json"
	}
	return schema, false
}

// by says who may call.
func (o docsOperation) by() (list []string) {
	for _, one := range o.Security {
		for scheme, scopes := range one {
			list = append(list, strings.TrimSpace(scheme+" "+strings.Join(scopes, " ")))
		}
	}
	return list
}

// docsAnswer is one status of an operation.
type docsAnswer struct {
	status, text, link, kind string
}

func (o docsOperation) answers() (list []docsAnswer) {
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		response := o.Responses[status]
		answer := docsAnswer{status: status, text: response.Text}
		for _, media := range slices.Sorted(maps.Keys(response.Content)) {
			content := response.Content[media]
			if answer.kind = content.Schema.kind(); answer.kind == "string" {
				answer.kind = media
			}
			answer.link = content.Schema.target()
		}
		list = append(list, answer)
	}
	return list
}

// objects are the names of those that the answers of a part hold, and that these hold.
func (d *Docs) objects(p docsPart) []string {
	found := map[string]bool{}
	var visit func(s docsSchema)
	visit = func(s docsSchema) {
		if s.Items != nil {
			visit(*s.Items)
		}
		if s.Ref == "" || found[s.name()] {
			return
		}
		found[s.name()] = true
		for _, member := range d.schemas[s.name()].Properties {
			visit(member)
		}
	}
	for _, operation := range p.operations {
		for _, response := range operation.Responses {
			for _, content := range response.Content {
				visit(content.Schema)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// docsLanguage marks a text of the frame within what is English everywhere.
func docsLanguage(ctx context.Context) templ.Attributes {
	return templ.Attributes{"lang": string(page.From(ctx).Language())}
}

// docsTone colours a status.
func docsTone(status string) ui.Tone {
	switch status[0] {
	case '2':
		return ui.Good
	case '3':
		return ui.Plain
	}
	return ui.Warn
}
