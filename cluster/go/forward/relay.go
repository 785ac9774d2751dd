// Package forward makes what runs in the node's network reachable on the host's loopback.
package forward

import (
	"errors"
	"io"
	"log"
	"net"
	"syscall"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	patience    = 3 * time.Second
	// A direction that broke leaves the other one this long to hand over what is already under way.
	lastWords = 10 * time.Second
)

// serve accepts connections until the listener closes and joins each to one of its own to target.
// Connections that are under way outlive the listener.
func serve(listener net.Listener, target string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(50 * time.Millisecond) // such as too many open files: it passes
			continue
		}
		go relay(client.(*net.TCPConn), target)
	}
}

// dial tries again for a while where a connection is refused: the rules of a Service follow its pods' readiness by
// a moment.
func dial(target string) (net.Conn, error) {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		connection, err := net.DialTimeout("tcp", target, dialTimeout)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(end) {
			return connection, err
		}
	}
}

func relay(client *net.TCPConn, target string) {
	defer client.Close()
	dialed, err := dial(target)
	if err != nil {
		log.Printf("%s -> %s: %v", client.LocalAddr(), target, err)
		_ = client.SetLinger(0) // a reset, as the client would see without a forwarder
		return
	}
	server := dialed.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		carry(server, client)
		close(done)
	}()
	carry(client, server)
	<-done
}

// carry copies from one side to the other until its end, and passes that end on (half-close): the opposite
// direction goes on by itself.
func carry(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	_ = to.CloseWrite()
	if err != nil {
		_ = to.SetReadDeadline(time.Now().Add(lastWords))
	}
}
