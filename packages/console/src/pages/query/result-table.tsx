import { ActionIcon, Group, Text, UnstyledButton } from '@mantine/core'
import { useMemo, useState } from 'react'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { exactly } from '../../format/number.ts'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { query as text } from '../../texts/query.ts'
import { table } from '../../texts/table.ts'
import { type Order, orderedRows } from './order.ts'
import styles from './query.module.css'
import type { QueryResult, ResultColumn, Value } from './query.ts'
import { isNumber, valueText } from './values.ts'

/** Rows that are drawn at once. */
const pageRows = 200

/** Every value as it came. Titles order the rows; the table scrolls within its own frame. */
export function ResultTable({ result }: { readonly result: QueryResult }) {
  const { columns, rows } = result
  const [order, setOrder] = useState<Order | null>(null)
  const [page, setPage] = useState(0)
  const ordered = useMemo(() => orderedRows(rows, columns, order), [rows, columns, order])
  const from = page * pageRows
  const shown = ordered.slice(from, from + pageRows)
  const turn = (column: number): void => {
    setOrder({ column, isUp: order?.column === column ? !order.isUp : !isNumber(columns[column] ?? noColumn) })
    setPage(0)
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className={styles['frame']} tabIndex={0} aria-label={text.resultRows}>
        <table className={styles['table']}>
          <thead>
            <tr>
              {columns.map((column, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name.
                <Title key={at} column={column} order={order?.column === at ? order : null} onTurn={() => turn(at)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no key of their own.
              <tr key={from + at}>
                {columns.map((column, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name.
                  <td key={index} className={(isNumber(column) ? styles['right'] : undefined) ?? ''}>
                    <Cell column={column} value={row[index] ?? null} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > pageRows && <Pages from={from} rows={rows.length} onPage={by => setPage(page + by)} />}
    </>
  )
}

const noColumn: ResultColumn = { name: '', type: '' }

interface TitleProps {
  readonly column: ResultColumn
  readonly order: Order | null
  readonly onTurn: () => void
}

function Title({ column, order, onTurn }: TitleProps) {
  const { name, type } = column
  const sorted = order === null ? 'none' : order.isUp ? 'ascending' : 'descending'
  return (
    <th aria-sort={sorted} scope="col" className={(isNumber(column) ? styles['right'] : undefined) ?? ''}>
      <UnstyledButton className={styles['order'] ?? ''} onClick={onTurn} title={table.orderBy(name)}>
        <Foreign text={name} />
        {order !== null && (order.isUp ? ' ↑' : ' ↓')}
        <span className={styles['columnType']}>{type}</span>
      </UnstyledButton>
    </th>
  )
}

function Cell({ column, value }: { readonly column: ResultColumn; readonly value: Value }) {
  if (value === null) return <span className={styles['null']}>{text.null}</span>
  const said = valueText(value)
  if (column.name === 'id' && column.type === 'UUID') {
    return (
      <PlaceLink place={paths.record(said)} aria-label={text.openRecord(said)}>
        {said}
      </PlaceLink>
    )
  }
  return (
    <span className={styles['cell']} title={said.length > 40 ? shownText(said) : undefined}>
      <Foreign text={said} />
    </span>
  )
}

interface PagesProps {
  readonly from: number
  readonly rows: number
  readonly onPage: (by: number) => void
}

function Pages({ from, rows, onPage }: PagesProps) {
  const to = Math.min(from + pageRows, rows)
  return (
    <Group gap="xs" mt="xs">
      <ActionIcon variant="default" size="sm" aria-label={text.before} disabled={from === 0} onClick={() => onPage(-1)}>
        <Icon name="left" size={12} />
      </ActionIcon>
      <Text size="xs">{text.pageOf(exactly(from + 1), exactly(to), exactly(rows))}</Text>
      <ActionIcon variant="default" size="sm" aria-label={text.after} disabled={to === rows} onClick={() => onPage(1)}>
        <Icon name="right" size={12} />
      </ActionIcon>
    </Group>
  )
}
