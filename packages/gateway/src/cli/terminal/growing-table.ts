import { layOut, type TableColumn, type TableLayout } from './table.ts'

/** Rows that a further layout follows. */
const rowsKept = 200

/** A table whose rows arrive one by one. A row that does not fit gets a new head above it. */
export class GrowingTable {
  readonly #columns: readonly TableColumn[]
  readonly #width: number | null
  #rows: (readonly string[])[] = []
  #layout: TableLayout | null = null

  /** @param width of the terminal; null for no bound, which has one head only. */
  constructor(columns: readonly TableColumn[], width: number | null) {
    this.#columns = columns
    this.#width = width
  }

  /** Text of further rows, which are known together. */
  text(rows: readonly (readonly string[])[]): string {
    this.#rows = [...this.#rows, ...rows].slice(-rowsKept)
    const head = this.#layout !== null && rows.every(this.#layout.fits) ? [] : this.#newHead()
    const lines = rows.map(row => this.#layout?.line(row) ?? '')
    return [...head, ...lines].map(line => `${line}\n`).join('')
  }

  #newHead(): string[] {
    const isFirst = this.#layout === null
    this.#layout = layOut(this.#columns, this.#rows, this.#width)
    const { head, rule } = this.#layout
    return [...(isFirst ? [] : ['']), head, rule]
  }
}
