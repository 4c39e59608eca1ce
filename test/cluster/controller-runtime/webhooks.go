package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

type accountDefaults struct{}

func (accountDefaults) Default(ctx context.Context, account *corev1.ServiceAccount) error {
	request, err := admission.RequestFromContext(ctx)
	if err != nil {
		return err
	}
	metav1.SetMetaDataAnnotation(&account.ObjectMeta, "defaulted", string(request.Operation))
	return nil
}

type mapRules struct{}

func (mapRules) ValidateCreate(_ context.Context, object *corev1.ConfigMap) (admission.Warnings, error) {
	if object.Data["refused"] != "" {
		return admission.Warnings{"this one will not do"}, errors.New("refused on creation")
	}
	return admission.Warnings{"created with a warning"}, nil
}

func (mapRules) ValidateUpdate(_ context.Context, before, after *corev1.ConfigMap) (admission.Warnings, error) {
	if before.Data["n"] != "" && after.Data["n"] == "" {
		return nil, errors.New("n may not go")
	}
	return nil, nil
}

func (mapRules) ValidateDelete(_ context.Context, object *corev1.ConfigMap) (admission.Warnings, error) {
	if object.Data["n"] == "kept" {
		return nil, errors.New("it is kept")
	}
	return nil, nil
}

// freePort is one that nothing listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// newWebhookServer serves both webhooks on loopback, and returns the certificate that callers are to trust.
func newWebhookServer(scheme *runtime.Scheme, port int) (webhook.Server, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, TLSOpts: []func(*tls.Config){func(options *tls.Config) {
		options.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
		}
	}}})
	server.Register("/default", admission.WithDefaulter(scheme, accountDefaults{}))
	server.Register("/validate", admission.WithValidator(scheme, mapRules{}))
	return server, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// register makes the API server call both webhooks for what lies in one namespace.
func register(ctx context.Context, direct client.Client, namespace string, port int, ca []byte) error {
	none := admissionv1.SideEffectClassNone
	address := func(path string) admissionv1.WebhookClientConfig {
		url := fmt.Sprintf("https://127.0.0.1:%d%s", port, path)
		return admissionv1.WebhookClientConfig{URL: &url, CABundle: ca}
	}
	within := &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}
	rules := func(resource string, operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{
			Operations: operations, Rule: admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{resource}},
		}}
	}
	if err := direct.Create(ctx, &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "default.controller-runtime.test", ClientConfig: address("/default"), SideEffects: &none, NamespaceSelector: within,
			AdmissionReviewVersions: []string{"v1"}, Rules: rules("serviceaccounts", admissionv1.Create, admissionv1.Update),
		}},
	}); err != nil {
		return err
	}
	return direct.Create(ctx, &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "validate.controller-runtime.test", ClientConfig: address("/validate"), SideEffects: &none, NamespaceSelector: within,
			AdmissionReviewVersions: []string{"v1"}, Rules: rules("configmaps", admissionv1.Create, admissionv1.Update, admissionv1.Delete),
		}},
	})
}

func unregister(ctx context.Context, direct client.Client, namespace string) error {
	meta := metav1.ObjectMeta{Name: namespace}
	return errors.Join(
		direct.Delete(ctx, &admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta}),
		direct.Delete(ctx, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta}),
	)
}
