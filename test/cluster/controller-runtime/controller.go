package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	editor      = "default-editor"
	finalizer   = "profile-finalizer"
	roleKey     = "eks.amazonaws.com/role-arn"
	roleIndex   = "role"
	pluginKind  = "AwsIamForServiceAccount"
	tokenTarget = "sts.amazonaws.com"
)

var policyKind = schema.GroupVersionKind{Group: "security.istio.io", Version: "v1beta1", Kind: "AuthorizationPolicy"}

// profiles acts as Kubeflow's Profile controller is known to: reads from the cache, whole objects by PUT, children owned by the Profile, its AWS
// plugin at every pass, and the finalizer last.
type profiles struct {
	client.Client
	policies bool
}

func (r *profiles) addTo(manager ctrl.Manager) error {
	builder := ctrl.NewControllerManagedBy(manager).
		For(&Profile{}).
		Owns(&corev1.Namespace{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&rbacv1.RoleBinding{})
	if r.policies {
		builder = builder.Owns(newPolicy())
	}
	return builder.Complete(r)
}

func newPolicy() *unstructured.Unstructured {
	policy := &unstructured.Unstructured{}
	policy.SetGroupVersionKind(policyKind)
	return policy
}

func (r *profiles) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	profile := &Profile{}
	if err := r.Get(ctx, request.NamespacedName, profile); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	return reconcile.Result{}, errors.Join(r.reconcile(ctx, profile))
}

func (r *profiles) reconcile(ctx context.Context, profile *Profile) error {
	owner := profile.Spec.Owner
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:        profile.Name,
		Annotations: map[string]string{"owner": owner.Name},
		Labels:      map[string]string{"istio-injection": "enabled", "app.kubernetes.io/part-of": "kubeflow-profile"},
	}}
	if err := r.ensure(ctx, profile, namespace, &corev1.Namespace{}, nil); err != nil {
		return err
	}
	if r.policies {
		policy := newPolicy()
		policy.SetName("ns-owner-access-istio")
		policy.SetNamespace(profile.Name)
		policy.SetAnnotations(map[string]string{"user": owner.Name, "role": "admin"})
		policy.Object["spec"] = map[string]any{"rules": []any{map[string]any{"when": []any{
			map[string]any{"key": "source.namespace", "values": []any{profile.Name}},
		}}}}
		found := newPolicy()
		if err := r.ensure(ctx, profile, policy, found, func() bool {
			same := reflect.DeepEqual(found.Object["spec"], policy.Object["spec"])
			found.Object["spec"] = policy.Object["spec"]
			return same
		}); err != nil {
			return err
		}
	}
	for _, account := range []struct{ name, role string }{{editor, "kubeflow-edit"}, {"default-viewer", "kubeflow-view"}} {
		meta := metav1.ObjectMeta{Namespace: profile.Name, Name: account.name}
		if err := r.ensure(ctx, profile, &corev1.ServiceAccount{ObjectMeta: meta}, &corev1.ServiceAccount{}, nil); err != nil {
			return err
		}
		subject := rbacv1.Subject{Kind: "ServiceAccount", Name: account.name, Namespace: profile.Name}
		if err := r.bind(ctx, profile, meta, account.role, subject); err != nil {
			return err
		}
	}
	admin := metav1.ObjectMeta{Namespace: profile.Name, Name: "namespaceAdmin", Annotations: map[string]string{"user": owner.Name, "role": "admin"}}
	if err := r.bind(ctx, profile, admin, "kubeflow-admin", owner); err != nil {
		return err
	}
	if err := r.limit(ctx, profile); err != nil {
		return err
	}
	if err := r.Update(ctx, profile); err != nil {
		return err
	}
	if err := r.plugins(ctx, profile, true); err != nil {
		return err
	}
	switch {
	case profile.DeletionTimestamp.IsZero():
		if controllerutil.AddFinalizer(profile, finalizer) {
			return r.Update(ctx, profile)
		}
	case controllerutil.ContainsFinalizer(profile, finalizer):
		if err := r.plugins(ctx, profile, false); err != nil {
			return err
		}
		controllerutil.RemoveFinalizer(profile, finalizer)
		return r.Update(ctx, profile)
	}
	return nil
}

// ensure creates what is absent, owned by the Profile, and updates what is there when `same` says that it has changed it.
func (r *profiles) ensure(ctx context.Context, profile *Profile, wanted, found client.Object, same func() bool) error {
	if err := controllerutil.SetControllerReference(profile, wanted, r.Scheme()); err != nil {
		return err
	}
	err := r.Get(ctx, client.ObjectKeyFromObject(wanted), found)
	if apierrors.IsNotFound(err) {
		return r.Create(ctx, wanted)
	}
	if err != nil || same == nil || same() {
		return err
	}
	return r.Update(ctx, found)
}

func (r *profiles) bind(ctx context.Context, profile *Profile, meta metav1.ObjectMeta, role string, subject rbacv1.Subject) error {
	reference := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}
	wanted := &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: reference, Subjects: []rbacv1.Subject{subject}}
	found := &rbacv1.RoleBinding{}
	return r.ensure(ctx, profile, wanted, found, func() bool {
		same := equality.Semantic.DeepEqual(found.Subjects, wanted.Subjects)
		found.Subjects = wanted.Subjects
		return same
	})
}

func (r *profiles) limit(ctx context.Context, profile *Profile) error {
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: profile.Name, Name: "kf-resource-quota"}, Spec: profile.Spec.ResourceQuotaSpec}
	if len(quota.Spec.Hard) == 0 {
		return client.IgnoreNotFound(r.Delete(ctx, quota))
	}
	found := &corev1.ResourceQuota{}
	return r.ensure(ctx, profile, quota, found, func() bool {
		same := equality.Semantic.DeepEqual(found.Spec, quota.Spec)
		found.Spec = quota.Spec
		return same
	})
}

// plugins grants the profile its role, or takes it back.
func (r *profiles) plugins(ctx context.Context, profile *Profile, grant bool) error {
	for _, plugin := range profile.Spec.Plugins {
		if plugin.Kind != pluginKind || plugin.Spec == nil {
			continue
		}
		var spec struct{ AwsIamRole string }
		if err := json.Unmarshal(plugin.Spec.Raw, &spec); err != nil {
			return err
		}
		account := &corev1.ServiceAccount{}
		if err := r.Get(ctx, client.ObjectKey{Namespace: profile.Name, Name: editor}, account); err != nil {
			return err
		}
		if account.Annotations == nil {
			account.Annotations = map[string]string{}
		}
		if account.Annotations[roleKey] = spec.AwsIamRole; !grant {
			delete(account.Annotations, roleKey)
		}
		if err := r.Update(ctx, account); err != nil {
			return err
		}
		subject := fmt.Sprintf("system:serviceaccount:%s:%s", profile.Name, editor)
		if err := editTrust(ctx, spec.AwsIamRole[strings.LastIndex(spec.AwsIamRole, "/")+1:], subject, grant); err != nil {
			return err
		}
	}
	return nil
}

type trust struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Action    string
	Principal struct{ Federated string }
	Condition struct{ StringEquals map[string][]string }
}

// editTrust reads a role's trust policy and writes it with or without a subject. It loads its credentials anew each time.
func editTrust(ctx context.Context, role, subject string, grant bool) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	roles := iam.NewFromConfig(cfg)
	document, err := readTrust(ctx, roles, role)
	if err != nil {
		return err
	}
	if len(document.Statement) == 0 {
		return fmt.Errorf("role %s trusts nobody", role)
	}
	first := &document.Statement[0]
	key := first.Principal.Federated[strings.Index(first.Principal.Federated, "/")+1:] + ":sub"
	subjects := first.Condition.StringEquals[key]
	if grant && slices.Contains(subjects, subject) {
		return nil
	}
	subjects = slices.DeleteFunc(subjects, func(one string) bool { return one == subject })
	if grant {
		subjects = append(subjects, subject)
	}
	// It keeps nothing of what stood there but the provider and the subjects.
	first.Effect, first.Action = "Allow", "sts:AssumeRoleWithWebIdentity"
	audience := strings.TrimSuffix(key, ":sub") + ":aud"
	first.Condition.StringEquals = map[string][]string{audience: {tokenTarget}, key: subjects}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	policy := string(text)
	_, err = roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: &policy})
	return err
}

func readTrust(ctx context.Context, roles *iam.Client, role string) (trust, error) {
	var document trust
	answer, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		return document, err
	}
	text, err := url.QueryUnescape(*answer.Role.AssumeRolePolicyDocument)
	if err != nil {
		return document, err
	}
	return document, json.Unmarshal([]byte(text), &document)
}
