output "private_subnet_ids" {
  description = "ID of the private subnet of each zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}
