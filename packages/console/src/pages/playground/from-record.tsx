import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { changed, useAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { shownText } from '../../parts/foreign.tsx'
import { Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { playground as text } from '../../texts/playground.ts'
import { BodiesGate } from '../record/bodies-gate.tsx'
import { bytesOf, jsonOf, textOfBytes } from '../record/bytes.ts'
import { type Bodies, type RecordRow, recordOf } from '../record/query.ts'
import type { Offer } from './query.ts'
import { recordedOf } from './recorded.ts'
import { addressOfSettings, operations } from './settings.ts'
import { talk } from './talk.ts'

interface FromRecordProps {
  readonly id: string
  readonly offer: Offer
}

/** Takes the question of a record, by whoever may read it, auditors after they said why. */
export function FromRecord({ id, offer }: FromRecordProps) {
  return (
    <Panel title={text.fromRecord} aside={<PlaceLink place={paths.record(id)}>{text.record}</PlaceLink>}>
      <QueryView query={useQuery(recordOf(id))}>
        {row => <BodiesGate row={row}>{bodies => <Taken row={row} bodies={bodies} offer={offer} />}</BodiesGate>}
      </QueryView>
    </Panel>
  )
}

interface TakenProps {
  readonly row: RecordRow
  readonly bodies: Bodies
  readonly offer: Offer
}

function Taken({ row, bodies, offer }: TakenProps) {
  const navigate = useNavigate()
  const { period } = useAddress()
  const operation = operations.find(one => one === row.operation)
  const written = bodies.request === null ? null : jsonOf(textOfBytes(bytesOf(bodies.request.base64)))
  const recorded = operation === undefined ? null : recordedOf(operation, written)
  if (recorded === null) return <Empty title={text.recordNotUnderstood} advice={text.recordNotUnderstoodAdvice} />
  const { messages, settings, texts, leftOut } = recorded
  const isOther = row.workload !== null && !offer.workloads.some(({ name }) => name === row.workload)
  const take = (): void => {
    talk.replace(messages.slice(0, -1), texts)
    const last = messages.at(-1)
    if (last?.role === 'user') talk.write({ draft: last })
    else talk.replace(messages, texts)
    const where = { workload: isOther ? undefined : (row.workload ?? undefined), target: row.target ?? undefined }
    const deployment = row.deployment ?? row.requestedModel ?? undefined
    const search = changed({}, { period, ...where, deployment, ...addressOfSettings(settings) })
    void navigate({ to: '/playground', search: search as never, replace: true })
  }
  return (
    <Stack gap="sm">
      <Text size="sm">{text.useRecordSaid}</Text>
      {isOther && <Alert color="yellow">{text.otherWorkload(shownText(row.workload ?? ''))}</Alert>}
      {leftOut.length > 0 && <Alert color="yellow">{text.leftOut(shownText(leftOut.join(', ')))}</Alert>}
      <Group>
        <Button size="sm" onClick={take}>
          {text.useRecord}
        </Button>
      </Group>
    </Stack>
  )
}
