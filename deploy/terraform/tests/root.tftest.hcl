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
}
