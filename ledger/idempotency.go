package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// key makes the idempotency key of a request: its scope is (wallet, caller), and the fingerprint covers
// operation, amount by value, appId, description and metadata in canonical form. The hash is over
// length-prefixed fields, so that no two requests have the same bytes.
func (u Use) key() (*Key, error) {
	metadata, err := canonical(u.Metadata)
	if err != nil {
		return nil, err
	}
	var k Key
	sum := hashFields([]byte(u.Caller), []byte(u.IdempotencyKey))
	copy(k.Hash[:], sum[:])
	k.Fingerprint = hashFields([]byte("use"), strconv.AppendInt(nil, int64(u.Amount), 10),
		[]byte(u.AppID), []byte(u.Description), metadata)
	return &k, nil
}

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
