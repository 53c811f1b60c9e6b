package api

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"mana/ledger"
)

const (
	maxDepth   = 32
	maxMembers = 1000

	notAnObject   = "Request body must be a JSON object"
	amountMessage = "amount must be a number greater than 0, at most 1000000, with at most 6 decimal places"
)

// object is a decoded request body. Its methods read members in the order in which they are documented and
// remember the first that is wrong; members that nobody reads are ignored.
type object struct {
	members map[string]jsontext.Value
	fault   *Error
}

// decode reads a body strictly: one object of unique, exact names in UTF-8, bounded in depth and number of
// members, and nothing after it. An empty body is an empty object.
func decode(r *http.Request) (*object, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil, Refusal(http.StatusRequestEntityTooLarge)
		}
		return nil, validation(notAnObject)
	}
	o := &object{members: make(map[string]jsontext.Value)}
	if len(body) == 0 {
		return o, nil
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, Refusal(http.StatusUnsupportedMediaType)
	}
	if !wellFormed(body) {
		return nil, validation(notAnObject)
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, validation(notAnObject)
	}
	for decoder.PeekKind() == '"' {
		name, nameErr := decoder.ReadToken()
		member := name.String()
		value, valueErr := decoder.ReadValue()
		if nameErr != nil || valueErr != nil {
			return nil, validation(notAnObject)
		}
		if value.Kind() != 'n' { // null means absent
			o.members[member] = value.Clone()
		}
	}
	return o, nil
}

func isJSON(contentType string) bool {
	media, parameters, _ := strings.Cut(contentType, ";")
	charset := strings.ToLower(strings.TrimSpace(parameters))
	return strings.EqualFold(strings.TrimSpace(media), "application/json") &&
		(charset == "" || charset == "charset=utf-8" || charset == `charset="utf-8"`)
}

// wellFormed checks syntax, unique names, Unicode (by the decoder) and the bounds: one value, nothing after it.
func wellFormed(body []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	members := 0 // of objects, and elements of arrays
	for {
		token, err := decoder.ReadToken()
		if err != nil || decoder.StackDepth() > maxDepth {
			return false
		}
		if begins(decoder, token.Kind()) {
			members++
		}
		switch {
		case members > maxMembers:
			return false
		case token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return false
		case decoder.StackDepth() == 0:
			return len(bytes.Trim(body[decoder.InputOffset():], " \t\r\n")) == 0
		}
	}
}

// begins reports whether the token that was read begins a member or an element: a name, or a value in an array.
func begins(decoder *jsontext.Decoder, token jsontext.Kind) bool {
	depth := decoder.StackDepth()
	if token == '{' || token == '[' {
		depth-- // it belongs to what holds it
	}
	kind, length := decoder.StackIndex(depth)
	closes := token == '}' || token == ']'
	return !closes && (kind == '[' || kind == '{' && length%2 == 1)
}

func (o *object) fail(message string) {
	if o.fault == nil {
		o.fault = validation(message)
	}
}

// err is the first thing that was wrong.
func (o *object) err() error {
	if o.fault == nil {
		return nil
	}
	return o.fault
}

// text reads an optional string. It reports whether the member is there.
func (o *object) text(name string) (string, bool) {
	value, ok := o.members[name]
	if !ok {
		return "", false
	}
	if value.Kind() != '"' {
		o.fail(name + " must be a string")
		return "", false
	}
	unquoted, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		o.fail(name + " must be a string")
		return "", false
	}
	return string(unquoted), true
}

// required reads a string that must be there.
func (o *object) required(name string) string {
	text, ok := o.text(name)
	if !ok {
		o.fail(name + " is required")
	}
	return text
}

// limited reads a string of low to high characters, of several lines too; low above 0 makes it required.
func (o *object) limited(name string, low, high int) string {
	text, ok := o.text(name)
	if !ok && low > 0 {
		o.fail(name + " is required")
		return ""
	}
	if n := utf8.RuneCountInString(text); ok && (n < low || n > high) {
		o.fail(name + " must be " + itoa(int64(low)) + " to " + itoa(int64(high)) + " characters")
	}
	return text
}

// line reads a string as [object.limited] does, and takes only one line.
func (o *object) line(name string, low, high int) string {
	text := o.limited(name, low, high)
	if strings.ContainsFunc(text, unicode.IsControl) {
		o.fail(name + " must be one line without control characters")
	}
	return text
}

// cut reads an optional string and keeps its first characters.
func (o *object) cut(name string, high int) string {
	text, _ := o.text(name)
	if runes := []rune(text); len(runes) > high {
		return string(runes[:high])
	}
	return text
}

// id reads an id that must be there.
func (o *object) id(name string) uuid.UUID {
	text, ok := o.text(name)
	if !ok {
		o.fail(name + " is required")
	}
	id, ok := parseID(text)
	if !ok {
		o.fail(name + " must be a UUID")
	}
	return id
}

// optionalID reads an id; uuid.Nil when there is none, which nobody can send: it would mean any.
func (o *object) optionalID(name string) uuid.UUID {
	if _, ok := o.members[name]; !ok {
		return uuid.Nil
	}
	id := o.id(name)
	if id == uuid.Nil {
		o.fail(name + " must be a UUID")
	}
	return id
}

// maxItems is how many strings a list of a request holds.
const maxItems = 100

// list reads an optional list of strings.
func (o *object) list(name string) []string {
	value, ok := o.members[name]
	if !ok {
		return nil
	}
	var items []string
	decoder := jsontext.NewDecoder(bytes.NewReader(value))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		o.fail(name + " must be a list of strings")
		return nil
	}
	for decoder.PeekKind() == '"' && len(items) < maxItems {
		token, err := decoder.ReadToken()
		if err != nil {
			break
		}
		items = append(items, token.String())
	}
	if decoder.PeekKind() != ']' {
		o.fail(name + " must be a list of at most " + itoa(maxItems) + " strings")
	}
	return items
}

// only refuses members that a route does not know.
func (o *object) only(names ...string) {
	for _, member := range slices.Sorted(maps.Keys(o.members)) {
		if !slices.Contains(names, member) {
			o.fail("unknown member in the request body: " + strings.ToValidUTF8(member[:min(len(member), 64)], ""))
		}
	}
}

// boolean reads an optional truth value.
func (o *object) boolean(name string, fallback bool) bool {
	value, ok := o.members[name]
	if !ok {
		return fallback
	}
	if value.Kind() != 't' && value.Kind() != 'f' {
		o.fail(name + " must be true or false")
	}
	return value.Kind() == 't'
}

// whole reads an optional whole number of low to high.
func (o *object) whole(name string, low, high, fallback int64) int64 {
	value, ok := o.members[name]
	if !ok {
		return fallback
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < low || n > high || value[0] == '-' {
		o.fail(name + " must be a number of " + itoa(low) + " to " + itoa(high))
	}
	return n
}

// parseID reads a UUID in its plain form.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && len(text) == len(uuid.Nil.String())
}

// moment reads an optional moment (RFC 3339), the zero time when there is none.
func (o *object) moment(name string) time.Time {
	text, ok := o.text(name)
	if !ok {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() > 9000 {
		o.fail(name + " must be a moment such as 2026-01-31T12:00:00Z")
	}
	return at.UTC().Truncate(time.Microsecond)
}

// amount reads the number of credits of a request.
func (o *object) amount() ledger.Amount {
	if _, ok := o.members["amount"]; !ok {
		o.fail("amount is required")
	}
	return o.optionalAmount("amount")
}

// optionalAmount reads a number of credits, 0 when there is none, which nobody can send.
func (o *object) optionalAmount(name string) ledger.Amount {
	value, ok := o.members[name]
	if !ok {
		return 0
	}
	amount, err := ledger.ParseAmount(value)
	if err != nil {
		o.fail(name + strings.TrimPrefix(amountMessage, "amount"))
	}
	return amount
}

// cap reads a limit of credits; 0: none.
func (o *object) cap(name string) ledger.Amount {
	value, ok := o.members[name]
	if !ok || string(value) == "0" {
		return 0
	}
	return o.optionalAmount(name)
}

const (
	maxMetadata      = 16 << 10 // bytes
	maxMetadataDepth = 8
	maxMetadataKeys  = 64
)

// metadata reads an optional object and keeps it as it was given.
func (o *object) metadata(name string) []byte {
	value, ok := o.members[name]
	if !ok {
		return nil
	}
	if value.Kind() != '{' {
		o.fail(name + " must be an object")
		return nil
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(value))
	keys, depth := int64(0), 0
	for {
		if _, err := decoder.ReadToken(); err != nil {
			break
		}
		depth = max(depth, decoder.StackDepth())
		if kind, length := decoder.StackIndex(decoder.StackDepth()); kind == '{' && length%2 == 1 {
			keys++
		}
	}
	if len(value) > maxMetadata || depth > maxMetadataDepth || keys > maxMetadataKeys {
		o.fail(name + " must be an object of at most 16384 bytes, 8 levels and 64 keys")
	}
	return value
}
