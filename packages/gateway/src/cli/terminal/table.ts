/** Tables on a terminal: never wider than it, numbers right-aligned. */
import { columnsOf, cutToColumns, printableLine } from './printable.ts'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
  /**
   * On a narrow terminal, columns are dropped in the order of this number, highest first; a column without it stays.
   */
  readonly leaves?: number
  /** Least width to which this column can be cut; without it the column is never cut. */
  readonly cutTo?: number
  /** Least width, for tables whose rows arrive one by one. */
  readonly least?: number
}

export interface TableLayout {
  /** Title line, without a line feed. */
  readonly head: string
  readonly rule: string
  line(cells: readonly string[]): string
  /** Titles of the dropped columns. */
  readonly left: readonly string[]
}

const gap = '  '

/**
 * Chooses columns and widths from the known rows. `width` is the terminal's, null for no bound: output to a file or a
 * pipe is never cut.
 */
export function layOut(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number | null,
): TableLayout {
  const widths = columns.map((column, at) =>
    rows.reduce((most, row) => Math.max(most, columnsOf(printableLine(row[at] ?? ''))), startWidth(column)),
  )
  const shown = new Set(columns.keys())
  const left: string[] = []
  if (width !== null) {
    for (const at of leavingOrder(columns)) {
      if (narrowest(columns, widths, shown) <= width) break
      shown.delete(at)
      left.push(columns[at]?.title ?? '')
    }
    cutWidest(columns, widths, shown, width)
  }
  const visible = [...shown]
  const line = (cells: readonly string[]): string =>
    visible
      .map(at => fill(printableLine(cells[at] ?? ''), widths[at] ?? 0, columns[at]?.align ?? 'left'))
      .join(gap)
      .trimEnd()
  return {
    head: line(columns.map(column => column.title)),
    rule: '─'.repeat(total(widths, shown)),
    line,
    left,
  }
}

/** A whole table, with a line feed at its end. `foot` is a row below a rule. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number | null,
  foot?: readonly string[],
): string {
  const layout = layOut(columns, foot === undefined ? rows : [...rows, foot], width)
  const lines = [layout.head, layout.rule, ...rows.map(layout.line)]
  if (foot !== undefined) lines.push(layout.rule, layout.line(foot))
  if (layout.left.length > 0) {
    const note = `Not shown for want of room: ${layout.left.join(', ')}. They are in --format csv and json.`
    lines.push('', ...wrapped(note, width))
  }
  return `${lines.join('\n')}\n`
}

function wrapped(text: string, width: number | null): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    const longer = line === undefined ? word : `${line} ${word}`
    if (line !== undefined && (width === null || columnsOf(longer) <= width)) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function startWidth(column: TableColumn): number {
  return Math.max(columnsOf(column.title), column.least ?? 0)
}

function leavingOrder(columns: readonly TableColumn[]): number[] {
  return [...columns.keys()]
    .filter(at => columns[at]?.leaves !== undefined)
    .sort((a, b) => (columns[b]?.leaves ?? 0) - (columns[a]?.leaves ?? 0))
}

/** The width with every column cut as far as possible. */
function narrowest(columns: readonly TableColumn[], widths: readonly number[], shown: ReadonlySet<number>): number {
  const least = widths.map((width, at) => Math.min(width, columns[at]?.cutTo ?? width))
  return total(least, shown)
}

function cutWidest(columns: readonly TableColumn[], widths: number[], shown: ReadonlySet<number>, width: number): void {
  for (let over = total(widths, shown) - width; over > 0; over--) {
    const cuttable = [...shown].filter(at => (widths[at] ?? 0) > (columns[at]?.cutTo ?? Number.POSITIVE_INFINITY))
    if (cuttable.length === 0) return
    const widest = cuttable.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a))
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}

function total(widths: readonly number[], shown: ReadonlySet<number>): number {
  const sum = [...shown].reduce((all, at) => all + (widths[at] ?? 0), 0)
  return sum + gap.length * Math.max(0, shown.size - 1)
}

function fill(text: string, width: number, align: 'left' | 'right'): string {
  const cell = cutToColumns(text, width)
  const blank = ' '.repeat(Math.max(0, width - columnsOf(cell)))
  return align === 'right' ? blank + cell : cell + blank
}

/** `1234567` -> `1,234,567`; null -> `-`. */
export function figure(value: number | null): string {
  return value === null ? '-' : Math.round(value).toLocaleString('en-GB')
}

/** Milliseconds since the epoch -> `2026-11-23 14:05:09`, UTC. */
export function instant(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
}
