# The whole with its defaults.

mock_provider "aws" {
  source = "./tests/aws"
}

run "defaults" {
  assert {
    condition     = output.zones == tolist(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "The zones are the first three by name, in whatever order AWS tells them."
  }

  assert {
    condition     = length(var.api_public_cidrs) == 0 && length(var.api_private_cidrs) == 0
    error_message = "Nobody but the machines reaches the API unless it is asked for."
  }

  assert {
    condition = alltrue([
      for statement in module.kvnode_role.statements : alltrue([
        for action in statement.Action : contains([
          "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "kms:GenerateDataKey", "kms:Decrypt"
        ], action)
      ])
    ])
    error_message = "kvnode may list the bucket, read, write and remove objects, and use the key: no more."
  }

  assert {
    condition     = alltrue([for statement in module.kvnode_role.statements : statement.Resource != "*"])
    error_message = "Each of kvnode's rights names what it is for."
  }

  assert {
    condition = { for statement in module.kvnode_role.statements : statement.Sid => basename(dirname(statement.Resource)) if endswith(statement.Resource, "/*") } == {
      ReadAndWriteBackups = "kvnode"
      WriteReports        = "benchmarks"
    }
    error_message = "kvnode reads and writes below its own prefix, writes reports below theirs, and nothing beside."
  }
}

run "values_of_the_chart" {
  variables {
    engine         = "lmdb"
    nodes_per_zone = 2
    volume_size    = 200
  }

  assert {
    condition     = yamldecode(output.helm_values).engine.type == "lmdb"
    error_message = "The engine is one variable."
  }

  assert {
    condition     = yamldecode(output.helm_values).replicas == 6 && yamldecode(output.helm_values).storage.size == "200Gi"
    error_message = "One node of kvnode runs on each machine of the three zones."
  }

  assert {
    condition     = yamldecode(output.helm_values).serviceAccount.name == "kvnode"
    error_message = "The role for backups is tied to the service account kvnode."
  }

  assert {
    condition     = !contains(keys(yamldecode(output.helm_values).settings), "engine.row_cache_bytes") && strcontains(output.kustomization, "KVNODE_ENGINE_LMDB_MAP_SIZE_BYTES=193273528320")
    error_message = "LMDB has no caches, and a map of nine tenths of the volume."
  }
}

run "a_node_has_its_machine" {
  assert {
    condition     = yamldecode(output.helm_values).resources == { requests = { cpu = "3", memory = "12Gi" }, limits = { memory = "12Gi" } }
    error_message = "Of 4 processors and 16 GiB, a node has 3 and 12."
  }

  assert {
    condition     = yamldecode(output.helm_values).settings == { "engine.rocksdb.block_cache_bytes" = 4294967296, "engine.row_cache_bytes" = 2147483648 }
    error_message = "Its caches are a half of that."
  }
}

run "a_larger_machine" {
  variables {
    node_instance_type = "m7i.4xlarge"
    engine             = "leveldb"
  }

  override_data {
    target = data.aws_ec2_instance_type.node
    values = { default_vcpus = 16, memory_size = 65536 }
  }

  assert {
    condition     = yamldecode(output.helm_values).resources.limits.memory == "48Gi" && yamldecode(output.helm_values).settings["engine.leveldb.block_cache_bytes"] == 16 * pow(2, 30)
    error_message = "What a node has follows from the machine."
  }
}
