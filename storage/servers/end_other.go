//go:build unix && !linux

package servers

import "syscall"

// WithUs is all that a process needs to know of this one.
func WithUs() *syscall.SysProcAttr { return new(syscall.SysProcAttr) }
