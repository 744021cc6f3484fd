/** Values of a result as text, as a figure to draw, and as files. */
import { csvCell, csvRow } from '../../format/csv.ts'
import type { QueryResult, ResultColumn, Value } from './query.ts'

const numbers = /^(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/
const times = /^(?:TIMESTAMP.*|DATE)$/

export const isNumber = ({ type }: ResultColumn): boolean => numbers.test(type)
export const isTime = ({ type }: ResultColumn): boolean => times.test(type)

/** Exactly as the gateway gave it; null has a text of its own where it is shown. */
export function valueText(value: Value): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** For a chart, where the last digits are not seen. Null for what is no number. */
export function figureOf(value: Value): number | null {
  if (value === null || value === '' || typeof value === 'boolean') return null
  const figure = Number(value)
  return Number.isFinite(figure) ? figure : null
}

/** Milliseconds since the epoch of a time or a date, null for what is none. */
export function instantOf(value: Value): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isFinite(ms) ? ms : null
}

const plainFigure = /^-?\d+(?:\.\d+)?$/

/** Figures are written as they are, a negative one too; a text that a spreadsheet would run gets an apostrophe. */
export function csvOf({ columns, rows }: QueryResult): string {
  return [csvRow(columns.map(({ name }) => name)), ...rows.map(row => rowText(row, columns))].join('')
}

function rowText(row: readonly Value[], columns: readonly ResultColumn[]): string {
  const cells = row.map((value, at) => {
    const text = valueText(value)
    const column = columns[at]
    return column !== undefined && isNumber(column) && plainFigure.test(text) ? text : csvCell(text)
  })
  return `${cells.join(',')}\r\n`
}

/** An object for each row. Of columns of one name, the last one counts. */
export function jsonOf({ columns, rows }: QueryResult): string {
  const objects = rows.map(row => Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null])))
  return `${JSON.stringify(objects, null, 2)}\n`
}

/** Cells with tabs in between, as spreadsheets take them from the clipboard. */
export function tabbedOf({ columns, rows }: QueryResult): string {
  const clean = (text: string): string =>
    (/^[=+\-@]/.test(text) && !plainFigure.test(text) ? `'${text}` : text).replace(/[\t\r\n]+/g, ' ')
  const lines = [columns.map(({ name }) => name), ...rows.map(row => row.map(valueText))]
  return lines.map(cells => cells.map(clean).join('\t')).join('\n')
}
