package edge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"time"

	"mana/provider"
	"mana/web/page"
)

const (
	maxQuestion = 16 << 10         // bytes of a body that is looked at
	maxReply    = 64 << 10         // bytes of an answer that is kept
	writeFor    = 30 * time.Second // longest wait for a caller to take a part of an answer
)

// wish is what is to be kept of the answer to a request.
type wish struct {
	answer key
	file   string // empty: it is an answer about an access token
	asked  time.Time
}

// ServeHTTP answers a request whose path is clean and whose body is bounded.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.health(w, r) {
		return
	}
	var wanted *wish
	var served bool
	switch path := r.URL.Path; path {
	case provider.PathIntrospect, provider.PathUserInfo:
		page.From(r.Context()).Route = path
		wanted = e.wish(r)
	default:
		page.From(r.Context()).Route = "forwarded"
		wanted, served = e.serveFile(w, r)
	}
	if served || e.cfg.Limited(w, r) {
		return
	}
	if e.isAway() {
		e.counts.away.Inc()
		e.cfg.Refuse(w, r, http.StatusServiceUnavailable)
		return
	}
	e.forwarded(w, r, wanted)
}

// ServeKept gives a kept answer about an access token again, and reports whether it did. It comes before everything
// else: nothing of the request need have been looked at.
func (e *Edge) ServeKept(w http.ResponseWriter, r *http.Request) bool {
	if path := r.URL.Path; path != provider.PathIntrospect && path != provider.PathUserInfo {
		return false
	}
	if !e.isFresh() || !keepable(r) {
		return false
	}
	question, ok := e.question(r)
	if !ok {
		return false
	}
	found := e.answers.find(question)
	if found == nil {
		return false
	}
	maps.Copy(w.Header(), found.header)
	_, _ = w.Write(found.body)
	e.counts.kept.Inc()
	return true
}

// wish is what is to be kept of the answer about an access token, which is not kept yet; nil: nothing.
func (e *Edge) wish(r *http.Request) *wish {
	if !e.isFresh() || !keepable(r) {
		return nil
	}
	question, ok := e.question(r)
	if !ok {
		return nil
	}
	return &wish{answer: question, asked: time.Now()}
}

// keepable reports whether the origin decides by nothing but what the key of an answer holds.
func keepable(r *http.Request) bool {
	switch {
	case r.Method != http.MethodPost && (r.Method != http.MethodGet || r.URL.Path == provider.PathIntrospect):
		return false
	case r.URL.RawPath != "" || r.URL.RawQuery != "" || r.URL.ForceQuery || r.ContentLength < 0 || r.ContentLength > maxQuestion:
		return false
	}
	for _, name := range []string{"Origin", "Dpop", "Cookie", "Expect", "Range", "Content-Encoding"} {
		if r.Header[name] != nil {
			return false
		}
	}
	return true
}

// question is the key of the answer to a request, whose body can be read again afterwards.
func (e *Edge) question(r *http.Request) (k key, ok bool) {
	body := make([]byte, r.ContentLength)
	n, err := io.ReadFull(r.Body, body)
	r.Body = readCloser{bytes.NewReader(body[:n]), r.Body}
	if err != nil {
		return k, false
	}
	text := make([]byte, 0, 2048)
	text = append(text, e.secret...)
	write := func(part string) {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	write(r.Method)
	write(r.URL.Path)
	for _, name := range []string{"Authorization", "Content-Type", "Accept"} {
		text = binary.BigEndian.AppendUint32(text, uint32(len(r.Header[name])))
		for _, value := range r.Header[name] {
			write(value)
		}
	}
	return sha256.Sum256(append(text, body...)), true
}

type readCloser struct {
	io.Reader
	io.Closer
}

// asking is what is known of a request that the origin is asked to answer.
type asking struct {
	own    http.Header // what the edge had set, for its own refusal
	wanted *wish       // nil: nothing
}

type askingKey struct{}

// forwarded lets the origin answer.
func (e *Edge) forwarded(w http.ResponseWriter, r *http.Request, wanted *wish) {
	header := w.Header()
	ask := &asking{own: maps.Clone(header), wanted: wanted}
	clear(header) // the origin sets its own
	if connection := ask.own["Connection"]; connection != nil {
		header["Connection"] = connection
	}
	e.counts.forwarded.Inc()
	e.forward.ServeHTTP(&patient{ResponseWriter: w}, r.WithContext(context.WithValue(r.Context(), askingKey{}, ask)))
}

// askingOf is what was noted of a request.
func askingOf(r *http.Request) *asking {
	ask, _ := r.Context().Value(askingKey{}).(*asking) // it always is
	return ask
}

// proxy forwards requests by a transport.
func (e *Edge) proxy(transport http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: transport, Rewrite: e.rewrite, ModifyResponse: e.look, ErrorHandler: e.failed,
		FlushInterval: -1, BufferPool: new(buffers),
		ErrorLog: log.New(io.Discard, "", 0), // what fails is answered, and logged with its request
	}
}

// rewrite makes the request to the origin. What a caller says of proxies and edges is gone by now, but for what is
// said here.
func (e *Edge) rewrite(to *httputil.ProxyRequest) {
	to.SetURL(e.cfg.Origin)
	e.cfg.PassHost(to.Out, to.In)
	state := page.From(to.In.Context())
	client := state.Client.String()
	header := to.Out.Header
	header[HeaderToken] = []string{e.cfg.Token}
	header[HeaderClient] = []string{client}
	header["X-Forwarded-For"] = []string{client}
	header["X-Request-Id"] = []string{state.RequestID}
}

// look keeps what may be kept of an answer.
func (e *Edge) look(response *http.Response) error {
	may := response.Header.Get(provider.EdgeKeep)
	response.Header.Del(provider.EdgeKeep)
	wanted := askingOf(response.Request).wanted
	if wanted == nil || response.StatusCode != http.StatusOK || response.ContentLength > maxFile {
		return nil
	}
	if wanted.file != "" {
		return e.lookAtFile(response, wanted.file)
	}
	seconds, subjects, _ := strings.Cut(may, " ")
	subject, token, known := strings.Cut(subjects, " ")
	keep, err := strconv.Atoi(seconds)
	if err != nil || !known || keep < 1 {
		return nil //nolint:nilerr // nothing is to be kept
	}
	body, whole, err := begun(response, maxReply)
	if err != nil || !whole {
		return err
	}
	e.answers.keep(wanted.answer, &reply{
		header: keptHeader(response.Header), body: body, until: wanted.asked.Add(time.Duration(keep) * time.Second),
		subjects: [2]string{subject, token},
	}, wanted.asked)
	return nil
}

// begun reads an answer up to a size, and reports whether that was all. It can be read again.
func begun(response *http.Response, limit int64) (body []byte, whole bool, err error) {
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, false, err
	}
	response.Body = readCloser{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
	return body, int64(len(body)) <= limit, nil
}

// keptHeader is what is said again with a kept answer: not what was about the one connection or request.
func keptHeader(header http.Header) http.Header {
	kept := maps.Clone(header)
	for _, name := range []string{"Date", "X-Request-Id", "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade", "Content-Length"} {
		delete(kept, name)
	}
	return kept
}

// failed answers for an origin that did not.
func (e *Edge) failed(w http.ResponseWriter, r *http.Request, err error) {
	ask := askingOf(r)
	clear(w.Header())
	maps.Copy(w.Header(), ask.own)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		e.cfg.Refuse(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	if ask.wanted != nil && ask.wanted.file != "" && e.serveOldFile(w, r) {
		return
	}
	if r.Context().Err() == nil { // else the caller has gone
		e.counts.away.Inc()
		e.cfg.Logger.WarnContext(r.Context(), "the origin did not answer", "error", err, "requestId", page.From(r.Context()).RequestID)
	}
	e.cfg.Refuse(w, r, http.StatusServiceUnavailable)
}

// patient gives a caller time for each part of a long answer, rather than for all of it.
type patient struct {
	http.ResponseWriter
	until time.Time
}

// Write implements [http.ResponseWriter].
func (p *patient) Write(b []byte) (int, error) {
	if now := time.Now(); now.Add(writeFor / 2).After(p.until) {
		p.until = now.Add(writeFor)
		_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(p.until)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// buffers are those by which answers are copied.
type buffers struct{ pool sync.Pool }

// Get implements [httputil.BufferPool].
func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[32 << 10]byte); ok {
		return buffer[:]
	}
	return make([]byte, 32<<10)
}

// Put implements [httputil.BufferPool].
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[32 << 10]byte)(buffer)) }
