import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { paths } from '../../app/paths.ts'
import { PlaceLink, useLink } from '../../app/place-link.tsx'
import { useDensity } from '../../app/settings.ts'
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

/**
 * A table of which only the visible rows are drawn, so that its length costs nothing. A table element
 * cannot leave out the rows that are out of sight, so the parts have roles instead.
 */
export function RecordList({ rows, columns, onEnd }: RecordListProps) {
  const scroller = useRef<HTMLElement>(null)
  const [density] = useDensity()
  const height = rowHeights[density]
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
  const least = columns.reduce((sum, { width }) => sum + width, 0) + 16
  return (
    <section ref={scroller} className={styles['scroller']} tabIndex={0} aria-label={text.list} onKeyDown={moveFocus}>
      <div role="table" aria-label={text.list} aria-rowcount={rows.length + 1} style={{ minWidth: least }}>
        <div role="row" aria-rowindex={1} className={`${styles['row']} ${styles['head']}`} style={grid}>
          {columns.map(({ name, align }) => (
            <div key={name} role="columnheader" className={align === 'right' ? styles['right'] : undefined}>
              {text.names[name]}
            </div>
          ))}
        </div>
        <div role="rowgroup" className={styles['body']} style={{ height: virtual.getTotalSize() }}>
          {visible.map(({ index, start, key }) => {
            const row = rows[index]
            return row === undefined ? null : (
              <Row
                key={key}
                row={row}
                columns={columns}
                index={index}
                style={{ ...grid, height, transform: `translateY(${start}px)` }}
              />
            )
          })}
        </div>
      </div>
    </section>
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
        <div key={name} role="cell" className={align === 'right' ? styles['right'] : undefined}>
          {at === 0 ? <PlaceLink place={paths.record(row.id)}>{cell(row)}</PlaceLink> : cell(row)}
        </div>
      ))}
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
