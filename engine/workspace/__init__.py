"""What is read from the project's folder: Pulumi.yaml, Pulumi.<stack>.yaml, the selected stack."""
