package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	"flask-k8s/cluster/forward"
)

// forwarder opens ports on the host's loopback for the API server, the registry and every Service of type
// LoadBalancer. It runs in the node's network namespace.
func forwarder() {
	flags := flag.NewFlagSet("forwarder", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	hostNet := flags.String("host-net", "", "file of the network namespace in which ports are opened")
	hostProc := flags.String("host-proc", "/proc", "the /proc that shows the host's processes")
	report := flags.String("report", "", "JSON file for the routes and their problems")
	var fixed []forward.Route
	flags.Func("route", "PORT=HOST:PORT=NAME, open from the start; may be repeated", func(text string) error {
		words := strings.SplitN(text, "=", 3)
		port, err := strconv.Atoi(words[0])
		if err != nil || len(words) != 3 {
			return fmt.Errorf("%q is not PORT=HOST:PORT=NAME", text)
		}
		fixed = append(fixed, forward.Route{Port: port, Target: words[1], For: words[2]})
		return nil
	})
	_ = flags.Parse(os.Args[1:])

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	loop := forward.Loop{
		Client: client,
		Events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "flask-k8s"}),
		Ports:  forward.NewPorts(forward.Host{Net: *hostNet, Proc: *hostProc}),
		Fixed:  fixed,
		Report: *report,
	}
	loop.Run(ctx)
}
