"""What tools that reconcile a cluster from git are told: Flux, Argo CD and the Pulumi Kubernetes Operator."""
