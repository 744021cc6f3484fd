/** Mistakes that the checks of the chart must find: in what Helm rendered, and in its templates. */

export interface RenderedMutation {
  readonly mistake: string
  readonly set: string
  readonly from: string
  readonly to: string
  /** Part of the finding. */
  readonly found: RegExp
}

/** Made in the rendered manifests, on every machine. */
export const renderedMutations: readonly RenderedMutation[] = [
  {
    mistake: 'the balancer forgets calls whose model thinks',
    set: 'aks',
    from: 'azure-load-balancer-tcp-idle-timeout: "30"',
    to: 'azure-load-balancer-tcp-idle-timeout: "4"',
    found: /the balancer keeps calls that are silent/,
  },
  {
    mistake: 'a disk goes with its claim',
    set: 'aks',
    from: 'reclaimPolicy: Retain',
    to: 'reclaimPolicy: Delete',
    found: /disks outlive their claims/,
  },
  {
    mistake: 'a disk is made before its replica has a zone',
    set: 'aks',
    from: 'WaitForFirstConsumer',
    to: 'Immediate',
    found: /disks are made in the zone of their replica/,
  },
  {
    mistake: 'the class of disks has another name than the claims say',
    set: 'aks',
    from: 'kind: StorageClass\nmetadata:\n  name: gatehouse-journal',
    to: 'kind: StorageClass\nmetadata:\n  name: gatehouse-disks',
    found: /a class of disks is that of the journals/,
  },
  {
    mistake: 'secrets of the vault are read as nobody',
    set: 'plain',
    from: 'clientID: "77777777-0000-4000-8000-000000000001"',
    to: 'clientID: ""',
    found: /SecretProviderClass .*clientID/,
  },
  {
    mistake: 'the readiness probe is missing',
    set: 'minimal',
    from: 'readinessProbe:',
    to: 'x-readinessProbe:',
    found: /the readiness probe asks/,
  },
  {
    mistake: 'a field is misspelt',
    set: 'minimal',
    from: 'failureThreshold: 6',
    to: 'failureTreshold: 6',
    found: /failureTreshold/,
  },
  {
    mistake: 'a number is text',
    set: 'production',
    from: 'maxUnavailable: 1',
    to: 'maxUnavailable: [1]',
    found: /maxUnavailable/,
  },
  {
    mistake: 'a field that must be there is missing',
    set: 'production',
    from: 'maxReplicas: 12',
    to: 'minReadySeconds: 12',
    found: /maxReplicas/,
  },
  {
    mistake: 'an API version is gone',
    set: 'production',
    from: 'apiVersion: autoscaling/v2',
    to: 'apiVersion: autoscaling/v2beta2',
    found: /autoscaling\/v2beta2/,
  },
  {
    mistake: 'the liveness probe asks for readiness, so a full disk ends the process',
    set: 'minimal',
    from: '{ path: /healthz, port: http }\n            periodSeconds: 10',
    to: '{ path: /readyz, port: http }\n            periodSeconds: 10',
    found: /the liveness probe asks \/healthz/,
  },
  {
    mistake: 'the user is root',
    set: 'minimal',
    from: 'runAsUser: 65532',
    to: 'runAsUser: 0',
    found: /the user is the image's/,
  },
  {
    mistake: 'root is allowed',
    set: 'plain',
    from: 'runAsNonRoot: true',
    to: 'runAsNonRoot: false',
    found: /may not run as root/,
  },
  {
    mistake: 'the root file system can be written',
    set: 'plain',
    from: 'readOnlyRootFilesystem: true',
    to: 'readOnlyRootFilesystem: false',
    found: /root file system is only read/,
  },
  {
    mistake: 'a capability is added',
    set: 'minimal',
    from: 'drop: [ALL]',
    to: 'drop: [ALL]\n              add: [NET_ADMIN]',
    found: /no capability is left/,
  },
  {
    mistake: 'system calls are not filtered',
    set: 'minimal',
    from: 'type: RuntimeDefault',
    to: 'type: Unconfined',
    found: /system calls are filtered/,
  },
  {
    mistake: 'there is no disruption budget',
    set: 'production',
    from: 'kind: PodDisruptionBudget',
    to: 'kind: ConfigMapList',
    found: /PodDisruptionBudget/,
  },
  {
    mistake: 'a disruption budget that lets nothing go',
    set: 'production',
    from: 'maxUnavailable: 1',
    to: 'maxUnavailable: 0',
    found: /a node can be drained/,
  },
  {
    mistake: 'a service leads to a port that does not exist',
    set: 'minimal',
    from: 'targetPort: http',
    to: 'targetPort: web',
    found: /ports of services lead/,
  },
  {
    mistake: 'the container has another port than the gateway listens on',
    set: 'minimal',
    from: 'containerPort: 8080',
    to: 'containerPort: 80',
    found: /the gateway listens on the port http/,
  },
  {
    mistake: 'clients reach the management API',
    set: 'plain',
    from: 'targetPort: http\n      protocol: TCP\n      appProtocol: http',
    to: 'targetPort: admin\n      protocol: TCP\n      appProtocol: http',
    found: /clients do not reach the management API/,
  },
  {
    mistake: 'the grace period is shorter than calls may take',
    set: 'production',
    from: 'terminationGracePeriodSeconds: 950',
    to: 'terminationGracePeriodSeconds: 900',
    found: /terminationGracePeriodSeconds is at least 940/,
  },
  {
    mistake: 'the journal is in memory of the pod',
    set: 'minimal',
    from: '        name: journal\n        labels:',
    to: '        name: other\n        labels:',
    found: /the ledger is on a disk of the replica/,
  },
  {
    mistake: 'disks go with the release',
    set: 'minimal',
    from: 'whenDeleted: Retain',
    to: 'whenDeleted: Delete',
    found: /disks stay/,
  },
  {
    mistake: 'several nodes have one journal',
    set: 'minimal',
    from: 'accessModes: [ReadWriteOnce]',
    to: 'accessModes: [ReadWriteMany]',
    found: /one node at a time/,
  },
  {
    mistake: 'a changed configuration has the old checksum',
    set: 'production',
    from: 'spillAtUtilization: 0.9',
    to: 'spillAtUtilization: 0.8',
    found: /a changed configuration restarts replicas/,
  },
  {
    mistake: 'pods may not use the identity of their account',
    set: 'production',
    from: '        azure.workload.identity/use: "true"\n',
    to: '',
    found: /workload identity is on/,
  },
  {
    mistake: 'Redis is out of reach',
    set: 'production',
    from: '        - { port: 10000, protocol: TCP }\n',
    to: '',
    found: /Redis can be reached/,
  },
  {
    mistake: 'everybody reads metrics and uses the management API',
    set: 'production',
    from: '        - { port: admin, protocol: TCP }\n      from:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: monitoring\n',
    to: '        - { port: admin, protocol: TCP }\n',
    found: /only those that are named reach/,
  },
  {
    mistake: 'the scraper looks for another service',
    set: 'production',
    from: '      app.kubernetes.io/component: replicas\n  endpoints:',
    to: '      app.kubernetes.io/component: gateways\n  endpoints:',
    found: /one service is scraped/,
  },
  {
    mistake: 'scaling is of something that does not exist',
    set: 'production',
    from: '    kind: StatefulSet\n    name: prod-gatehouse\n  minReplicas',
    to: '    kind: Deployment\n    name: prod-gatehouse\n  minReplicas',
    found: /scaling is of the StatefulSet/,
  },
  {
    mistake: 'a key is written into the configuration',
    set: 'minimal',
    from: 'key: ${file:/run/secrets/gatehouse/instance-key}',
    to: 'key: 0123456789abcdef0123456789abcdef',
    found: /no credential is written/,
  },
  {
    mistake: 'the secret of the configuration is not mounted',
    set: 'minimal',
    from: 'mountPath: /run/secrets/gatehouse\n',
    to: 'mountPath: /run/secrets/gateway\n',
    found: /files of the configuration are mounted/,
  },
]

export interface TemplateMutation extends RenderedMutation {
  /** Of the chart. */
  readonly file: string
}

const stateful = 'templates/statefulset.yaml'

/** Made in the chart and rendered by Helm. */
export const templateMutations: readonly TemplateMutation[] = [
  {
    mistake: 'what is synced is in the cache of a node',
    set: 'aks',
    file: 'templates/storageclass.yaml',
    from: '(dict "cachingMode" "None")',
    to: '(dict "cachingMode" "ReadOnly")',
    found: /what is synced is on the disk/,
  },
  {
    mistake: 'secrets of the vault are mounted nowhere',
    set: 'plain',
    file: stateful,
    from: '{{- if or .Values.secretName .Values.keyVault.name }}',
    to: '{{- if .Values.secretName }}',
    found: /files of the configuration are mounted/,
  },
  {
    mistake: 'the grace period forgets the drain',
    set: 'production',
    file: stateful,
    from: '{{ add .Values.drainSeconds .Values.shutdownGraceSeconds 30 }}',
    to: '{{ add .Values.shutdownGraceSeconds 10 }}',
    found: /terminationGracePeriodSeconds is at least/,
  },
  {
    mistake: 'labels of the pods have another indent',
    set: 'plain',
    file: stateful,
    from: '{{- include "gatehouse.labels" . | nindent 8 }}',
    to: '{{- include "gatehouse.labels" . | nindent 6 }}',
    found: /template|select/,
  },
  {
    mistake: 'the checksum is of the values alone',
    set: 'minimal',
    file: stateful,
    from: '(include "gatehouse.config" . | sha256sum)',
    to: '(toYaml .Values.config | sha256sum)',
    found: /a changed configuration restarts replicas/,
  },
  {
    mistake: 'pods never get an identity',
    set: 'production',
    file: stateful,
    from: '{{- if .Values.workloadIdentity.clientId }}',
    to: '{{- if .Values.workloadIdentity.client }}',
    found: /workload identity is on/,
  },
  {
    mistake: 'the number of replicas is written where scaling decides it',
    set: 'production',
    file: stateful,
    from: '{{- if not .Values.autoscaling.enabled }}',
    to: '{{- if .Values.replicas }}',
    found: /the number of replicas/,
  },
  {
    mistake: 'the budget is only there when it is switched off',
    set: 'minimal',
    file: 'templates/poddisruptionbudget.yaml',
    from: '{{- if .Values.podDisruptionBudget.enabled }}',
    to: '{{- if not .Values.podDisruptionBudget.enabled }}',
    found: /PodDisruptionBudget/,
  },
  {
    mistake: 'the port of Redis is always the usual one',
    set: 'production',
    file: 'templates/networkpolicy.yaml',
    from: '(last (splitList ":" $host) | int)',
    to: '6379',
    found: /Redis can be reached/,
  },
  {
    mistake: 'the chart sets another directory for the ledger',
    set: 'minimal',
    file: 'templates/_helpers.tpl',
    from: '/var/lib/gatehouse/ledger',
    to: '/var/lib/ledger',
    found: /the ledger is on a disk/,
  },
  {
    mistake: 'what the values say goes before what the chart decides',
    set: 'production',
    file: 'templates/_helpers.tpl',
    from: 'mergeOverwrite (deepCopy $given) $own',
    to: 'merge (deepCopy $given) (dict "admin" (dict "listen" "127.0.0.1:8081")) $own',
    found: /the management API listens on the port admin/,
  },
  {
    mistake: 'the image has no tag',
    set: 'minimal',
    file: 'templates/_helpers.tpl',
    from: '{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}',
    to: '{{- $repository -}}',
    found: /the image is pinned/,
  },
]
