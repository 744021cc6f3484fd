/** What the browser keeps for the page: the draft, saved queries, and those that were run. */
import { useLocalStorage } from '@mantine/hooks'

export interface SavedQuery {
  readonly name: string
  readonly sql: string
}

export interface RunQuery {
  readonly sql: string
  readonly atMs: number
  /** Null where it had no answer. */
  readonly rows: number | null
}

const savedMax = 100
const historyMax = 50
export const nameLettersMax = 60

interface Kept {
  readonly saved: readonly SavedQuery[]
  readonly history: readonly RunQuery[]
  readonly save: (query: SavedQuery) => void
  readonly forget: (name: string) => void
  readonly ran: (query: RunQuery) => void
  readonly clearHistory: () => void
}

const atOnce = { getInitialValueInEffect: false } as const

export function useDraft(): readonly [string, (sql: string) => void] {
  const [draft, setDraft] = useLocalStorage({ key: 'gatehouse-query-draft', defaultValue: '', ...atOnce })
  return [typeof draft === 'string' ? draft : '', setDraft]
}

export function useKept(): Kept {
  const [savedText, setSaved] = useLocalStorage<unknown>({ key: 'gatehouse-queries', defaultValue: [], ...atOnce })
  const [ranText, setRan] = useLocalStorage<unknown>({ key: 'gatehouse-query-history', defaultValue: [], ...atOnce })
  const saved = listOf(savedText, isSaved)
  const history = listOf(ranText, isRun)
  return {
    saved,
    history,
    save: query => setSaved(withSaved(saved, query)),
    forget: name => setSaved(saved.filter(one => one.name !== name)),
    ran: query => setRan(withRun(history, query)),
    clearHistory: () => setRan([]),
  }
}

/** A query of the same name is replaced. In the order of the names. */
export function withSaved(saved: readonly SavedQuery[], query: SavedQuery): readonly SavedQuery[] {
  return [...saved.filter(({ name }) => name !== query.name), query]
    .slice(-savedMax)
    .sort((one, other) => one.name.localeCompare(other.name))
}

/** The newest one first; the same text is there once. */
export function withRun(history: readonly RunQuery[], query: RunQuery): readonly RunQuery[] {
  return [query, ...history.filter(({ sql }) => sql !== query.sql)].slice(0, historyMax)
}

/** What the browser has kept may be from another version of the page. */
export function listOf<T>(kept: unknown, is: (value: unknown) => value is T): readonly T[] {
  return Array.isArray(kept) ? kept.filter(is) : []
}

type Unknown<T> = Partial<Record<keyof T, unknown>>

export function isSaved(value: unknown): value is SavedQuery {
  if (typeof value !== 'object' || value === null) return false
  const { name, sql } = value as Unknown<SavedQuery>
  return typeof name === 'string' && typeof sql === 'string'
}

export function isRun(value: unknown): value is RunQuery {
  if (typeof value !== 'object' || value === null) return false
  const { sql, atMs, rows } = value as Unknown<RunQuery>
  return typeof sql === 'string' && typeof atMs === 'number' && (rows === null || typeof rows === 'number')
}
