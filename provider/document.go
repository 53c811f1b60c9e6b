package provider

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// How long published documents may be kept. The sum of the three times of the key set stays below the
// 24 hours by which a new key is published ahead of its use.
const (
	cacheMetadata = "public, max-age=600, stale-while-revalidate=600"
	cacheJWKS     = cacheMetadata + ", stale-if-error=82800"
)

// Document is a public document that is encoded once and answered from memory, with a strong ETag for
// each of its encodings. Any origin may read it. It never changes.
type Document struct {
	plain, zipped form
	contentType   []string
	cache         []string
}

// form is one encoding of a document, with the headers that go with it.
type form struct {
	body     []byte
	tag      string
	etag     []string
	length   []string
	encoding []string // nil: none
}

// Header values that all documents share. They are never changed.
var (
	anyOrigin      = []string{"*"}
	crossOrigin    = []string{"cross-origin"}
	gzipEncoding   = []string{"gzip"}
	acceptEncoding = "Accept-Encoding"
)

// NewDocument prepares a document of JSON. It ends its line, as all our JSON does.
func NewDocument(contentType string, body []byte, cache string) *Document {
	body = slices.Concat(body, []byte("\n"))
	var zipped bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression) // the level is a valid constant
	_, _ = writer.Write(body)                                       // a buffer does not fail
	_ = writer.Close()
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	return &Document{
		plain:       newForm(body, `"`+tag+`"`, nil),
		zipped:      newForm(zipped.Bytes(), `"`+tag+`-gzip"`, gzipEncoding),
		contentType: []string{contentType}, cache: []string{cache},
	}
}

func newForm(body []byte, tag string, encoding []string) form {
	return form{body: body, tag: tag, etag: []string{tag}, length: []string{strconv.Itoa(len(body))}, encoding: encoding}
}

// published is the current version of a document.
type published struct{ atomic.Pointer[Document] }

// ServeHTTP answers with the current version.
func (p *published) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.Load().ServeHTTP(w, r) }

// Bytes is the document without compression. It must not be changed.
func (d *Document) Bytes() []byte { return d.plain.body }

// ServeHTTP answers GET and HEAD, with 304 when the caller has the document already.
func (d *Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Cross-Origin-Resource-Policy"] = crossOrigin
	if header["Access-Control-Allow-Origin"] == nil { // the JSON API has named its caller already
		header["Access-Control-Allow-Origin"] = anyOrigin
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(w, "GET, HEAD")
		return
	}
	chosen := &d.plain
	if acceptsGzip(r.Header.Get(acceptEncoding)) {
		chosen = &d.zipped
	}
	header.Add("Vary", acceptEncoding)
	header["Cache-Control"] = d.cache
	header["Etag"] = chosen.etag
	if matches(r.Header.Get("If-None-Match"), chosen.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if chosen.encoding != nil {
		header["Content-Encoding"] = chosen.encoding
	}
	header["Content-Type"] = d.contentType
	if len(chosen.body) > buffered || r.Method == http.MethodHead {
		header["Content-Length"] = chosen.length // otherwise net/http states it, for less
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(chosen.body)
	}
}

// buffered is how much of a body net/http holds back to learn its length, in bytes.
const buffered = 2048

// acceptsGzip reports whether a caller takes gzip (RFC 9110, section 12.5.3).
func acceptsGzip(list string) bool {
	for coding := range strings.SplitSeq(list, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			quality, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 32)
			return err != nil || quality > 0
		}
	}
	return false
}

// matches compares an If-None-Match list weakly with a tag (RFC 9110, section 13.1.2).
func matches(list, tag string) bool {
	if list == "" {
		return false
	}
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == tag {
			return true
		}
	}
	return false
}
