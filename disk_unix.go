//go:build unix

package main

import (
	"math"

	"golang.org/x/sys/unix"
)

// freeRatio is how much of the disk below a folder is free, 0 to 1; not a number if nobody knows.
func freeRatio(dir string) float64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Blocks == 0 {
		return math.NaN()
	}
	return float64(s.Bavail) / float64(s.Blocks)
}
