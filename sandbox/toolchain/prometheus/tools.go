//go:build tools

// Package tools pins the Prometheus that the sandbox runs, and its promtool.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
