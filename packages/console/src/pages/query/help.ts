/** What the editor offers and says: tables, columns with their meaning, functions, words of SQL. */
import type { EditorCompletion, EditorCompletions } from '../../parts/editor/index.tsx'
import type { QuerySchema } from './query.ts'

const words = `SELECT FROM WHERE GROUP BY ORDER LIMIT HAVING QUALIFY JOIN LEFT USING ON WITH AS AND OR NOT IN IS NULL LIKE ILIKE BETWEEN
  CASE WHEN THEN ELSE END DISTINCT UNION ALL EXCEPT INTERSECT INTERVAL TIMESTAMP DATE DESC ASC NULLS LAST OVER PARTITION FILTER EXCLUDE`
const keywords: readonly EditorCompletion[] = words.split(/\s+/).map(label => ({ label, kind: 'value' }))

/** Descriptions are written for documents, with marks of code. */
export const plain = (description: string): string => description.replaceAll('`', '')

/** Columns first, as they are what nobody knows by heart. */
export function offered(schema: QuerySchema | undefined): readonly EditorCompletion[] {
  if (schema === undefined) return keywords
  const tables = schema.tables.map(({ name, description }) => ({
    ...{ label: name, kind: 'name' as const, detail: 'table', info: plain(description) },
  }))
  const columns = schema.tables.flatMap(table =>
    table.columns.map(({ name, type, description }) => ({
      ...{ label: name, kind: 'key' as const, detail: type, info: plain(description) },
    })),
  )
  const functions = schema.functions.map(name => ({ label: name, kind: 'value' as const, insert: `${name}(` }))
  return [...columns, ...tables, ...keywords, ...functions]
}

export function completionsAt(options: readonly EditorCompletion[], sql: string, at: number): EditorCompletions | null {
  const before = sql.slice(0, at)
  // Within a text or a comment nothing is offered.
  if ((before.match(/'/g) ?? []).length % 2 === 1 || /--[^\n]*$/.test(before)) return null
  return { from: at - (/\w*$/.exec(before)?.[0].length ?? 0), options }
}

/** Type and meaning of the column at a place. */
export function explainedAt(schema: QuerySchema | undefined, sql: string, at: number): string | null {
  const begin = /\w*$/.exec(sql.slice(0, at))?.[0] ?? ''
  const name = `${begin}${/^\w*/.exec(sql.slice(at))?.[0] ?? ''}`.toLowerCase()
  const column = schema?.tables.flatMap(({ columns }) => columns).find(one => one.name === name)
  return column === undefined ? null : `${column.type}. ${plain(column.description)}`
}
