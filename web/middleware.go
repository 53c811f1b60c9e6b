package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/provider"
	"mana/web/api"
	"mana/web/edge"
	"mana/web/page"
)

const (
	maxCookies     = 64
	maxCookieBytes = 8 << 10
	maxURI         = 16 << 10
	maxRequestID   = 128
)

// recorder remembers what an answer was, for the log.
type recorder struct {
	http.ResponseWriter
	status  int
	bytes   int
	written bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *recorder) WriteHeader(status int) {
	if !w.written {
		w.status, w.written = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *recorder) Write(b []byte) (int, error) {
	w.written = true
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outer is what happens to every request before a route is chosen: state, headers, refusal of what no
// route takes, recovery, and one line of log.
func (s *Site) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, r *http.Request) {
		if document, ok := s.documents[r.URL.Path]; ok && r.URL.RawPath == "" {
			s.commonHeaders(response.Header()) // no id: it is not logged
			begin, w := time.Now(), &recorder{ResponseWriter: response, status: http.StatusOK}
			document.ServeHTTP(w, r)
			s.traffic.answer(r.Method, r.URL.Path, w.status, time.Since(begin))
			return
		}
		if s.answerKept(response, r) {
			return
		}
		client, byEdge := s.caller(r)
		state := &page.State{RequestID: requestID(r), Client: client}
		r, span := s.traced(r, byEdge)
		r = page.With(r, state)
		if byEdge {
			r = r.WithContext(provider.ForEdge(r.Context()))
		}
		w := &recorder{ResponseWriter: response, status: http.StatusOK}
		s.commonHeaders(w.Header())
		w.Header()["X-Request-Id"] = []string{state.RequestID}
		begin := time.Now()
		defer func() { endSpan(span, r.Method, state.Route, w.status) }()
		s.traffic.inFlight.Inc()
		defer func() {
			s.traffic.inFlight.Dec()
			if recovered := recover(); recovered != nil {
				s.recovered(w, r, recovered)
			}
			if w.status >= http.StatusInternalServerError && s.cfg.Failed != nil {
				s.cfg.Failed()
			}
			took := time.Since(begin)
			s.traffic.answer(r.Method, state.Route, w.status, took)
			s.logRequest(r, w, took)
		}()
		switch {
		case len(r.RequestURI) > maxURI:
			s.refuse(w, r, http.StatusRequestURITooLong)
		case tooManyCookies(r):
			s.refuse(w, r, http.StatusRequestHeaderFieldsTooLarge)
		case r.Header.Get("Content-Encoding") != "":
			s.refuse(w, r, http.StatusUnsupportedMediaType)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// recovered answers a panic. Its text goes to the log alone.
func (s *Site) recovered(w *recorder, r *http.Request, recovered any) {
	if recovered == http.ErrAbortHandler { //nolint:errorlint // the server's own value, compared as net/http does
		panic(recovered)
	}
	s.traffic.panics.Inc()
	s.cfg.Logger.ErrorContext(r.Context(), "panic while answering", "panic", fmt.Sprint(recovered),
		"requestId", page.From(r.Context()).RequestID, "stack", string(debug.Stack()))
	if !w.written {
		s.refuse(w, r, http.StatusInternalServerError)
	}
}

// Values of headers that every answer shares. They are never changed.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
	oneYear    = []string{"max-age=31536000"}
)

func (s *Site) commonHeaders(header http.Header) {
	header["X-Content-Type-Options"] = noSniff
	header["Referrer-Policy"] = noReferrer
	header["Cross-Origin-Resource-Policy"] = sameOrigin
	if s.secure {
		header["Strict-Transport-Security"] = oneYear
	}
}

// requestID takes the caller's id if it is harmless, else makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	harmless := id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
	if harmless {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

// cleanPath reports whether a path is written the one way that routes know. Others are unknown paths: they
// are never cleaned by a redirect.
func cleanPath(u *url.URL) bool {
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") || path != "/" && strings.HasSuffix(path, "/") {
		return false
	}
	if strings.Contains(path, "//") || strings.ContainsAny(path, ";%\\") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

func tooManyCookies(r *http.Request) bool {
	total, count := 0, 0
	for _, line := range r.Header.Values("Cookie") {
		total += len(line)
		count += 1 + strings.Count(line, ";")
	}
	return total > maxCookieBytes || count > maxCookies
}

// logRequest writes the one event of a request. What is asked by machines all day is left out.
func (s *Site) logRequest(r *http.Request, w *recorder, took time.Duration) {
	state := page.From(r.Context())
	if quiet(r.URL.Path) {
		return
	}
	attributes := []slog.Attr{
		slog.String("route", routeLabel(state.Route)), slog.String("method", r.Method), slog.Int("status", w.status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int("bytes", w.bytes),
		slog.String("requestId", state.RequestID), slog.String("ip", shortened(state.Client)),
	}
	if app := r.Header.Get("X-App-Id"); api.ValidAppID(app) { // what back ends say of themselves; nothing else reads it
		attributes = append(attributes, slog.String("appId", app))
	}
	s.cfg.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes...)
}

func quiet(path string) bool {
	switch path {
	case "/jwks", "/api/v1/auth/jwks", "/health", "/health/live", "/health/ready", "/api/v1/health", edge.PathNews:
		return true
	}
	return strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/assets/")
}
