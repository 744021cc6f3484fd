import { Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { asPercent, exactly } from '../../format/number.ts'
import { Meter } from '../../parts/meter.tsx'
import { Mood } from '../../parts/mood.tsx'
import { Panel } from '../../parts/panel.tsx'
import { DataTable } from '../../parts/table.tsx'
import { instances as text } from '../../texts/instances.ts'
import { type Provisioned, provisionedOf } from './capacity.ts'
import { callsByDeployment, type Instances } from './query.ts'

/** How much of provisioned capacity is used now, and what went elsewhere in the period. */
export function ProvisionedCapacity({ report }: { readonly report: Instances }) {
  const hasSome = report.instances.some(({ deployments }) => deployments.some(({ kind }) => kind === 'provisioned'))
  const { workload } = useAddress()
  const query = useQuery({ ...callsByDeployment(useRange(), workload), enabled: hasSome })
  const rows = hasSome ? provisionedOf(report, query.data?.lines ?? []) : []
  if (rows.length === 0) return null
  const titles = text.columns
  return (
    <Panel title={text.provisioned}>
      <DataTable<Provisioned>
        label={text.provisionedTable}
        columns={[
          { title: titles.deployment, cell: ({ deployment }) => deployment, isName: true },
          { title: titles.name, cell: ({ instance }) => instance },
          { title: titles.pool, cell: ({ pool }) => pool },
          { title: titles.utilisation, cell: row => <Used row={row} /> },
          {
            title: titles.spillAt,
            align: 'right',
            cell: ({ spillAt }) => (spillAt === null ? text.spillsAt429 : asPercent(spillAt)),
          },
          { title: titles.ownCalls, cell: row => <Own row={row} /> },
          { title: titles.elsewhere, align: 'right', cell: ({ elsewhere }) => exactly(elsewhere) },
        ]}
        rows={rows}
        keyOf={({ pool, instance, deployment }) => `${pool}|${instance}|${deployment}`}
      />
      <Text size="xs" c="dimmed" mt="xs">
        {text.provisionedHint}
      </Text>
    </Panel>
  )
}

function Used({ row: { instance, deployment, utilization, isSpilling } }: { readonly row: Provisioned }) {
  if (utilization === null) return text.notSaidYet
  return (
    <Group gap={6} wrap="nowrap">
      <Meter label={`${text.provisioned}, ${instance} ${deployment}`} share={utilization} />
      {asPercent(utilization)}
      {isSpilling && <Mood is="warn">{text.spilling}</Mood>}
    </Group>
  )
}

function Own({ row: { instance, deployment, own, elsewhere } }: { readonly row: Provisioned }) {
  const share = own + elsewhere === 0 ? null : own / (own + elsewhere)
  if (share === null) return exactly(own)
  return (
    <Group gap={6} wrap="nowrap">
      <Meter label={`${text.columns.ownCalls}, ${instance} ${deployment}`} share={share} warns={false} />
      {`${exactly(own)} (${asPercent(share)})`}
    </Group>
  )
}
