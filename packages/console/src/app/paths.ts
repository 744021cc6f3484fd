/** The one builder of addresses within the console. */
import type { Address, Changes } from './address.ts'
import { changed } from './address.ts'
import { type Period, writePeriod } from './period.ts'

/** Where a link leads. */
export interface Place {
  readonly to: string
  readonly search: Record<string, string>
}

/** Filters of records, by the names of the management API. */
export interface RecordsPlace {
  readonly period?: Period
  readonly workload?: string
  readonly caller?: string
  readonly instance?: string
  readonly deployment?: string
  readonly model?: string
  readonly operation?: string
  readonly outcome?: string
  readonly outcomeCode?: string
  readonly status?: string
}

export interface ConfigurationPlace {
  readonly view?: 'edit' | 'history'
  /** Line of the text, from 1. */
  readonly line?: string
  /** Number in the history. */
  readonly version?: string
}

const at = (to: string, search: Changes = {}): Place => ({ to, search: changed({}, search) })

export const paths = {
  overview: (): Place => at('/'),
  records: ({ period, ...filters }: RecordsPlace = {}): Place =>
    at('/records', { ...filters, ...(period === undefined ? {} : writePeriod(period)) }),
  record: (id: string): Place => at(`/records/${encodeURIComponent(id)}`),
  instances: (): Place => at('/instances'),
  /** @param rule shown first. */
  limits: (rule?: string): Place => at('/limits', { rule }),
  cost: (): Place => at('/cost'),
  audit: (): Place => at('/audit'),
  configuration: (state: ConfigurationPlace = {}): Place => at('/configuration', { ...state }),
  /** @param sql is shown; whoever opens it runs it. */
  query: (sql?: string): Place => at('/query', { sql }),
  feeds: (): Place => at('/feeds'),
  /** @param record id of a record to go on with; its request becomes the conversation. */
  playground: ({ record }: { readonly record?: string } = {}): Place => at('/playground', { record }),
  me: (): Place => at('/me'),
  about: (): Place => at('/about'),
  explain: (asked: { readonly record?: string } = {}): Place => at('/explain', asked),
  /** @param workload only callers that called as it. */
  people: (workload?: string): Place => at('/people', { workload }),
  workloads: (): Place => at('/workloads'),
  workload: (name: string): Place => at(`/workloads/${encodeURIComponent(name)}`),
}

const carried = ['period', 'from', 'to', 'workload'] as const

/** The choices that stay when a reader goes from page to page: period and workload. */
export function carriedFrom(address: Address): Record<string, string> {
  return changed({}, Object.fromEntries(carried.map(name => [name, address[name]])))
}
