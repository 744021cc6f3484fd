import { Text } from '@mantine/core'
import { exactCost } from '../../format/cost.ts'
import { exactly } from '../../format/number.ts'
import { Foreign } from '../../parts/foreign.tsx'
import { record as text } from '../../texts/record.ts'
import type { RecordRow } from './query.ts'
import styles from './record.module.css'

const wholes: ReadonlySet<string> = new Set(['promptTokens', 'completionTokens', 'totalTokens', 'reservedTokens'])

/** Tokens line by line, and what they cost. */
export function UsageTable({ row }: { readonly row: RecordRow }) {
  const { usage, cost, reservedTokens } = row
  const all: Readonly<Record<string, number | string | null>> = { ...usage, reservedTokens }
  const lines = Object.entries(text.usageRows).flatMap(([name, title]) => {
    const value = all[name]
    const isShown = typeof value === 'number' && (value > 0 || wholes.has(name))
    return isShown ? [{ name, title, value }] : []
  })
  return (
    <>
      <Text size="xs" c="dimmed" mb={4}>
        {text.usageSource[usage.source]}
      </Text>
      {lines.map(({ name, title, value }) => (
        <div key={name} className={`${styles['pair']} ${wholes.has(name) ? '' : styles['part']}`}>
          <span>{title}</span>
          <span>{exactly(value)}</span>
        </div>
      ))}
      <div className={styles['pair']}>
        <span>{text.cost}</span>
        <span>{cost === null ? text.noPrice : exactCost(cost)}</span>
      </div>
      {cost !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          {text.price}
          <Foreign text={cost.price} />
        </Text>
      )}
    </>
  )
}
