import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { exactCost } from '../../format/cost.ts'
import { asPercent, exactly } from '../../format/number.ts'
import { Foreign } from '../../parts/foreign.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { DataTable } from '../../parts/table.tsx'
import { record as text } from '../../texts/record.ts'
import { type CostLines, costOfRecord, type RecordRow } from './query.ts'
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
        <b>{text.cost}</b>
        <b>{cost === null ? text.noPrice : exactCost(cost)}</b>
      </div>
      {cost !== null && <Priced row={row} cost={cost} />}
    </>
  )
}

interface PricedProps {
  readonly row: RecordRow
  readonly cost: NonNullable<RecordRow['cost']>
}

function Priced({ row, cost }: PricedProps) {
  const query = useQuery(costOfRecord(row.id))
  return (
    <>
      <Text size="xs" c="dimmed" my={4}>
        {text.price}
        <Foreign text={cost.price} />
      </Text>
      <QueryView query={query} lines={2}>
        {found => <Lines found={found} currency={cost.currency} />}
      </QueryView>
    </>
  )
}

function Lines({ found: { lines, share }, currency }: { readonly found: CostLines; readonly currency: string }) {
  if (lines === null) {
    return (
      <Text size="xs" c="dimmed">
        {text.otherPrice}
      </Text>
    )
  }
  const titles = text.costColumns
  return (
    <>
      <DataTable
        label={text.costTable}
        columns={[
          { title: titles.part, cell: ({ part }) => text.tokenParts[part], isName: true },
          { title: titles.tokens, align: 'right', cell: ({ tokens }) => exactly(tokens) },
          { title: titles.price(currency), align: 'right', cell: ({ nanoPerToken }) => perMillion(nanoPerToken) },
          { title: titles.cost(currency), align: 'right', cell: ({ nano }) => amounts.format(nano / 1e9) },
        ]}
        rows={lines}
        keyOf={({ part }) => part}
      />
      {share !== null && share !== 1 && (
        <Text size="xs" c="dimmed">
          {text.batchShare(asPercent(share))}
        </Text>
      )}
    </>
  )
}

const amounts = new Intl.NumberFormat('en', { minimumFractionDigits: 9, maximumFractionDigits: 12 })
const prices = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 6 })

/** Billionths a token are thousandths of the currency a million tokens. */
function perMillion(nanoPerToken: number): string {
  return prices.format(nanoPerToken / 1_000)
}
