{{- define "kvnode.labels" -}}
app.kubernetes.io/name: kvnode
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kvnode.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A zone's letter, by its place in the list: names of nodes and of the ring's zones go by it. */}}
{{- define "kvnode.letter" -}}
{{ substr (int .) (int (add1 .)) "abcdef" }}
{{- end }}

{{- define "kvnode.nodesPerZone" -}}
{{- $zones := len .Values.zones }}
{{- if mod .Values.replicas $zones }}
{{- fail (printf "replicas is %v, which %d zones can't share equally" .Values.replicas $zones) }}
{{- end }}
{{- $nodes := div .Values.replicas $zones }}
{{- if gt $nodes (int64 .Values.maxNodesPerZone) }}
{{- fail (printf "replicas is %v, %d in each zone: more than maxNodesPerZone" .Values.replicas $nodes) }}
{{- end }}
{{- $nodes }}
{{- end }}

{{/* What each container of ours may do, which is nothing. */}}
{{- define "kvnode.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "kvnode.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The volume with one token of the deployment's own: of the context and the token's name. */}}
{{- define "kvnode.token" -}}
{{- $context := index . 0 }}
{{- $name := index . 1 -}}
secretName: {{ $context.Release.Name }}-tokens
defaultMode: 0440
items: [{key: {{ $name }}, path: {{ $name }}}]
{{- end }}

{{/* How a client in a pod of its own presents itself. */}}
{{- define "kvnode.clientEnvironment" -}}
{{- if .Values.tls.enabled -}}
- {name: KVNODE_CA, value: /etc/kvnode/tls/ca.crt}
- {name: KVNODE_CERT, value: /etc/kvnode/tls/tls.crt}
- {name: KVNODE_KEY, value: /etc/kvnode/tls/tls.key}
{{- end }}
{{- end }}
