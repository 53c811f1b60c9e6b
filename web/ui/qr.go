package ui

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// qrQuiet is the white border that scanners need, in modules (ISO/IEC 18004, section 6.3.8).
const qrQuiet = 4

// qrPicture draws a text as the path of an SVG of so many units each way.
func qrPicture(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", 0, fmt.Errorf("drawing a QR code: %w", err)
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", start+qrQuiet, y+qrQuiet, x-start, x-start)
			}
		}
	}
	return b.String(), code.Size + 2*qrQuiet, nil
}
