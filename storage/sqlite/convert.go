package sqlite

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"mana/provider"
)

// rowScanner is a row or the current one of several.
type rowScanner interface{ Scan(...any) error }

// encodeList stores a list as a JSON array.
func encodeList(list []string) string {
	if list == nil {
		list = []string{}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(encoded)
}

// decodeList reads what encodeList stored, an empty array as nil.
func decodeList(text string) ([]string, error) {
	var list []string
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
		if *list.to, err = decodeList(list.text); err != nil {
			return err
		}
	}
	return nil
}

// encodeSecrets stores secrets as a JSON array of strings: the hash in hexadecimal and, of one that expires,
// "@" and its end in microseconds since 1970.
func encodeSecrets(secrets []provider.ClientSecret) string {
	list := make([]string, len(secrets))
	for i, s := range secrets {
		list[i] = hex.EncodeToString(s.Hash)
		if !s.ExpiresAt.IsZero() {
			list[i] += "@" + strconv.FormatInt(timestamp(s.ExpiresAt), 10)
		}
	}
	return encodeList(list)
}

func decodeSecrets(text string) ([]provider.ClientSecret, error) {
	list, err := decodeList(text)
	if err != nil {
		return nil, err
	}
	var secrets []provider.ClientSecret
	for _, item := range list {
		digits, end, expires := strings.Cut(item, "@")
		var secret provider.ClientSecret
		if secret.Hash, err = hex.DecodeString(digits); err != nil {
			return nil, fmt.Errorf("reading a stored hash: %w", err)
		}
		if expires {
			us, err := strconv.ParseInt(end, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("reading the end of a stored secret: %w", err)
			}
			secret.ExpiresAt = fromTimestamp(us)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
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
