package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// newKey makes the idempotency key of a request: its scope is (wallet, caller), and the fingerprint covers
// what the request asks for: the operation and its fields, amounts by value, metadata in canonical form. The
// hashes are over length-prefixed fields, so that no two requests have the same bytes. Without a key there is
// none.
func newKey(caller, key string, metadata []byte, operation ...string) (*Key, error) {
	if key == "" {
		return nil, nil //nolint:nilnil // a request without a key is its own
	}
	metadata, err := canonical(metadata)
	if err != nil {
		return nil, err
	}
	fields := make([][]byte, 0, len(operation)+1)
	for _, field := range operation {
		fields = append(fields, []byte(field))
	}
	return &Key{Hash: keyHash(caller, key), Fingerprint: hashFields(append(fields, metadata)...)}, nil
}

// keyHash is what a key is stored by.
func keyHash(caller, key string) [16]byte {
	sum := hashFields([]byte(caller), []byte(key))
	return [16]byte(sum[:16])
}

func (u Use) key() (*Key, error) {
	return newKey(u.Caller, u.IdempotencyKey, u.Metadata, "use", number(u.Amount), u.AppID, u.Description)
}

func (r Refund) key() (*Key, error) {
	return newKey(r.Caller, r.IdempotencyKey, r.Metadata, "refund", number(r.Amount), r.AppID, r.Description, r.TransactionID.String())
}

func (a Adjustment) key() (*Key, error) {
	return newKey(callerOperator, a.IdempotencyKey, nil, "adjust", number(a.Amount), string(a.Class), a.Reason)
}

func (r Reserve) key() (*Key, error) {
	return newKey(r.Caller, r.IdempotencyKey, r.Metadata, "hold", number(r.Amount), number(r.Minimum), r.ExpiresIn.String(), r.AppID, r.Description)
}

func (c Capture) key() (*Key, error) {
	return newKey(c.Caller, c.IdempotencyKey, nil, "capture", c.ID.String(), number(c.Amount), strconv.FormatBool(c.Keep), c.Description)
}

func (e Extend) key() (*Key, error) {
	return newKey(e.Caller, e.IdempotencyKey, nil, "extend", e.ID.String(), e.ExpiresIn.String(), number(e.Add))
}

// number is an amount by value.
func number(a Amount) string { return strconv.FormatInt(int64(a), 10) }

func hashFields(fields ...[]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, f := range fields {
		writeField(h, f)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func writeField(h hash.Hash, field []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(field)))
	h.Write(length[:])
	h.Write(field)
}

// canonical orders members and drops blanks (RFC 8785), except that numbers keep their text: as doubles
// two different large numbers would become one.
func canonical(metadata []byte) ([]byte, error) {
	if len(metadata) == 0 {
		return nil, nil
	}
	value := jsontext.Value(append([]byte(nil), metadata...))
	if err := value.Format(
		jsontext.ReorderRawObjects(true), jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false),
	); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	return value, nil
}
