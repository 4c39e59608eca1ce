package main

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var profileVersion = schema.GroupVersion{Group: "kubeflow.org", Version: "v1"}

// Profile is Kubeflow's, as far as this program reads it.
type Profile struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              ProfileSpec   `json:"spec,omitempty"`
	Status            ProfileStatus `json:"status,omitempty"`
}

type ProfileSpec struct {
	Owner             rbacv1.Subject           `json:"owner,omitempty"`
	Plugins           []Plugin                 `json:"plugins,omitempty"`
	ResourceQuotaSpec corev1.ResourceQuotaSpec `json:"resourceQuotaSpec,omitempty"`
}

type Plugin struct {
	metav1.TypeMeta `json:",inline"`
	Spec            *runtime.RawExtension `json:"spec,omitempty"`
}

type ProfileStatus struct {
	Conditions []ProfileCondition `json:"conditions,omitempty"`
}

type ProfileCondition struct {
	Type    string `json:"type,omitempty"`
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

type ProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Profile `json:"items"`
}

func (profile *Profile) DeepCopyObject() runtime.Object {
	copied := *profile
	profile.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Spec.Plugins = nil
	for _, plugin := range profile.Spec.Plugins {
		copied.Spec.Plugins = append(copied.Spec.Plugins, Plugin{TypeMeta: plugin.TypeMeta, Spec: plugin.Spec.DeepCopy()})
	}
	profile.Spec.ResourceQuotaSpec.DeepCopyInto(&copied.Spec.ResourceQuotaSpec)
	copied.Status.Conditions = append([]ProfileCondition(nil), profile.Status.Conditions...)
	return &copied
}

func (list *ProfileList) DeepCopyObject() runtime.Object {
	copied := *list
	list.ListMeta.DeepCopyInto(&copied.ListMeta)
	copied.Items = nil
	for index := range list.Items {
		copied.Items = append(copied.Items, *list.Items[index].DeepCopyObject().(*Profile))
	}
	return &copied
}

func addProfiles(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(profileVersion, &Profile{}, &ProfileList{})
	metav1.AddToGroupVersion(scheme, profileVersion)
}
