import { Fragment, type ReactNode } from 'react'
import { Foreign } from '../../parts/foreign.tsx'
import { record as text } from '../../texts/record.ts'
import type { RecordRow } from './query.ts'
import styles from './record.module.css'

/** Every field of the record, by its name in the management API. */
export function Facts({ row }: { readonly row: RecordRow }) {
  return (
    <dl className={styles['facts']}>
      {Object.entries(row).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{shown(value)}</dd>
        </Fragment>
      ))}
    </dl>
  )
}

function shown(value: unknown): ReactNode {
  if (value === null) return '–'
  if (typeof value === 'boolean') return value ? text.yes : text.no
  if (typeof value === 'string') return <Foreign text={value} />
  return <Foreign text={JSON.stringify(value)} />
}
