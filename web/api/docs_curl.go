package api

import (
	"maps"
	"slices"
	"strings"
)

// docsSamples are values of the examples, as they stand in JSON. Others are made up of their type.
var docsSamples = map[string]string{
	"email": `"ada@example.com"`, "password": `"correct horse battery"`, "amount": "0.02", "appId": `"chat"`, "description": `"Reply"`,
	"reason": `"Picture"`, "idempotencyKey": `"k-1"`, "newPassword": `"another horse battery"`, "currentPassword": `"correct horse battery"`,
	"grant_type": "client_credentials", "expiresIn": "600", "name": `"Ada Lovelace"`,
}

// docsShown are members that examples have although nobody must send them.
var docsShown = []string{"appId", "idempotencyKey", "name", "expiresIn"}

// curl is a call of an operation on the command line.
func (d *Docs) curl(o docsOperation) string {
	line := "curl -s"
	if o.method == "DELETE" {
		line += " -X DELETE"
	}
	path := strings.NewReplacer("{id}", "$ID", "{userId}", "$USER_ID").Replace(o.path)
	line += ` "` + d.issuer + path + d.sampleQuery(o) + `"`
	for _, by := range o.by() {
		scheme, _, _ := strings.Cut(by, " ")
		line += " \\\n  " + map[string]string{
			"oauth": `-H "Authorization: Bearer $TOKEN"`, firstPartyProof: `-H "Authorization: Bearer $TOKEN"`,
			serviceKeyProof: `-H "X-Service-Key: $KEY"`, clientProof: `-u "$CLIENT_ID:$CLIENT_SECRET"`,
		}[scheme]
		break
	}
	schema, form := d.body(o)
	if schema.Properties == nil {
		if o.method == "POST" {
			line += " \\\n  -X POST"
		}
		return line
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if !slices.Contains(schema.Required, name) && !slices.Contains(docsShown, name) {
			continue
		}
		if form {
			line += " \\\n  -d " + name + "=" + strings.Trim(schema.Properties[name].sample(name, "$"+strings.ToUpper(name)), `"`)
			continue
		}
		members = append(members, `"`+name+`":`+schema.Properties[name].sample(name, `"…"`))
	}
	if !form {
		line += " \\\n  -H 'Content-Type: application/json' \\\n  -d '{" + strings.Join(members, ",") + "}'"
	}
	return line
}

// The names of ways to prove who calls, as the document has them.
const (
	firstPartyProof = "firstParty"
	serviceKeyProof = "serviceKey"
	clientProof     = "client"
)

func (d *Docs) sampleQuery(o docsOperation) string {
	var query []string
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required {
			query = append(query, p.Name+"="+strings.Trim(p.Schema.sample(p.Name, "$"+strings.ToUpper(p.Name)), `"`))
		}
	}
	if query == nil {
		return ""
	}
	return "?" + strings.Join(query, "&")
}

// sample is a value of a schema in an example.
func (s docsSchema) sample(name, otherwise string) string {
	switch {
	case docsSamples[name] != "":
		return docsSamples[name]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "uuid":
		return `"00000000-0000-7000-8000-000000000000"`
	case len(s.Type) > 0 && s.Type[0] != "string":
		return "1"
	}
	return otherwise
}
