{{- define "gatehouse.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "gatehouse.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gatehouse.labels" -}}
{{ include "gatehouse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "gatehouse.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "gatehouse.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "gatehouse.image" -}}
{{- $repository := required "image.repository is missing: push the image that the Dockerfile makes, and say where" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* gatehouse.yaml: the values' configuration and what the chart decides. */ -}}
{{- define "gatehouse.config" -}}
{{- $given := .Values.config -}}
{{- range list "identity" "instances" "workloads" -}}
{{- if not (get $given .) -}}
{{- fail (printf "config.%s is missing: docs/configuration.md describes it" .) -}}
{{- end -}}
{{- end -}}
{{- range list "gateway.listen" "gateway.replica" "admin.listen" "ledger.directory" -}}
{{- $path := splitList "." . -}}
{{- if hasKey (get $given (first $path) | default dict) (last $path) -}}
{{- fail (printf "config.%s is what the chart sets: leave it out" .) -}}
{{- end -}}
{{- end -}}
{{- if hasKey (dig "gateway" "timeouts" dict $given) "shutdownGrace" -}}
{{- fail "config.gateway.timeouts.shutdownGrace is what the chart sets: set shutdownGraceSeconds" -}}
{{- end -}}
{{- $several := or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}
{{- if and $several (not (hasKey $given "redis")) (not .Values.replicasWithoutRedis) -}}
{{- fail "config.redis is missing, through which replicas share limits and objects: set it, or replicas: 1, or replicasWithoutRedis: true" -}}
{{- end -}}
{{- $timeouts := dict "shutdownGrace" (printf "%ds" (int .Values.shutdownGraceSeconds)) -}}
{{- $own := dict
  "gateway" (dict "listen" "0.0.0.0:8080" "replica" "${env:POD_NAME}" "timeouts" $timeouts)
  "admin" (dict "listen" "0.0.0.0:8081")
  "ledger" (dict "directory" "/var/lib/gatehouse/ledger")
-}}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.token.secretName) -}}
{{- $_ := set $own.admin "metricsWithoutToken" true -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy $given) $own) -}}
{{- end -}}
