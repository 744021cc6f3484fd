import { Alert } from '@mantine/core'
import { useSessionStorage } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { usePerson } from '../../api/whoami.ts'
import { Icon } from '../../parts/icons.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { ReasonForm } from '../../parts/reason-form.tsx'
import { Empty } from '../../parts/states.tsx'
import { record as text } from '../../texts/record.ts'
import { type Bodies, bodiesOf, type RecordRow, readingOf } from './query.ts'

interface BodiesGateProps {
  readonly row: RecordRow
  readonly children: (bodies: Bodies) => ReactNode
}

/** Bodies are read by those who may, auditors after they said why. The reason is kept while the tab is open. */
export function BodiesGate({ row, children }: BodiesGateProps) {
  const reading = readingOf(usePerson(), row)
  const [reason, setReason] = useSessionStorage({
    key: `gatehouse-reason-${row.id}`,
    defaultValue: '',
    getInitialValueInEffect: false,
  })
  if (reading === 'not')
    return (
      <Alert color="gray" icon={<Icon name="lock" />}>
        {text.bodiesForbidden}
      </Alert>
    )
  if (reading === 'with-reason' && reason === '') return <ReasonForm button={text.read} onReason={setReason} />
  return (
    <Shown row={row} reason={reading === 'freely' ? null : reason}>
      {children}
    </Shown>
  )
}

interface ShownProps extends BodiesGateProps {
  readonly reason: string | null
}

function Shown({ row, reason, children }: ShownProps) {
  const query = useQuery(bodiesOf(row.id, reason))
  return (
    <QueryView query={query}>
      {bodies =>
        bodies.request === null && bodies.response === null ? (
          <Empty title={text.noBodies} advice={text.noBodiesAdvice} />
        ) : (
          children(bodies)
        )
      }
    </QueryView>
  )
}
