package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"mana/keys/verifier"
	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

// ofAdmin is what a token allows at the administration API. It is a client's own: no person stands behind it.
type ofAdmin struct{ provider.Access }

// Has reports whether the token allows what a scope names.
func (c ofAdmin) Has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// administered is a handler of the administration API, with the one who acts.
type administered func(w http.ResponseWriter, r *http.Request, by identity.Actor) error

// admin guards a route of the administration API: the token must be for it, and have the scope. Then it counts the call.
func (a *API) admin(scope string, h administered) http.Handler {
	fresh := a.fresh()
	guard := verifier.Guard[ofAdmin]{Verify: func(ctx context.Context, token string) (ofAdmin, error) {
		access, err := a.cfg.FirstParty.AdminAccess(ctx, token)
		return ofAdmin{access}, err
	}}
	guard.Refuse = func(w http.ResponseWriter, r *http.Request, refusal verifier.Refusal) {
		fresh.refuseFor(w, r, refusal, a.cfg.FirstParty.AdminMetadataURL())
	}
	return guard.Require(scope)(fresh.Proven(func(w http.ResponseWriter, r *http.Request) error {
		who, ok := guard.From(r.Context())
		if !ok {
			return errors.New("a guarded route was reached without a token")
		}
		if err := a.limit(r.Context(), "admin", who.ClientID); err != nil {
			return err
		}
		if err := singleQuery(r); err != nil {
			return err
		}
		by := identity.Actor{Name: who.Caller(), Device: page.Device(r), RequestID: page.From(r.Context()).RequestID}
		return ofAdministration(h(w, r, by))
	}))
}

// ofAdministration turns what the domains refuse an administrator into the answer. Whatever is not there is answered
// alike.
func ofAdministration(err error) error {
	for _, unknown := range []error{provider.ErrUnknownClient, provider.ErrUnknownPackage, provider.ErrUnknownServiceKey, identity.ErrNotFound} {
		if errors.Is(err, unknown) {
			return Refusal(http.StatusNotFound)
		}
	}
	if faults := provider.ClientFaults(nil); errors.As(err, &faults) {
		return validation(faults.Error())
	}
	for known, answer := range map[error]*Error{
		provider.ErrServiceKeyTaken: errState("NAME_TAKEN", "name is that of another key"),
		provider.ErrServiceKeyEnded: errState("KEY_ENDED", "This key is revoked or expired"),
		provider.ErrPublicClient:    errState("PUBLIC_CLIENT", "A public client has no secret"),
		provider.ErrServiceKeyOwner: validation("app_ids: the first one owns the key, and stays"),
		provider.ErrPackageName:     validation("name must be 1 to 60 printable characters, description at most 200"),
		provider.ErrPackageCredits:  validation("credits must be a number of 1 to 1000000"),
		provider.ErrPackageOrder:    validation("place must be a number of 0 to 1000000"),
		provider.ErrPackagePrice:    validation("stripe_price_id must begin with price_, and be of no other package"),
		identity.ErrRole:            validation("roles must be at most 50, each 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon, slash and hyphen"),
	} {
		if errors.Is(err, known) {
			return answer
		}
	}
	return err
}

// errState refuses what cannot be done as things are.
func errState(code, message string) *Error {
	return &Error{Status: http.StatusConflict, Code: code, Message: message}
}

// errOperatorOnly refuses to touch what the operator alone may.
func errOperatorOnly() *Error {
	return &Error{Status: http.StatusForbidden, Code: "OPERATOR_ONLY", Message: "Only the operator can change this: by the command line, mana apply or the pages"}
}

// tagOf is the entity tag of what is shown (RFC 9110, section 8.8.3).
func tagOf(shown any) string {
	encoded, _ := json.Marshal(shown) // our own types always encode
	sum := sha256.Sum256(encoded)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// fits refuses a change of something that is not any more as the caller knows it (RFC 9110, section 13.1.1). It is asked
// in the transaction of the change.
func fits(r *http.Request, current any) error {
	headers := r.Header.Values("If-Match")
	if len(headers) == 0 {
		return nil
	}
	tag := tagOf(current)
	for known := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if known = strings.TrimSpace(known); known == "*" || known == tag {
			return nil
		}
	}
	return errChanged()
}

func errChanged() *Error {
	return &Error{Status: http.StatusPreconditionFailed, Code: "PRECONDITION_FAILED", Message: "It has changed since it was read: read it again"}
}

// writeTagged answers with an object, and its tag for If-Match.
func writeTagged(w http.ResponseWriter, status int, shown any) {
	w.Header().Set("ETag", tagOf(shown))
	writeJSON(w, status, shown)
}

// listQuery is what a list is asked for.
type listQuery struct {
	after string // the last one of the page before; empty: from the start
	limit int
}

func (a *API) listQuery(r *http.Request) (q listQuery, err error) {
	if q.limit, err = number(r, "limit", 1, maxPage, defaultLimit); err != nil {
		return q, err
	}
	text := r.URL.Query().Get("cursor")
	if text == "" {
		return q, nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	var plain []byte
	if err == nil {
		plain, err = a.cfg.Open(placeRow(r), sealed)
	}
	if err != nil || len(plain) <= 8 || int64(binary.BigEndian.Uint64(plain)) < a.cfg.Now().Unix() {
		return q, validation("cursor is not of this list, or is older than 24 hours")
	}
	q.after = string(plain[8:])
	return q, nil
}

// placeRow is what the cursor of a list belongs to.
func placeRow(r *http.Request) string { return r.URL.Path + " " + r.URL.Query().Get("search") }

// writePage answers with one page of a list. last names its last one when more follow, and is empty at the end.
func writePage[T any](a *API, w http.ResponseWriter, r *http.Request, data []T, last string) error {
	body := pageBody[T]{Data: data}
	if last != "" {
		plain := binary.BigEndian.AppendUint64(nil, uint64(a.cfg.Now().Add(cursorLife).Unix()))
		cursor := base64.RawURLEncoding.EncodeToString(a.cfg.Seal(placeRow(r), append(plain, last...)))
		body.NextCursor = &cursor
		query := r.URL.Query()
		query.Set("cursor", cursor)
		w.Header().Set("Link", `<`+r.URL.Path+"?"+query.Encode()+`>; rel="next"`)
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// list is a list that is at hand as a whole.
type list[T, B any] struct {
	id   func(T) string
	show func(T) B
}

// write answers with a page of the list, in the order of its ids.
func (l list[T, B]) write(a *API, w http.ResponseWriter, r *http.Request, all []T) error {
	q, err := a.listQuery(r)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(one T) bool { return l.id(one) <= q.after })
	slices.SortFunc(all, func(x, y T) int { return strings.Compare(l.id(x), l.id(y)) })
	last := ""
	if len(all) > q.limit {
		all = all[:q.limit]
		last = l.id(all[q.limit-1])
	}
	data := make([]B, len(all))
	for i, one := range all {
		data[i] = l.show(one)
	}
	return writePage(a, w, r, data, last)
}
