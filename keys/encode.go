package keys

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// encodeASCII marshals v with every character outside ASCII written as \uXXXX: existing clients decode
// a token's payload as Latin-1 before they parse it.
func encodeASCII(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	plain := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	if isASCII(plain) {
		return plain, nil
	}
	out := make([]byte, 0, len(plain)+16)
	for i := 0; i < len(plain); {
		r, size := utf8.DecodeRune(plain[i:])
		i += size
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out, nil
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
