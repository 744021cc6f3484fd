/**
 * Checks what a JSON body names and asks for against the workload: deployments of tools and data sources, tools,
 * sources and addresses outside of the resource, service tiers, and what Azure stores or does in the background.
 * Whatever leaves the resource is denied by default.
 */
import { blobMembers, dataSourceMembers } from '../../../wire/backends.ts'
import type { BodyScan, Found } from '../../../wire/body-scan.ts'
import type { MemberRange } from '../../../wire/json-scan.ts'
import type { Operation } from '../../../wire/operations.ts'
import { toolOfType } from '../../../wire/tools.ts'
import type { Workload } from '../../plan/index.ts'
import { listed, Refusal } from '../../refusals.ts'
import { deploymentRefused, requireDeployment } from '../3-authorize/grant.ts'

/** A deployment that a body names besides `model`, with its position: an instance may have it under another name. */
export interface NamedDeployment {
  readonly name: string
  /** Offset of the opening quote. */
  readonly start: number
  /** Offset after the closing quote. */
  readonly end: number
}

const none: readonly NamedDeployment[] = []

/**
 * @returns the deployments that the body names besides its own, each allowed, in the order of the body.
 * @throws Refusal deployment_not_allowed, tool_not_allowed, data_source_not_allowed, outside_url_not_allowed,
 *   service_tier_not_allowed, option_not_allowed
 */
export function authorizeBody(
  body: Buffer,
  scan: BodyScan,
  operation: Pick<Operation, 'name' | 'family' | 'creates' | 'deployment'>,
  workload: Workload,
): readonly NamedDeployment[] {
  const asking: Asking = { body, scan, operation, workload }
  checkOptions(asking)
  checkSources(asking)
  const named = scan.nested.length === 0 && scan.objects.length === 0 ? none : namedBelow(asking)
  // When the call runs on a deployment, `model` names it. A fine-tuning job names a model, which is no deployment.
  if (operation.deployment === 'required' || operation.family === 'fine_tuning') return named
  const range = scan.members.get('model')
  const model = range === undefined ? null : namedAt(asking, range, 'model')
  return model === null ? named : [...named, model].sort((one, other) => one.start - other.start)
}

/** @returns null for null. @throws Refusal deployment_not_allowed, also for a value that is no text */
function namedAt({ body, workload }: Asking, range: MemberRange, param: string): NamedDeployment | null {
  const name = textOf(body, range)
  if (name === absent) return null
  if (name === null) throw deploymentRefused(workload, shown(body, range), param)
  requireDeployment(workload, name, param)
  return { name, start: range.valueStart, end: range.valueEnd }
}

interface Asking {
  readonly body: Buffer
  readonly scan: BodyScan
  readonly operation: Pick<Operation, 'name' | 'family' | 'creates' | 'deployment'>
  readonly workload: Workload
}

/** Longest text that can be a name, in bytes. */
const nameBytesMax = 1_024

const absent = Symbol('absent')

/** Text of a value; null when it is no text, `absent` for null. */
function textOf(body: Buffer, { valueStart, valueEnd }: MemberRange): string | null | typeof absent {
  const raw = body.toString('utf8', valueStart, Math.min(valueEnd, valueStart + nameBytesMax))
  if (raw === 'null') return absent
  return raw[0] === '"' && valueEnd - valueStart <= nameBytesMax ? (JSON.parse(raw) as string) : null
}

/** The value as it is written, cut, for messages. */
function shown(body: Buffer, { valueStart, valueEnd }: MemberRange): string {
  return body.toString('utf8', valueStart, Math.min(valueEnd, valueStart + 80))
}

function present({ body, scan }: Asking, key: string): MemberRange | null {
  const range = scan.members.get(key)
  return range === undefined || textOf(body, range) === absent ? null : range
}

/** Anything but false and null counts as true, as a lenient reader would take it. */
function isOn(asking: Asking, key: string): boolean {
  const range = present(asking, key)
  return range !== null && shown(asking.body, range) !== 'false'
}

function checkOptions(asking: Asking): void {
  const { body, operation, workload } = asking
  const { policy, name } = workload
  const tier = present(asking, 'service_tier')
  if (tier !== null) {
    const asked = textOf(body, tier)
    if (typeof asked !== 'string' || !policy.serviceTiers.has(asked)) {
      const details = { workload: name, tier: shown(body, tier), allowed: listed(policy.serviceTiers) }
      throw new Refusal('service_tier_not_allowed', details, { param: 'service_tier' })
    }
  }
  if (policy.background === 'refuse' && isOn(asking, 'background')) {
    throw optionRefused(workload, 'background', 'background', 'Leave it out, or send "background": false')
  }
  if (policy.store === 'refuse' && (isOn(asking, 'store') || isStoredUnasked(asking))) {
    throw optionRefused(workload, 'store', 'store', 'Send "store": false')
  }
  if (policy.storedPrompts === 'allow') return
  const keys = operation.family === 'responses' ? ['prompt', 'agent', 'agent_reference'] : ['agent', 'agent_reference']
  const used = keys.find(key => present(asking, key) !== null)
  if (used === undefined) return
  throw optionRefused(workload, used, 'storedPrompts', 'Send the instructions and tools themselves')
}

/** Responses are stored unless they say otherwise. */
function isStoredUnasked(asking: Asking): boolean {
  return asking.operation.creates === 'response' && present(asking, 'store') === null
}

function optionRefused({ name }: Workload, option: string, setting: string, advice: string): Refusal {
  return new Refusal('option_not_allowed', { workload: name, option, setting, advice }, { param: option })
}

function namedBelow(asking: Asking): readonly NamedDeployment[] {
  const { body, scan, workload } = asking
  const found: NamedDeployment[] = []
  const types = new Set<number>()
  for (const one of scan.nested) {
    const key = one.path.slice(one.path.lastIndexOf('.') + 1)
    if (key === 'tools') {
      // A member of a list that is no object: it is unknown what it asks for.
      if (one.keyStart === one.valueStart) throw toolRefused(workload, shown(body, one))
    } else if (key === 'network_policy') checkNetwork(asking, one)
    else if (isUrl(key)) checkUrl(asking, one)
    else if (key === 'type') {
      if (!isTool(one)) continue
      checkTool(asking, one)
      types.add(one.object)
    } else if (key !== 'authentication') {
      const named = namedAt(asking, one, one.path)
      if (named !== null) found.push(named)
    }
  }
  if (scan.objects.some(({ object }) => !types.has(object))) throw toolRefused(workload, 'without a type')
  return found
}

/** Types of data sources and of their parts are no types of tools. */
function isTool({ path }: Found): boolean {
  return path.endsWith('tools.type')
}

function isUrl(key: string): boolean {
  return key === 'url' || key.endsWith('_url')
}

function checkTool({ body, workload }: Asking, found: MemberRange): void {
  const type = textOf(body, found)
  const name = typeof type === 'string' ? toolOfType(type) : null
  if (name === null || !workload.policy.tools.has(name)) throw toolRefused(workload, shown(body, found))
}

/** Containers have no network unless the body gives them one. */
function checkNetwork({ body, workload }: Asking, found: MemberRange): void {
  if (workload.policy.tools.has('container_network') || textOf(body, found) === absent) return
  if (/^\{\s*"type"\s*:\s*"disabled"\s*\}$/.test(shown(body, found))) return
  throw toolRefused(workload, 'container_network (network_policy)')
}

function toolRefused({ name, policy }: Workload, tool: string): Refusal {
  const details = { workload: name, tool, allowed: policy.tools.size === 0 ? 'none' : listed(policy.tools) }
  return new Refusal('tool_not_allowed', details, { param: 'tools' })
}

/** Azure fetches this address. A `data:` address carries its content, so nothing is fetched. */
function checkUrl({ body, workload }: Asking, found: Found): void {
  const raw = shown(body, found)
  if (raw[0] !== '"' || /^"data:/i.test(raw)) return
  // An escape could hide any address. Readers skip leading space, which could push the address out of the inspected
  // bytes.
  if (!/^"(?:\s|[^"]*(?:\\|\/\/|[a-z][a-z0-9+.-]*:))/i.test(raw)) return
  throw new Refusal('outside_url_not_allowed', { workload: workload.name, url: raw }, { param: found.path })
}

function checkSources(asking: Asking): void {
  const { body, scan, operation, workload } = asking
  const { policy } = workload
  if (present(asking, 'web_search_options') !== null && !policy.tools.has('web_search')) {
    throw toolRefused(workload, 'web_search (web_search_options)')
  }
  const network = scan.members.get('network_policy')
  if (network !== undefined) checkNetwork(asking, network)
  const blob: readonly string[] = operation.name === 'batches' ? blobMembers : []
  const used = [...dataSourceMembers, ...blob].find(key => present(asking, key) !== null)
  if (used === undefined || policy.dataSources === 'allow') return
  const refuse = (reason: string): never => {
    throw new Refusal('data_source_not_allowed', { workload: workload.name, source: used, reason }, { param: used })
  }
  if (policy.dataSources === 'refuse') refuse('the workload may use none')
  if (blob.includes(used)) refuse('the resource would sign in to the storage with its own identity')
  const own = scan.nested.filter(({ path }) => path === `${used}.authentication`)
  if (own.length === 0) refuse('without authentication of its own, the resource signs in with its identity')
  const identity = scan.nested.find(
    one => one.path.startsWith(`${used}.`) && one.path.endsWith('.type') && /identity/i.test(shown(body, one)),
  )
  if (identity !== undefined) refuse(`${shown(body, identity)} signs in with the identity of the resource`)
}
