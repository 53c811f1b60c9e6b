package servers

import "syscall"

// withUs ends a process when this one ends, however that happens.
func withUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
