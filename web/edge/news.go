package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"mana/provider"
)

// maxRead bounds what is read of an answer of the origin, in bytes.
const maxRead = 1 << 20

// errStatus says that the origin answered, and not what was asked for.
var errStatus = errors.New("the origin answered")

// ask learns what ended, drops what that touches, and reads the documents again when they changed.
func (e *Edge) ask(ctx context.Context) {
	asked := time.Now()
	news, err := e.news(ctx)
	if err == nil || errors.Is(err, errStatus) {
		e.heard.Store(e.since(time.Now()))
	}
	known := e.documents.Load()
	switch {
	case err == nil:
		e.apply(news)
		e.asked.Store(e.since(asked)) // now that what ended is dropped
		if known == nil || known.state != news.Documents {
			err = e.read(ctx, news.Documents)
		} else {
			e.checked.Store(e.since(asked))
		}
	case errors.Is(err, errStatus) && e.age(&e.checked) > checkEvery:
		err = errors.Join(err, e.read(ctx, ""))
	}
	e.tell(ctx, err)
	e.answers.sweep(asked)
}

// tell logs when news stop coming, and when they come again.
func (e *Edge) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && e.silent == nil:
		e.cfg.Logger.Warn("no news from the origin: answers are not kept", "error", err)
	case err == nil && e.silent != nil:
		e.cfg.Logger.Info("news from the origin again")
	}
	e.silent = err
}

// news asks what changed since the last time.
func (e *Edge) news(ctx context.Context) (News, error) {
	after := int64(-1)
	if e.asked.Load() != 0 {
		after = e.mark
	}
	var news News
	body, _, err := e.get(ctx, PathNews+"?after="+strconv.FormatInt(after, 10))
	if err == nil {
		err = json.Unmarshal(body, &news)
	}
	return news, err
}

// get reads an answer of the origin. Another status than 200 is errStatus.
func (e *Edge) get(ctx context.Context, path string) ([]byte, http.Header, error) {
	to := *e.cfg.Origin
	to.Path, to.RawQuery, _ = strings.Cut(path, "?")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	e.cfg.PassHost(request, &http.Request{Host: e.cfg.Issuer.Host})
	request.Header.Set(HeaderToken, e.cfg.Token)
	response, err := e.client.Do(request)
	if err != nil {
		return nil, nil, withoutQuery(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, response.Body, maxRead) // so that the connection is used again
		return nil, nil, fmt.Errorf("%w %d to %s", errStatus, response.StatusCode, to.Path)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRead))
	return body, response.Header, err
}

// withoutQuery keeps the mark out of what is logged: each second would have another fault.
func withoutQuery(err error) error {
	if fault, ok := errors.AsType[*url.Error](err); ok {
		return fault.Err
	}
	return err
}

// apply drops what the news touch.
func (e *Edge) apply(news News) {
	if e.asked.Load() == 0 || news.Lost || news.Revision != e.revision || news.Mark < e.mark {
		e.answers.dropAll()
	} else {
		e.answers.drop(news.Subjects)
	}
	e.mark, e.revision = news.Mark, news.Revision
}

// documents are one state of what the origin publishes.
type documents struct {
	state  string // as in [News]
	byPath map[string]document
}

// document is what is served while the origin can be asked, and what while it cannot: its callers ask again soon.
type document struct{ current, stale *provider.Document }

const cacheStale = "public, max-age=60"

// paths are those of the documents. Two are one document.
var paths = []string{
	provider.PathDiscovery, provider.PathAuthorizationServer, provider.PathJWKS, provider.PathCreditsMetadata,
}

// read reads all documents again, together.
func (e *Edge) read(ctx context.Context, of string) error {
	asked := time.Now()
	read, faults := make([]document, len(paths)), make([]error, len(paths))
	var group sync.WaitGroup
	for i, path := range paths {
		group.Go(func() { read[i], faults[i] = e.readOne(ctx, path) })
	}
	group.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	found := &documents{state: of, byPath: make(map[string]document, len(paths))}
	for i, path := range paths {
		found.byPath[path] = read[i]
	}
	e.documents.Store(found)
	e.checked.Store(e.since(asked))
	return nil
}

func (e *Edge) readOne(ctx context.Context, path string) (document, error) {
	body, header, err := e.get(ctx, path)
	if err != nil {
		return document{}, fmt.Errorf("reading the documents: %w", err)
	}
	if err := e.check(path, body); err != nil {
		return document{}, err
	}
	with := func(cache string) *provider.Document {
		return provider.NewDocument(header.Get("Content-Type"), bytes.TrimSuffix(body, []byte("\n")), cache)
	}
	return document{with(header.Get("Cache-Control")), with(cacheStale)}, nil
}

// check refuses the documents of another issuer, and a set without keys.
func (e *Edge) check(path string, body []byte) error {
	var shown struct {
		Issuer string            `json:"issuer"`
		Keys   []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &shown); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	switch issuer := e.cfg.Issuer.String(); {
	case path == provider.PathJWKS && len(shown.Keys) == 0:
		return errors.New("the origin has no keys")
	case (path == provider.PathDiscovery || path == provider.PathAuthorizationServer) && shown.Issuer != issuer:
		return fmt.Errorf("the origin is %q, want %q: set ISSUER to the same", shown.Issuer, issuer)
	}
	return nil
}

// served are the documents, nil if there are none, or none that may still be served.
func (e *Edge) served() *documents {
	if e.age(&e.checked) > StaleFor {
		return nil
	}
	return e.documents.Load()
}

// Documents are the handlers of the published documents, by path.
func (e *Edge) Documents() map[string]http.Handler {
	handlers := make(map[string]http.Handler, len(paths))
	for _, path := range paths {
		handlers[path] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.serveDocument(w, r, path) })
	}
	return handlers
}

func (e *Edge) serveDocument(w http.ResponseWriter, r *http.Request, path string) {
	known := e.served()
	if known == nil {
		w.Header().Set("Retry-After", "1")
		e.cfg.Refuse(w, r, http.StatusServiceUnavailable)
		return
	}
	d := known.byPath[path]
	if e.age(&e.checked) > staleAfter+checkEvery {
		d.stale.ServeHTTP(w, r)
		return
	}
	d.current.ServeHTTP(w, r)
}
