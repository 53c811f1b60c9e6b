package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// AssetPath is where static files are served.
const AssetPath = "/assets/"

//go:embed assets
var assetFiles embed.FS

// Assets are the static files, under names that hold their hash, so that browsers may keep them for ever.
type Assets struct {
	byName map[string]*asset // "app.css"
	byPath map[string]*asset // "/assets/app.1a2b3c4d.css"
	icon   string            // of the browser's tab, as an address that holds it
	logo   string            // name of the operator's logo, empty: none
}

type asset struct {
	url, contentType string
	plain            []byte
	zipped           func() []byte // made when it is first asked for
}

// contentTypes are those of the assets by how their names end.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml",
}

// Theme is what an operator gives the pages. The zero value is our own.
type Theme struct {
	Accent Accent
	Logo   []byte // a picture, PNG or SVG; nil: none
}

// logoNames are those of the logo as an asset, by how a picture begins.
var logoNames = map[string]string{"\x89PNG": "logo.png", "<svg": "logo.svg", "<?xml": "logo.svg"}

// ErrLogo says that a file is neither a PNG nor an SVG picture.
var ErrLogo = errors.New("neither a PNG nor an SVG picture")

// logoName is what a picture is called among the assets.
func logoName(picture []byte) (string, error) {
	for start, name := range logoNames {
		if bytes.HasPrefix(picture, []byte(start)) {
			return name, nil
		}
	}
	return "", ErrLogo
}

// NewAssets prepares the embedded files and those of the theme. [ErrLogo].
func NewAssets(theme Theme) (*Assets, error) {
	a := &Assets{byName: make(map[string]*asset), byPath: make(map[string]*asset)}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("listing assets: %w", err)
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(assetFiles, "assets/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading asset %s: %w", entry.Name(), err)
		}
		switch entry.Name() {
		case "app.css":
			content = append(content, theme.Accent.css()...)
		case "favicon.svg":
			a.icon = "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(theme.Accent.icon(string(content))))
			continue // a part of each page
		}
		a.add(entry.Name(), content)
	}
	if theme.Logo == nil {
		return a, nil
	}
	if a.logo, err = logoName(theme.Logo); err != nil {
		return nil, err
	}
	a.add(a.logo, theme.Logo)
	return a, nil
}

// Icon is the sign of the browser's tab, as an address that holds it: one request less.
func (a *Assets) Icon() string { return a.icon }

// Logo is the address of the operator's logo, empty without one.
func (a *Assets) Logo() string {
	if a.logo == "" {
		return ""
	}
	return a.URL(a.logo)
}

func (a *Assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	extension := path.Ext(name)
	file := &asset{
		url:         AssetPath + strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:5]) + extension,
		contentType: contentTypes[extension], plain: content,
		zipped: sync.OnceValue(func() []byte { return compressed(content) }),
	}
	a.byName[name], a.byPath[file.url] = file, file
}

func compressed(content []byte) []byte {
	var out bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid constant
	_, _ = writer.Write(content)                                 // a buffer does not fail
	_ = writer.Close()
	return out.Bytes()
}

// URL is the address of a file by its name in the sources.
func (a *Assets) URL(name string) string { return a.byName[name].url }

// Serve answers a file. It reports whether there is one at this path.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request) bool {
	file, ok := a.byPath[r.URL.Path]
	if !ok {
		return false
	}
	header := w.Header()
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Content-Type", file.contentType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // of a picture that is opened by itself
	body := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = file.zipped()
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
	return true
}
