import { Group } from '@mantine/core'
import { send } from '../../api/client.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asPercent, exactly, humane } from '../../format/number.ts'
import { asInstant } from '../../format/time.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Count, Duration } from '../../parts/figures.tsx'
import { Meter } from '../../parts/meter.tsx'
import { Mood } from '../../parts/mood.tsx'
import type { Column } from '../../parts/table.tsx'
import { instances as text } from '../../texts/instances.ts'
import { type Instance, type Instances, instancesKey, type Traffic } from './query.ts'

const titles = text.columns

export const instanceColumns: readonly Column<Instance>[] = [
  { title: titles.name, cell: ({ name }) => <InstanceLink name={name} />, isName: true, order: ({ name }) => name },
  { title: titles.state, cell: one => <State instance={one} /> },
  { title: titles.actions, cell: one => <Actions instance={one} /> },
  { title: titles.region, cell: ({ region }) => region ?? text.unknown, order: ({ region }) => region ?? '' },
  { title: titles.credential, cell: ({ credential }) => text.credentials[credential] },
  {
    title: titles.inFlight,
    align: 'right',
    cell: ({ inFlight }) => <Count value={inFlight} />,
    order: ({ inFlight }) => inFlight,
  },
  { title: titles.probe, cell: ({ lastProbe }) => <LastProbe probe={lastProbe} /> },
]

function InstanceLink({ name }: { readonly name: string }) {
  return <PlaceLink place={paths.records({ instance: name })}>{name}</PlaceLink>
}

function State({ instance: { drained, credentialRefused, healthy } }: { readonly instance: Instance }) {
  if (drained !== null) {
    return (
      <Mood is="warn" title={text.drainedBy(drained.by, asInstant(drained.sinceMs))}>
        {text.states.drained}
      </Mood>
    )
  }
  if (credentialRefused) return <Mood is="bad">{text.states.credentialRefused}</Mood>
  return healthy ? <Mood is="good">{text.states.healthy}</Mood> : <Mood is="bad">{text.states.unhealthy}</Mood>
}

function LastProbe({ probe }: { readonly probe: Instance['lastProbe'] }) {
  if (probe === null) return text.neverProbed
  const said = probe.ok ? text.probeOk : (probe.error ?? String(probe.status))
  return (
    <span>
      <Mood is={probe.ok ? 'good' : 'bad'}>{said}</Mood> <Ago ms={probe.atMs} /> <Duration ms={probe.durationMs} />
    </span>
  )
}

function Actions({ instance: { name, drained } }: { readonly instance: Instance }) {
  const path = { name }
  return (
    <Group gap={6} wrap="nowrap">
      <ActionButton
        operation="POST /api/v1/instances/{name}/probe"
        label={text.probe}
        title={text.probeTitle(name)}
        consequence={text.probeSaid}
        run={() => send('POST /api/v1/instances/{name}/probe', { path })}
        changes={instancesKey}
      />
      {drained === null ? (
        <ActionButton
          operation="POST /api/v1/instances/{name}/drain"
          label={text.drain}
          title={text.drainTitle(name)}
          consequence={text.drainSaid}
          run={() => send('POST /api/v1/instances/{name}/drain', { path })}
          changes={instancesKey}
        />
      ) : (
        <ActionButton
          operation="POST /api/v1/instances/{name}/restore"
          label={text.restore}
          title={text.restoreTitle(name)}
          consequence={text.restoreSaid}
          run={() => send('POST /api/v1/instances/{name}/restore', { path })}
          changes={instancesKey}
        />
      )}
    </Group>
  )
}

export interface DeploymentRow {
  readonly instance: string
  readonly deployment: Instance['deployments'][number]
}

export const deploymentColumns: readonly Column<DeploymentRow>[] = [
  {
    title: titles.deployment,
    cell: ({ deployment }) => <span title={deployment.model}>{deployment.name}</span>,
    isName: true,
  },
  { title: titles.name, cell: ({ instance }) => instance },
  { title: titles.kind, cell: ({ deployment }) => text.kinds[deployment.kind] },
  { title: titles.breaker, cell: ({ deployment }) => <Breaker state={deployment.state} /> },
  { title: titles.utilisation, cell: row => <Utilisation {...row} /> },
  { title: titles.headroom, cell: ({ deployment }) => headroomOf(deployment.state) },
  {
    title: titles.inFlight,
    align: 'right',
    cell: ({ deployment }) => <Count value={deployment.state?.inFlight ?? 0} />,
  },
  {
    title: titles.latency,
    align: 'right',
    cell: ({ deployment }) => <Duration ms={deployment.state?.latencyMs ?? null} />,
    order: ({ deployment }) => deployment.state?.latencyMs ?? 0,
  },
  {
    title: titles.latencyP95,
    align: 'right',
    cell: ({ deployment }) => <Duration ms={deployment.state?.latencyP95Ms ?? null} />,
    order: ({ deployment }) => deployment.state?.latencyP95Ms ?? 0,
  },
  {
    title: titles.tries,
    align: 'right',
    cell: ({ deployment }) => <Count value={deployment.state?.calls ?? 0} />,
    order: ({ deployment }) => deployment.state?.calls ?? 0,
  },
  {
    title: titles.failures,
    align: 'right',
    cell: ({ deployment }) => <Count value={deployment.state?.failures ?? 0} />,
    order: ({ deployment }) => deployment.state?.failures ?? 0,
  },
]

type DeploymentState = DeploymentRow['deployment']['state']

function Breaker({ state }: { readonly state: DeploymentState }) {
  const breaker = state?.breaker ?? 'closed'
  const mood = breaker === 'closed' ? 'good' : breaker === 'open' ? 'bad' : 'warn'
  return (
    <span>
      <Mood is={mood}>{text.breakers[breaker]}</Mood>
      {breaker !== 'closed' && ` ${state?.breakerReason ?? ''}`}
    </span>
  )
}

function Utilisation({ instance, deployment: { name, state } }: DeploymentRow) {
  if (state === null || state.utilization === null) return text.unknown
  const said = asPercent(state.utilization)
  return (
    <Group gap={6} wrap="nowrap">
      <Meter label={`${titles.utilisation}, ${instance} ${name}`} share={state.utilization} />
      {said}
      {state.spilling && <Mood is="warn">{text.spilling}</Mood>}
    </Group>
  )
}

function headroomOf(state: DeploymentState): string {
  if (state === null || (state.remainingTokens === null && state.remainingRequests === null)) return text.unknown
  const said = (value: number | null): string => (value === null ? text.unknown : humane(value))
  return text.headroom(said(state.remainingTokens), said(state.remainingRequests))
}

export interface MemberRow {
  readonly pool: Instances['pools'][number]
  readonly member: Instances['pools'][number]['members'][number]
}

export const memberColumns: readonly Column<MemberRow>[] = [
  { title: titles.pool, cell: ({ pool }) => pool.name, isName: true, order: ({ pool }) => pool.name },
  { title: titles.strategy, cell: ({ pool }) => text.strategies[pool.strategy] },
  { title: titles.name, cell: ({ member }) => member.instance },
  { title: titles.priority, align: 'right', cell: ({ member }) => exactly(member.priority) },
  { title: titles.weight, align: 'right', cell: ({ member }) => exactly(member.weight) },
  {
    title: titles.spillAt,
    align: 'right',
    cell: ({ member: { spillAtUtilization: at } }) => (at === null ? text.unknown : asPercent(at)),
  },
  { title: titles.share, cell: row => <Share {...row} /> },
]

function Share({ pool, member: { instance, share } }: MemberRow) {
  if (share === null) return text.unknown
  return (
    <Group gap={6} wrap="nowrap">
      <Meter label={`${titles.share}, ${pool.name} ${instance}`} share={share} warns={false} />
      {asPercent(share)}
    </Group>
  )
}

type Line = Traffic['lines'][number]

export function trafficColumns(poolOf: (line: Line) => string): readonly Column<Line>[] {
  return [
    {
      title: titles.workload,
      cell: ({ keys: [workload] }) => workload ?? text.unnamed,
      isName: true,
      order: ({ keys: [workload] }) => workload ?? '',
    },
    { title: titles.pool, cell: poolOf, order: poolOf },
    {
      title: titles.name,
      cell: ({ keys: [, instance] }) => instance ?? text.unnamed,
      order: ({ keys: [, instance] }) => instance ?? '',
    },
    { title: titles.calls, align: 'right', cell: ({ calls }) => <Count value={calls} />, order: ({ calls }) => calls },
    {
      title: titles.tokens,
      align: 'right',
      cell: ({ totalTokens }) => <Count value={totalTokens} />,
      order: ({ totalTokens }) => totalTokens,
    },
    {
      title: titles.duration,
      align: 'right',
      cell: ({ averageDurationMs }) => <Duration ms={averageDurationMs} />,
      order: ({ averageDurationMs }) => averageDurationMs ?? 0,
    },
  ]
}
