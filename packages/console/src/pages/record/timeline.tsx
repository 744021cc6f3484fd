import { Text } from '@mantine/core'
import { Duration } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { DataTable } from '../../parts/table.tsx'
import { record as text } from '../../texts/record.ts'
import type { RecordRow } from './query.ts'
import styles from './record.module.css'
import { type Stage, stagesOf } from './stages.ts'

/** How long each part of the exchange took, and the tries at instances. */
export function Timeline({ row }: { readonly row: RecordRow }) {
  const stages = stagesOf(row)
  const whole = Math.max(1, row.durationMs)
  const tries = row.attempts.map((attempt, index) => ({ ...attempt, at: index + 1 }))
  const titles = text.attempt
  return (
    <>
      {stages.map(stage => (
        <StageBar key={stage.name} stage={stage} whole={whole} />
      ))}
      {tries.length > 0 && (
        <div className={styles['attempts']}>
          <Text size="xs" c="dimmed">
            {text.attempts}
          </Text>
          <DataTable
            label={text.attempts}
            columns={[
              { title: titles.at, cell: ({ at }) => at },
              { title: titles.instance, cell: ({ instance }) => <Foreign text={instance} /> },
              { title: titles.status, align: 'right', cell: ({ status }) => status ?? '–' },
              { title: titles.duration, align: 'right', cell: ({ durationMs }) => <Duration ms={durationMs} /> },
              { title: titles.error, cell: ({ error }) => (error === null ? '' : <Foreign text={error} />) },
            ]}
            rows={tries}
            keyOf={({ at }) => String(at)}
          />
        </div>
      )}
    </>
  )
}

function StageBar({ stage: { name, fromMs, durationMs }, whole }: { readonly stage: Stage; readonly whole: number }) {
  const percent = (ms: number): string => `${Math.min(100, (100 * ms) / whole)}%`
  return (
    <div className={styles['stage']}>
      <span>{text.stages[name]}</span>
      <div className={styles['track']} aria-hidden="true">
        <div
          className={`${styles['bar']} ${styles[name]}`}
          style={{ left: percent(fromMs), width: percent(durationMs) }}
        />
      </div>
      <span className={styles['right']}>
        <Duration ms={durationMs} />
      </span>
    </div>
  )
}
