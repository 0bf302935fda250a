output "name" {
  description = "Name of the cluster, once it can run pods."
  value       = aws_eks_cluster.this.name

  depends_on = [aws_eks_node_group.system, aws_eks_addon.after_compute]
}

output "dedicated" {
  description = "Key and value of the taint and the label of kvnode's machines."
  value       = local.dedicated
}
