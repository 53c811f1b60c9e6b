//go:build unix && !linux

package servers

import "syscall"

// withUs is all that a process needs to know of this one.
func withUs() *syscall.SysProcAttr { return new(syscall.SysProcAttr) }
