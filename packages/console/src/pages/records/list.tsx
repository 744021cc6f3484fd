import { useMediaQuery } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { paths } from '../../app/paths.ts'
import { PlaceLink, useLink } from '../../app/place-link.tsx'
import { useDensity } from '../../app/settings.ts'
import { Costs, Duration, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Outcome } from '../../parts/outcome.tsx'
import { records as text } from '../../texts/records.ts'
import type { RecordColumn } from './columns.tsx'
import styles from './list.module.css'
import type { RecordRow } from './query.ts'

interface RecordListProps {
  readonly rows: readonly RecordRow[]
  readonly columns: readonly RecordColumn[]
  /** Called when the end of the list comes into sight. */
  readonly onEnd: () => void
}

const rowHeights = { compact: 32, roomy: 42 } as const
/** Three lines, on a small screen. */
const cardHeight = 84

/**
 * A table of which only the visible rows are drawn, so that its length costs nothing. A table element
 * cannot leave out the rows that are out of sight, so the parts have roles instead.
 */
export function RecordList({ rows, columns, onEnd }: RecordListProps) {
  const scroller = useRef<HTMLElement>(null)
  const [density] = useDensity()
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const height = isNarrow ? cardHeight : rowHeights[density]
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  })
  const visible = virtual.getVirtualItems()
  const last = visible.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - 15) onEnd()
  }, [last, rows.length, onEnd])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the heights change with the density.
  useEffect(() => virtual.measure(), [height])
  const grid = {
    gridTemplateColumns: columns
      .map(({ width, share }) => `minmax(${width}px, ${share === 0 ? `${width}px` : `${share}fr`})`)
      .join(' '),
  }
  const least = isNarrow ? 0 : columns.reduce((sum, { width }) => sum + width, 0) + 16
  return (
    <section ref={scroller} className={styles['scroller']} tabIndex={0} aria-label={text.list} onKeyDown={moveFocus}>
      <div role="table" aria-label={text.list} aria-rowcount={rows.length + 1} style={{ minWidth: least }}>
        {!isNarrow && <Head columns={columns} grid={grid} />}
        <div role="rowgroup" className={styles['body']} style={{ height: virtual.getTotalSize() }}>
          {visible.map(({ index, start, key }) => {
            const row = rows[index]
            if (row === undefined) return null
            const style = { height, transform: `translateY(${start}px)` }
            return isNarrow ? (
              <Card key={key} row={row} index={index} style={style} />
            ) : (
              <Row key={key} row={row} columns={columns} index={index} style={{ ...grid, ...style }} />
            )
          })}
        </div>
      </div>
    </section>
  )
}

interface HeadProps extends Pick<RecordListProps, 'columns'> {
  readonly grid: Readonly<Record<string, string>>
}

function Head({ columns, grid }: HeadProps) {
  return (
    <div role="row" aria-rowindex={1} className={`${styles['row']} ${styles['head']}`} style={grid}>
      {columns.map(({ name, align }) => (
        <div key={name} role="columnheader" className={align === 'right' ? styles['right'] : undefined}>
          {text.names[name]}
        </div>
      ))}
    </div>
  )
}

interface RowProps {
  readonly row: RecordRow
  readonly columns: readonly RecordColumn[]
  readonly index: number
  readonly style: Readonly<Record<string, string | number>>
}

function Row({ row, columns, index, style }: RowProps) {
  const navigate = useNavigate()
  const link = useLink(paths.record(row.id))
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={styles['row']}
      style={style}
      onClick={() => void navigate(link)}
    >
      {columns.map(({ name, align, cell }, at) => (
        <div
          key={name}
          role="cell"
          className={align === 'right' ? styles['right'] : undefined}
          onClick={name === 'why' ? event => event.stopPropagation() : undefined}
        >
          {at === 0 ? <PlaceLink place={paths.record(row.id)}>{cell(row)}</PlaceLink> : cell(row)}
        </div>
      ))}
    </div>
  )
}

/** What matters most of a record, where columns have no room. */
function Card({ row, index, style }: Omit<RowProps, 'columns'>) {
  const navigate = useNavigate()
  const link = useLink(paths.record(row.id))
  const who = row.callerName ?? row.callerObjectId ?? text.none
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`${styles['row']} ${styles['card']}`}
      style={style}
      onClick={() => void navigate(link)}
    >
      <div role="cell">
        <div className={styles['cardLine']}>
          <PlaceLink place={paths.record(row.id)}>
            <Moment ms={row.startedAtMs} />
          </PlaceLink>
          <Outcome outcome={row.outcome} code={row.outcomeCode} />
        </div>
        <div className={styles['cardLine']}>
          <Foreign text={who} />
          <Foreign text={row.workload ?? text.none} />
        </div>
        <div className={`${styles['cardLine']} ${styles['dimmed']}`}>
          <Foreign text={row.servedModel ?? row.requestedModel ?? text.none} />
          <span>
            <Duration ms={row.durationMs} />
            {row.cost !== null && ' · '}
            {row.cost !== null && <Costs costs={[row.cost]} />}
          </span>
        </div>
      </div>
    </div>
  )
}

/** Arrows move from the link of a row to the next. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const links = [...event.currentTarget.querySelectorAll('a')]
  const at = links.indexOf(document.activeElement as HTMLAnchorElement)
  const next = links[at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
