/** Where reports and lists are read from: a running gateway, or the directory of a ledger that no process has open. */
import { resolve } from 'node:path'
import { ordered } from '../../admin/usage-order.ts'
import { calendarYear } from '../../fiscal.ts'
import { LedgerError } from '../../ledger/index.ts'
import {
  type RecordsPage,
  type RecordsQuery,
  type UsageDimension,
  type UsageReport,
  usageDimensions,
} from '../../ledger/reports.ts'
import type { Series, SeriesDimension, SeriesStep } from '../../ledger/series.ts'
import type { Store } from '../../ledger/store/store.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import { type Ask, knownIn } from '../reach/known-names.ts'
import { queryOf } from './ledger-export.ts'

export interface SourceOptions {
  /** Directory of a stopped ledger. */
  readonly ledger?: string
  readonly as?: string
}

/** Arguments of the option `--ledger`. */
export const ledgerOption = [
  '--ledger <directory>',
  'read this ledger, which no process has open, instead of asking a gateway',
] as const

/** For a ledger without a gateway: nothing in it says which zone and fiscal year its limits had. */
export const calendarUnlessNamed = { timeZone: 'UTC', fiscalYearStart: calendarYear }

interface UsageQuestion {
  readonly filters: AdminQuery
  readonly by: readonly UsageDimension[]
  readonly timeZone: string
}

interface SeriesQuestion {
  readonly filters: AdminQuery
  readonly by: SeriesDimension | null
  readonly step: SeriesStep
  readonly timeZone: string
}

export interface ReportSource {
  usage(question: UsageQuestion): Promise<UsageReport>
  series(question: SeriesQuestion): Promise<Series>
  records(query: AdminQuery): Promise<RecordsPage>
}

/**
 * Does something with what the options name.
 * @throws CliError `ledger_in_use`, `ledger_directory` and others
 */
export async function withSource<T>(
  context: CliContext,
  { ledger, as }: SourceOptions,
  work: (source: ReportSource) => Promise<T>,
): Promise<T> {
  return ledger === undefined ? work(running(context, as)) : ofStopped(context, ledger, work)
}

function running(context: CliContext, as: string | undefined): ReportSource {
  return {
    usage({ filters, by, timeZone }) {
      const query = { ...filters, by: by.join(','), ...zone(timeZone) }
      return askAdmin<UsageReport>(context, { path: '/api/v1/usage', query, as })
    },
    series({ filters, by, step, timeZone }) {
      const query = { ...filters, step, by: by ?? undefined, ...zone(timeZone) }
      return askAdmin<Series>(context, { path: '/api/v1/series', query, as })
    },
    records: query => askAdmin<RecordsPage>(context, { path: '/api/v1/records', query, as }),
  }
}

function zone(timeZone: string): AdminQuery {
  return timeZone === 'UTC' ? {} : { tz: timeZone }
}

/** Groups of a series that are shown by themselves, as with the management API. */
const seriesTop = 10

const nextSteps: Partial<Record<LedgerError['code'], string>> = {
  ledger_in_use: 'the same without --ledger, which asks the process that has it open',
  ledger_directory: '--ledger with the directory that has journal/',
  ledger_corrupt: 'gatehouse ledger check --directory PATH',
}

async function ofStopped<T>(
  context: CliContext,
  directory: string,
  work: (source: ReportSource) => Promise<T>,
): Promise<T> {
  const { readStopped } = await import('../../ledger/upkeep/read-stopped.ts')
  const bounded = (filters: AdminQuery) => {
    const query = queryOf(filters)
    return { ...query, fromMs: query.fromMs ?? 0, toMs: query.toMs ?? context.clock() }
  }
  try {
    return await readStopped(resolve(context.cwd, directory), store => {
      const known = (filters: AdminQuery): Promise<AdminQuery> => knownIn(context, storeAsker(store, bounded), filters)
      return work({
        async usage({ filters, by, timeZone }) {
          return ordered(await store.usage({ ...bounded(await known(filters)), by, timeZone }))
        },
        async series({ filters, ...asked }) {
          return store.series({ ...bounded(await known(filters)), ...asked, top: seriesTop })
        },
        records: async query => store.list(queryOf(await known(query))),
      })
    })
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    const next = nextSteps[error.code] ?? null
    throw new CliError(error.code, 'This ledger cannot be read.', error.message, next, { cause: error })
  }
}

type Bounded = (filters: AdminQuery) => RecordsQuery & { readonly fromMs: number; readonly toMs: number }

/** Answers what the look-up of names asks for. What is configured is not in a ledger. */
function storeAsker(store: Store, bounded: Bounded): Ask {
  const answer = async (path: string, query: AdminQuery): Promise<unknown> => {
    const { by, limit, order, search, ...filters } = query
    switch (path) {
      case '/api/v1/usage':
        return store.usage({ ...bounded(filters), by: usageDimensions.filter(one => one === by), timeZone: 'UTC' })
      case '/api/v1/callers':
        return store.callers({ ...bounded(filters), search: String(search ?? ''), order: 'last', limit: Number(limit) })
      case '/api/v1/errors':
        return { errors: await store.errors(bounded(filters)) }
      default:
        throw new CliError('role_missing', 'A ledger has no configuration.')
    }
  }
  return async <T>(path: string, query: AdminQuery = {}): Promise<T> => (await answer(path, query)) as T
}
