package forward

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"
)

func service(name string, age time.Duration, kind corev1.ServiceType, ports ...int) *corev1.Service {
	made := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "a", UID: types.UID(name), CreationTimestamp: metav1.NewTime(time.Now().Add(-age)),
		},
		Spec: corev1.ServiceSpec{Type: kind, ClusterIP: "127.0.0.1"},
	}
	for _, port := range ports {
		made.Spec.Ports = append(made.Spec.Ports, corev1.ServicePort{Port: int32(port), Protocol: corev1.ProtocolTCP})
	}
	return made
}

func TestOldestServiceComesFirst(t *testing.T) {
	routes := routesOf([]*corev1.Service{
		service("young", time.Minute, corev1.ServiceTypeLoadBalancer, 80, 443),
		service("inner", time.Hour, corev1.ServiceTypeClusterIP, 80),
		service("old", time.Hour, corev1.ServiceTypeLoadBalancer, 80),
	})
	var got []string
	for _, route := range routes {
		got = append(got, route.For+"="+route.Target)
	}
	if strings.Join(got, " ") != "a/old=127.0.0.1:80 a/young=127.0.0.1:80 a/young=127.0.0.1:443" {
		t.Fatal(got)
	}
}

func TestAnotherLoadBalancersClassIsLeftAlone(t *testing.T) {
	class, other := "example.com/other", service("other", 0, corev1.ServiceTypeLoadBalancer, 80)
	other.Spec.LoadBalancerClass = &class
	if ours(other) || len(routesOf([]*corev1.Service{other})) > 0 {
		t.Fatal("a Service with a loadBalancerClass is another load balancer's")
	}
}

func TestOnlyTCPIsForwarded(t *testing.T) {
	dns := service("dns", 0, corev1.ServiceTypeLoadBalancer, 53)
	dns.Spec.Ports[0].Protocol = corev1.ProtocolUDP
	ingress, problem := verdict(dns, routesOf([]*corev1.Service{dns}))
	if ingress != nil || problem != "port 53 is UDP: only TCP is forwarded from localhost" {
		t.Fatal(ingress, problem)
	}
}

// eventually waits until holds is true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestLoopGivesAndTakesTheAddress(t *testing.T) {
	port, taken := freePort(t), freePort(t)
	holder := NewPorts(Host{})
	holder.Set([]Route{{Port: taken, Target: "127.0.0.1:1"}})
	client := fake.NewClientset(
		service("web", 0, corev1.ServiceTypeLoadBalancer, port), service("late", 0, corev1.ServiceTypeLoadBalancer, taken))
	events, report := record.NewFakeRecorder(10), filepath.Join(t.TempDir(), "routes.json")
	loop := Loop{Client: client, Events: events, Ports: NewPorts(Host{Proc: "/proc"}), Report: report}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { loop.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended; loop.Ports.Set(nil) }()

	address := func(name string) string {
		got, err := client.CoreV1().Services("a").Get(ctx, name, metav1.GetOptions{})
		if err != nil || len(got.Status.LoadBalancer.Ingress) == 0 {
			return ""
		}
		return got.Status.LoadBalancer.Ingress[0].Hostname
	}
	eventually(t, "the Service has no address", func() bool { return address("web") == "localhost" })
	if event := <-events.Events; !strings.HasPrefix(event, "Warning PortUnavailable port ") || address("late") != "" {
		t.Fatal(event, address("late"))
	}
	var routes []Route
	content, err := os.ReadFile(report)
	if err != nil || json.Unmarshal(content, &routes) != nil || len(routes) != 2 {
		t.Fatalf("%s, %v", content, err)
	}

	holder.Set(nil)
	eventually(t, "the port that became free isn't used", func() bool { return address("late") == "localhost" })

	inner := service("web", 0, corev1.ServiceTypeClusterIP, port)
	inner.Status.LoadBalancer.Ingress = local
	if _, err := client.CoreV1().Services("a").Update(ctx, inner, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an inner Service keeps its address", func() bool { return address("web") == "" })
	if _, err := ask(port); err == nil {
		t.Fatal("its port is still open")
	}
}
