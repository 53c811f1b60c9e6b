package edge

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxFile     = 1 << 20  // bytes of a file that is kept
	maxFiles    = 16 << 20 // bytes of all kept files
	minFile     = 2 << 10  // bytes that a kept file takes beside its body
	maxFileName = 512      // bytes: callers choose names
)

// file is a public answer of the origin that is the same for everybody.
type file struct {
	header http.Header
	body   []byte
	until  time.Time // how long it may be given without asking again
	old    time.Time // how long while the origin is away
}

// size is about what a kept file takes, in bytes.
func (f *file) size() int { return len(f.body) + minFile }

// files keeps public files. It is safe for concurrent use.
type files struct {
	mu     sync.Mutex
	byName map[string]*file
	bytes  int
}

func newFiles() *files { return &files{byName: make(map[string]*file)} }

func (f *files) find(name string) *file {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byName[name]
}

func (f *files) keep(name string, kept *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(name)
	for other := range f.byName { // any one
		if f.bytes+kept.size() <= maxFiles {
			break
		}
		f.remove(other)
	}
	f.byName[name] = kept
	f.bytes += kept.size()
}

func (f *files) remove(name string) {
	if old := f.byName[name]; old != nil {
		f.bytes -= old.size()
		delete(f.byName, name)
	}
}

// fileName is what a file is kept by; empty if the request may be answered by nothing that is kept: it is not for
// everybody, or asks for a part, or under a name that is too long to keep.
func fileName(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" || r.ContentLength != 0 {
		return ""
	}
	for _, name := range []string{"Authorization", "Cookie", "Origin", "Range", "Dpop", "X-Service-Key", "If-Match", "If-Range"} {
		if r.Header[name] != nil {
			return ""
		}
	}
	name := strings.Join(r.Header["Accept-Encoding"], ",") + " " + r.URL.Path
	if len(name) > maxFileName {
		return ""
	}
	return name
}

// serveFile answers with a kept file. If it does not, it tells what is to be kept; nil: nothing.
func (e *Edge) serveFile(w http.ResponseWriter, r *http.Request) (wanted *wish, served bool) {
	name := fileName(r)
	if name == "" {
		return nil, false
	}
	if kept := e.files.find(name); kept != nil && time.Now().Before(kept.until) {
		kept.serve(w, r)
		e.counts.kept.Inc()
		return nil, true
	}
	return &wish{file: name, asked: time.Now()}, e.isAway() && e.serveOldFile(w, r)
}

// serveOldFile answers with a file whose time is over, while the origin cannot be asked.
func (e *Edge) serveOldFile(w http.ResponseWriter, r *http.Request) bool {
	kept := e.files.find(fileName(r))
	if kept == nil || time.Now().After(kept.old) {
		return false
	}
	kept.serve(w, r)
	e.counts.kept.Inc()
	return true
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), f.header)
	if tag := f.header.Get("ETag"); tag != "" && slices.Contains(strings.Split(r.Header.Get("If-None-Match"), ", "), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.body)
}

// lookAtFile keeps an answer that says that it is for everybody.
func (e *Edge) lookAtFile(response *http.Response, name string) error {
	life, public := publicLife(response.Header)
	if !public {
		return nil
	}
	body, whole, err := begun(response, maxFile)
	if err != nil || !whole {
		return err
	}
	now := time.Now()
	e.files.keep(name, &file{header: keptHeader(response.Header), body: body, until: now.Add(life), old: now.Add(max(life, StaleFor))})
	return nil
}

// publicLife is how long an answer is the same for everybody, if it is (RFC 9111, section 5.2.2).
func publicLife(header http.Header) (life time.Duration, public bool) {
	if header.Get("Set-Cookie") != "" {
		return 0, false
	}
	for _, list := range header["Vary"] {
		for name := range strings.SplitSeq(list, ",") {
			if !strings.EqualFold(strings.TrimSpace(name), "Accept-Encoding") {
				return 0, false
			}
		}
	}
	for part := range strings.SplitSeq(strings.Join(header["Cache-Control"], ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "=")
		switch name {
		case "public":
			public = true
		case "private", "no-store", "no-cache":
			return 0, false
		case "max-age":
			if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
				life = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(life, 365*24*time.Hour), public && life > 0
}
