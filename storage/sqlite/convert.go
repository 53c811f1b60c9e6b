package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// rowScanner is a row or the current one of several.
type rowScanner interface{ Scan(...any) error }

// encodeList stores a list as a JSON array.
func encodeList[T any](list []T) string {
	if list == nil {
		list = []T{}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic(err) // what is stored so always encodes
	}
	return string(encoded)
}

// decodeList reads what encodeList stored, an empty array as nil.
func decodeList[T any](text string) ([]T, error) {
	var list []T
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading a stored list: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// storedList is a list as it is stored, and where it goes.
type storedList struct {
	text string
	to   *[]string
}

func decodeLists(lists ...storedList) error {
	for _, list := range lists {
		var err error
		if *list.to, err = decodeList[string](list.text); err != nil {
			return err
		}
	}
	return nil
}

// optionalID stores the nil UUID as null.
func optionalID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

func optionalText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// violates reports whether err is the violation of a unique index over the given columns, or of a named
// constraint or trigger. SQLite's text holds the columns of the first and the name of the others.
func violates(err error, name string) bool {
	return err != nil && strings.Contains(err.Error(), name)
}

// notFound gives sentinel when a single row was asked for and there is none.
func notFound(err, sentinel error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return sentinel
	}
	return err
}

// one reports whether a statement changed exactly one row.
func one(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
