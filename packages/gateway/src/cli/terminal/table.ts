/**
 * Tables on a terminal: never wider than it, numbers right-aligned, two names never the same text. Where the terminal
 * is too narrow, ids and times get shorter first, then columns are hidden, then names are cut. Names of usual length
 * are worth more than a figure: they stay whole where hiding columns is enough for it.
 */
import { DistinctNames, distinctWidth } from './distinct.ts'
import { columnsOf, cutToColumns, printableLine } from './printable.ts'
import type { Shorten, ShortForm } from './shorter.ts'
import { wrapLine } from './wrap.ts'

export interface TableColumn {
  readonly title: string
  /** What it is called where it is hidden, if its title needs the one before it. */
  readonly fullTitle?: string
  readonly align?: 'left' | 'right'
  /**
   * On a narrow terminal, columns are hidden in the order of this number, highest first; a column without it stays.
   */
  readonly leaves?: number
  /**
   * Width to which this column is cut before others are hidden, or more where two names would be the same; only when no
   * other can be hidden, it is cut further. Without it the column is never cut.
   */
  readonly cutTo?: number
  /** True for sentences: two of them may be cut to the same text. */
  readonly prose?: true
  /** A shorter form of all texts, for a narrow terminal. */
  readonly shorten?: Shorten
  /** Least width, for tables whose rows arrive one by one. */
  readonly least?: number
}

export interface TableLayout {
  /** Title line, without a line feed. */
  readonly head: string
  readonly rule: string
  line(cells: readonly string[]): string
  /** False for a further row that needs a layout with it: it is too wide, or has a name that would be ambiguous. */
  fits(cells: readonly string[]): boolean
  /** Titles of the hidden columns. */
  readonly hidden: readonly string[]
  /** What a reader must know of shorter forms, a sentence each. */
  readonly notes: readonly string[]
}

type Rows = readonly (readonly string[])[]

const gap = '  '
/** Cuttable columns are never narrower. */
const cutLeast = 4
/** Names up to this width are not cut while a column can be hidden that is not among the last ones to leave. */
const wholeNames = 24
const leavesLast = 2

/**
 * Chooses columns and widths from the known rows. `width` is the terminal's, null for no bound: output to a file or a
 * pipe is never cut.
 */
export function layOut(columns: readonly TableColumn[], rows: Rows, width: number | null): TableLayout {
  const drafts = columns.map((column, at) =>
    draftOf(
      column,
      rows.map(row => printableLine(row[at] ?? '')),
    ),
  )
  if (width !== null) squeeze(drafts, width)
  const shown = drafts.flatMap((draft, at) => (draft.isHidden ? [] : [{ ...columnOf(draft), at }]))
  const line = (cells: readonly string[]): string =>
    shown
      .map(({ at, width: own, align, text }) => {
        const plain = printableLine(cells[at] ?? '')
        return pad(width === null ? plain : text(plain), own, align)
      })
      .join(gap)
      .trimEnd()
  return {
    head: shown
      .map(({ title, width: own, align }) => pad(title, own, align))
      .join(gap)
      .trimEnd(),
    rule: '─'.repeat(totalWidth(drafts)),
    line,
    fits: cells => width === null || shown.every(({ at, fits }) => fits(printableLine(cells[at] ?? ''))),
    hidden: drafts.filter(({ isHidden }) => isHidden).map(({ column }) => column.fullTitle ?? column.title),
    notes: drafts.flatMap(({ isHidden, short }) =>
      isHidden || short === null || short.note === '' ? [] : [short.note],
    ),
  }
}

/** A whole table, with a line feed at its end. `foot` is a row below a rule. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: Rows,
  width: number | null,
  foot?: readonly string[],
): string {
  const layout = layOut(columns, foot === undefined ? rows : [...rows, foot], width)
  const lines = [layout.head, layout.rule, ...rows.map(layout.line)]
  if (foot !== undefined) lines.push(layout.rule, layout.line(foot))
  const notes = notesOf(layout)
  if (notes !== '') lines.push('', wrapLine(notes, width, 0))
  return `${lines.join('\n')}\n`
}

/** Notes below a table; empty where there are none. */
function notesOf({ notes, hidden }: TableLayout): string {
  if (hidden.length === 0) return notes.join(' ')
  const columns = `Hidden columns (window too narrow): ${hidden.join(', ')}. Use --format csv to see all.`
  return [...notes, columns].join(' ')
}

/** A column while widths are chosen. */
interface Draft {
  readonly column: TableColumn
  /** Texts of the known rows, as they are shown without cutting. */
  texts: readonly string[]
  short: ShortForm | null
  width: number
  isHidden: boolean
}

function draftOf(column: TableColumn, texts: readonly string[]): Draft {
  const draft: Draft = { column, texts, short: null, width: 0, isHidden: false }
  draft.width = Math.max(widest(draft), column.least ?? 0)
  return draft
}

/** Width of the title and of the known texts. */
function widest({ column, texts }: Draft): number {
  return texts.reduce((most, text) => Math.max(most, columnsOf(text)), columnsOf(column.title))
}

/** Makes the table as narrow as the terminal. */
function squeeze(drafts: readonly Draft[], width: number): void {
  for (const draft of drafts) if (totalWidth(drafts) > width) makeShorter(draft)
  hideForNames(drafts, width)
  cutWidest(drafts, width, wholeWidth)
  for (const draft of inOrderOfLeaving(drafts)) {
    if (totalWidth(drafts, cutWidth) <= width) break
    draft.isHidden = true
  }
  cutWidest(drafts, width, cutWidth)
  cutWidest(drafts, width, ({ column, width: own }) => (column.cutTo === undefined ? own : cutLeast))
}

/** Hides as many columns as names of usual length need; none where that is not enough. */
function hideForNames(drafts: readonly Draft[], width: number): void {
  const hidden: Draft[] = []
  for (const draft of inOrderOfLeaving(drafts)) {
    if (totalWidth(drafts, wholeWidth) <= width) return
    if ((draft.column.leaves ?? 0) <= leavesLast) break
    draft.isHidden = true
    hidden.push(draft)
  }
  if (totalWidth(drafts, wholeWidth) > width) for (const draft of hidden) draft.isHidden = false
}

function makeShorter(draft: Draft): void {
  const short = draft.column.shorten?.(draft.texts) ?? null
  if (short === null) return
  const texts = draft.texts.map(text => short.of(text))
  if (texts.some(text => text === null)) return
  draft.short = short
  draft.texts = texts.filter(text => text !== null)
  draft.width = widest(draft)
}

function inOrderOfLeaving(drafts: readonly Draft[]): Draft[] {
  return drafts
    .filter(({ column }) => column.leaves !== undefined)
    .sort((a, b) => (b.column.leaves ?? 0) - (a.column.leaves ?? 0))
}

/** The width to which a column is cut before others are hidden. */
function cutWidth({ column, texts, width }: Draft): number {
  if (column.cutTo === undefined) return width
  const least = column.prose === true ? column.cutTo : Math.max(column.cutTo, distinctWidth(texts))
  return Math.min(width, least)
}

/** The width of a column whose names of usual length are whole. A longer one among them is cut alone. */
function wholeWidth(draft: Draft): number {
  if (draft.column.prose === true) return cutWidth(draft)
  const usual = draft.texts.map(columnsOf).filter(columns => columns <= wholeNames)
  return Math.min(draft.width, Math.max(cutWidth(draft), ...usual))
}

function cutWidest(drafts: readonly Draft[], width: number, leastOf: (draft: Draft) => number): void {
  const cuttable = drafts.filter(({ isHidden }) => !isHidden).map(draft => ({ draft, least: leastOf(draft) }))
  for (let over = totalWidth(drafts) - width; over > 0; over--) {
    const left = cuttable.filter(({ draft, least }) => draft.width > least)
    const [first, ...others] = left
    if (first === undefined) return
    const { draft } = others.reduce((a, b) => (b.draft.width > a.draft.width ? b : a), first)
    draft.width -= 1
  }
}

function totalWidth(drafts: readonly Draft[], widthOf: (draft: Draft) => number = ({ width }) => width): number {
  const shown = drafts.filter(({ isHidden }) => !isHidden)
  const sum = shown.reduce((all, draft) => all + widthOf(draft), 0)
  return sum + gap.length * Math.max(0, shown.length - 1)
}

interface ShownColumn {
  readonly title: string
  readonly width: number
  readonly align: 'left' | 'right'
  readonly text: (plain: string) => string
  readonly fits: (plain: string) => boolean
}

function columnOf({ column, texts, short, width }: Draft): ShownColumn {
  const { title, align = 'left', cutTo, prose } = column
  const own = { title: cutTo === undefined ? title : cutToColumns(title, width), width, align }
  const text = (plain: string): string => short?.of(plain) ?? plain
  if (cutTo === undefined) {
    return { ...own, text, fits: plain => columnsOf(text(plain)) <= width }
  }
  if (prose === true) return { ...own, text: plain => cutToColumns(text(plain), width), fits: () => true }
  const names = new DistinctNames(texts, width)
  return { ...own, text: plain => names.show(text(plain)), fits: plain => names.isPlain(text(plain)) }
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const blank = ' '.repeat(Math.max(0, width - columnsOf(text)))
  return align === 'right' ? blank + text : text + blank
}

/** `1234567` -> `1,234,567`; null -> `-`. */
export function figure(value: number | null): string {
  return value === null ? '-' : Math.round(value).toLocaleString('en-GB')
}
