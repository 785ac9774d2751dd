package forward

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// freePort is one that nobody listens on right now.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// server answers each connection with do and gives its address.
func server(t *testing.T, do func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go do(connection.(*net.TCPConn))
		}
	}()
	return listener.Addr().String()
}

func says(t *testing.T, text string) string {
	return server(t, func(connection *net.TCPConn) {
		_, _ = io.WriteString(connection, text)
		_ = connection.Close()
	})
}

func ask(port int) (string, error) {
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	content, err := io.ReadAll(connection)
	return string(content), err
}

func TestRoutesOpenMoveAndClose(t *testing.T) {
	ports, port := NewPorts(Host{Proc: "/proc"}), freePort(t)
	one, two := says(t, "one"), says(t, "two")
	for _, step := range []struct {
		routes []Route
		want   string
	}{
		{[]Route{{Port: port, Target: one}}, "one"},
		{[]Route{{Port: port, Target: one}}, "one"},
		{[]Route{{Port: port, Target: two}}, "two"},
	} {
		if result := ports.Set(step.routes); result[0].Problem != "" {
			t.Fatal(result)
		}
		if got, err := ask(port); got != step.want {
			t.Fatalf("got %q, %v; want %q", got, err, step.want)
		}
	}
	ports.Set(nil)
	if got, err := ask(port); err == nil {
		t.Fatalf("port %d is still open and says %q", port, got)
	}
}

func TestFirstOfTwoRoutesHasThePort(t *testing.T) {
	ports, port := NewPorts(Host{Proc: "/proc"}), freePort(t)
	defer ports.Set(nil)
	result := ports.Set([]Route{
		{Port: port, Target: says(t, "elder"), For: "a/elder"}, {Port: port, Target: says(t, "younger"), For: "a/younger"},
	})
	want := fmt.Sprintf("port %d on localhost is taken by the Service a/elder", port)
	if result[0].Problem != "" || result[1].Problem != want {
		t.Fatal(result)
	}
	if got, _ := ask(port); got != "elder" {
		t.Fatal(got)
	}
}

func TestTakenPortSaysByWhom(t *testing.T) {
	port, err := strconv.Atoi(strings.Split(says(t, ""), ":")[1])
	if err != nil {
		t.Fatal(err)
	}
	problem := NewPorts(Host{Proc: "/proc"}).Set([]Route{{Port: port, Target: "127.0.0.1:1"}})[0].Problem
	if !strings.Contains(problem, strconv.Itoa(port)) || !strings.Contains(problem, fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Fatal(problem)
	}
}

// A client that has said all it has to say still gets the whole answer, and nothing of either is lost.
func TestHalfClose(t *testing.T) {
	const size = 20 << 20
	target := server(t, func(connection *net.TCPConn) {
		defer connection.Close()
		count, _ := io.Copy(io.Discard, connection) // ends only with the client's half-close
		time.Sleep(50 * time.Millisecond)
		_, _ = io.CopyN(connection, endless{}, count)
	})
	ports, port := NewPorts(Host{}), freePort(t)
	defer ports.Set(nil)
	ports.Set([]Route{{Port: port, Target: target}})
	dialed, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	client := dialed.(*net.TCPConn)
	defer client.Close()
	if _, err := io.CopyN(client, endless{}, size); err != nil {
		t.Fatal(err)
	}
	_ = client.CloseWrite()
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
	if count, err := io.Copy(io.Discard, client); err != nil || count != size {
		t.Fatalf("got %d of %d bytes, %v", count, size, err)
	}
}

type endless struct{}

func (endless) Read(buffer []byte) (int, error) { return len(buffer), nil }

// A connection under way isn't cut when its route goes.
func TestConnectionOutlivesItsRoute(t *testing.T) {
	release := make(chan struct{})
	target := server(t, func(connection *net.TCPConn) {
		<-release
		_, _ = io.WriteString(connection, "late")
		_ = connection.Close()
	})
	ports, port := NewPorts(Host{}), freePort(t)
	ports.Set([]Route{{Port: port, Target: target}})
	client, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	time.Sleep(50 * time.Millisecond)
	ports.Set(nil)
	close(release)
	if got, err := io.ReadAll(client); string(got) != "late" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

// A Service whose rules come a moment after its pods are ready answers the first request all the same.
func TestRefusedDialIsTriedAgain(t *testing.T) {
	ports, port, late := NewPorts(Host{}), freePort(t), freePort(t)
	defer ports.Set(nil)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(late))
	ports.Set([]Route{{Port: port, Target: address}})
	go func() {
		time.Sleep(300 * time.Millisecond)
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return
		}
		defer listener.Close()
		if connection, err := listener.Accept(); err == nil {
			_, _ = io.WriteString(connection, "here now")
			_ = connection.Close()
		}
	}()
	if got, err := ask(port); got != "here now" {
		t.Fatalf("%q, %v", got, err)
	}
}
