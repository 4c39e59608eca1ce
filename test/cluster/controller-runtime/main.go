// Command controller-runtime is a controller as most are written in Go: a manager with a cache, an index, leader election, owned objects, events,
// webhooks and server-side apply. Built-in kinds are sent in protobuf.
//
//	controller-runtime walk NAME          drives all of it and prints one line per observation: the same against a real control plane and the sandbox
//	controller-runtime controller         only the controller of Profiles, until it is told to end
//
// The cluster is KUBECONFIG's and its issuer ISSUER, AWS is that of the environment.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	clientgo "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	ctx, cancel := context.WithCancel(ctrl.SetupSignalHandler())
	defer cancel()
	ctrl.SetLogger(logr.Discard())
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "walk":
		limited, stop := context.WithTimeout(ctx, 4*time.Minute)
		defer stop()
		err = walk(limited, os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "controller":
		err = control(ctx)
	default:
		fmt.Fprintln(os.Stderr, "usage: controller-runtime walk NAME | controller-runtime controller")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	if err := clientgo.AddToScheme(scheme); err != nil {
		panic(err)
	}
	addProfiles(scheme)
	return scheme
}

func control(ctx context.Context) error {
	cluster, err := config.GetConfig()
	if err != nil {
		return err
	}
	manager, err := newManager(cluster, ctrl.Options{Metrics: metricsserver.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}

// newManager makes a manager that runs the controller of Profiles.
func newManager(cluster *rest.Config, options ctrl.Options) (ctrl.Manager, error) {
	options.Scheme = newScheme()
	manager, err := ctrl.NewManager(cluster, options)
	if err != nil {
		return nil, err
	}
	if err := manager.GetFieldIndexer().IndexField(context.Background(), &corev1.ServiceAccount{}, roleIndex, func(object client.Object) []string {
		if role := object.GetAnnotations()[roleKey]; role != "" {
			return []string{role}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	_, err = manager.GetRESTMapper().RESTMapping(policyKind.GroupKind(), policyKind.Version)
	if err != nil && !apimeta.IsNoMatchError(err) {
		return nil, err
	}
	return manager, (&profiles{Client: manager.GetClient(), policies: err == nil}).addTo(manager)
}
