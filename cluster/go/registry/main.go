// The image registry, https://distribution.github.io/distribution, with no storage but folders.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	os.Setenv("OTEL_TRACES_EXPORTER", "none") // else it reports to whoever listens on port 4318
	if registry.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
