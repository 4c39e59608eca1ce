package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clusterconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

const patience = 20 * time.Second

// A garbage collector learns of a new kind of owner every 30 seconds, and then comes to its dependents in its own time.
const collectorsPatience = 2 * time.Minute

func say(format string, values ...any) { fmt.Printf(format+"\n", values...) }

// until polls a condition; caches and controllers act in their own time.
func until(what string, holds func() bool) error { return within(patience, what, holds) }

func within(patience time.Duration, what string, holds func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return nil
		}
	}
	return fmt.Errorf("%s was not observed within %s", what, patience)
}

// asJSON tells a value in one line, its members in order.
func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		panic(err)
	}
	text, err = json.Marshal(plain)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// walker has a client that asks the API server, and a manager whose client asks its cache.
type walker struct {
	name     string
	direct   client.Client
	manager  ctrl.Manager
	roles    *iam.Client
	role     string
	warnings *warnings
}

// warnings collects what the API server warns of.
type warnings struct {
	mutex sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.texts = append(w.texts, text)
}

func (w *warnings) take() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	taken := strings.Join(w.texts, "; ")
	w.texts = nil
	return taken
}

func walk(ctx context.Context, name string) error {
	cluster, err := clusterconfig.GetConfig()
	if err != nil {
		return err
	}
	cluster.QPS, cluster.Burst = 200, 400
	warned := &warnings{}
	loud := rest.CopyConfig(cluster)
	loud.WarningHandler = warned
	direct, err := client.New(loud, client.Options{Scheme: newScheme()})
	if err != nil {
		return err
	}
	w := &walker{name: name, direct: direct, warnings: warned}
	if err := direct.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		return err
	}
	if err := w.define(ctx); err != nil {
		return err
	}
	if err := w.trusted(ctx); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	hooks, ca, err := newWebhookServer(newScheme(), port)
	if err != nil {
		return err
	}
	ended, err := w.start(ctx, cluster, hooks)
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{w.profile, w.cached, w.patched, w.applied, w.swept, w.recorded, w.tokens, w.pod, w.refused} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if err := register(ctx, direct, name, port, ca); err != nil {
		return err
	}
	if err := w.admitted(ctx); err != nil {
		return err
	}
	if err := unregister(ctx, direct, name); err != nil {
		return err
	}
	if err := w.deleted(ctx); err != nil {
		return err
	}
	if err := ended(); err != nil {
		return err
	}
	lease := &coordinationv1.Lease{}
	if err := direct.Get(ctx, client.ObjectKey{Namespace: name, Name: "walk"}, lease); err != nil {
		return err
	}
	say("the lease of a manager that ended: held by %q", ptr.Deref(lease.Spec.HolderIdentity, "nobody"))
	return direct.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// define asks for a kind that is not there, defines it, and asks the same mapper again.
func (w *walker) define(ctx context.Context) error {
	absent := schema.GroupKind{Group: w.name + ".test", Kind: "Thing"}
	_, err := w.direct.RESTMapper().RESTMapping(absent, "v1")
	say("a kind that is not there: no match %t", apimeta.IsNoMatchError(err))
	for _, kind := range []schema.GroupVersionKind{policyKind, absent.WithVersion("v1")} {
		plural := map[string]string{"Thing": "things", "AuthorizationPolicy": "authorizationpolicies"}[kind.Kind]
		open := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
		definition := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": plural + "." + kind.Group},
			"spec": map[string]any{
				"group": kind.Group, "scope": "Namespaced", "names": map[string]any{"kind": kind.Kind, "plural": plural},
				"versions": []any{map[string]any{
					"name": kind.Version, "served": true, "storage": true,
					"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": open}}},
				}},
			},
		}}
		if err := client.IgnoreAlreadyExists(w.direct.Create(ctx, definition)); err != nil {
			return err
		}
		if err := until("the definition of "+kind.Kind, func() bool {
			_, err := w.direct.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
			return err == nil
		}); err != nil {
			return err
		}
	}
	say("the same kinds once they are defined: mapped")
	return nil
}

// trusted makes a role that the cluster's issuer is trusted by, for nobody yet.
func (w *walker) trusted(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	w.roles = iam.NewFromConfig(cfg)
	issuerURL := os.Getenv("ISSUER")
	provider, err := w.roles.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuerURL, ClientIDList: []string{tokenTarget}})
	if err != nil {
		return err
	}
	var document trust
	var only statement
	only.Effect, only.Action = "Allow", "sts:AssumeRoleWithWebIdentity"
	only.Principal.Federated = *provider.OpenIDConnectProviderArn
	issuer := only.Principal.Federated[strings.Index(only.Principal.Federated, "/")+1:]
	only.Condition.StringEquals = map[string][]string{issuer + ":aud": {tokenTarget}, issuer + ":sub": {"system:serviceaccount:nobody:nobody"}}
	document.Version, document.Statement = "2012-10-17", []statement{only}
	policy := asJSON(document)
	made, err := w.roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &w.name, AssumeRolePolicyDocument: &policy})
	if err != nil {
		return err
	}
	w.role = *made.Role.Arn
	return nil
}

func (w *walker) start(ctx context.Context, cluster *rest.Config, hooks webhook.Server) (func() error, error) {
	probes, err := freePort()
	if err != nil {
		return nil, err
	}
	metrics, err := freePort()
	if err != nil {
		return nil, err
	}
	w.manager, err = newManager(cluster, ctrl.Options{
		LeaderElection: true, LeaderElectionID: "walk", LeaderElectionNamespace: w.name, LeaderElectionReleaseOnCancel: true,
		Metrics:                metricsserver.Options{BindAddress: fmt.Sprintf("127.0.0.1:%d", metrics)},
		HealthProbeBindAddress: fmt.Sprintf("127.0.0.1:%d", probes),
		WebhookServer:          hooks,
	})
	if err != nil {
		return nil, err
	}
	if err := w.manager.AddReadyzCheck("webhooks", w.manager.GetWebhookServer().StartedChecker()); err != nil {
		return nil, err
	}
	if err := w.manager.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	outcome := make(chan error, 1)
	go func() { outcome <- w.manager.Start(running) }()
	select {
	case <-w.manager.Elected():
	case err := <-outcome:
		stop()
		return nil, fmt.Errorf("the manager ended: %w", err)
	case <-time.After(patience):
		stop()
		return nil, fmt.Errorf("the manager was not elected")
	}
	say("elected, caches synced: %t", w.manager.GetCache().WaitForCacheSync(ctx))
	if err := until("readiness", func() bool { return fetched(probes, "readyz") == "ok" }); err != nil {
		stop()
		return nil, err
	}
	say("ready, and its metrics tell of the API server: %t", strings.Contains(fetched(metrics, "metrics"), `rest_client_requests_total{code="200"`))
	return func() error { stop(); return <-outcome }, nil
}

func fetched(port int, path string) string {
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/%s", port, path))
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

func (w *walker) subjects(ctx context.Context) string {
	document, err := readTrust(ctx, w.roles, w.name)
	if err != nil {
		return err.Error()
	}
	var all []string
	for key, values := range document.Statement[0].Condition.StringEquals {
		if strings.HasSuffix(key, ":sub") {
			all = append(all, values...)
		}
	}
	return strings.ReplaceAll(strings.Join(all, " "), w.name, "NAME")
}

// profile follows a Profile until its namespace, accounts, bindings, quota and role are there, and takes one of them away.
func (w *walker) profile(ctx context.Context) error {
	profile := &Profile{
		ObjectMeta: metav1.ObjectMeta{Name: w.name + "-team"},
		Spec: ProfileSpec{
			Owner:             rbacv1.Subject{Kind: "User", Name: "alice@example.com"},
			Plugins:           []Plugin{{TypeMeta: metav1.TypeMeta{Kind: pluginKind}, Spec: &runtime.RawExtension{Raw: []byte(asJSON(map[string]string{"awsIamRole": w.role}))}}},
			ResourceQuotaSpec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("2048Mi")}},
		},
	}
	if err := w.direct.Create(ctx, profile); err != nil {
		return err
	}
	if err := until("the profile's subject and finalizer", func() bool {
		err := w.direct.Get(ctx, client.ObjectKeyFromObject(profile), profile)
		return err == nil && controllerutil.ContainsFinalizer(profile, finalizer) && strings.Contains(w.subjects(ctx), "NAME-team")
	}); err != nil {
		return err
	}
	say("trusted: %s", w.subjects(ctx))
	namespace := &corev1.Namespace{}
	if err := w.direct.Get(ctx, client.ObjectKey{Name: profile.Name}, namespace); err != nil {
		return err
	}
	owner := metav1.GetControllerOf(namespace)
	say("namespace: %s, labels %s, owned by %s %s, its uid: %t", namespace.Status.Phase,
		strings.Join(slices.Sorted(maps.Keys(namespace.Labels)), " "), owner.APIVersion, owner.Kind, owner.UID == profile.UID)
	bindings := &rbacv1.RoleBindingList{}
	if err := w.direct.List(ctx, bindings, client.InNamespace(profile.Name)); err != nil {
		return err
	}
	for _, binding := range bindings.Items {
		for _, subject := range binding.Subjects {
			subject.Namespace = strings.Replace(subject.Namespace, w.name, "NAME", 1)
			say("binding %s: %s to %s", binding.Name, binding.RoleRef.Name, asJSON(subject))
		}
	}
	quota := &corev1.ResourceQuota{}
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: profile.Name, Name: "kf-resource-quota"}, quota); err != nil {
		return err
	}
	say("quota: %s", asJSON(quota.Spec))
	policy := newPolicy()
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: profile.Name, Name: "ns-owner-access-istio"}, policy); err != nil {
		return err
	}
	say("policy: generation %d, %s", policy.GetGeneration(), strings.ReplaceAll(asJSON(policy.Object["spec"]), w.name, "NAME"))
	viewer := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: profile.Name, Name: "default-viewer"}}
	if err := w.direct.Delete(ctx, viewer); err != nil {
		return err
	}
	if err := until("the owned account anew", func() bool {
		return w.direct.Get(ctx, client.ObjectKeyFromObject(viewer), viewer) == nil
	}); err != nil {
		return err
	}
	say("an owned account that was deleted: made anew")
	ready := []ProfileCondition{{Type: "Ready", Status: "True"}}
	if err := retried(func() error {
		return w.refreshed(ctx, profile, func() error {
			profile.Status.Conditions = ready
			return w.direct.Update(ctx, profile)
		})
	}); err != nil {
		return err
	}
	say("a status through the main resource: %d conditions", len(profile.Status.Conditions))
	if err := retried(func() error {
		return w.refreshed(ctx, profile, func() error {
			profile.Status.Conditions = ready
			profile.Spec.Owner.Name = "mallory@example.com"
			return w.direct.Status().Update(ctx, profile)
		})
	}); err != nil {
		return err
	}
	say("a status through the subresource: %s, owner %s", asJSON(profile.Status), profile.Spec.Owner.Name)
	return nil
}

// refreshed reads an object again before a write that another writer may be ahead of.
func (w *walker) refreshed(ctx context.Context, object client.Object, write func() error) error {
	if err := w.direct.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return err
	}
	return write()
}

func retried(write func() error) error {
	for {
		if err := write(); !apierrors.IsConflict(err) {
			return err
		}
	}
}

// cached asks the manager's cache: by index, by label, and for metadata alone.
func (w *walker) cached(ctx context.Context) error {
	reader := w.manager.GetClient()
	accounts := &corev1.ServiceAccountList{}
	if err := until("the index", func() bool {
		err := reader.List(ctx, accounts, client.MatchingFields{roleIndex: w.role})
		return err == nil && len(accounts.Items) == 1
	}); err != nil {
		return err
	}
	say("accounts with the role, by index: %s", accounts.Items[0].Name)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.name, GenerateName: "made-", Labels: map[string]string{"walk": w.name}},
		StringData: map[string]string{"text": "v"}, Data: map[string][]byte{"bytes": {0, 255}},
	}
	if err := w.direct.Create(ctx, secret); err != nil {
		return err
	}
	say("secret: %s, %s, named by prefix: %t", secret.Type, asJSON(secret.Data), strings.HasPrefix(secret.Name, "made-") && len(secret.Name) == 10)
	metadata := &metav1.PartialObjectMetadataList{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	if err := until("the metadata", func() bool {
		err := reader.List(ctx, metadata, client.InNamespace(w.name), client.MatchingLabels{"walk": w.name})
		return err == nil && len(metadata.Items) == 1
	}); err != nil {
		return err
	}
	item := metadata.Items[0]
	say("its metadata alone, watched: %s %s, same name: %t", item.APIVersion, item.Kind, item.Name == secret.Name)
	one := &metav1.PartialObjectMetadata{}
	one.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := w.direct.Get(ctx, client.ObjectKeyFromObject(secret), one); err != nil {
		return err
	}
	one.Annotations = map[string]string{"by": "metadata"}
	if err := w.direct.Patch(ctx, one, client.MergeFrom(&item)); err != nil {
		return err
	}
	say("patched as metadata alone: %s", asJSON(one.Annotations))
	pending := &corev1.PodList{}
	if err := w.direct.List(ctx, pending, client.InNamespace(w.name), client.MatchingFields{"status.phase": "Pending", "spec.nodeName": ""}); err != nil {
		return err
	}
	say("pending pods, by field: %d", len(pending.Items))
	err := w.direct.List(ctx, pending, client.MatchingFields{"spec.nope": "x"})
	say("by an unknown field: %v", err)
	return nil
}

// patched compares what merge, strategic merge and JSON patches of a helper come to, with and without a guard.
func (w *walker) patched(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "patched"}, Secrets: []corev1.ObjectReference{{Name: "a"}, {Name: "b"}}}
	if err := w.direct.Create(ctx, account); err != nil {
		return err
	}
	before := account.DeepCopy()
	account.Annotations = map[string]string{"x": "1"}
	if err := w.direct.Patch(ctx, account, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	stale := before.DeepCopy()
	stale.Annotations = map[string]string{"x": "2"}
	err := w.direct.Patch(ctx, stale, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	say("a guarded merge patch of what changed: conflict %t", apierrors.IsConflict(err))
	before = account.DeepCopy()
	account.Secrets = []corev1.ObjectReference{{Name: "b"}, {Name: "c"}}
	if err := w.direct.Patch(ctx, account, client.StrategicMergeFrom(before)); err != nil {
		return err
	}
	say("strategic merge: %s", asJSON(account.Secrets))
	version := account.ResourceVersion
	result, err := controllerutil.CreateOrUpdate(ctx, w.direct, account, func() error { return nil })
	if err != nil {
		return err
	}
	say("create or update without a change: %s, same version: %t", result, account.ResourceVersion == version)
	result, err = controllerutil.CreateOrPatch(ctx, w.direct, account, func() error {
		account.AutomountServiceAccountToken = ptr.To(false)
		return nil
	})
	say("create or patch: %s, %v", result, err)
	err = w.direct.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "dry"}}, client.DryRunAll)
	say("a dry run: %v, then not found %t", err, apierrors.IsNotFound(w.direct.Get(ctx, client.ObjectKey{Namespace: w.name, Name: "dry"}, &corev1.ConfigMap{})))
	return nil
}

// applied uses server-side apply by apply configurations, typed and not.
func (w *walker) applied(ctx context.Context) error {
	configuration := func(data map[string]string) *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("applied", w.name).WithData(data)
	}
	if err := w.direct.Apply(ctx, configuration(map[string]string{"a": "1", "b": "1"}), client.FieldOwner("one")); err != nil {
		return err
	}
	err := w.direct.Apply(ctx, configuration(map[string]string{"b": "2"}), client.FieldOwner("two"))
	say("apply against another's field: conflict %t, %v", apierrors.IsConflict(err), err)
	if err := w.direct.Apply(ctx, configuration(map[string]string{"b": "2"}), client.FieldOwner("two"), client.ForceOwnership); err != nil {
		return err
	}
	if err := w.direct.Apply(ctx, configuration(nil), client.FieldOwner("one")); err != nil {
		return err
	}
	configMap := &corev1.ConfigMap{}
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: w.name, Name: "applied"}, configMap); err != nil {
		return err
	}
	say("after force and withdrawal: %s", asJSON(configMap.Data))
	policy := newPolicy()
	policy.SetName("applied")
	policy.SetNamespace(w.name)
	policy.Object["spec"] = map[string]any{"rules": []any{}, "action": "ALLOW"}
	if err := w.direct.Apply(ctx, client.ApplyConfigurationFromUnstructured(policy), client.FieldOwner("one")); err != nil {
		return err
	}
	found := newPolicy()
	if err := w.direct.Get(ctx, client.ObjectKeyFromObject(policy), found); err != nil {
		return err
	}
	say("applied without types: %s", asJSON(found.Object["spec"]))
	return nil
}

// swept pages through a list and deletes by label.
func (w *walker) swept(ctx context.Context) error {
	for index := range 5 {
		labels := map[string]string{"swept": fmt.Sprint(index != 0)}
		if err := w.direct.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: fmt.Sprintf("swept-%d", index), Labels: labels}}); err != nil {
			return err
		}
	}
	var pages []int
	for next := ""; ; {
		list := &corev1.ConfigMapList{}
		if err := w.direct.List(ctx, list, client.InNamespace(w.name), client.MatchingLabels{"swept": "true"}, client.Limit(3), client.Continue(next)); err != nil {
			return err
		}
		pages = append(pages, len(list.Items))
		if next = list.Continue; next == "" {
			break
		}
	}
	say("pages of three: %v", pages)
	if err := w.direct.DeleteAllOf(ctx, &corev1.ConfigMap{}, client.InNamespace(w.name), client.MatchingLabels{"swept": "true"}); err != nil {
		return err
	}
	left := &corev1.ConfigMapList{}
	if err := w.direct.List(ctx, left, client.InNamespace(w.name), client.HasLabels{"swept"}); err != nil {
		return err
	}
	say("left after deletion by label: %d", len(left.Items))
	configMap := &left.Items[0]
	wrong := client.Preconditions{UID: ptr.To(configMap.UID + "x")}
	say("deleted with another's uid: conflict %t", apierrors.IsConflict(w.direct.Delete(ctx, configMap, wrong)))
	return nil
}

// recorded writes events by both of their APIs.
func (w *walker) recorded(ctx context.Context) error {
	account := &corev1.ServiceAccount{}
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: w.name, Name: "patched"}, account); err != nil {
		return err
	}
	for range 3 {
		w.manager.GetEventRecorder("walk").Eventf(account, nil, corev1.EventTypeWarning, "BadRole", "Checking", "role %s is not one", "x")
		//nolint:staticcheck // Most controllers still use it.
		w.manager.GetEventRecorderFor("walk").Event(account, corev1.EventTypeNormal, "Seen", "an account")
	}
	list := &eventsv1.EventList{}
	seen := &corev1.EventList{}
	if err := until("the events", func() bool {
		about := client.MatchingFields{"regarding.name": account.Name}
		if err := w.direct.List(ctx, list, client.InNamespace(w.name), about); err != nil || len(list.Items) != 2 {
			return false
		}
		err := w.direct.List(ctx, seen, client.InNamespace(w.name), client.MatchingFields{"involvedObject.name": account.Name, "reason": "Seen"})
		return err == nil && len(seen.Items) == 1 && seen.Items[0].Count == 3
	}); err != nil {
		return err
	}
	slices.SortFunc(list.Items, func(one, other eventsv1.Event) int { return strings.Compare(one.Reason, other.Reason) })
	for _, event := range list.Items {
		say("event %s %s by %q: %s, %s, of %s %s, its uid: %t", event.Type, event.Reason, event.ReportingController+event.DeprecatedSource.Component, event.Action, event.Note,
			event.Regarding.Kind, event.Regarding.Name, event.Regarding.UID == account.UID)
	}
	return nil
}

// tokens asks for a token of an account as a subresource, has it reviewed, and gives it to AWS.
func (w *walker) tokens(ctx context.Context) error {
	account := &corev1.ServiceAccount{}
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: w.name + "-team", Name: editor}, account); err != nil {
		return err
	}
	say("annotated with the role: %t", account.Annotations[roleKey] == w.role)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{tokenTarget}, ExpirationSeconds: ptr.To(int64(900))}}
	if err := w.direct.SubResource("token").Create(ctx, account, request); err != nil {
		return err
	}
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: request.Status.Token, Audiences: []string{tokenTarget}}}
	if err := w.direct.Create(ctx, review); err != nil {
		return err
	}
	say("reviewed: %t, %s, %s", review.Status.Authenticated, strings.ReplaceAll(review.Status.User.Username, w.name, "NAME"), asJSON(review.Status.Audiences))
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	session := "walk"
	assumed, err := sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &w.role, RoleSessionName: &session, WebIdentityToken: &request.Status.Token,
	})
	if err != nil {
		return err
	}
	say("assumed: %s", strings.Replace((*assumed.AssumedRoleUser.Arn)[strings.Index(*assumed.AssumedRoleUser.Arn, "assumed-role"):], w.name, "NAME", 1))
	return nil
}

// pod creates one in full, gives it a node and a status, and evicts it.
func (w *walker) pod(ctx context.Context) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "pod", Labels: map[string]string{"app": "walk"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: "patched",
			NodeSelector:       map[string]string{"kubernetes.io/os": "linux"},
			SecurityContext:    &corev1.PodSecurityContext{FSGroup: ptr.To(int64(1337)), RunAsNonRoot: ptr.To(true)},
			Volumes: []corev1.Volume{{Name: "aws-iam-token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: tokenTarget, ExpirationSeconds: ptr.To(int64(86400)), Path: "token"}}},
			}}}},
			InitContainers: []corev1.Container{{Name: "sidecar", Image: "busybox", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}},
			Containers: []corev1.Container{{
				Name: "main", Image: "busybox", Command: []string{"sleep", "1h"},
				Env:           []corev1.EnvVar{{Name: "A", Value: "<&>"}, {Name: "B", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}},
				Resources:     corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("64Mi")}},
				VolumeMounts:  []corev1.VolumeMount{{Name: "aws-iam-token", ReadOnly: true, MountPath: "/var/run/secrets/eks.amazonaws.com/serviceaccount"}},
				LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 2379}}, PeriodSeconds: 7},
			}},
		},
	}
	if err := w.direct.Create(ctx, pod); err != nil {
		return err
	}
	spec := pod.Spec.DeepCopy()
	for index := range spec.Volumes {
		if strings.HasPrefix(spec.Volumes[index].Name, "kube-api-access-") {
			spec.Volumes[index].Name = "kube-api-access-NAME"
		}
	}
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for _, container := range containers {
			for index := range container.VolumeMounts {
				if strings.HasPrefix(container.VolumeMounts[index].Name, "kube-api-access-") {
					container.VolumeMounts[index].Name = "kube-api-access-NAME"
				}
			}
		}
	}
	say("pod: %s %s", asJSON(pod.Status), asJSON(spec))
	if err := w.direct.SubResource("binding").Create(ctx, pod, &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: "node-1"}}); err != nil {
		return err
	}
	if err := w.direct.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return err
	}
	before := pod.DeepCopy()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	if err := w.direct.Status().Patch(ctx, pod, client.StrategicMergeFrom(before)); err != nil {
		return err
	}
	var conditions []string
	for _, condition := range pod.Status.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s=%s", condition.Type, condition.Status))
	}
	say("on %s: %s, %s", pod.Spec.NodeName, pod.Status.Phase, strings.Join(conditions, " "))
	before = pod.DeepCopy()
	pod.Spec.ServiceAccountName = "other"
	err := w.direct.Patch(ctx, pod, client.MergeFrom(before))
	say("another account for a pod: invalid %t", apierrors.IsInvalid(err))
	if err := w.direct.SubResource("eviction").Create(ctx, pod, &policyv1.Eviction{DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(0))}}); err != nil {
		return fmt.Errorf("eviction: %w", err)
	}
	say("evicted: not found %t", apierrors.IsNotFound(w.direct.Get(ctx, client.ObjectKeyFromObject(pod), pod)))
	return nil
}

// refused collects refusals that controllers tell apart.
func (w *walker) refused(ctx context.Context) error {
	namespace := func() *corev1.Namespace { return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.name}} }
	say("exists: %t", apierrors.IsAlreadyExists(w.direct.Create(ctx, namespace())))
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "binding"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
	}
	if err := w.direct.Create(ctx, binding); err != nil {
		return err
	}
	binding.RoleRef.Name = "edit"
	say("another role for a binding: %v", w.direct.Update(ctx, binding))
	bad := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "Bad_Name"}}
	say("a bad name: %s", strings.SplitN(fmt.Sprint(w.direct.Create(ctx, bad)), " (", 2)[0])
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: "none"}, Spec: corev1.PodSpec{ServiceAccountName: "nobody", Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
	err := w.direct.Create(ctx, pod)
	say("a pod of nobody: forbidden %t, %s", apierrors.IsForbidden(err), strings.ReplaceAll(fmt.Sprint(err), w.name, "NAME"))
	strict := newPolicy()
	strict.SetName("strict")
	strict.SetNamespace(w.name)
	strict.Object["nope"] = "x"
	say("an unknown field, strictly: %v", w.direct.Create(ctx, strict, client.FieldValidation("Strict")))
	w.warnings.take()
	if err := w.direct.Create(ctx, strict); err != nil {
		return err
	}
	say("an unknown field: %s", w.warnings.take())
	timely, cancel := context.WithTimeout(ctx, time.Nanosecond)
	defer cancel()
	say("too late: %t", w.direct.Get(timely, client.ObjectKey{Name: w.name}, namespace()) != nil)
	return nil
}

// admitted has the manager's own webhooks asked.
func (w *walker) admitted(ctx context.Context) error {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.name, Name: name} }
	account := &corev1.ServiceAccount{ObjectMeta: meta("hooked")}
	if err := until("the mutating webhook", func() bool {
		account = &corev1.ServiceAccount{ObjectMeta: meta("hooked")}
		if err := w.direct.Create(ctx, account); err == nil && account.Annotations["defaulted"] == "CREATE" {
			return true
		}
		_ = w.direct.Delete(ctx, account)
		return false
	}); err != nil {
		return err
	}
	account.Labels = map[string]string{"a": "b"}
	if err := w.direct.Update(ctx, account); err != nil {
		return err
	}
	say("mutated: %s %s", asJSON(account.Annotations), asJSON(account.Labels))
	configMap := &corev1.ConfigMap{ObjectMeta: meta("checked"), Data: map[string]string{"refused": "yes"}}
	w.warnings.take()
	if err := until("the validating webhook", func() bool {
		err := w.direct.Create(ctx, configMap.DeepCopy())
		if err != nil {
			say("refused: %v; warned: %s", err, w.warnings.take())
			return true
		}
		_ = w.direct.Delete(ctx, configMap)
		return false
	}); err != nil {
		return err
	}
	configMap.Data = map[string]string{"n": "kept"}
	if err := w.direct.Create(ctx, configMap); err != nil {
		return err
	}
	say("created, warned: %s", w.warnings.take())
	say("deleted: %v", w.direct.Delete(ctx, configMap))
	before := configMap.DeepCopy()
	configMap.Data = nil
	say("emptied: %v", w.direct.Patch(ctx, configMap, client.MergeFrom(before)))
	return nil
}

// deleted follows the Profile out: its subject, its finalizer, and its namespace with all in it.
func (w *walker) deleted(ctx context.Context) error {
	profile := &Profile{ObjectMeta: metav1.ObjectMeta{Name: w.name + "-team"}}
	if err := w.direct.Delete(ctx, profile); err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(profile)
	if err := until("the end of the profile", func() bool { return apierrors.IsNotFound(w.direct.Get(ctx, key, profile)) }); err != nil {
		return err
	}
	if err := within(collectorsPatience, "the end of its namespace", func() bool {
		return apierrors.IsNotFound(w.direct.Get(ctx, key, &corev1.Namespace{}))
	}); err != nil {
		return err
	}
	say("profile and namespace gone; trusted: %s", w.subjects(ctx))
	return nil
}
