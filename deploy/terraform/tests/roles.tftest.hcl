# What the modules for roles and keys make of their input: every role of a pod, and every key, is made by them.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  partition = "aws"
  account   = "123456789012"
}

run "a_role_of_pods" {
  module {
    source = "./modules/pod-role"
  }

  variables {
    name            = "kvnode-backup"
    description     = "kvnode: backups"
    cluster_name    = "kvnode"
    namespace       = "kvnode"
    service_account = "kvnode"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role.this.assume_role_policy).Statement : statement.Principal] == [{ Service = "pods.eks.amazonaws.com" }]
    error_message = "Pods of EKS alone take the role."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Action == ["sts:AssumeRole", "sts:TagSession"]
    error_message = "They take it with the tags by which it is told who they are."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:SourceAccount"                         = "123456789012"
      "aws:RequestTag/eks-cluster-name"           = "kvnode"
      "aws:RequestTag/kubernetes-namespace"       = "kvnode"
      "aws:RequestTag/kubernetes-service-account" = "kvnode"
    }
    error_message = "One service account of one cluster takes it, and no other."
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 0 && length(aws_iam_role_policy_attachment.this) == 0
    error_message = "A role may nothing that was not asked for."
  }
}

run "a_key" {
  module {
    source = "./modules/key"
  }

  variables {
    name        = "kvnode-backups"
    description = "Backups"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "Keys are turned over."
  }

  assert {
    condition     = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal] == [{ AWS = "arn:aws:iam::123456789012:root" }]
    error_message = "Only this account's own policies give anybody a key."
  }
}
