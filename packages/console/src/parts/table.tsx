import { Table, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { table as text } from '../texts/table.ts'
import styles from './table.module.css'

/** A column: its title, its cells, and by what it orders where it can. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  readonly align?: 'right'
  readonly order?: (row: Row) => number | string
  /** The name of the row: a heading for those who hear the table. */
  readonly isName?: boolean
  /** Texts of any length: on a card they have a line of their own. */
  readonly isLong?: boolean
}

interface DataTableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
}

/**
 * A table whose titles order it; on a small screen a card per row, with roles that say that it is a table still. For a
 * few hundred rows; more are shown by a list that draws what is visible.
 */
export function DataTable<Row>({ label, columns, rows, keyOf }: DataTableProps<Row>) {
  const [ordered, setOrdered] = useState<{ readonly at: number; readonly isUp: boolean } | null>(null)
  const shown = orderedRows(rows, ordered === null ? undefined : columns[ordered.at]?.order, ordered?.isUp ?? false)
  const turn = (at: number): void => setOrdered({ at, isUp: ordered?.at === at ? !ordered.isUp : false })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section className={styles['scroll']} tabIndex={0} aria-label={label}>
      <Table role="table" className={styles['table'] ?? ''} highlightOnHover>
        <Table.Thead role="rowgroup">
          <Table.Tr role="row" data-order-by={text.orderByShort}>
            {columns.map(({ title, align, order }, at) => (
              <Table.Th
                key={title}
                role="columnheader"
                className={classOf(align)}
                aria-sort={sortOf(ordered, at)}
                data-orders={order !== undefined}
              >
                {order === undefined ? (
                  title
                ) : (
                  <UnstyledButton
                    className={styles['order'] ?? ''}
                    onClick={() => turn(at)}
                    title={text.orderBy(title)}
                  >
                    {title}
                    {ordered?.at === at && (ordered.isUp ? ' ↑' : ' ↓')}
                  </UnstyledButton>
                )}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody role="rowgroup">
          {shown.map(row => (
            <Table.Tr key={keyOf(row)} role="row">
              {columns.map(({ title, cell, align, isName, isLong }) =>
                isName === true ? (
                  <Table.Th key={title} role="rowheader" scope="row" className={styles['name'] ?? ''}>
                    {cell(row)}
                  </Table.Th>
                ) : (
                  <Table.Td
                    key={title}
                    role="cell"
                    className={isLong === true ? (styles['long'] ?? '') : classOf(align)}
                    data-title={title}
                  >
                    {cell(row)}
                  </Table.Td>
                ),
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}

function classOf(align: 'right' | undefined): string {
  return (align === 'right' ? styles['right'] : undefined) ?? ''
}

function sortOf(
  ordered: { readonly at: number; readonly isUp: boolean } | null,
  at: number,
): 'ascending' | 'descending' | 'none' {
  if (ordered?.at !== at) return 'none'
  return ordered.isUp ? 'ascending' : 'descending'
}

function orderedRows<Row>(
  rows: readonly Row[],
  order: ((row: Row) => number | string) | undefined,
  isUp: boolean,
): readonly Row[] {
  if (order === undefined) return rows
  const sign = isUp ? 1 : -1
  return rows.toSorted((one, other) => {
    const [a, b] = [order(one), order(other)]
    return a === b ? 0 : a < b ? -sign : sign
  })
}
