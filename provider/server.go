package provider

import (
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// server is our side of the library: it answers the endpoints that [op.RegisterServer] routes. What it
// does not implement answers 404, and is not reachable, since the outer router knows its paths only.
type server struct {
	op.UnimplementedServer
	provider *Provider
}

var _ op.Server = (*server)(nil)

// newLibraryHandler lets the library route userinfo and end-session. Its own cross-origin policy, which
// would reflect any origin with credentials, is off.
func newLibraryHandler(p *Provider) http.Handler {
	endpoints := op.Endpoints{
		Userinfo:   op.NewEndpoint(PathUserInfo),
		EndSession: op.NewEndpoint(PathEndSession),
	}
	issuer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(op.ContextWithIssuer(r.Context(), p.issuer)))
		})
	}
	return op.RegisterServer(&server{provider: p}, endpoints,
		op.WithHTTPMiddleware(issuer), op.WithServerCORSOptions(nil))
}
