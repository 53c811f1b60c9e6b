package api

import (
	_ "embed"
	"net/http"

	"mana/provider"
)

// PathOpenAPI is where the description of everything that programs call is found.
const PathOpenAPI = "/api/openapi.json"

// document is that description, in OpenAPI 3.1. TestDocument makes it from the operations beside it and the types of this
// package, and compares.
//
//go:embed openapi.json
var document []byte

// OpenAPI answers with the description of everything that programs call.
func OpenAPI() http.Handler {
	return provider.NewDocument("application/json", document, "public, max-age=600")
}
