# What the Helm chart has to know of this account. It is an output, and not a release that Terraform installs: an image has to be
# pushed in between, and whoever deploys kvnode need not be allowed to change the account.
locals {
  helm_values = yamlencode({
    engine = { type = var.engine }
    image  = { repository = module.storage.repository_urls["kvnode"] }

    # One node of kvnode for each machine.
    replicas        = 3 * var.nodes_per_zone
    maxNodesPerZone = max(3, var.nodes_per_zone)
    zones           = local.zones

    serviceAccount = { name = "kvnode" }

    # Of LMDB, the chart itself makes the map as large as the volume lets it be.
    resources = local.resources
    settings  = local.caches

    access = { enabled = true }

    storage = {
      className = "kvnode-gp3"
      size      = "${var.volume_size}Gi"
      kmsKeyId  = module.storage.volumes_key_arn
    }

    backup = {
      to     = "s3://${module.storage.backup_bucket}/${module.storage.backup_prefix}"
      region = var.region
    }

    nodeSelector = { (module.cluster.dedicated.key) = module.cluster.dedicated.value }
    tolerations = [{
      key      = module.cluster.dedicated.key
      operator = "Equal"
      value    = module.cluster.dedicated.value
      effect   = "NoSchedule"
    }]
  })
}
