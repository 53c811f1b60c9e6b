package provider

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// How long published documents may be kept. The sum of the three times of the key set stays below the
// 24 hours by which a new key is published ahead of its use.
const (
	cacheMetadata = "public, max-age=600, stale-while-revalidate=600"
	cacheJWKS     = cacheMetadata + ", stale-if-error=82800"
)

// Document is a public document that is encoded once and answered from memory, with a strong ETag for
// each of its two encodings. Any origin may read it.
type Document struct {
	contentType, cache string
	plain, zipped      []byte
	plainTag, zipTag   string
}

// NewDocument prepares a document.
func NewDocument(contentType string, body []byte, cache string) *Document {
	var zipped bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression) // the level is a valid constant
	_, _ = writer.Write(body)                                       // a buffer does not fail
	_ = writer.Close()
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	return &Document{
		contentType: contentType, cache: cache, plain: body, zipped: zipped.Bytes(),
		plainTag: `"` + tag + `"`, zipTag: `"` + tag + `-gzip"`,
	}
}

// Bytes is the document without compression. It must not be changed.
func (d *Document) Bytes() []byte { return d.plain }

// ServeHTTP answers GET and HEAD, with 304 when the caller has the document already.
func (d *Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if header.Get("Access-Control-Allow-Origin") == "" { // the JSON API has named its caller already
		header.Set("Access-Control-Allow-Origin", "*")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(w, "GET, HEAD")
		return
	}
	body, tag := d.plain, d.plainTag
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body, tag = d.zipped, d.zipTag
		header.Set("Content-Encoding", "gzip")
	}
	header.Add("Vary", "Accept-Encoding")
	header.Set("Cache-Control", d.cache)
	header.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", d.contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// matches compares an If-None-Match list weakly with a tag (RFC 9110, section 13.1.2).
func matches(list, tag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == tag {
			return true
		}
	}
	return false
}
