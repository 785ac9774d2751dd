package forward

import (
	"fmt"
	"net"
	"sort"
)

// Route is one port of the host's loopback and where its connections go.
type Route struct {
	Port    int    `json:"port"`
	Target  string `json:"target"`            // host:port in the node's network
	For     string `json:"for"`               // whose it is: "kube-apiserver", or "namespace/name" of a Service
	Problem string `json:"problem,omitempty"` // why the port isn't open; empty when it is
}

type open struct {
	target    string
	listeners []net.Listener
}

// Ports keeps listeners open as the routes ask. Not safe for use by several goroutines at once.
type Ports struct {
	host Host
	open map[int]open
}

func NewPorts(host Host) *Ports { return &Ports{host: host, open: map[int]open{}} }

// Set opens and closes listeners so that they match routes, and gives routes back with their problems. Of two
// routes for one port the first has it. An unchanged route keeps its listener.
func (ports *Ports) Set(routes []Route) []Route {
	owners := map[int]Route{}
	for _, route := range routes {
		if _, taken := owners[route.Port]; !taken {
			owners[route.Port] = route
		}
	}
	for port, is := range ports.open {
		if owner, wanted := owners[port]; !wanted || owner.Target != is.target {
			closeAll(is.listeners)
			delete(ports.open, port)
		}
	}
	result := make([]Route, 0, len(routes))
	for _, route := range routes {
		route.Problem = ports.ensure(route, owners[route.Port])
		result = append(result, route)
	}
	sort.SliceStable(result, func(a, b int) bool { return result[a].Port < result[b].Port })
	return result
}

func (ports *Ports) ensure(route, owner Route) string {
	if owner != route {
		return fmt.Sprintf("port %d on localhost is taken by the Service %s", route.Port, owner.For)
	}
	if _, is := ports.open[route.Port]; is {
		return ""
	}
	listeners, err := ports.host.listen(route.Port)
	if err != nil {
		return err.Error()
	}
	for _, listener := range listeners {
		go serve(listener, route.Target)
	}
	ports.open[route.Port] = open{route.Target, listeners}
	return ""
}
