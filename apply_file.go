package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"mana/provider"
)

// applyFile is the file of `mana apply`, read and checked.
type applyFile struct {
	path        string
	clients     []describedClient
	serviceKeys []provider.ServiceKey // without id and age
	packages    []describedPackage
	people      []describedPerson // administrators first
}

// describedClient is one client of the file.
type describedClient struct {
	client   provider.Client // complete but for what the file does not say
	disabled *bool           // nil: the file does not say
}

// The file as it is written.
type (
	applyDocument struct {
		Clients     []clientEntry     `yaml:"clients"`
		ServiceKeys []serviceKeyEntry `yaml:"service_keys"`
		Packages    []packageEntry    `yaml:"packages"`
		People      []personEntry     `yaml:"people"`
	}
	clientEntry struct {
		clientFields `yaml:",inline"`
		SecretFile   string `yaml:"secret_file"`   // relative to the file
		SecretSHA256 string `yaml:"secret_sha256"` // hexadecimal
	}
)

// fileFault is one thing that is wrong with the file.
type fileFault struct {
	line int // 0: unknown
	text string
}

// fileFaults lists everything that is wrong with the file, so that it is mended in one go.
type fileFaults struct {
	path   string
	faults []fileFault
}

// Error implements error.
func (f *fileFaults) Error() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s needs attention, nothing was changed\n", f.path)
	for _, fault := range f.faults {
		if fault.line > 0 {
			fmt.Fprintf(&out, "\n  line %d: %s", fault.line, fault.text)
			continue
		}
		fmt.Fprintf(&out, "\n  %s", fault.text)
	}
	return out.String()
}

// fits tells what of the file the settings do not allow.
func (f *applyFile) fits(c *config) error {
	faults := &fileFaults{path: f.path}
	for _, described := range f.clients {
		if err := c.checkIDTokenAlg(described.client.IDTokenAlg); err != nil {
			faults.faults = append(faults.faults, fileFault{text: described.client.ID + ": " + err.Error()})
		}
	}
	if len(faults.faults) > 0 {
		return faults
	}
	return nil
}

// readApplyFile reads and checks the file. The error lists all its faults, and holds no secret.
func readApplyFile(path string) (*applyFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the file to apply: %w", err)
	}
	document, places, faults := decodeApply(content)
	file := &applyFile{path: path}
	firstAt := make(map[string]int)
	for i, entry := range document.Clients {
		at := places.entry("clients", i)
		described, found := entry.check(filepath.Dir(path))
		for _, fault := range found {
			faults = append(faults, fileFault{at.line(fault.Field), fmt.Sprintf("clients[%d].%s: %s", i, fault.Field, fault.Text)})
		}
		if first, twice := firstAt[entry.ID]; twice {
			faults = append(faults, fileFault{at.line("client_id"), fmt.Sprintf("clients[%d].client_id: %q is described at line %d already", i, entry.ID, first)})
		}
		firstAt[entry.ID] = at.line("client_id")
		file.clients = append(file.clients, described)
	}
	faults = append(faults, file.readServiceKeys(document.ServiceKeys, places)...)
	faults = append(faults, file.readPackages(document.Packages, places)...)
	faults = append(faults, file.readPeople(document.People, places)...)
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b fileFault) int { return a.line - b.line })
		return nil, &fileFaults{path, faults}
	}
	return file, nil
}

// decodeApply decodes strictly. What could be decoded is given beside the faults, so that all are found.
func decodeApply(content []byte) (applyDocument, place, []fileFault) {
	var document applyDocument
	var tree yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) { // an empty file describes nothing
		return document, place{}, nil
	}
	var faults []fileFault
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range typed.Errors {
			faults = append(faults, decodeFault(text))
		}
	} else if err != nil {
		return document, place{}, []fileFault{decodeFault(strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	if !errors.Is(decoder.Decode(&yaml.Node{}), io.EOF) {
		faults = append(faults, fileFault{text: "must be one document"})
	}
	if err := yaml.Unmarshal(content, &tree); err != nil || len(tree.Content) == 0 {
		return document, place{}, faults
	}
	if empty := emptyItems(tree.Content[0], ""); len(empty) > 0 {
		return applyDocument{}, place{}, append(faults, empty...) // the rest has other places than in the file
	}
	return document, place{tree.Content[0]}, faults
}

// emptyItems finds the items of lists that are null, which the library leaves out.
func emptyItems(node *yaml.Node, path string) []fileFault {
	var faults []fileFault
	for i, child := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch node.Kind {
		case yaml.SequenceNode:
			if isNull(child) {
				faults = append(faults, fileFault{child.Line, strings.TrimPrefix(at, ".") + ": is empty"})
			}
		case yaml.MappingNode:
			if i%2 == 0 {
				continue // a name
			}
			at = path + "." + node.Content[i-1].Value
		}
		faults = append(faults, emptyItems(child, at)...)
	}
	return faults
}

func isNull(node *yaml.Node) bool {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node.ShortTag() == "!!null"
}

var (
	faultLine    = regexp.MustCompile(`^line (\d+): `)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type \S+$`)
	typeName     = regexp.MustCompile(`into (\S*)main\.\w+$`)
)

// decodeFault puts a fault of the library into our words.
func decodeFault(text string) fileFault {
	var fault fileFault
	if m := faultLine.FindStringSubmatch(text); m != nil {
		fault.line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	text = unknownField.ReplaceAllString(text, "$1: there is no such field here")
	fault.text = typeName.ReplaceAllString(text, "into ${1}object")
	return fault
}

// place is a node of the file, for the lines of faults; it may be none.
type place struct{ node *yaml.Node }

// field finds key and value of a member.
func (p place) field(name string) (key, value *yaml.Node) {
	if p.node == nil || p.node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(p.node.Content); i += 2 {
		if p.node.Content[i].Value == name {
			return p.node.Content[i], p.node.Content[i+1]
		}
	}
	return nil, nil
}

// entry is the place of an object of a section.
func (p place) entry(section string, i int) place {
	_, list := p.field(section)
	if list == nil || i >= len(list.Content) {
		return place{}
	}
	return place{list.Content[i]}
}

// line is that of a member, or of what should have it.
func (p place) line(name string) int {
	if key, _ := p.field(name); key != nil {
		return key.Line
	}
	if p.node == nil {
		return 0
	}
	return p.node.Line
}

// check completes a client and says what is wrong with it.
func (e clientEntry) check(folder string) (describedClient, provider.ClientFaults) {
	client := e.client()
	var faults provider.ClientFaults
	hash, fault := givenSecret{"secret", e.SecretFile, e.SecretSHA256}.hash(folder)
	switch {
	case fault != nil:
		faults = append(faults, *fault)
	case e.Public && hash != nil:
		faults.Add("public", "a public client has no secret")
	case !e.Public && hash == nil:
		faults.Add("public", "must be true, or there must be secret_file or secret_sha256")
	}
	if !e.Public && hash == nil {
		hash = make([]byte, sha256.Size) // stands for the secret, so that the rest is judged rightly
	}
	if !e.Public {
		client.Secrets = []provider.ClientSecret{{Hash: hash}}
	}
	client.Disabled = e.Disabled != nil && *e.Disabled
	client, err := client.Complete()
	var found provider.ClientFaults
	if errors.As(err, &found) {
		faults = append(faults, found...)
	}
	return describedClient{client: client, disabled: e.Disabled}, faults
}

// givenSecret is a secret as the file gives it: by another file, or by its hash.
type givenSecret struct{ field, file, sha256 string }

// hash is the SHA-256 of the secret; nil when there is none.
func (s givenSecret) hash(folder string) ([]byte, *provider.ClientFault) {
	fileField, hashField := s.field+"_file", s.field+"_sha256"
	switch {
	case s.file != "" && s.sha256 != "":
		return nil, &provider.ClientFault{Field: fileField, Text: hashField + " is given as well"}
	case s.sha256 != "":
		hash, err := hex.DecodeString(s.sha256)
		if err != nil || len(hash) != sha256.Size {
			return nil, &provider.ClientFault{Field: hashField, Text: "must be 64 hexadecimal digits"}
		}
		return hash, nil
	case s.file != "":
		secret, err := readSecret(folder, s.file)
		if err != nil {
			return nil, &provider.ClientFault{Field: fileField, Text: err.Error()}
		}
		hash := sha256.Sum256([]byte(secret))
		return hash[:], nil
	}
	return nil, nil
}

// minSecret is the shortest secret that may be chosen, in bytes. A stored hash of less could be guessed.
const minSecret = 32

// checkSecret says what is wrong with a secret that was made elsewhere, or nothing.
func checkSecret(secret string) string {
	if len(secret) < minSecret || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Sprintf("must be %d or more printable ASCII characters without blanks", minSecret)
	}
	return ""
}

// readSecret reads a secret that was made elsewhere, such as by `openssl rand -base64 32`.
func readSecret(folder, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o004 != 0 {
		return "", fmt.Errorf("%s can be read by everybody: chmod o-r", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(content))
	if fault := checkSecret(secret); fault != "" {
		return "", fmt.Errorf("what %s holds %s", path, fault)
	}
	return secret, nil
}

// UnmarshalYAML reads what Set reads; its error names the line.
func (l *life) UnmarshalYAML(node *yaml.Node) error { return setYAML(l, node) }
