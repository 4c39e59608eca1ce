// Command client-go drives a Kubernetes API as controllers written in Go do: shared informers, server-side apply, events, and leader election by a
// Lease. It prints one line per observation; against a real control plane and against the sandbox the lines are the same.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const patience = 20 * time.Second

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: client-go KUBECONFIG NAMESPACE")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, namespace string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = 200
	config.Burst = 400
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	dynamics, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	if _, err := clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, part := range []func() error{
		func() error { return informed(ctx, clients, namespace) },
		func() error { return applied(ctx, clients, namespace) },
		func() error { return untyped(ctx, dynamics, namespace) },
		func() error { return elected(ctx, clients, namespace) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return clients.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
}

// until polls a condition; informers and other replicas act in their own time.
func until(what string, holds func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return nil
		}
	}
	return fmt.Errorf("%s was not observed within %s", what, patience)
}

// informed holds a shared informer's cache against what was written, and its events against their order.
func informed(ctx context.Context, clients kubernetes.Interface, namespace string) error {
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps()
	var mutex sync.Mutex
	var events []string
	note := func(kind string, object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		configMap := object.(*corev1.ConfigMap)
		if configMap.Labels["watched"] != "yes" {
			return
		}
		mutex.Lock()
		defer mutex.Unlock()
		events = append(events, kind+" "+configMap.Name)
	}
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { note("added", object) },
		UpdateFunc: func(_, object any) { note("updated", object) },
		DeleteFunc: func(object any) { note("deleted", object) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		fmt.Printf("informer %s synced: %t\n", kind, synced)
	}
	maps := clients.CoreV1().ConfigMaps(namespace)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"watched": "yes"}}, Data: map[string]string{"n": "1"}}
	made, err := maps.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Data["n"] = "2"
	if _, err := maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
	fmt.Printf("an update of what changed meanwhile: conflict %t\n", apierrors.IsConflict(err))
	if err := until("the cached update", func() bool {
		cached, err := informer.Lister().ConfigMaps(namespace).Get("a")
		return err == nil && cached.Data["n"] == "2"
	}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := until("the deletion", func() bool {
		_, err := informer.Lister().ConfigMaps(namespace).Get("a")
		return apierrors.IsNotFound(err)
	}); err != nil {
		return err
	}
	if err := until("three events", func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return len(events) >= 3
	}); err != nil {
		return err
	}
	fmt.Printf("events: %s\n", strings.Join(events, ", "))
	return nil
}

// applied uses typed server-side apply: creation, a conflict, force, and giving a field up.
func applied(ctx context.Context, clients kubernetes.Interface, namespace string) error {
	accounts := clients.CoreV1().ServiceAccounts(namespace)
	apply := func(manager string, annotations map[string]string, force bool) error {
		configuration := applycorev1.ServiceAccount("applied", namespace).WithAnnotations(annotations)
		_, err := accounts.Apply(ctx, configuration, metav1.ApplyOptions{FieldManager: manager, Force: force})
		return err
	}
	if err := apply("one", map[string]string{"x": "1", "y": "1"}, false); err != nil {
		return err
	}
	err := apply("two", map[string]string{"x": "2"}, false)
	fmt.Printf("apply against another's field: conflict %t, %v\n", apierrors.IsConflict(err), err)
	if err := apply("two", map[string]string{"x": "2"}, true); err != nil {
		return err
	}
	if err := apply("one", map[string]string{}, false); err != nil {
		return err
	}
	account, err := accounts.Get(ctx, "applied", metav1.GetOptions{})
	if err != nil {
		return err
	}
	var owners []string
	for _, entry := range account.ManagedFields {
		owners = append(owners, entry.Manager+" "+string(entry.Operation))
	}
	sort.Strings(owners)
	fmt.Printf("after force and withdrawal: %v, owned by %s\n", account.Annotations, strings.Join(owners, ", "))
	patch := []byte(`{"secrets":[{"name":"b"}]}`)
	if _, err := accounts.Patch(ctx, "applied", types.StrategicMergePatchType, []byte(`{"secrets":[{"name":"a"}]}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	patched, err := accounts.Patch(ctx, "applied", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("strategic merge: %d secrets\n", len(patched.Secrets))
	return nil
}

// untyped writes and reads without types, in JSON.
func untyped(ctx context.Context, clients dynamic.Interface, namespace string) error {
	secrets := clients.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"generateName": "made-"}, "stringData": map[string]any{"k": "v"},
	}}
	made, err := secrets.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	data, _, _ := unstructured.NestedString(made.Object, "data", "k")
	fmt.Printf("secret named by prefix: %t, data %s\n", strings.HasPrefix(made.GetName(), "made-") && len(made.GetName()) == len("made-")+5, data)
	list, err := secrets.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	fmt.Printf("listed %d %s\n", len(list.Items), list.GetKind())
	_, err = secrets.Get(ctx, "nobody", metav1.GetOptions{})
	fmt.Printf("nobody: not found %t\n", apierrors.IsNotFound(err))
	return nil
}

// elected runs two candidates for one Lease: one leads, and when it leaves the other does.
func elected(ctx context.Context, clients kubernetes.Interface, namespace string) error {
	var mutex sync.Mutex
	var terms []string
	candidate := func(ctx context.Context, name string) {
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "leader"},
				Client:     clients.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration:   3 * time.Second,
			RenewDeadline:   2 * time.Second,
			RetryPeriod:     200 * time.Millisecond,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {
					mutex.Lock()
					defer mutex.Unlock()
					terms = append(terms, name)
				},
				OnStoppedLeading: func() {},
			},
		})
	}
	led := func(count int) func() bool {
		return func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			return len(terms) == count
		}
	}
	first, leave := context.WithCancel(ctx)
	second, end := context.WithCancel(ctx)
	defer end()
	var running sync.WaitGroup
	running.Add(2)
	go func() { defer running.Done(); candidate(first, "first") }()
	if err := until("the first term", led(1)); err != nil {
		leave()
		return err
	}
	go func() { defer running.Done(); candidate(second, "second") }()
	time.Sleep(time.Second)
	leave()
	if err := until("the second term", led(2)); err != nil {
		return err
	}
	lease, err := clients.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("terms: %s; held by %s\n", strings.Join(terms, ", "), *lease.Spec.HolderIdentity)
	end()
	running.Wait()
	return nil
}
