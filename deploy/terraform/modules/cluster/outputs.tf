output "name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "dedicated" {
  description = "Key and value of the taint and the label of kvnode's machines."
  value       = local.dedicated
}

output "system_node_group" {
  description = "ID of the group of machines for all else. Whatever needs a machine to run on waits for it."
  value       = aws_eks_node_group.system.id
}
