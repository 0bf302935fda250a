output "region" {
  description = "AWS region."
  value       = var.region
}

output "zones" {
  description = "The three availability zones."
  value       = local.zones
}

output "cluster_name" {
  description = "Name of the EKS cluster."
  value       = module.cluster.name
}

output "kubeconfig_command" {
  description = "Command that lets kubectl find the cluster."
  value       = "aws eks update-kubeconfig --region ${var.region} --name ${module.cluster.name}"
}

output "image_repository" {
  description = "ECR repository that kvnode's image is pushed to."
  value       = module.storage.repository_urls["kvnode"]
}

output "benchmark_image_repository" {
  description = "ECR repository that kvbench's image is pushed to, for deploy/kubernetes/benchmark."
  value       = module.storage.repository_urls["kvbench"]
}

output "backup_location" {
  description = "Where backups go, as `kvnode backup --to` takes it."
  value       = "s3://${module.storage.backup_bucket}/${module.storage.backup_prefix}"
}

output "report_location" {
  description = "Where deploy/kubernetes/benchmark puts its report: `REPORT` of its report.env."
  value       = "s3://${module.storage.backup_bucket}/${module.storage.report_prefix}"
}

output "kvnode_role_arn" {
  description = "Role of kvnode's pods: the service account `kvnode` in the namespace `namespace`."
  value       = module.kvnode_role.arn
}

output "alarm_topic_arns" {
  description = "SNS topics for alarms: `page` and `ticket`."
  value       = module.observability.topic_arns
}

output "cloudwatch_agent_command" {
  description = "Command that starts the agent that tells CloudWatch kvnode's metrics, once kvnode is installed."
  value       = "deploy/cloudwatch/manifests --users ${var.region} ${module.cluster.name} ${var.namespace} ${var.release} | kubectl apply -f -"
}

output "dashboard_url" {
  description = "The dashboard in CloudWatch."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${module.observability.dashboard}"
}

output "helm_values" {
  description = "Values for deploy/helm/kvnode: `terraform output -raw helm_values > values-eks.yaml`."
  value       = local.helm_values
}

output "kustomization" {
  description = "The same for kubectl alone: `terraform output -raw kustomization > ../kubernetes/overlays/eks/kustomization.yaml`."
  value       = local.kustomization
}

output "benchmark_kustomization" {
  description = "And for the benchmark: `terraform output -raw benchmark_kustomization > ../kubernetes/overlays/eks-benchmark/kustomization.yaml`."
  value       = local.benchmark_kustomization
}
