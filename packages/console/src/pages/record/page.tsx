import { Group, SimpleGrid, Stack, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useMay } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Duration, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Outcome } from '../../parts/outcome.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { record as text } from '../../texts/record.ts'
import { Again } from './again.tsx'
import { BodiesGate } from './bodies-gate.tsx'
import { Compare } from './compare.tsx'
import { Conversation } from './conversation.tsx'
import { Facts } from './facts.tsx'
import { LimitsMet } from './limits-met.tsx'
import { type RecordRow, recordOf } from './query.ts'
import { Raw } from './raw.tsx'
import styles from './record.module.css'
import { Stream } from './stream.tsx'
import { Timeline } from './timeline.tsx'
import { UsageTable } from './usage-table.tsx'

const views = ['conversation', 'raw', 'stream', 'compare', 'again', 'facts'] as const
type View = (typeof views)[number]

/** One exchange: what was said, how long each part took, what it cost. */
export function Page() {
  const { id = '' } = useParams({ strict: false }) as { readonly id?: string }
  const query = useQuery(recordOf(id))
  return (
    <Frame title={text.title} aside={<Links row={query.data} />}>
      <QueryView query={query}>{row => <Whole row={row} />}</QueryView>
    </Frame>
  )
}

/** Operations whose request fills the playground. */
const playable: ReadonlySet<string> = new Set(['chat/completions', 'responses'])

function Links({ row }: { readonly row: RecordRow | undefined }) {
  const mayExplain = useMay('GET /api/v1/records/{id}/explain')
  const mayPlay = useMay('GET /api/v1/playground')
  return (
    <Group gap="md">
      {row !== undefined && mayExplain && (
        <PlaceLink place={paths.explain({ record: row.id })}>{text.explain}</PlaceLink>
      )}
      {row !== undefined && mayPlay && playable.has(row.operation ?? '') && (
        <PlaceLink place={paths.playground({ record: row.id })}>{text.play}</PlaceLink>
      )}
      <PlaceLink place={paths.records()}>{text.back}</PlaceLink>
    </Group>
  )
}

function Whole({ row }: { readonly row: RecordRow }) {
  const address = useAddress()
  const change = useChangeAddress()
  const shown = views.filter(name => name !== 'stream' || row.stream)
  const view: View = shown.find(name => name === address['view']) ?? 'conversation'
  return (
    <Stack gap="sm">
      <Summary row={row} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm">
        <Stack gap="sm">
          <Panel title={text.timeline}>
            <Timeline row={row} />
          </Panel>
          <Panel title={text.limits}>
            <LimitsMet row={row} />
          </Panel>
        </Stack>
        <Panel title={text.usage}>
          <UsageTable row={row} />
        </Panel>
      </SimpleGrid>
      <Panel>
        <Tabs
          value={view}
          onChange={name => change({ view: name ?? undefined }, { replace: true })}
          keepMounted={false}
        >
          <Tabs.List mb="sm">
            {shown.map(name => (
              <Tabs.Tab key={name} value={name}>
                {text.views[name]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="conversation">
            <BodiesGate row={row}>{bodies => <Conversation bodies={bodies} />}</BodiesGate>
          </Tabs.Panel>
          <Tabs.Panel value="raw">
            <BodiesGate row={row}>{bodies => <Raw bodies={bodies} />}</BodiesGate>
          </Tabs.Panel>
          <Tabs.Panel value="stream">
            <BodiesGate row={row}>{bodies => <Stream row={row} bodies={bodies} />}</BodiesGate>
          </Tabs.Panel>
          <Tabs.Panel value="compare">
            <Compare row={row} />
          </Tabs.Panel>
          <Tabs.Panel value="again">
            <BodiesGate row={row}>{bodies => <Again row={row} bodies={bodies} />}</BodiesGate>
          </Tabs.Panel>
          <Tabs.Panel value="facts">
            <Facts row={row} />
          </Tabs.Panel>
        </Tabs>
      </Panel>
    </Stack>
  )
}

function Summary({ row }: { readonly row: RecordRow }) {
  const written = (value: string | null): ReactNode => (value === null ? text.notKnown : <Foreign text={value} />)
  const caller = row.callerName ?? row.callerObjectId
  return (
    <Panel>
      <Group gap="xl" align="flex-start" className={styles['summary'] ?? ''}>
        <Fact name={text.summary}>
          <Outcome outcome={row.outcome} code={row.outcomeCode} /> {row.status ?? ''} · <Duration ms={row.durationMs} />
        </Fact>
        <Fact name={text.when}>
          <Moment ms={row.startedAtMs} />
        </Fact>
        <Fact name={text.who}>
          {row.callerObjectId === null ? (
            written(caller)
          ) : (
            <PlaceLink place={paths.records({ caller: row.callerObjectId })}>{written(caller)}</PlaceLink>
          )}
          {row.workload !== null && (
            <>
              {' · '}
              <PlaceLink place={paths.records({ workload: row.workload })}>{written(row.workload)}</PlaceLink>
            </>
          )}
        </Fact>
        <Fact name={text.what}>
          {written(row.operation)} · {written(row.servedModel ?? row.requestedModel)}
        </Fact>
        <Fact name={text.where}>
          {written(row.instance)}
          {row.region !== null && ` (${row.region})`}
        </Fact>
        <Fact name="Id">
          <Text span className={styles['mono'] ?? ''}>
            {row.id}
          </Text>
        </Fact>
      </Group>
    </Panel>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <div>{children}</div>
    </div>
  )
}
