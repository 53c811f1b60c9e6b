package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// giveBackCode lets go of the pages of the program itself that the start needed. Those that serving needs come back from
// the system's cache when they are touched; the others would count as used for ever.
func giveBackCode() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // addresses, rights, offset, device, inode, path
		if len(fields) != 6 || fields[5] != self || fields[1][1] == 'w' {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		begin, err := strconv.ParseUint(from, 16, 64)
		end, endErr := strconv.ParseUint(to, 16, 64)
		if err == nil && endErr == nil {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), syscall.MADV_DONTNEED) // a wish
		}
	}
}
