# How much of its machine a node takes. A machine has one node and nothing else but what every machine has: the kubelet, the network's
# driver, the volumes' driver, CloudWatch's agents.
data "aws_ec2_instance_type" "node" {
  instance_type = var.node_instance_type

  lifecycle {
    postcondition {
      condition     = self.default_vcpus >= 2 && self.memory_size >= 8192
      error_message = "node_instance_type is a type with 2 processors and 8 GiB or more: a quarter of the memory and a processor are for what else a machine runs."
    }
  }
}

locals {
  node_memory_gib = floor(data.aws_ec2_instance_type.node.memory_size * 3 / 4 / 1024)

  resources = {
    # No limit on processors: what the others leave is the node's.
    requests = { cpu = tostring(data.aws_ec2_instance_type.node.default_vcpus - 1), memory = "${local.node_memory_gib}Gi" }
    limits   = { memory = "${local.node_memory_gib}Gi" }
  }

  # A third for the engine's blocks and a sixth for rows, as in deploy/kubernetes/overlays; write buffers, compactions and the system's
  # cache have the rest. LMDB reads from the system's cache.
  caches = var.engine == "lmdb" ? {} : {
    "engine.${var.engine}.block_cache_bytes" = floor(local.node_memory_gib * pow(2, 30) / 3)
    "engine.row_cache_bytes"                 = floor(local.node_memory_gib * pow(2, 30) / 6)
  }

  # Nine tenths of the volume: writes are refused before the file system is full.
  lmdb_map_size_bytes = floor(var.volume_size * pow(2, 30) * 9 / 10)
}
