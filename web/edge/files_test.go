package edge

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestFilesAreBounded keeps small files under many names: what the names take counts as well.
func TestFilesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFiles()
	soon := time.Now().Add(time.Hour)
	const names = 2 * maxFiles / minFile
	for i := range names {
		f.keep(strconv.Itoa(i), &file{until: soon, old: soon})
	}
	if got := len(f.byName); got > maxFiles/minFile || f.bytes > maxFiles {
		t.Errorf("got %d files of %d bytes kept", got, f.bytes)
	}
	for name := range f.byName {
		f.remove(name)
	}
	if f.bytes != 0 {
		t.Errorf("got %d bytes of no files", f.bytes)
	}
}

// TestFileNamesAreShort: what a caller accepts tells files apart, unless it is longer than any browser's list.
func TestFileNamesAreShort(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/openapi.json", http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	if got := fileName(r); got == "" {
		t.Error("got no name for what a browser asks")
	}
	r.Header.Set("Accept-Encoding", strings.Repeat("x", maxFileName))
	if got := fileName(r); got != "" {
		t.Errorf("got a name of %d bytes", len(got))
	}
}
