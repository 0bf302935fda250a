# Wrong input is refused before anything is asked of AWS.

mock_provider "aws" {
  source = "./tests/aws"
}

run "a_region_that_is_none" {
  command = plan
  variables {
    region = "Frankfurt"
  }
  expect_failures = [var.region]
}

run "a_name_too_long_for_what_is_named_after_it" {
  command = plan
  variables {
    name = "kvnode-of-the-shop-department"
  }
  expect_failures = [var.name]
}

run "a_name_with_capitals" {
  command = plan
  variables {
    name = "KVNode"
  }
  expect_failures = [var.name]
}

run "a_vpc_too_small" {
  command = plan
  variables {
    vpc_cidr = "10.0.0.0/24"
  }
  expect_failures = [var.vpc_cidr]
}

run "an_api_for_the_whole_internet" {
  command = plan
  variables {
    api_public_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.api_public_cidrs]
}

run "the_whole_internet_in_two_halves" {
  command = plan
  variables {
    api_public_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]
  }
  expect_failures = [var.api_public_cidrs]
}

run "public_addresses_as_private_ones" {
  command = plan
  variables {
    api_private_cidrs = ["203.0.113.0/24"]
  }
  expect_failures = [var.api_private_cidrs]
}

run "an_administrator_that_is_no_role" {
  command = plan
  variables {
    admin_role_arns = ["alice"]
  }
  expect_failures = [var.admin_role_arns]
}

run "a_kubernetes_version_with_a_patch_number" {
  command = plan
  variables {
    kubernetes_version = "1.35.1"
  }
  expect_failures = [var.kubernetes_version]
}

run "a_kubernetes_version_that_is_too_old" {
  command = plan
  variables {
    kubernetes_version = "1.29"
  }
  expect_failures = [var.kubernetes_version]
}

run "an_addon_that_is_not_there" {
  command = plan
  variables {
    addon_versions = { core-dns = "v1.12.4-eksbuild.1" }
  }
  expect_failures = [var.addon_versions]
}

run "no_machines" {
  command = plan
  variables {
    nodes_per_zone = 0
  }
  expect_failures = [var.nodes_per_zone]
}

run "half_a_machine" {
  command = plan
  variables {
    nodes_per_zone = 1.5
  }
  expect_failures = [var.nodes_per_zone]
}

run "machines_that_run_out_of_credits" {
  command = plan
  variables {
    node_instance_type = "t3.large"
  }
  expect_failures = [var.node_instance_type]
}

run "machines_of_another_architecture" {
  command = plan
  variables {
    node_instance_type   = "m7g.large"
    system_instance_type = "c7gd.large"
  }
  expect_failures = [var.node_instance_type, var.system_instance_type]
}

run "names_that_kubernetes_has_not" {
  command = plan
  variables {
    namespace = "Shop_1"
    release   = "-shop"
  }
  expect_failures = [var.namespace, var.release]
}

run "an_engine_that_does_not_keep_anything" {
  command = plan
  variables {
    engine = "memory"
  }
  expect_failures = [var.engine]
}

run "a_volume_too_small" {
  command = plan
  variables {
    volume_size = 1
  }
  expect_failures = [var.volume_size]
}

run "a_lock_of_no_days" {
  command = plan
  variables {
    backup_lock_days = 0
  }
  expect_failures = [var.backup_lock_days]
}

run "a_lock_for_longer_than_versions_are_kept" {
  command = plan
  variables {
    backup_lock_days     = 60
    backup_recovery_days = 30
  }
  expect_failures = [var.backup_recovery_days]
}

run "logs_that_are_kept_for_ever" {
  command = plan
  variables {
    log_retention_days = 0
  }
  expect_failures = [var.log_retention_days]
}

run "an_address_that_is_none" {
  command = plan
  variables {
    alarm_emails = { page = ["on-call"] }
  }
  expect_failures = [var.alarm_emails]
}

run "a_region_of_two_zones" {
  command = plan

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-west-1a", "us-west-1c"] }
  }

  expect_failures = [data.aws_availability_zones.available]
}
