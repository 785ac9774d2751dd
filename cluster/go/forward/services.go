package forward

import (
	"net"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// local is the ingress of every Service that is served, as Docker Desktop has it.
var local = []corev1.LoadBalancerIngress{{Hostname: "localhost"}}

// ours says whether a Service is one that this cluster's load balancer serves.
func ours(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil &&
		service.DeletionTimestamp == nil && net.ParseIP(service.Spec.ClusterIP) != nil
}

func key(service *corev1.Service) string { return service.Namespace + "/" + service.Name }

// routesOf gives the routes that Services of type LoadBalancer ask for, of the oldest Service first: it keeps its
// port when a younger one asks for the same.
func routesOf(services []*corev1.Service) []Route {
	sort.Slice(services, func(a, b int) bool {
		first, second := services[a], services[b]
		if !first.CreationTimestamp.Equal(&second.CreationTimestamp) {
			return first.CreationTimestamp.Before(&second.CreationTimestamp)
		}
		return key(first) < key(second)
	})
	var routes []Route
	for _, service := range services {
		if !ours(service) {
			continue
		}
		for _, port := range service.Spec.Ports {
			if port.Protocol == corev1.ProtocolTCP {
				number := int(port.Port)
				routes = append(routes, Route{
					Port: number, For: key(service),
					Target: net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(number)),
				})
			}
		}
	}
	return routes
}

// verdict is what the status of a Service must say: its ingress, and what keeps it pending.
func verdict(service *corev1.Service, routes []Route) ([]corev1.LoadBalancerIngress, string) {
	if !ours(service) {
		return nil, ""
	}
	var problems []string
	for _, port := range service.Spec.Ports {
		if port.Protocol != corev1.ProtocolTCP {
			problems = append(problems, "port "+strconv.Itoa(int(port.Port))+" is "+string(port.Protocol)+
				": only TCP is forwarded from localhost")
		}
	}
	for _, route := range routes {
		if route.For == key(service) && route.Problem != "" {
			problems = append(problems, route.Problem)
		}
	}
	if len(problems) > 0 {
		return nil, strings.Join(problems, "; ")
	}
	return local, ""
}
