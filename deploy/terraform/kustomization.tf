# The same as helm-values.tf for those who deploy by kubectl alone: overlays of deploy/kubernetes that say what is this account's. They
# are for the namespace and the release `kvnode`, whose names are in the manifests; others are the chart's.
locals {
  zone_letters = ["a", "b", "c"]

  backup_endpoints = [
    for pair in setproduct(local.zone_letters, range(var.nodes_per_zone)) : "kvnode-${pair[0]}-${pair[1]}.kvnode-peers:7400"
  ]

  kustomization = join("\n", [
    "# Written by `terraform output -raw kustomization`. With the Prometheus operator in the cluster, ../../components/monitoring goes",
    "# before ../../components/users.",
    yamlencode({
      apiVersion = "kustomize.config.k8s.io/v1beta1"
      kind       = "Kustomization"
      namespace  = "kvnode"
      resources  = ["../../base"]
      components = ["../../components/production", "../../components/backup", "../../components/users"]
      images     = [{ name = "kvnode", newName = module.storage.repository_urls["kvnode"] }]
      replicas   = [for letter in local.zone_letters : { name = "kvnode-${letter}", count = var.nodes_per_zone }]

      configMapGenerator = [{
        name     = "kvnode-settings"
        behavior = "merge"
        literals = concat(
          [
            "KVNODE_ENGINE_TYPE=${var.engine}",
            "KVNODE_BACKUP_TO=s3://${module.storage.backup_bucket}/${module.storage.backup_prefix}",
            "AWS_REGION=${var.region}",
          ],
          [for name, value in local.caches : "KVNODE_${upper(replace(name, ".", "_"))}=${value}"],
          var.engine == "lmdb" ? ["KVNODE_ENGINE_LMDB_MAP_SIZE_BYTES=${local.lmdb_map_size_bytes}"] : [],
        )
      }]

      patches = concat(
        [
          {
            target = { kind = "StorageClass" }
            patch  = yamlencode([{ op = "replace", path = "/parameters/kmsKeyId", value = module.storage.volumes_key_arn }])
          },
          {
            target = { kind = "StatefulSet" }
            patch = yamlencode([
              { op = "replace", path = "/spec/template/spec/containers/0/resources", value = local.resources },
              { op = "replace", path = "/spec/volumeClaimTemplates/0/spec/resources/requests/storage", value = "${var.volume_size}Gi" },
            ])
          },
          {
            target = { kind = "CronJob", name = "kvnode-backup" }
            patch = yamlencode([{
              op    = "replace"
              path  = "/spec/jobTemplate/spec/template/spec/initContainers/0/env/0/value"
              value = join(",", local.backup_endpoints)
            }])
          },
        ],
        [
          for index, letter in local.zone_letters : {
            target = { kind = "StatefulSet", name = "kvnode-${letter}" }
            patch = yamlencode([{
              op    = "replace"
              path  = "/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0/values/0"
              value = local.zones[index]
            }])
          }
        ],
      )
    }),
  ])

  benchmark_kustomization = join("\n", [
    "# Written by `terraform output -raw benchmark_kustomization`.",
    yamlencode({
      apiVersion = "kustomize.config.k8s.io/v1beta1"
      kind       = "Kustomization"
      namespace  = "kvnode"
      resources  = ["../../benchmark"]
      images     = [for name, url in module.storage.repository_urls : { name = name, newName = url }]

      configMapGenerator = [{
        name     = "kvbench"
        behavior = "merge"
        literals = ["REPORT=s3://${module.storage.backup_bucket}/${module.storage.report_prefix}", "AWS_REGION=${var.region}"]
      }]
    }),
  ])
}
