package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Host is the network namespace in which listeners are opened, and the /proc where its processes are seen.
// This process itself lives in the node's network namespace, so that every dial is an ordinary one.
type Host struct {
	Net  string // such as /run/node/host-net: a bind mount of the host's network namespace; empty: stay here
	Proc string // such as /run/node/host-proc
}

// within runs do on a thread that is in the host's network namespace for that time. A socket stays in the
// namespace it was made in.
func (host Host) within(do func() error) error {
	if host.Net == "" {
		return do()
	}
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	there, err := os.Open(host.Net)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	result := do()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return err // still locked: the runtime ends this thread with its goroutine
	}
	runtime.UnlockOSThread()
	return result
}

// listen opens port on the host's loopback, on ::1 too where there is IPv6. A port that is taken is an error
// that says by whom.
func (host Host) listen(port int) ([]net.Listener, error) {
	var listeners []net.Listener
	err := host.within(func() error {
		for _, address := range []string{"127.0.0.1", "::1"} {
			listener, err := new(net.ListenConfig).Listen(
				context.Background(), "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
			if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
				continue
			}
			if errors.Is(err, syscall.EADDRINUSE) {
				err = fmt.Errorf("port %d on localhost is taken by %s", port, host.owner(port))
			}
			if err != nil {
				closeAll(listeners)
				return err
			}
			listeners = append(listeners, listener)
		}
		return nil
	})
	return listeners, err
}

func closeAll(listeners []net.Listener) {
	for _, listener := range listeners {
		_ = listener.Close()
	}
}

// owner names the process that listens on port in the network namespace of the calling thread.
func (host Host) owner(port int) string {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(content), "\n") {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[9]+"]"] = true
			}
		}
	}
	links, _ := filepath.Glob(filepath.Join(host.Proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && sockets[target] {
			process := filepath.Dir(filepath.Dir(link))
			name, _ := os.ReadFile(filepath.Join(process, "comm"))
			return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(process))
		}
	}
	return "another process"
}
