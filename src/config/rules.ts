/**
 * Rules across the fields of a configuration. Errors keep it from being used; warnings say what is allowed and probably not
 * meant. A section that could not be read is null, and the rules that need it are passed over: nothing is said twice.
 */
import type { Finding } from './document.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from './messages.ts'
import type { CallerRule, Config } from './schema.ts'

export type Sections = { readonly [Name in keyof Config]: Config[Name] | null }

export interface RuleFindings {
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

interface Notes {
  readonly errors: Finding[]
  readonly warnings: Finding[]
  /** Paths (as `formatPath` writes them) whose value an expression brought in. */
  readonly origins: ReadonlyMap<string, string>
}

/** First segments of the gateway's own routes. A target or workload of such a name could not be told from them. */
export const reservedNames: ReadonlySet<string> = new Set([
  'openai',
  'v1',
  'healthz',
  'readyz',
  'livez',
  'metrics',
  'api',
  'admin',
  'console',
  'openapi.json',
  'favicon.ico',
  'robots.txt',
  '.well-known',
  '_simulator',
])

/** Audiences of tokens that Azure OpenAI accepts, in the public and the sovereign clouds; a trailing slash does not matter. */
const azureAudiences: ReadonlySet<string> = new Set([
  'https://cognitiveservices.azure.com',
  'https://ai.azure.com',
  'https://cognitiveservices.azure.us',
  'https://ai.azure.us',
  'https://cognitiveservices.azure.cn',
])

export function checkRules(sections: Sections, origins: ReadonlyMap<string, string>): RuleFindings {
  const notes: Notes = { errors: [], warnings: [], origins }
  const { gateway, admin, identity, instances, pools, workloads, ledger } = sections
  if (gateway !== null) checkTimeouts(gateway, notes)
  if (gateway?.publicUrl !== undefined) checkUrl(gateway.publicUrl, ['gateway', 'publicUrl'], { path: true }, notes)
  if (gateway !== null && admin !== null) checkListeners(gateway.listen, admin.listen, notes)
  if (admin !== null) checkRoles(admin.roles, notes)
  if (identity !== null) checkIdentity(identity, notes)
  if (instances !== null) checkInstances(instances, notes)
  if (instances !== null && identity !== null) checkPassedTokens(instances, identity, notes)
  if (instances !== null && pools !== null) checkPools(instances, pools, notes)
  if (workloads !== null) checkWorkloads(workloads, notes)
  if (instances !== null && pools !== null && workloads !== null) checkTargets(instances, pools, workloads, notes)
  if (ledger !== null) checkRetention(ledger, notes)
  return notes
}

function checkTimeouts(gateway: Config['gateway'], notes: Notes): void {
  const { total, ...parts } = gateway.timeouts
  for (const part of ['connect', 'firstByte', 'streamIdle'] as const) {
    if (parts[part] <= total) continue
    const path = ['gateway', 'timeouts', part]
    const expected = `at most gateway.timeouts.total (${total / 1000} s), which ends the exchange before`
    notes.warnings.push({ code: 'risk', path, seen: `${parts[part] / 1000} s`, expected, nearest: null })
  }
}

function checkListeners(gatewayListen: string, adminListen: string, notes: Notes): void {
  const [gateway, admin] = [splitListen(gatewayListen), splitListen(adminListen)]
  const wildcards = ['0.0.0.0', '[::]']
  const overlap = gateway.host === admin.host || wildcards.includes(gateway.host) || wildcards.includes(admin.host)
  if (gateway.port !== admin.port || gateway.port === 0 || !overlap) return
  const expected = `a port of its own: gateway.listen has ${gatewayListen}`
  const path = ['admin', 'listen']
  notes.errors.push({ code: 'conflict', path, seen: showValue(adminListen, null, false), expected, nearest: null })
}

/** `[::]:8080` -> host `[::]`, port 8080. The text must have the form of the schema. */
function splitListen(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).toLowerCase(), port: Number(listen.slice(colon + 1)) }
}

function checkRoles(roles: Config['admin']['roles'], notes: Notes): void {
  for (const role of ['viewer', 'auditor'] as const) refuseDuplicates(roles[role], ['admin', 'roles', role], notes)
  if (roles.viewer.length > 0 || roles.auditor.length > 0) return
  notes.warnings.push({
    code: 'risk',
    path: ['admin', 'roles'],
    seen: 'nobody',
    expected: 'somebody in viewer or auditor: as it is, nobody can read usage or records',
    nearest: null,
  })
}

function checkIdentity(identity: Config['identity'], notes: Notes): void {
  const { authority, tenants, audiences, clients } = identity.entra
  const path = ['identity', 'entra']
  checkUrl(authority, [...path, 'authority'], { path: true }, notes)
  refuseDuplicates(tenants, [...path, 'tenants'], notes)
  refuseDuplicates(audiences.map(withoutSlash), [...path, 'audiences'], notes)
  if (clients !== undefined) refuseDuplicates(clients, [...path, 'clients'], notes)
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '')
}

function checkInstances(instances: Config['instances'], notes: Notes): void {
  const endpoints = new Map<string, string>()
  for (const [name, instance] of Object.entries(instances)) {
    const path = ['instances', name]
    refuseReserved(name, path, notes)
    const origin = checkUrl(instance.endpoint, [...path, 'endpoint'], { path: false }, notes)
    const other = origin === null ? undefined : endpoints.get(origin)
    if (other !== undefined) {
      const expected = `an endpoint of its own: instance ${other} has the same, and its limits and health would be kept twice`
      notes.warnings.push({ code: 'risk', path: [...path, 'endpoint'], seen: origin, expected, nearest: null })
    }
    if (origin !== null) endpoints.set(origin, name)
    if (Object.keys(instance.deployments).length === 0) {
      const expected = 'at least one deployment: without one, nothing reaches this instance'
      notes.warnings.push({ code: 'risk', path: [...path, 'deployments'], seen: 'none', expected, nearest: null })
    }
    checkKey(instance.credential, [...path, 'credential', 'key'], notes)
  }
}

function checkKey(credential: Config['instances'][string]['credential'], path: Path, notes: Notes): void {
  if (typeof credential === 'string' || !('key' in credential)) return
  if (notes.origins.has(formatPath(path))) return
  const expected = `\${env:NAME} or \${file:PATH}: a key in the file itself travels with every copy of it`
  notes.warnings.push({ code: 'risk', path, seen: '(a secret, not shown)', expected, nearest: null })
}

/** The URL's origin, or null after an error. Without `path`, nothing but scheme, host and port may stand there. */
function checkUrl(text: string, path: Path, allowed: { path: boolean }, notes: Notes): string | null {
  const url = URL.parse(text)
  const fault = url === null ? 'an http(s) URL' : urlFault(url, allowed)
  if (fault === null) return url === null ? null : url.origin
  const seen = showValue(text, notes.origins.get(formatPath(path)) ?? null, false)
  notes.errors.push({ code: 'wrong_value', path, seen, expected: fault, nearest: null })
  return null
}

function urlFault(url: URL, allowed: { path: boolean }): string | null {
  if (url.username !== '' || url.password !== '') return 'a URL without user name and password'
  if (url.search !== '' || url.hash !== '') return 'a URL without ? and #'
  if (!allowed.path && url.pathname !== '/') return `the endpoint alone, without a path: ${url.origin}`
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return 'https; http only towards this machine itself'
  return null
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** A caller's own token reaches Azure as it is: one for another audience passes the gateway and fails there. */
function checkPassedTokens(instances: Config['instances'], identity: Config['identity'], notes: Notes): void {
  const foreign = identity.entra.audiences.filter(audience => !azureAudiences.has(withoutSlash(audience)))
  if (foreign.length === 0) return
  for (const [name, instance] of Object.entries(instances)) {
    if (instance.credential !== 'caller') continue
    const audiences = foreign.map(audience => printable(audience)).join(', ')
    const expected = `another credential, or no audience that Azure does not accept: tokens for ${audiences} would be answered 401`
    notes.warnings.push({
      code: 'risk',
      path: ['instances', name, 'credential'],
      seen: 'caller',
      expected,
      nearest: null,
    })
  }
}

function checkPools(instances: Config['instances'], pools: Config['pools'], notes: Notes): void {
  for (const [name, pool] of Object.entries(pools)) {
    const path = ['pools', name]
    refuseReserved(name, path, notes)
    if (Object.hasOwn(instances, name)) {
      const expected = `another name: instances.${name} has it, and pools and instances share one namespace`
      notes.errors.push({ code: 'conflict', path, seen: `the name ${name}`, expected, nearest: null, atKey: true })
    }
    const seen = new Set<string>()
    for (const [index, member] of pool.members.entries()) {
      const memberPath = [...path, 'members', index, 'instance']
      if (seen.has(member.instance)) notes.errors.push(duplicate(member.instance, memberPath))
      else if (!Object.hasOwn(instances, member.instance)) {
        notes.errors.push(unknownName(member.instance, memberPath, 'instance', Object.keys(instances)))
      }
      seen.add(member.instance)
    }
    checkModels(instances, pool, path, notes)
  }
}

/** Whichever member answers, the caller gets the model it asked for, and is charged for that one. */
function checkModels(instances: Config['instances'], pool: Config['pools'][string], path: Path, notes: Notes): void {
  const models = new Map<string, { model: string; instance: string }>()
  for (const [index, member] of pool.members.entries()) {
    const deployments = Object.hasOwn(instances, member.instance) ? instances[member.instance]?.deployments : undefined
    for (const [deployment, { model }] of Object.entries(deployments ?? {})) {
      const first = models.get(deployment)
      if (first === undefined) models.set(deployment, { model, instance: member.instance })
      else if (first.model !== model) {
        const where = formatPath(['instances', member.instance, 'deployments', deployment, 'model'])
        const expected = `the model of the same deployment in ${first.instance}: ${printable(first.model)}, as one pool holds both (${where})`
        const memberPath = [...path, 'members', index, 'instance']
        notes.errors.push({ code: 'conflict', path: memberPath, seen: printable(model), expected, nearest: null })
      }
    }
  }
}

function checkWorkloads(workloads: Config['workloads'], notes: Notes): void {
  for (const [name, workload] of Object.entries(workloads)) {
    const path = ['workloads', name]
    refuseReserved(name, path, notes)
    refuseDuplicates(workload.callers, [...path, 'callers'], notes)
    refuseDuplicates(workload.targets, [...path, 'targets'], notes)
    refuseDuplicates(workload.deployments, [...path, 'deployments'], notes)
  }
}

function checkTargets(
  instances: Config['instances'],
  pools: Config['pools'],
  workloads: Config['workloads'],
  notes: Notes,
): void {
  const offered = deploymentsOfTargets(instances, pools)
  for (const [name, workload] of Object.entries(workloads)) {
    const path = ['workloads', name]
    const reachable = new Set<string>()
    for (const [index, target] of workload.targets.entries()) {
      const deployments = offered.get(target)
      for (const deployment of deployments ?? []) reachable.add(deployment)
      if (deployments !== undefined) continue
      notes.errors.push(unknownName(target, [...path, 'targets', index], 'instance or pool', [...offered.keys()]))
    }
    // With an unknown target, what it might have offered is unknown too.
    if (workload.targets.some(target => !offered.has(target))) continue
    for (const [index, deployment] of workload.deployments.entries()) {
      if (reachable.has(deployment)) continue
      const kind = `deployment of the targets ${workload.targets.join(', ')}`
      notes.errors.push(unknownName(deployment, [...path, 'deployments', index], kind, [...reachable]))
    }
  }
}

function deploymentsOfTargets(instances: Config['instances'], pools: Config['pools']): Map<string, Set<string>> {
  const offered = new Map<string, Set<string>>()
  for (const [name, instance] of Object.entries(instances))
    offered.set(name, new Set(Object.keys(instance.deployments)))
  for (const [name, pool] of Object.entries(pools)) {
    offered.set(name, new Set(pool.members.flatMap(member => [...(offered.get(member.instance) ?? [])])))
  }
  return offered
}

function checkRetention(ledger: Config['ledger'], notes: Notes): void {
  const { records, bodies } = ledger.retain
  if (bodies <= records) return
  const days = (ms: number): string => `${ms / 86_400_000} d`
  const expected = `at most ledger.retain.records (${days(records)}): a body without its record cannot be found`
  notes.errors.push({
    code: 'conflict',
    path: ['ledger', 'retain', 'bodies'],
    seen: days(bodies),
    expected,
    nearest: null,
  })
}

function refuseReserved(name: string, path: Path, notes: Notes): void {
  if (!reservedNames.has(name)) return
  const expected = `a name that is not a route of the gateway: ${[...reservedNames].join(', ')}`
  notes.errors.push({ code: 'reserved_name', path, seen: `the name ${name}`, expected, nearest: null, atKey: true })
}

function refuseDuplicates(entries: readonly (string | CallerRule)[], path: Path, notes: Notes): void {
  const seen = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const text = typeof entry === 'string' ? entry : Object.entries(entry).join()
    if (seen.has(text)) notes.errors.push(duplicate(entry, [...path, index]))
    seen.add(text)
  }
}

function duplicate(entry: string | CallerRule, path: Path): Finding {
  const seen =
    typeof entry === 'string'
      ? showValue(entry, null, false)
      : `{ ${Object.entries(entry).flat().map(printable).join(': ')} }`
  return { code: 'duplicate', path, seen, expected: 'each entry once; this one stands above', nearest: null }
}

function unknownName(name: string, path: Path, kind: string, known: readonly string[]): Finding {
  const list = known.length === 0 ? 'there is none' : known.slice(0, 12).join(', ') + (known.length > 12 ? ', …' : '')
  const expected = `the name of a known ${kind}: ${list}`
  return { code: 'unknown_name', path, seen: showValue(name, null, false), expected, nearest: nearestOf(name, known) }
}
