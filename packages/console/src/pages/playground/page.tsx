import { Button, Code, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { type Person, usePerson } from '../../api/whoami.ts'
import { useAddress } from '../../app/address.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { playground as text } from '../../texts/playground.ts'
import { choiceOf } from './choice.ts'
import { Desk } from './desk.tsx'
import { FromRecord } from './from-record.tsx'
import { type Offer, offer } from './query.ts'
import { talk } from './talk.ts'

/** A conversation with one model, or with two beside each other. */
export function Page() {
  const person = usePerson()
  const query = useQuery(offer)
  const { record } = useAddress()
  const owner = keyOf(person)
  useEffect(() => talk.use(owner), [owner])
  const { sides } = useSyncExternalStore(talk.subscribe, talk.state)
  const hasModel = query.data !== undefined && choiceOf(query.data, {}) !== null
  const isEmpty = sides.every(messages => messages.length === 0)
  const aside = (
    <Button size="xs" variant="default" disabled={isEmpty} onClick={() => talk.clear()}>
      {text.begin}
    </Button>
  )
  return (
    <Frame title={text.title} aside={hasModel && record === undefined ? aside : undefined}>
      <QueryView query={query}>
        {found =>
          record === undefined ? <Offered offer={found} person={person} /> : <FromRecord id={record} offer={found} />
        }
      </QueryView>
    </Frame>
  )
}

interface OfferedProps {
  readonly offer: Offer
  readonly person: Person
}

function Offered({ offer: found, person }: OfferedProps) {
  const choice = choiceOf(found, useAddress())
  if (choice !== null) return <Desk choice={choice} bodyBytesMax={found.bodyBytesMax} />
  const hasWorkload = found.workloads.length > 0
  return (
    <Panel>
      <Empty
        title={hasWorkload ? text.noModel : text.noWorkload}
        advice={hasWorkload ? text.noModelAdvice : text.noWorkloadAdvice}
      >
        {!hasWorkload && (
          <Stack gap={2} mt="xs">
            <Text size="xs" c="dimmed">
              {text.yourId}
            </Text>
            <Group>
              <Code>{person.caller.objectId}</Code>
            </Group>
          </Stack>
        )}
      </Empty>
    </Panel>
  )
}

function keyOf({ caller }: Person): string {
  return `${caller.tenantId}/${caller.objectId}`
}
