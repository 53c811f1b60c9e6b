package main

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// sample makes values of a schema.
func sample(schema apiSchema) *rapid.Generator[any] {
	kind, _ := schema.Type.(string)
	switch {
	case len(schema.Enum) > 0:
		return rapid.SampledFrom(schema.Enum).AsAny()
	case kind == "boolean":
		return rapid.Bool().AsAny()
	case kind == "integer":
		return rapid.Custom(func(t *rapid.T) any {
			low, high := bounds(schema)
			return rapid.Int64Range(low, high).Draw(t, "number")
		})
	case kind == "number":
		return rapid.SampledFrom([]any{json.Number("0.000001"), json.Number("0.02"), json.Number("1"), json.Number("1000000"), json.Number("12.5e-1")})
	case kind == "array": // what each string must be is not in the schema
		return rapid.Just[any]([]any{})
	case kind != "string":
		return rapid.Custom(func(t *rapid.T) any {
			return map[string]any{rapid.String().Draw(t, "name"): rapid.SampledFrom([]any{"ä", 1, true, []any{1, "b"}}).Draw(t, "value")}
		})
	}
	return sampleText(schema)
}

func sampleText(schema apiSchema) *rapid.Generator[any] {
	switch schema.Format {
	case "uuid":
		return rapid.Custom(func(t *rapid.T) any {
			return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")).String()
		})
	case "email":
		return rapid.StringMatching(`[a-z]{3,10}[0-9]{6}@example\.(com|org)`).AsAny()
	case "date":
		return rapid.StringMatching(`202[0-5]-0[1-9]-[12][0-9]`).AsAny()
	case "uri-reference":
		return rapid.Just[any]("http://localhost/a.png")
	}
	if schema.Pattern != "" {
		return rapid.StringMatching(schema.Pattern).AsAny()
	}
	low, high := 0, 40
	if schema.MinLength != nil {
		low = *schema.MinLength
	}
	if schema.MaxLength != nil {
		high = *schema.MaxLength
	}
	printable := rapid.RuneFrom([]rune("abcäöü\"\\<>%&=+ 漢🙂.-_")) // names are one line: no control characters
	return rapid.StringOfN(printable, low, high, -1).AsAny()
}

func bounds(schema apiSchema) (low, high int64) {
	low, high = 0, 1<<31
	if schema.Minimum != nil {
		low, _ = schema.Minimum.Int64()
	}
	if schema.Maximum != nil {
		high, _ = schema.Maximum.Int64()
	}
	return low, high
}

// breakage is a value that a schema does not allow. It is refused unless a standard says otherwise.
type breakage struct {
	value   any
	refused bool
}

// breakages are values that a schema does not allow, at least three.
func breakages(schema apiSchema) []breakage {
	kind, _ := schema.Type.(string)
	wrong := []breakage{{[]any{}, kind != "array"}, {map[string]any{"a": []any{1}}, kind != "object"}, {true, kind != "boolean"}, {"\x00", false}, {12345, kind != "integer" && kind != "number"}}
	switch kind {
	case "number":
		for _, number := range []json.Number{"0", "-1", "1000001", "0.0000001", "1e400"} {
			wrong = append(wrong, breakage{number, number != "0" || schema.ExclusiveMinimum != nil})
		}
	case "integer":
		low, high := bounds(schema)
		wrong = append(wrong, breakage{low - 1, schema.Minimum != nil}, breakage{high + 1, schema.Maximum != nil}, breakage{json.Number("1.5"), true})
	case "string":
		if schema.MaxLength != nil {
			wrong = append(wrong, breakage{strings.Repeat("x", *schema.MaxLength+1), true})
		}
		if schema.Format == "uuid" {
			wrong = append(wrong, breakage{"no id", true})
		}
	}
	return wrong
}
