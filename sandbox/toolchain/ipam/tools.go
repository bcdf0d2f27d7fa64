//go:build tools

// Package tools pins the in-cluster IPAM provider that the sandbox runs.
package tools

import _ "sigs.k8s.io/cluster-api-ipam-provider-in-cluster"
