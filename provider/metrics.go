package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/keys"
)

// The kinds of tokens, as labels.
const (
	kindAccess  = "access"
	kindID      = "id"
	kindRefresh = "refresh"
)

// grantPassword is the label of the REST login.
const grantPassword = "password"

// counts are what clients ask, by what came of it. Labels are closed sets: no client is named.
type counts struct{ set *metrics.Set }

func newCounts(set *metrics.Set) counts {
	if set == nil {
		set = metrics.NewSet()
	}
	for _, result := range []string{"success", "refused", "expired", "reused", "failed"} { // so that the first one is a change
		set.GetOrCreateCounter(fmt.Sprintf(`auth_refreshes_total{result=%q}`, result))
	}
	return counts{set}
}

// issued counts a token. Those that are not signed have the algorithm "none".
func (c counts) issued(grant, kind, alg string) {
	switch {
	case kind == kindRefresh:
		alg = "none"
	case alg == "":
		alg = keys.RS256
	}
	c.set.GetOrCreateCounter(fmt.Sprintf(`oidc_tokens_issued_total{grant=%q,kind=%q,alg=%q}`, grant, kind, alg)).Inc()
}

// refreshed counts the exchange of a refresh token.
func (c counts) refreshed(err error) {
	result := "failed"
	_, protocol := errors.AsType[*oidc.Error](err)
	switch {
	case err == nil:
		result = "success"
	case errors.Is(err, ErrRepeated):
		result = "reused"
	case errors.Is(err, ErrRefreshExpired):
		result = "expired"
	case errors.Is(err, ErrInvalidGrant), errors.Is(err, ErrDenied), protocol:
		result = "refused"
	case errors.Is(err, context.Canceled):
		result = "canceled"
	}
	c.set.GetOrCreateCounter(fmt.Sprintf(`auth_refreshes_total{result=%q}`, result)).Inc()
}

// refused counts an error of the protocol.
func (c counts) refused(endpoint string, e *oidc.Error) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`oidc_errors_total{endpoint=%q,error=%q}`, endpoint, string(e.ErrorType))).Inc()
}

// introspected counts what was said of a token.
func (c counts) introspected(answer any) {
	result := "active"
	if said, ok := answer.(map[string]bool); ok && !said["active"] {
		result = "inactive"
	}
	c.set.GetOrCreateCounter(fmt.Sprintf(`oidc_introspections_total{result=%q}`, result)).Inc()
}

// revoked counts a revocation by what was shown.
func (c counts) revoked(kind string) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`oidc_revocations_total{kind=%q}`, kind)).Inc()
}

// endpointOf is the label of an endpoint.
func endpointOf(r *http.Request) string {
	for path, endpoint := range map[string]string{
		PathToken: "token", PathIntrospect: "introspect", PathRevoke: "revoke", PathUserInfo: "userinfo",
	} {
		if r.URL.Path == path {
			return endpoint
		}
	}
	return "authorize" // and the pages that it leads through
}
