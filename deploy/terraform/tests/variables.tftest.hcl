# Wrong input is refused before anything is asked of AWS. Each run gives several variables something wrong, and all have to be refused.

mock_provider "aws" {
  source = "./tests/aws"
}

run "names_that_are_none" {
  command = plan

  variables {
    region               = "Frankfurt"
    name                 = "KVNode"
    admin_role_arns      = ["alice"]
    namespace            = "Shop_1"
    release              = "-shop"
    node_instance_type   = "large"
    system_instance_type = "large"
    alarm_emails         = { page = ["on-call"] }
  }

  expect_failures = [
    var.region, var.name, var.admin_role_arns, var.namespace, var.release, var.node_instance_type, var.system_instance_type,
    var.alarm_emails,
  ]
}

run "numbers_out_of_range" {
  command = plan

  variables {
    vpc_cidr           = "10.0.0.0/24"
    kubernetes_version = "1.33"
    nodes_per_zone     = 0
    volume_size        = 1
    backup_lock_days   = 0
    log_retention_days = 0 # for ever
  }

  expect_failures = [
    var.vpc_cidr, var.kubernetes_version, var.nodes_per_zone, var.volume_size, var.backup_lock_days, var.log_retention_days,
  ]
}

run "numbers_that_are_not_whole" {
  command = plan

  variables {
    kubernetes_version = "1.35.1"
    nodes_per_zone     = 1.5
    volume_size        = 99.5
  }

  expect_failures = [var.kubernetes_version, var.nodes_per_zone, var.volume_size]
}

run "the_whole_internet_and_what_does_not_fit" {
  command = plan

  variables {
    name                 = "kvnode-of-the-shop-department"
    api_public_cidrs     = ["0.0.0.0/0"]
    api_private_cidrs    = ["203.0.113.0/24"] # public addresses
    node_instance_type   = "t3.large"         # runs out of credits
    system_instance_type = "c7gd.large"       # of another architecture
    engine               = "memory"           # keeps nothing
    addon_versions       = { core-dns = "v1.12.4-eksbuild.1" }
    backup_lock_days     = 60
    backup_recovery_days = 30 # what is locked would have to be removed
  }

  expect_failures = [
    var.name, var.api_public_cidrs, var.api_private_cidrs, var.node_instance_type, var.system_instance_type, var.engine,
    var.addon_versions, var.backup_recovery_days,
  ]
}

run "the_whole_internet_in_two_halves_and_another_architecture" {
  command = plan

  variables {
    api_public_cidrs   = ["0.0.0.0/1", "128.0.0.0/1"]
    node_instance_type = "m7g.large"
  }

  expect_failures = [var.api_public_cidrs, var.node_instance_type]
}

run "a_region_of_two_zones" {
  command = plan

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-west-1a", "us-west-1c"] }
  }

  expect_failures = [data.aws_availability_zones.available]
}

run "a_machine_that_is_too_small" {
  command = plan

  variables {
    node_instance_type = "m7i.medium"
  }

  override_data {
    target = data.aws_ec2_instance_type.node
    values = { default_vcpus = 1, memory_size = 4096 }
  }

  expect_failures = [data.aws_ec2_instance_type.node]
}
