/**
 * Rules across the fields of a configuration. Errors make it unusable; warnings name settings that are allowed and
 * probably a mistake. A section that could not be read is null, and the rules that need it are skipped: nothing is
 * reported twice.
 */

import { backendOf } from '../../wire/backends.ts'
import { neverForwarded } from '../../wire/request-fields.ts'
import { type Path, printable, showValue } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import { checkCallers } from './callers.ts'
import { checkCollect } from './collect.ts'
import { checkConsole } from './console.ts'
import { checkColumns, checkFeeds, checkMetrics } from './feeds.ts'
import { checkBrought, checkKind } from './kinds.ts'
import {
  amountsOfInstances,
  amountsOfRules,
  amountsOfWorkloads,
  checkAmounts,
  checkFiscalYear,
  checkLimitRules,
  checkLine,
  checkNested,
  checkOvertaken,
  checkRemembered,
  checkStore,
  checkTimeZone,
} from './limits.ts'
import { conflict, isFromOutside, type Notes, refuseDuplicates, type Sections, shown, warn } from './notes.ts'
import { offersOf } from './offers.ts'
import { checkPlaceholders } from './placeholders.ts'
import { checkPools } from './pools.ts'
import { checkCostLimits, checkPrices, type KnownPrices } from './prices.ts'
import { checkReached } from './reached.ts'
import { checkJournalAlone, checkObjects, checkRedis } from './stores.ts'
import { checkUrl, withoutSlash } from './urls.ts'
import { checkOperations, checkPriorities, checkTargets } from './workloads.ts'

export type { Sections } from './notes.ts'

export type RuleFindings = Pick<Notes, 'errors' | 'warnings' | 'unchecked'>

/**
 * First segments of the gateway's own routes. A target or workload with such a name could not be told apart from them.
 */
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

export interface RuleParts {
  /** Null when the price catalogue could not be read: rules about prices are skipped. */
  readonly prices: KnownPrices | null
  /** Columns of records, by the form of a feed; null when they are not known here. */
  readonly columns: ((form: string) => readonly string[]) | null
}

export function checkRules(
  sections: Sections,
  origins: ReadonlyMap<string, string>,
  { prices, columns }: RuleParts,
): RuleFindings {
  const notes: Notes = { errors: [], warnings: [], unchecked: [], origins }
  if (columns !== null && sections.feeds !== null) checkColumns(sections.feeds, columns, notes)
  checkFront(sections, notes)
  checkBack(sections, notes)
  const hasLimits = checkLimits(sections, notes)
  if (sections.identity !== null) checkCallers(sections, sections.identity, notes)
  checkPlaceholders(sections, notes)
  if (prices !== null) checkCosts(sections, prices, notes)
  checkKept(sections, hasLimits, notes)
  return notes
}

/** The parts that clients and operators talk to. */
function checkFront({ gateway, admin, identity }: Sections, notes: Notes): void {
  if (gateway !== null) checkTimeouts(gateway, notes)
  if (gateway !== null) checkBodies(gateway, notes)
  if (gateway !== null) checkForwardHeaders(gateway.forwardHeaders, notes)
  if (gateway !== null) checkProxies(gateway, notes)
  if (gateway?.publicUrl !== undefined) checkUrl(gateway.publicUrl, ['gateway', 'publicUrl'], { path: true }, notes)
  if (gateway !== null && admin !== null) checkListeners(gateway.listen, admin.listen, notes)
  if (admin !== null) checkRoles(admin.roles, notes)
  if (admin !== null) checkConsole(admin, identity, notes)
  if (identity !== null) checkIdentity(identity, notes)
}

/** Instances, pools and workloads: where calls go, and whose calls. */
function checkBack({ identity, instances, pools, workloads, collect }: Sections, notes: Notes): void {
  if (instances !== null) checkInstances(instances, notes)
  if (instances !== null && identity !== null) checkPassedTokens(instances, identity, notes)
  for (const name of Object.keys(pools ?? {})) refuseReserved(name, ['pools', name], notes)
  if (workloads !== null) checkWorkloads(workloads, notes)
  if (workloads !== null) checkOperations(workloads, notes)
  if (instances === null || pools === null) return
  checkPools(instances, pools, notes)
  if (workloads === null) return
  if (collect === undefined) checkReached({ instances, pools, workloads }, notes)
  checkTargets(workloads, { offers: offersOf(instances, pools), unsure: unsurePools(instances, pools) }, notes)
  checkBrought(workloads, { instances, pools }, notes)
}

/** Pools with an unknown member: nobody knows what it offers. */
function unsurePools(instances: Config['instances'], pools: Config['pools']): ReadonlySet<string> {
  const unsure = Object.entries(pools).filter(([, { members }]) => {
    return members.some(({ instance }) => !Object.hasOwn(instances, instance))
  })
  return new Set(unsure.map(([name]) => name))
}

function checkCosts(sections: Sections, known: KnownPrices, notes: Notes): void {
  const { instances, pools, prices } = sections
  if (prices !== null) checkPrices(prices, known, instances, notes)
  const offers = instances === null || pools === null ? null : offersOf(instances, pools)
  checkCostLimits({ sections, known, offers }, notes)
}

/** Data that outlives a call. */
function checkKept(sections: Sections, hasLimits: boolean, notes: Notes): void {
  const { redis, objects, ledger, feeds, collect, telemetry } = sections
  if (redis !== null && redis !== undefined) checkRedis(redis, notes)
  if (objects !== null && ledger !== null && ledger.store !== 'none') checkObjects(objects, ledger, notes)
  if (ledger?.store === 'none' && collect === undefined) checkJournalAlone(sections, hasLimits, notes)
  if (ledger !== null) checkRetention(ledger, notes)
  if (feeds !== null) checkFeeds(feeds, sections, notes)
  if (telemetry?.metrics !== undefined) checkMetrics(telemetry.metrics, notes)
  if (collect !== null && collect !== undefined) checkCollect(collect, sections, notes)
}

/** @returns whether there are any. */
function checkLimits(sections: Sections, notes: Notes): boolean {
  const { gateway, instances, pools, workloads, limits, redis, ledger } = sections
  const amounts = [
    ...(workloads === null ? [] : amountsOfWorkloads(workloads)),
    ...(instances === null ? [] : amountsOfInstances(instances)),
    ...(limits === null ? [] : amountsOfRules(limits)),
  ]
  checkAmounts(amounts, limits?.completionTokensAssumed ?? null, notes)
  checkNested(workloads, instances, notes)
  if (limits !== null) checkOvertaken(limits, workloads, notes)
  const hasLimits = amounts.length > 0
  if (limits === null) return hasLimits
  checkLimitRules(limits, { workloads, instances, pools }, notes)
  checkTimeZone(limits.timeZone, notes)
  checkFiscalYear(limits.fiscalYearStart, notes)
  checkStore(limits, redis, hasLimits, notes)
  if (ledger !== null && ledger.store !== 'none') checkRemembered(amounts, ledger.retain, limits, notes)
  checkLine(limits, gateway?.timeouts.total ?? null, notes)
  if (workloads !== null) checkPriorities(workloads, limits, notes)
  return hasLimits
}

function checkTimeouts(gateway: Config['gateway'], notes: Notes): void {
  const { total, ...parts } = gateway.timeouts
  for (const part of ['connect', 'firstByte', 'streamIdle'] as const) {
    if (parts[part] <= total) continue
    const path = ['gateway', 'timeouts', part]
    const expected = `at most gateway.timeouts.total (${total / 1000} s), which ends the exchange before`
    warn(notes, path, `${parts[part] / 1000} s`, expected)
  }
}

/**
 * A body may be in memory three times: as received, decompressed, and as it is sent. With less room, the largest body
 * would never pass.
 */
function checkBodies(gateway: Config['gateway'], notes: Notes): void {
  const least = 3 * gateway.bodyBytesMax
  for (const part of ['bodyBytesInFlight', 'bodyBytesInFlightPerCaller'] as const) {
    if (gateway[part] >= least) continue
    conflict(notes, ['gateway', part], String(gateway[part]), `at least 3 times gateway.bodyBytesMax, ${least}`)
  }
}

function checkListeners(gatewayListen: string, adminListen: string, notes: Notes): void {
  const [gateway, admin] = [splitListen(gatewayListen), splitListen(adminListen)]
  const wildcards = ['0.0.0.0', '[::]']
  const overlap = gateway.host === admin.host || wildcards.includes(gateway.host) || wildcards.includes(admin.host)
  if (gateway.port !== admin.port || gateway.port === 0 || !overlap) return
  const expected = `a port of its own: gateway.listen has ${gatewayListen}`
  conflict(notes, ['admin', 'listen'], showValue(adminListen, null, false), expected)
}

function checkForwardHeaders(names: readonly string[], notes: Notes): void {
  const path = ['gateway', 'forwardHeaders']
  refuseDuplicates(names, path, notes)
  for (const [index, name] of names.entries()) {
    const why = neverForwarded(name)
    if (why !== null) conflict(notes, [...path, index], shown(name, path, notes), `another field: this one ${why}`)
  }
}

function checkProxies({ trustForwardedFor, trustedProxies }: Config['gateway'], notes: Notes): void {
  const path = ['gateway', 'trustedProxies']
  refuseDuplicates(trustedProxies, path, notes)
  if (trustForwardedFor || trustedProxies.length === 0) return
  warn(notes, path, trustedProxies.join(', '), 'gateway.trustForwardedFor: true besides; without it they mean nothing')
}

/** `[::]:8080` -> host `[::]`, port 8080. The text must have the form of the schema. */
function splitListen(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).toLowerCase(), port: Number(listen.slice(colon + 1)) }
}

function checkRoles(roles: Config['admin']['roles'], notes: Notes): void {
  for (const [role, rules] of Object.entries(roles)) refuseDuplicates(rules, ['admin', 'roles', role], notes)
  if (Object.values(roles).some(rules => rules.length > 0)) return
  const expected = 'a person or an application in one of the roles: without one, usage and records cannot be read'
  warn(notes, ['admin', 'roles'], 'no one', expected)
}

function checkIdentity(identity: Config['identity'], notes: Notes): void {
  const { authority, tenants, audiences, clients } = identity.entra
  const path = ['identity', 'entra']
  checkUrl(authority, [...path, 'authority'], { path: true }, notes)
  refuseDuplicates(tenants, [...path, 'tenants'], notes)
  refuseDuplicates(audiences.map(withoutSlash), [...path, 'audiences'], notes)
  if (clients !== undefined) refuseDuplicates(clients, [...path, 'clients'], notes)
}

function checkInstances(instances: Config['instances'], notes: Notes): void {
  const endpoints = new Map<string, string>()
  for (const [name, instance] of Object.entries(instances)) {
    const path = ['instances', name]
    refuseReserved(name, path, notes)
    const origin = checkUrl(instance.endpoint, [...path, 'endpoint'], { path: false }, notes)
    const other = origin === null ? undefined : endpoints.get(origin)
    if (origin !== null && other !== undefined) {
      const expected = `an endpoint of its own: instance ${other} has the same, and its limits and health would be kept twice`
      warn(notes, [...path, 'endpoint'], origin, expected)
    }
    if (origin !== null) endpoints.set(origin, name)
    if (Object.keys(instance.deployments).length === 0) {
      const expected = 'at least one deployment: without one, nothing reaches this instance'
      warn(notes, [...path, 'deployments'], 'none', expected)
    }
    checkKind(instance, path, notes)
    checkKey(instance.credential, [...path, 'credential', 'key'], notes)
  }
}

function checkKey(credential: Config['instances'][string]['credential'], path: Path, notes: Notes): void {
  if (typeof credential === 'string' || !('key' in credential)) return
  if (isFromOutside(path, notes)) return
  const expected = `\${env:NAME} or \${file:PATH}: a key in the file itself travels with every copy of it`
  warn(notes, path, '(a secret, not shown)', expected)
}

/** A caller's own token is sent to Azure unchanged: a token for another audience passes the gateway and fails there. */
function checkPassedTokens(instances: Config['instances'], identity: Config['identity'], notes: Notes): void {
  for (const [name, instance] of Object.entries(instances)) {
    if (instance.credential !== 'caller') continue
    const { tokenAudiences } = backendOf(instance.kind)
    const foreign = identity.entra.audiences.filter(audience => !tokenAudiences.has(withoutSlash(audience)))
    // A kind without audiences accepts no token at all: `checkKind` reports that.
    if (foreign.length === 0 || tokenAudiences.size === 0) continue
    const audiences = foreign.map(audience => printable(audience)).join(', ')
    const expected = `another credential, or no audience that Azure does not accept: tokens for ${audiences} would be answered 401`
    warn(notes, ['instances', name, 'credential'], 'caller', expected)
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

function checkRetention(ledger: Config['ledger'], notes: Notes): void {
  const { records, bodies, archiveAfter } = ledger.retain
  const days = (ms: number): string => `${ms / 86_400_000} d`
  if (archiveAfter !== 'never' && archiveAfter < bodies) {
    const atLeast = `at least ledger.retain.bodies (${days(bodies)}): records in an archive have no bodies`
    conflict(notes, ['ledger', 'retain', 'archiveAfter'], days(archiveAfter), atLeast)
  }
  if (bodies <= records) return
  const expected = `at most ledger.retain.records (${days(records)}): a body without its record cannot be found`
  conflict(notes, ['ledger', 'retain', 'bodies'], days(bodies), expected)
}

function refuseReserved(name: string, path: Path, notes: Notes): void {
  if (!reservedNames.has(name)) return
  const expected = `a name that is not a route of the gateway: ${[...reservedNames].join(', ')}`
  notes.errors.push({ code: 'reserved_name', path, seen: `the name ${name}`, expected, nearest: null, atKey: true })
}
