package servers

import "syscall"

// WithUs ends a process when this one ends, however that happens.
func WithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
