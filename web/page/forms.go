package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// Errors of a form that was sent.
var (
	// ErrForgery: the form did not come from a page of ours in the same browser.
	ErrForgery = errors.New("form from elsewhere")
	// ErrMediaType: the body is not a form.
	ErrMediaType = errors.New("not a form")
	// ErrTooLarge: the body passes the route's limit.
	ErrTooLarge = errors.New("form too large")
)

// formField is the name of the hidden field.
const formField = "form_token"

// Forms makes and checks what binds a form to its browser. It is safe for concurrent use.
type Forms struct {
	key    []byte
	origin *http.CrossOriginProtection
}

// NewForms makes a guard with a secret of its own, for pages of one origin.
func NewForms(key []byte, origin string) (*Forms, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	return &Forms{key: key, origin: protection}, nil
}

// Token is the value of the hidden field for a browser with this cookie.
func (f *Forms) Token(cookie string) string {
	mac := hmac.New(sha256.New, f.key)
	mac.Write([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Check parses a form that was posted and proves that it came from a page of ours in this browser: by what
// the browser says of its origin, and, since that may be silent, by the token. [ErrForgery],
// [ErrMediaType], [ErrTooLarge].
func (f *Forms) Check(r *http.Request, cookie string) error {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return ErrMediaType
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return ErrForgery // also when the browser names our own origin beside it
	}
	if err := f.origin.Check(r); err != nil {
		return ErrForgery
	}
	if err := r.ParseForm(); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return ErrTooLarge
		}
		return ErrForgery
	}
	sent := r.PostForm[formField]
	if len(sent) != 1 || cookie == "" || !hmac.Equal([]byte(sent[0]), []byte(f.Token(cookie))) {
		return ErrForgery
	}
	return nil
}
