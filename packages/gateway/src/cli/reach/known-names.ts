/**
 * Names in filters, looked up before a question is asked: "no records" of a name that does not exist would be a false
 * all-clear. A caller is found by any unique beginning of its name or id, in either case.
 */
import type { InstancesAnswer } from '../../admin/house-schemas.ts'
import type { CallersAnswer, ErrorsAnswer } from '../../admin/people-schemas.ts'
import type { WorkloadsAnswer } from '../../admin/workload-schemas.ts'
import { nearestOf } from '../../config/messages.ts'
import type { UsageReport } from '../../ledger/reports.ts'
import { shellQuoted } from '../../shell.ts'
import { operations } from '../../wire/operations.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { printableLine } from '../terminal/printable.ts'
import { type AdminQuery, type AdminQuestion, requestAdmin } from './admin-request.ts'

/** Parameters of questions that name something, what they name, and the option that sets them. */
const kinds = {
  workload: { noun: 'workload', option: '--workload', configured: workloadNames },
  instance: { noun: 'instance', option: '--instance', configured: instanceNames },
  deployment: { noun: 'deployment', option: '--deployment', configured: deploymentNames },
  model: { noun: 'model', option: '--model', configured: modelNames },
  operation: { noun: 'operation', option: '--operation', configured: async () => Object.keys(operations) },
  replica: { noun: 'gateway process', option: '--replica', configured: async () => [] },
} as const satisfies Record<string, Kind>

interface Kind {
  readonly noun: string
  readonly option: string
  /** Names that exist without any call; null where this account may not read them. */
  readonly configured: (ask: Ask) => Promise<readonly string[] | null>
}

/** Asks the management API as the account of the question. Each question is sent once in a run. */
export type Ask = <T>(path: string, query?: AdminQuery) => Promise<T>

/** Most names that a message lists. */
const listedMax = 8

/**
 * The query with the keys of the callers that it means.
 * @throws CliError `name_unknown`, `name_ambiguous`
 */
export async function knownFilters(
  context: CliContext,
  query: AdminQuery,
  as: string | undefined,
): Promise<AdminQuery> {
  return knownIn(context, askerOf(context, as), query)
}

/** The same where something else than a running gateway answers. */
export async function knownIn(context: CliContext, ask: Ask, query: AdminQuery): Promise<AdminQuery> {
  for (const [parameter, kind] of Object.entries(kinds)) {
    const name = query[parameter]
    if (typeof name === 'string') await requireKnown(ask, parameter, kind, name)
  }
  const { outcomeCode, caller } = query
  if (typeof outcomeCode === 'string') await requireKnownCode(ask, outcomeCode)
  if (typeof caller !== 'string') return query
  return { ...query, caller: await callerOf(context, ask, caller, { from: query['from'], to: query['to'] }) }
}

export function askerOf(context: CliContext, as: string | undefined): Ask {
  return async <T>(path: string, query: AdminQuery = {}): Promise<T> => {
    const question: AdminQuestion = { path, query, as }
    const key = JSON.stringify(question)
    const answer = context.lookedUp.get(key) ?? requestAdmin<unknown>(context, question)
    context.lookedUp.set(key, answer)
    return (await answer) as T
  }
}

/** Null where this account may not read the list. */
async function ifAllowed<T>(asked: Promise<readonly T[]>): Promise<readonly T[] | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof CliError && error.code === 'role_missing') return null
    throw error
  }
}

export function workloadNames(ask: Ask): Promise<readonly string[] | null> {
  return ifAllowed(ask<WorkloadsAnswer>('/api/v1/workloads').then(({ workloads }) => workloads.map(({ name }) => name)))
}

export function instanceNames(ask: Ask): Promise<readonly string[] | null> {
  return ifAllowed(ask<InstancesAnswer>('/api/v1/instances').then(({ instances }) => instances.map(({ name }) => name)))
}

export async function deploymentNames(ask: Ask): Promise<readonly string[] | null> {
  const listed = await ifAllowed(
    ask<WorkloadsAnswer>('/api/v1/workloads').then(({ workloads }) => workloads.flatMap(one => one.deployments)),
  )
  const served = await ifAllowed(ask<InstancesAnswer>('/api/v1/instances').then(deploymentsOf))
  if (listed === null && served === null) return null
  return [...new Set([...(listed ?? []), ...(served ?? []).map(({ name }) => name)])]
}

export async function modelNames(ask: Ask): Promise<readonly string[] | null> {
  const served = await ifAllowed(ask<InstancesAnswer>('/api/v1/instances').then(deploymentsOf))
  return served === null ? null : [...new Set(served.map(({ model }) => model))]
}

function deploymentsOf({ instances }: InstancesAnswer): { readonly name: string; readonly model: string }[] {
  return instances.flatMap(({ deployments }) => deployments.map(({ name, model }) => ({ name, model })))
}

async function requireKnown(ask: Ask, parameter: string, { noun, option, configured }: Kind, name: string) {
  const names = await configured(ask)
  if (names?.includes(name) === true) return
  const asked = { by: parameter, [parameter]: name }
  const { total } = await ask<UsageReport>('/api/v1/usage', asked)
  if (total.calls > 0) return
  const { lines } = await ask<UsageReport>('/api/v1/usage', { by: parameter })
  const recorded = lines.flatMap(({ keys }) => keys[0] ?? [])
  const known = [...new Set([...(names ?? []), ...recorded])].sort()
  const what = printableLine(`${noun} is called ${name}`)
  // What exists and was never called is not for everyone to read.
  throw unknown(names === null ? `No ${what} in the records that you may see.` : `No ${what}.`, option, name, known)
}

async function requireKnownCode(ask: Ask, code: string): Promise<void> {
  const { outcomeCodes } = await import('../../gateway/outcome-codes.ts')
  if (outcomeCodes.has(code)) return
  const { errors } = await ask<ErrorsAnswer>('/api/v1/errors')
  const recorded = errors.flatMap(({ code: one }) => one ?? [])
  if (recorded.includes(code)) return
  const nearest = nearestOf(code, new Set([...recorded, ...outcomeCodes]))
  const what = `No code is called ${printableLine(code)}.`
  throw unknown(what, '--code', code, [...new Set(recorded)].sort(), nearest)
}

function unknown(
  what: string,
  option: string,
  name: string,
  names: readonly string[],
  nearest: string | null = nearestOf(name, names),
): CliError {
  const near = nearest === null ? [] : [`The nearest is ${nearest}.`]
  const all = names.length === 0 ? [] : [`There are: ${listed(names)}.`]
  const why = [...near, ...all].join(' ')
  return new CliError('name_unknown', what, why === '' ? null : why, nearest === null ? null : `${option} ${nearest}`)
}

function listed(names: readonly string[]): string {
  const more = names.length > listedMax ? `, and ${names.length - listedMax} more` : ''
  return printableLine(names.slice(0, listedMax).join(', ')) + more
}

type Caller = Pick<CallersAnswer['callers'][number], 'key' | 'name'>

/** The key of the one caller that is meant. */
async function callerOf(
  context: CliContext,
  ask: Ask,
  text: string,
  period: Pick<AdminQuery, 'from' | 'to'>,
): Promise<string> {
  const wanted = text.toLowerCase()
  const search = { search: wanted, limit: 1_000, order: 'last' }
  const callers = (await callersOf(ask, search)) ?? (await callersOf(ask, { ...search, ...period }))
  // More callers than a list has: the ledger itself finds exact names among them.
  if (callers === null) return text
  const exact = callers.filter(({ key, name }) => [key, idOf(key), name.toLowerCase()].includes(wanted))
  const [only] = exact
  if (only !== undefined && exact.length === 1) return only.key
  if (exact.length > 1) throw ambiguous(text, exact)
  const begun = callers.filter(({ key, name }) =>
    [key, idOf(key), name.toLowerCase()].some(one => one.startsWith(wanted)),
  )
  const found = begun.length > 0 ? begun : await formerly(ask, text)
  const [meant] = found
  if (meant === undefined) throw await nobody(ask, text, period)
  if (found.length > 1) throw ambiguous(text, found)
  if (!context.json) context.stderr.write(`· ${printableLine(`${text} is ${meant.name} (${meant.key})`)}\n`)
  return meant.key
}

/** Null where there are more callers than the management API lists. */
async function callersOf(ask: Ask, query: AdminQuery): Promise<readonly Caller[] | null> {
  try {
    return (await ask<CallersAnswer>('/api/v1/callers', query)).callers
  } catch (error) {
    if (error instanceof CliError && error.code === 'parameter_invalid') return null
    throw error
  }
}

/** Tenant and id are in the key; people know the id alone. */
function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

/** Callers that had this name in records, and have another one now. */
async function formerly(ask: Ask, text: string): Promise<readonly Caller[]> {
  const { lines } = await ask<UsageReport>('/api/v1/usage', { by: 'caller', caller: text })
  return lines.flatMap(({ callerKey: key, keys }) => (key === null ? [] : { key, name: keys[0] ?? key }))
}

function ambiguous(text: string, callers: readonly Caller[]): CliError {
  const names = callers.map(({ key, name }) => (name === key ? key : `${name} (${key})`))
  const what = `${callers.length} callers are meant by ${printableLine(text)}.`
  return new CliError('name_ambiguous', what, `They are: ${listed(names)}.`, `--caller ${callers[0]?.key ?? ''}`)
}

async function nobody(ask: Ask, text: string, period: Pick<AdminQuery, 'from' | 'to'>): Promise<CliError> {
  const asked = { ...period, limit: listedMax, order: 'last' }
  const { callers, found } = await ask<CallersAnswer>('/api/v1/callers', asked)
  const names = callers.map(({ name }) => name)
  const all = (await callersOf(ask, { limit: 1_000, order: 'last' })) ?? callers
  const nearest = nearestCaller(
    text,
    all.map(({ name }) => name),
  )
  const near = nearest === null ? [] : [`The nearest is ${nearest}.`]
  const more = found > names.length ? `, and ${found - names.length} more` : ''
  const there = names.length === 0 ? 'There is no call in this period.' : `In this period: ${names.join(', ')}${more}.`
  return new CliError(
    'name_unknown',
    `No caller is called ${printableLine(text)}.`,
    printableLine([...near, there].join(' ')),
    nearest === null ? 'gatehouse people' : `--caller ${shellQuoted(nearest)}`,
  )
}

/** The nearest name, compared whole, and then by what stands before the @ or the first space. */
function nearestCaller(text: string, names: readonly string[]): string | null {
  const wanted = shortName(text)
  // The caller that was seen last wins where two have the same short name.
  const byShort = new Map(names.map(name => [shortName(name), name] as const).reverse())
  const short = byShort.has(wanted) ? wanted : nearestOf(wanted, byShort.keys())
  return nearestOf(text, names) ?? (short === null ? null : (byShort.get(short) ?? null))
}

function shortName(name: string): string {
  return (name.split(/[@\s]/)[0] ?? name).toLowerCase()
}
