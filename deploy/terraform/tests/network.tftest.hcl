mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name               = "kvnode"
  region             = "eu-central-1"
  account            = "123456789012"
  cidr               = "10.64.0.0/16"
  zones              = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  log_retention_days = 365
  logs_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/logs"
}

run "a_network" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.private), values(aws_subnet.public)) : !subnet.map_public_ip_on_launch])
    error_message = "No machine gets a public address by where it is."
  }

  assert {
    condition     = length(distinct([for subnet in concat(values(aws_subnet.private), values(aws_subnet.public)) : subnet.cidr_block])) == 6
    error_message = "Each subnet has addresses of its own."
  }

  assert {
    condition     = alltrue([for zone, route in aws_route.nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "Each zone goes out by its own gateway: the loss of another one does not cut it off."
  }

  assert {
    condition     = toset(aws_vpc_endpoint.s3.route_table_ids) == toset([for table in aws_route_table.private : table.id])
    error_message = "S3 is reached without the internet from all private subnets."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow_logs.kms_key_id == var.logs_key_arn && aws_cloudwatch_log_group.flow_logs.retention_in_days == 365
    error_message = "All traffic is logged, encrypted, and for a time."
  }

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group lets nothing through."
  }
}

run "two_zones_are_too_few" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    zones = ["eu-central-1a", "eu-central-1b", "eu-central-1b"]
  }

  expect_failures = [var.zones]
}
