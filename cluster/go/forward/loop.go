package forward

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
)

// A port that was taken, or a status that could not be written, is tried again after this time.
const again = 2 * time.Second

// Loop keeps the fixed routes and those of all Services of type LoadBalancer open.
type Loop struct {
	Client kubernetes.Interface
	Events record.EventRecorder
	Ports  *Ports
	Fixed  []Route
	Report string // file that holds all routes as JSON after each change

	said    map[types.UID]string
	written string
}

// Run works until the context ends. The fixed routes are open before the API server answers.
func (loop *Loop) Run(ctx context.Context) {
	loop.said = map[types.UID]string{}
	ready := loop.Client.Discovery().RESTClient()
	for ctx.Err() == nil {
		loop.report(loop.Ports.Set(loop.Fixed))
		// An informer that starts too early backs off for seconds.
		if ready == nil || ready.Get().AbsPath("/readyz").Do(ctx).Error() == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}

	changed := make(chan struct{}, 1)
	signal := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	factory := informers.NewSharedInformerFactory(loop.Client, 0)
	services := factory.Core().V1().Services()
	_, err := services.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: signal, UpdateFunc: func(_, new any) { signal(new) }, DeleteFunc: signal,
	})
	if err != nil {
		log.Fatal(err) // only when the informer has been stopped already
	}
	factory.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), services.Informer().HasSynced)

	for ctx.Err() == nil {
		var retry <-chan time.Time
		if !loop.reconcile(ctx, services.Lister()) {
			retry = time.After(again)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-retry:
		}
	}
}

// reconcile says whether everything is as it should be.
func (loop *Loop) reconcile(ctx context.Context, lister corelisters.ServiceLister) bool {
	all, err := lister.List(labels.Everything())
	if err != nil {
		log.Printf("list Services: %v", err)
		return false
	}
	routes := loop.Ports.Set(append(append([]Route{}, loop.Fixed...), routesOf(all)...))
	loop.report(routes)
	settled := true
	for _, route := range routes {
		settled = settled && route.Problem == ""
	}
	for _, service := range all {
		ingress, problem := verdict(service, routes)
		if problem != "" && problem != loop.said[service.UID] {
			loop.Events.Event(service, corev1.EventTypeWarning, "PortUnavailable", problem)
			log.Printf("%s: %s", key(service), problem)
		}
		loop.said[service.UID] = problem
		settled = loop.publish(ctx, service, ingress) && settled
	}
	return settled
}

// publish writes the ingress into the status of a Service, if it isn't there. Those of other load balancers
// are left alone.
func (loop *Loop) publish(ctx context.Context, service *corev1.Service, ingress []corev1.LoadBalancerIngress) bool {
	current := service.Status.LoadBalancer.Ingress
	if equality.Semantic.DeepEqual(current, ingress) || !ours(service) && !equality.Semantic.DeepEqual(current, local) {
		return true
	}
	patch, _ := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": ingress}}})
	_, err := loop.Client.CoreV1().Services(service.Namespace).Patch(
		ctx, service.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "flask-k8s"}, "status")
	if err != nil {
		log.Printf("status of %s: %v", key(service), err)
	}
	return err == nil
}

func (loop *Loop) report(routes []Route) {
	content, _ := json.MarshalIndent(routes, "", " ")
	if string(content) == loop.written {
		return
	}
	next := loop.Report + ".next"
	if err := os.WriteFile(next, append(content, '\n'), 0o600); err != nil {
		log.Print(err)
		return
	}
	if err := os.Rename(next, loop.Report); err != nil {
		log.Print(err)
		return
	}
	loop.written = string(content)
}
