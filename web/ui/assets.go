package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// AssetPath is where static files are served.
const AssetPath = "/assets/"

//go:embed assets
var assetFiles embed.FS

// Assets are the static files, under names that hold their hash, so that browsers may keep them for ever.
type Assets struct {
	byName map[string]*asset // "app.css"
	byPath map[string]*asset // "/assets/app.1a2b3c4d.css"
}

type asset struct {
	url, contentType string
	plain, zipped    []byte
}

// NewAssets prepares the embedded files.
func NewAssets() (*Assets, error) {
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
		sum := sha256.Sum256(content)
		extension := path.Ext(entry.Name())
		file := &asset{
			url:         AssetPath + strings.TrimSuffix(entry.Name(), extension) + "." + hex.EncodeToString(sum[:5]) + extension,
			contentType: mime.TypeByExtension(extension), plain: content,
		}
		if file.zipped, err = compressed(content); err != nil {
			return nil, fmt.Errorf("compressing asset %s: %w", entry.Name(), err)
		}
		a.byName[entry.Name()], a.byPath[file.url] = file, file
	}
	return a, nil
}

func compressed(content []byte) ([]byte, error) {
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	err = writer.Close()
	return out.Bytes(), err
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
	body := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = file.zipped
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
	return true
}
