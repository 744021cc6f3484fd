import type { z } from '@hono/zod-openapi'
import type { RecordFilter } from '../ledger/reports.ts'
import { AdminError } from './errors.ts'
import type { filterParameters } from './schemas.ts'

type Filters = { [K in keyof typeof filterParameters]: z.output<(typeof filterParameters)[K]> }
type FiltersAsked = { [K in keyof Filters]?: Filters[K] | undefined }

/** The filter in the parameters of a request. Throws `parameter_invalid` when they contradict each other. */
export function filterOf({ from, to, ...equal }: FiltersAsked): RecordFilter {
  const fromMs = from === undefined ? undefined : Date.parse(from)
  const toMs = to === undefined ? undefined : Date.parse(to)
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new AdminError(
      'parameter_invalid',
      'Parameter "to" must be later than "from"; "to" itself is not included.',
      {
        param: 'to',
      },
    )
  }
  return present({ ...equal, fromMs, toMs })
}

/** The object without undefined values: an absent filter is an absent key. */
export function present<T extends object>(asked: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(asked).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/**
 * The first error in the parameters: which one, and what is allowed. Values are not repeated: they may contain
 * anything.
 * @param given values of the query by name.
 */
export function parameterError(
  target: string,
  error: z.core.$ZodError,
  given: Readonly<Record<string, readonly string[]>>,
): AdminError {
  const issue = error.issues[0]
  if (target === 'json') return memberError(issue)
  if (issue?.code === 'unrecognized_keys') {
    const param = cut(issue.keys[0] ?? '')
    return new AdminError(
      'parameter_invalid',
      `Parameter "${param}" is not known here. GET /openapi.json lists them.`,
      {
        param,
      },
    )
  }
  const param = String(issue?.path[0] ?? '')
  if (target !== 'query')
    return new AdminError('parameter_invalid', `Part "${param}" of the address: ${say(issue)}.`, { param })
  const times = given[param]?.length ?? 0
  const wrong = times === 0 ? 'is needed' : times > 1 ? 'is given more than once; give it once' : say(issue)
  return new AdminError('parameter_invalid', `Parameter "${param}": ${wrong}.`, { param })
}

function memberError(issue: z.core.$ZodIssue | undefined): AdminError {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const param = cut([...(issue?.path ?? []), ...unknown].map(String).join('.'))
  if (param === '') return new AdminError('parameter_invalid', `The body: ${say(issue)}.`)
  const wrong = unknown.length > 0 ? 'is not known here. GET /openapi.json lists them' : say(issue)
  return new AdminError('parameter_invalid', `Member "${param}" of the body: ${wrong}.`, { param })
}

function say(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_value') return `expected one of ${issue.values.map(String).join(', ')}`
  return issue?.message ?? 'not valid'
}

function cut(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name
}
