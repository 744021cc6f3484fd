import { Alert, Button, Group, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { mayUse } from '../../api/client.ts'
import { usePerson } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { rangeOf, readPeriod } from '../../app/period.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { exactly } from '../../format/number.ts'
import { asInstant } from '../../format/time.ts'
import { Moment } from '../../parts/figures.tsx'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { ReasonForm } from '../../parts/reason-form.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { records as text } from '../../texts/records.ts'
import { type Filters, valueNames } from './filters.ts'
import styles from './list.module.css'
import { type Asked, type FoundPage, foundPages, type Hit } from './search.ts'

interface FoundProps {
  readonly text: string
  readonly filters: Filters
}

/** The bodies of a workload's day that have a text. */
export function Found({ text: asked, filters }: FoundProps) {
  const { roles } = usePerson()
  const address = useAddress()
  const change = useChangeAddress()
  const lastMs = rangeOf(readPeriod(address), Date.now()).toMs - 1
  const day = address['day'] ?? asInstant(lastMs).slice(0, 10)
  const { workload, caller } = filters
  if (!mayUse('GET /api/v1/records/search', roles)) {
    return (
      <Alert color="gray" icon={<Icon name="lock" />}>
        {text.search.forbidden}
      </Alert>
    )
  }
  const others = valueNames.some(name => name !== 'workload' && name !== 'caller' && filters[name] !== undefined)
  return (
    <Panel title={text.search.title(shownText(asked))}>
      <Group gap="sm" align="flex-end" mb="sm">
        <TextInput
          size="xs"
          type="date"
          label={text.search.day}
          value={day}
          onChange={event => change({ day: event.currentTarget.value || undefined }, { replace: true })}
        />
        <Text size="xs" c="dimmed">
          {text.search.help}
          {others && ` ${text.search.otherFilters}`}
        </Text>
      </Group>
      {workload === undefined ? (
        <Empty title={text.search.noWorkload} advice={text.search.noWorkloadAdvice} />
      ) : (
        <Asking
          key={`${workload}|${day}|${asked}|${caller}`}
          needsReason={roles.includes('auditor')}
          asked={{ text: asked, workload, day, caller }}
        />
      )}
    </Panel>
  )
}

interface AskingProps {
  readonly needsReason: boolean
  readonly asked: Omit<Asked, 'reason'>
}

/** Whoever reads the bodies of others says why, for each search. */
function Asking({ needsReason, asked }: AskingProps) {
  const [reason, setReason] = useState<string | null>(null)
  if (needsReason && reason === null) return <ReasonForm button={text.search.button} onReason={setReason} />
  return <Hits asked={{ ...asked, reason }} />
}

function Hits({ asked }: { readonly asked: Asked }) {
  const query = useInfiniteQuery(foundPages(asked))
  if (query.data === undefined) {
    return query.error === null ? <Loading /> : <Failed error={query.error} again={() => void query.refetch()} />
  }
  const { pages } = query.data
  const hits = pages.flatMap(page => page.hits)
  return (
    <>
      {hits.length === 0 && !query.hasNextPage ? (
        <Empty title={text.search.none} advice={text.search.noneAdvice} />
      ) : (
        <ul className={styles['hits']}>
          {hits.map(hit => (
            <HitLine key={`${hit.id} ${hit.in}`} hit={hit} />
          ))}
        </ul>
      )}
      <Text size="xs" c="dimmed" mt="xs" role="status">
        {summaryOf(pages)}
      </Text>
      {query.hasNextPage && (
        <Button
          size="xs"
          mt="xs"
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {text.search.goOn}
        </Button>
      )}
      {query.error !== null && <Failed error={query.error} again={() => void query.fetchNextPage()} />}
    </>
  )
}

function HitLine({
  hit: { id, startedAtMs, callerName, callerKey, in: place, before, found, after },
}: {
  readonly hit: Hit
}) {
  return (
    <li>
      <Group gap="sm">
        <PlaceLink place={paths.record(id)}>
          <Moment ms={startedAtMs} />
        </PlaceLink>
        <Foreign text={callerName ?? callerKey ?? text.none} />
        <Text span size="xs" c="dimmed">
          {text.search.places[place]}
        </Text>
      </Group>
      <bdi className={styles['snippet']}>
        {shownText(before)}
        <mark>{shownText(found)}</mark>
        {shownText(after)}
      </bdi>
    </li>
  )
}

/** How much was looked at, and what could not be. */
function summaryOf(pages: readonly FoundPage[]): string {
  const sum = (name: 'searched' | 'deleted' | 'uncaptured' | 'unread'): number =>
    pages.reduce((all, page) => all + page[name], 0)
  const left = (['deleted', 'uncaptured', 'unread'] as const).flatMap(name =>
    sum(name) === 0 ? [] : [text.search.left[name](exactly(sum(name)))],
  )
  return [text.search.searched(exactly(sum('searched')), exactly(pages[0]?.records ?? 0)), ...left].join(' ')
}
