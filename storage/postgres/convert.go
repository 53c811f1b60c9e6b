package postgres

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype/zeronull"
)

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
