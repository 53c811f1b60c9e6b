package postgres

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"mana/provider"
)

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
			list[i] += "@" + strconv.FormatInt(s.ExpiresAt.UnixMicro(), 10)
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
			secret.ExpiresAt = time.UnixMicro(us).UTC()
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// optionalTime stores the zero time as null. The others do the same for what is not there.
func optionalTime(t time.Time) zeronull.Timestamptz { return zeronull.Timestamptz(t) }

func optionalID(id uuid.UUID) zeronull.UUID { return zeronull.UUID(id) }

func optionalText(text string) zeronull.Text { return zeronull.Text(text) }

// toTime is where an optional time goes. The others do the same.
func toTime(t *time.Time) *zeronull.Timestamptz { return (*zeronull.Timestamptz)(t) }

func toID(id *uuid.UUID) *zeronull.UUID { return (*zeronull.UUID)(id) }

func toText(text *string) *zeronull.Text { return (*zeronull.Text)(text) }

// printable is what a client says of itself, in a form that the database takes.
func printable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}
