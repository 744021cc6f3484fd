/** What must hold in the manifests beyond their schemas. Each function returns a line for each rule that is broken. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { at, configText, listAt, type Manifest, numberAt, selects, textAt } from './manifests.ts'

type Rule = readonly [says: string, holds: boolean]

/** @returns a line for each rule that does not hold; none when all do. */
export function brokenRules(manifests: readonly Manifest[]): readonly string[] {
  const sets = manifests.filter(({ kind }) => kind === 'StatefulSet')
  const [set] = sets
  if (set === undefined || sets.length > 1) return [`there is one StatefulSet, and not ${sets.length}`]
  const config: unknown = parse(configText(manifests))
  const rules: readonly Rule[] = [
    ...isolation(set),
    ...probes(set),
    ...ending(set, config),
    ...disk(set, config),
    ...storage(manifests, set),
    ...balancer(manifests),
    ...services(manifests, set, config),
    ...configuration(manifests, set, config),
    ...identity(manifests, set),
    ...spreading(manifests, set),
    ...network(manifests, set, config),
    ...monitoring(manifests),
  ]
  return rules.flatMap(([says, holds]) => (holds ? [] : [says]))
}

const podOf = (set: Manifest): unknown => at(set, 'spec', 'template', 'spec')
const labelsOf = (set: Manifest): unknown => at(set, 'spec', 'template', 'metadata', 'labels')
const containerOf = (set: Manifest): unknown => at(podOf(set), 'containers', 0)
const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter(one => one.kind === kind)

/** The restricted level of the Pod Security Standards, and a root file system that is only read. */
function isolation(set: Manifest): readonly Rule[] {
  const pod = podOf(set)
  const inside = at(containerOf(set), 'securityContext')
  return [
    ['there is one container', listAt(pod, 'containers').length === 1],
    ['the pod may not run as root', at(pod, 'securityContext', 'runAsNonRoot') === true],
    ["the user is the image's, 65532", at(pod, 'securityContext', 'runAsUser') === 65_532],
    ['the group is 65532', at(pod, 'securityContext', 'runAsGroup') === 65_532],
    ["a new disk belongs to the gateway's group", at(pod, 'securityContext', 'fsGroup') === 65_532],
    ['system calls are filtered', at(pod, 'securityContext', 'seccompProfile', 'type') === 'RuntimeDefault'],
    ['the root file system is only read', at(inside, 'readOnlyRootFilesystem') === true],
    ['a process gets no more rights', at(inside, 'allowPrivilegeEscalation') === false],
    ['no capability is left', isDeepStrictEqual(at(inside, 'capabilities'), { drop: ['ALL'] })],
    ['the container does not change its user', at(inside, 'runAsUser') === undefined],
    ['the container is not privileged', at(inside, 'privileged') === undefined],
    ["the pod has no token of Kubernetes' own", at(pod, 'automountServiceAccountToken') === false],
    [
      'the pod shares nothing of its node',
      ['hostNetwork', 'hostPID', 'hostIPC'].every(key => at(pod, key) === undefined),
    ],
    ['the image is pinned', /(?:@sha256:[0-9a-f]{64}|:(?!latest$)[\w.-]+)$/.test(textAt(containerOf(set), 'image'))],
    ['memory is limited', textAt(containerOf(set), 'resources', 'limits', 'memory') !== ''],
    ['CPU is requested', textAt(containerOf(set), 'resources', 'requests', 'cpu') !== ''],
  ]
}

function probes(set: Manifest): readonly Rule[] {
  const container = containerOf(set)
  const asks = (probe: string, path: string): boolean =>
    isDeepStrictEqual(at(container, probe, 'httpGet'), { path, port: 'http' })
  return [
    ['the startup probe asks /healthz', asks('startupProbe', '/healthz')],
    ['the liveness probe asks /healthz', asks('livenessProbe', '/healthz')],
    ['the readiness probe asks /readyz', asks('readinessProbe', '/readyz')],
    [
      'a start may take 5 minutes',
      numberAt(container, 'startupProbe', 'periodSeconds') * numberAt(container, 'startupProbe', 'failureThreshold') >=
        300,
    ],
  ]
}

/** A duration of the configuration, in seconds. */
function seconds(text: unknown): number {
  const [, amount, unit = ''] = /^(\d+)(s|m|h)$/.exec(String(text)) ?? []
  return Number(amount) * ({ s: 1, m: 60, h: 3_600 }[unit] ?? Number.NaN)
}

function ending(set: Manifest, config: unknown): readonly Rule[] {
  const command = listAt(containerOf(set), 'lifecycle', 'preStop', 'exec', 'command')
  const drainMs = Number(/\}, (\d+)\)$/.exec(String(command.at(-1) ?? '}, 0)'))?.[1])
  const grace = seconds(at(config, 'gateway', 'timeouts', 'shutdownGrace'))
  const least = drainMs / 1_000 + grace + 20
  return [
    [
      `calls may end: terminationGracePeriodSeconds is at least ${least}`,
      numberAt(podOf(set), 'terminationGracePeriodSeconds') >= least,
    ],
  ]
}

function disk(set: Manifest, config: unknown): readonly Rule[] {
  const claims = listAt(set, 'spec', 'volumeClaimTemplates')
  const mounts = listAt(containerOf(set), 'volumeMounts')
  const directory = textAt(config, 'ledger', 'directory')
  const mount = mounts.find(one => directory.startsWith(`${textAt(one, 'mountPath')}/`))
  return [
    [
      'the ledger is on a disk of the replica',
      mount !== undefined && claims.some(claim => at(claim, 'metadata', 'name') === at(mount, 'name')),
    ],
    ['the disk of the ledger can be written', at(mount, 'readOnly') !== true],
    [
      'everything else that is mounted is only read',
      mounts.every(one => one === mount || at(one, 'readOnly') === true),
    ],
    [
      'one node at a time has the disk',
      claims.every(claim => /^ReadWriteOnce(?:Pod)?$/.test(textAt(claim, 'spec', 'accessModes', 0))),
    ],
    [
      'disks stay when replicas or the release go',
      isDeepStrictEqual(at(set, 'spec', 'persistentVolumeClaimRetentionPolicy'), {
        whenDeleted: 'Retain',
        whenScaled: 'Retain',
      }),
    ],
  ]
}

function storage(manifests: readonly Manifest[], set: Manifest): readonly Rule[] {
  const classes = ofKind(manifests, 'StorageClass')
  const wanted = listAt(set, 'spec', 'volumeClaimTemplates').map(one => textAt(one, 'spec', 'storageClassName'))
  return [
    [
      'a class of disks is that of the journals',
      classes.every(one => wanted.includes(textAt(one, 'metadata', 'name'))),
    ],
    ['disks outlive their claims', classes.every(one => one['reclaimPolicy'] === 'Retain')],
    ['disks can grow', classes.every(one => one['allowVolumeExpansion'] === true)],
    [
      'disks are made in the zone of their replica',
      classes.every(one => one['volumeBindingMode'] === 'WaitForFirstConsumer'),
    ],
    [
      'what is synced is on the disk',
      classes.every(
        one => one['provisioner'] !== 'disk.csi.azure.com' || textAt(one, 'parameters', 'cachingMode') === 'None',
      ),
    ],
  ]
}

const azure = 'service.beta.kubernetes.io/azure-load-balancer'

/** Azure's balancer forgets a connection that is silent for 4 minutes, and a model may think for 5. */
function balancer(manifests: readonly Manifest[]): readonly Rule[] {
  const internal = ofKind(manifests, 'Service')
    .map(one => at(one, 'metadata', 'annotations'))
    .filter(annotations => at(annotations, `${azure}-internal`) === 'true')
  return [
    [
      'the balancer keeps calls that are silent for 5 minutes',
      internal.every(annotations => Number(at(annotations, `${azure}-tcp-idle-timeout`)) >= 6),
    ],
  ]
}

function services(manifests: readonly Manifest[], set: Manifest, config: unknown): readonly Rule[] {
  const all = ofKind(manifests, 'Service')
  const headless = all.find(one => at(one, 'metadata', 'name') === at(set, 'spec', 'serviceName'))
  const client = all.find(one => one !== headless)
  const ports = new Map(
    listAt(containerOf(set), 'ports').map(one => [textAt(one, 'name'), numberAt(one, 'containerPort')]),
  )
  const leads = (service: Manifest): boolean =>
    listAt(service, 'spec', 'ports').every(one => ports.has(textAt(one, 'targetPort')))
  return [
    ['there are two services', all.length === 2],
    ['the StatefulSet names a headless service', at(headless, 'spec', 'clusterIP') === 'None'],
    ['services select the pods', all.every(one => selects(at(one, 'spec', 'selector'), labelsOf(set)))],
    ['ports of services lead to ports of the container', all.every(leads)],
    [
      'clients do not reach the management API',
      listAt(client, 'spec', 'ports').every(one => at(one, 'targetPort') === 'http'),
    ],
    ['the StatefulSet selects its pods', selects(at(set, 'spec', 'selector', 'matchLabels'), labelsOf(set))],
    ['the gateway listens on the port http', at(config, 'gateway', 'listen') === `0.0.0.0:${ports.get('http')}`],
    ['the management API listens on the port admin', at(config, 'admin', 'listen') === `0.0.0.0:${ports.get('admin')}`],
  ]
}

function configuration(manifests: readonly Manifest[], set: Manifest, config: unknown): readonly Rule[] {
  const text = configText(manifests)
  const checksum = textAt(set, 'spec', 'template', 'metadata', 'annotations', 'checksum/config')
  const args = listAt(containerOf(set), 'args').map(String)
  const file = args.at(-1) ?? ''
  const mounts = listAt(containerOf(set), 'volumeMounts').map(one => textAt(one, 'mountPath'))
  const variables = new Set(listAt(containerOf(set), 'env').map(one => textAt(one, 'name')))
  const wanted = [...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => name)
  const files = [...text.matchAll(/\$\{file:([^}]+)\}/g)].map(([, path = '']) => path)
  return [
    ['a replica reads the configuration that is mounted', mounts.some(mount => file === `${mount}/gatehouse.yaml`)],
    [
      'a changed configuration restarts replicas, or they take it themselves',
      args.includes('--no-watch')
        ? checksum === createHash('sha256').update(text.trimEnd()).digest('hex')
        : checksum === '',
    ],
    ['each replica has a name of its own', at(config, 'gateway', 'replica') === '${env:POD_NAME}'],
    ['variables of the configuration are in the environment', wanted.every(name => variables.has(name))],
    ['files of the configuration are mounted', files.every(path => mounts.some(mount => path.startsWith(`${mount}/`)))],
    [
      'no credential is written into the configuration',
      !/^\s*(?:key|password): (?!["']?\$\{)/m.test(text) && feedsOf(config).every(isClosed),
    ],
  ]
}

const feedsOf = (config: unknown): readonly unknown[] => Object.values(Object(at(config, 'feeds')))

/** A connection string says where to as well; with a credential beside it, it is no key. */
function isClosed(feed: unknown): boolean {
  const written = textAt(feed, 'connectionString')
  return written === '' || written.startsWith('${') || at(feed, 'credential') !== undefined
}

function identity(manifests: readonly Manifest[], set: Manifest): readonly Rule[] {
  const name = textAt(podOf(set), 'serviceAccountName')
  const account = ofKind(manifests, 'ServiceAccount').find(one => at(one, 'metadata', 'name') === name)
  const client = textAt(account, 'metadata', 'annotations', 'azure.workload.identity/client-id')
  const used = at(labelsOf(set), 'azure.workload.identity/use')
  return [
    ['the pods have an account of their own', !/^(?:default)?$/.test(name)],
    [
      'the account of the chart is the one of the pods',
      account !== undefined || ofKind(manifests, 'ServiceAccount').length === 0,
    ],
    [
      'workload identity is on where the account has an identity',
      account === undefined || (client !== '') === (used === 'true'),
    ],
    [
      "no token of Kubernetes' own is mounted",
      account === undefined || account['automountServiceAccountToken'] === false,
    ],
  ]
}

function spreading(manifests: readonly Manifest[], set: Manifest): readonly Rule[] {
  const [budget] = ofKind(manifests, 'PodDisruptionBudget')
  const [scaler] = ofKind(manifests, 'HorizontalPodAutoscaler')
  const metrics = listAt(scaler, 'spec', 'metrics')
  const ofCpu = metrics.find(one => at(one, 'resource', 'name') === 'cpu')
  const ofCalls = metrics.find(one => at(one, 'pods', 'metric', 'name') === 'gatehouse_calls_in_flight')
  const target = { apiVersion: set.apiVersion, kind: set.kind, name: at(set, 'metadata', 'name') }
  const constraints = listAt(podOf(set), 'topologySpreadConstraints')
  return [
    [
      'a disruption budget selects the pods',
      budget === undefined || selects(at(budget, 'spec', 'selector', 'matchLabels'), labelsOf(set)),
    ],
    ['a node can be drained', budget === undefined || numberAt(budget, 'spec', 'maxUnavailable') >= 1],
    [
      'spreading looks at the pods',
      constraints.every(one => selects(at(one, 'labelSelector', 'matchLabels'), labelsOf(set))),
    ],
    [
      'scaling is of the StatefulSet',
      scaler === undefined || isDeepStrictEqual(at(scaler, 'spec', 'scaleTargetRef'), target),
    ],
    ['CPU decides where calls in flight cannot be read', scaler === undefined || ofCpu !== undefined],
    [
      'calls in flight are an average of the pods',
      ofCalls === undefined || textAt(ofCalls, 'pods', 'target', 'averageValue') !== '',
    ],
    [
      'the number of replicas is the scaler’s or the values’',
      (scaler === undefined) === (at(set, 'spec', 'replicas') !== undefined),
    ],
    ['scaling leaves two replicas', scaler === undefined || numberAt(scaler, 'spec', 'minReplicas') >= 2],
  ]
}

function network(manifests: readonly Manifest[], set: Manifest, config: unknown): readonly Rule[] {
  const [policy] = ofKind(manifests, 'NetworkPolicy')
  if (policy === undefined) return []
  const inward = listAt(policy, 'spec', 'ingress')
  const outward = listAt(policy, 'spec', 'egress')
  const portsOf = (rules: readonly unknown[]): readonly unknown[] =>
    rules.flatMap(rule => listAt(rule, 'ports').map(one => at(one, 'port')))
  const admin = inward.filter(rule => portsOf([rule]).includes('admin'))
  const redis = textAt(config, 'redis', 'url')
  return [
    ['the policy is of the pods', selects(at(policy, 'spec', 'podSelector', 'matchLabels'), labelsOf(set))],
    ['it is about both directions', isDeepStrictEqual(at(policy, 'spec', 'policyTypes'), ['Ingress', 'Egress'])],
    ['clients reach the gateway', portsOf(inward).includes('http')],
    ['only those that are named reach the management API', admin.every(rule => listAt(rule, 'from').length > 0)],
    ['each rule has ports', [...inward, ...outward].every(rule => listAt(rule, 'ports').length > 0)],
    ['names can be looked up', portsOf(outward).includes(53)],
    ['instances and the sign-in service can be reached', portsOf(outward).includes(443)],
    ['Redis can be reached', redis === '' || portsOf(outward).includes(Number(new URL(redis).port || 6379))],
    ['Event Hubs can be reached', !/kind: event-hubs/.test(configText(manifests)) || portsOf(outward).includes(5671)],
  ]
}

function monitoring(manifests: readonly Manifest[]): readonly Rule[] {
  const [monitor] = ofKind(manifests, 'ServiceMonitor')
  const watched = ofKind(manifests, 'Service').filter(service =>
    selects(at(monitor, 'spec', 'selector', 'matchLabels'), at(service, 'metadata', 'labels')),
  )
  const ports = new Set(watched.flatMap(service => listAt(service, 'spec', 'ports').map(one => at(one, 'name'))))
  const label = textAt(monitor, 'spec', 'jobLabel')
  const authorized = listAt(monitor, 'spec', 'endpoints').every(one => at(one, 'authorization') !== undefined)
  const open = /metricsWithoutToken: true/.test(configText(manifests))
  return [
    ['one service is scraped, so each replica once', monitor === undefined || watched.length === 1],
    ['the scraped port exists', listAt(monitor, 'spec', 'endpoints').every(one => ports.has(at(one, 'port')))],
    [
      'the job begins with gatehouse',
      watched.every(one => textAt(one, 'metadata', 'labels', label).startsWith('gatehouse')),
    ],
    ['the scraper has a token, or needs none', monitor === undefined || authorized !== open],
  ]
}
