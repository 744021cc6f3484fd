/** The settings of the configuration that decided a step: their places, and their values. */
import { formatPath, type Path } from '../../config/messages.ts'
import type { Config, LimitName } from '../../config/schema/index.ts'
import type { RuleFacts } from '../../limits/index.ts'
import type { Exchange } from '../exchange.ts'
import type { Refusal, RefusalCode } from '../refusals.ts'

export interface ExplainSetting {
  /** As messages about the configuration write it: `workloads.hr-bot.callers[0]`. */
  readonly path: string
  /** As it is in force: JSON. Of sections with entries by name only the names, so that no secret is in it. */
  readonly value: unknown
}

/** Most members of a list that are shown. */
const listedMax = 50

/** Sections with entries by name, in which there may be secrets. */
const namesOnly = new Set(['instances', 'pools', 'workloads'])

export function settingAt(config: Config, path: Path): ExplainSetting {
  let value: unknown = config
  for (const step of path) {
    value = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[step] : undefined
  }
  const [section = '', , third] = path
  const isNames =
    (path.length === 1 && namesOnly.has(String(section))) ||
    (section === 'instances' && third === 'deployments' && path.length === 3)
  const shown = isNames && typeof value === 'object' && value !== null ? Object.keys(value) : value
  return { path: formatPath(path), value: cut(shown) }
}

/** The setting of a limit, with its amount as it is written. */
export function settingOfLimit({ path, measure, limit }: RuleFacts, currency: string): ExplainSetting {
  return { path: formatPath(path), value: amountAsWritten(measure, limit, currency) }
}

function amountAsWritten(measure: LimitName, limit: number, currency: string): number | string {
  return measure.startsWith('cost') ? `${limit / 1e9} ${currency}` : limit
}

function cut(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? null
  return value.length <= listedMax ? value : [...value.slice(0, listedMax), `and ${value.length - listedMax} more`]
}

/** Settings of a workload that refuse, by the code of the refusal. */
const ofWorkload: Readonly<Partial<Record<RefusalCode, string>>> = {
  caller_not_bound: 'callers',
  caller_groups_overage: 'callers',
  target_not_allowed: 'targets',
  deployment_not_allowed: 'deployments',
  model_missing: 'deployments',
  operation_not_allowed: 'operations',
  tool_not_allowed: 'tools',
  data_source_not_allowed: 'dataSources',
  outside_url_not_allowed: 'outsideUrls',
  service_tier_not_allowed: 'serviceTiers',
  maximum_missing: 'output',
  maximum_too_large: 'output',
}

const elsewhere: Readonly<Partial<Record<RefusalCode, readonly Path[]>>> = {
  token_tenant: [['identity', 'entra', 'tenants']],
  token_audience: [['identity', 'entra', 'audiences']],
  token_client: [['identity', 'entra', 'clients']],
  workload_unknown: [['workloads']],
  workload_missing: [['workloads']],
  caller_unbound: [['workloads']],
  target_unknown: [['instances'], ['pools']],
  body_too_large: [['gateway', 'bodyBytesMax']],
  object_unknown: [['objects', 'unknown']],
}

/** The settings without which the call would not have been refused; none where no setting decides. */
export function settingsOfRefusal(refusal: Refusal, exchange: Exchange, config: Config): readonly ExplainSetting[] {
  return pathsOf(refusal, exchange, config).map(path => settingAt(config, path))
}

function pathsOf({ code, details }: Refusal, exchange: Exchange, config: Config): readonly Path[] {
  const workload = String(details['workload'] ?? exchange.grant?.workload.name ?? '')
  const setting = code === 'option_not_allowed' ? String(details['setting']) : ofWorkload[code]
  if (setting !== undefined) return [['workloads', workload, setting]]
  if (code === 'deployment_unknown' || code === 'call_unsuited')
    return [pathOfTarget(String(details['target']), config)]
  return elsewhere[code] ?? []
}

export function pathOfTarget(target: string, { pools }: Config): Path {
  return Object.hasOwn(pools, target) ? ['pools', target, 'members'] : ['instances', target, 'deployments']
}
