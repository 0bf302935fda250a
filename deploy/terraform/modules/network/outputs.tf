output "private_subnet_ids" {
  description = "ID of the private subnet of each zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }

  # Machines in them reach AWS by these, from their first moment to their last.
  depends_on = [aws_route.nat, aws_route.internet, aws_route_table_association.private, aws_route_table_association.public]
}
