import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { DataTable } from '../../parts/table.tsx'
import { record as text } from '../../texts/record.ts'
import { BodiesGate } from './bodies-gate.tsx'
import styles from './compare.module.css'
import { answerText, comparedMax, fieldsApart, folded, linePairs, requestText } from './compare.ts'
import { type Bodies, callBefore, type RecordRow, recordOf } from './query.ts'

const idForm = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** This record beside another one. */
export function Compare({ row }: { readonly row: RecordRow }) {
  const { with: id } = useAddress()
  return (
    <Stack gap="sm">
      <OtherForm key={id} row={row} id={id ?? ''} />
      {id === undefined ? (
        <Text size="sm" c="dimmed">
          {text.compareHelp}
        </Text>
      ) : (
        <Other row={row} id={id} />
      )}
    </Stack>
  )
}

function OtherForm({ row, id }: { readonly row: RecordRow; readonly id: string }) {
  const change = useChangeAddress()
  const [draft, setDraft] = useState(id)
  const before = useQuery(callBefore(row))
  const found = idForm.exec(draft)?.[0]?.toLowerCase()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (found !== undefined) change({ with: found })
  }
  const last = before.data ?? null
  return (
    <form onSubmit={submit}>
      <Group gap="sm" align="flex-end">
        <TextInput
          size="xs"
          className={styles['id'] ?? ''}
          label={text.compareWith}
          placeholder={text.compareExample}
          value={draft}
          onChange={event => setDraft(event.currentTarget.value)}
          error={draft !== '' && found === undefined ? text.compareWrong : null}
        />
        <Button type="submit" size="xs" variant="default" disabled={found === undefined || found === row.id}>
          {text.compareButton}
        </Button>
        {last !== null && last !== id && (
          <Button size="xs" variant="subtle" onClick={() => change({ with: last })}>
            {text.compareBefore}
          </Button>
        )}
      </Group>
    </form>
  )
}

function Other({ row, id }: { readonly row: RecordRow; readonly id: string }) {
  const query = useQuery(recordOf(id))
  return <QueryView query={query}>{other => <Both one={row} other={other} />}</QueryView>
}

interface BothProps {
  readonly one: RecordRow
  readonly other: RecordRow
}

function Both({ one, other }: BothProps) {
  const fields = fieldsApart(one, other)
  return (
    <Stack gap="sm">
      <Text size="sm">
        {text.comparedWith}{' '}
        <PlaceLink place={paths.record(other.id)}>
          <Moment ms={other.startedAtMs} />
        </PlaceLink>
        , <Foreign text={other.callerName ?? other.callerObjectId ?? text.notKnown} />
      </Text>
      <Title order={3} size="sm">
        {text.fieldsApart}
      </Title>
      <DataTable
        label={text.fieldsApart}
        columns={[
          { title: text.compareColumns.field, cell: ({ name }) => name, isName: true },
          { title: text.compareColumns.one, cell: field => <Foreign text={field.one} /> },
          { title: text.compareColumns.other, cell: field => <Foreign text={field.other} /> },
        ]}
        rows={fields}
        keyOf={({ name }) => name}
      />
      <BodiesGate row={one}>
        {bodies => <BodiesGate row={other}>{others => <Texts one={bodies} other={others} />}</BodiesGate>}
      </BodiesGate>
    </Stack>
  )
}

function Texts({ one, other }: { readonly one: Bodies; readonly other: Bodies }) {
  return (
    <>
      <SideBySide title={text.request} one={requestText(one)} other={requestText(other)} />
      <SideBySide title={text.response} one={answerText(one)} other={answerText(other)} />
    </>
  )
}

interface SideBySideProps {
  readonly title: string
  readonly one: string
  readonly other: string
}

function SideBySide({ title, one, other }: SideBySideProps) {
  const pairs = linePairs(one, other)
  const isCut = one.length === comparedMax || other.length === comparedMax
  const isSame = pairs?.every(({ kind }) => kind === 'same') === true
  return (
    <section>
      <Title order={3} size="sm">
        {title}
      </Title>
      {isCut && (
        <Text size="xs" c="dimmed">
          {text.comparedCut}
        </Text>
      )}
      {pairs === null ? (
        <Text size="sm">{text.nothingInCommon}</Text>
      ) : isSame ? (
        <Text size="sm">{text.same}</Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
        <section className={styles['frame']} tabIndex={0} aria-label={text.sideBySide(title)}>
          <table className={styles['sides']}>
            <thead>
              <tr>
                <th scope="col">{text.compareColumns.one}</th>
                <th scope="col">{text.compareColumns.other}</th>
              </tr>
            </thead>
            <tbody>
              {folded(pairs).map(line =>
                line.kind === 'folded' ? (
                  <tr key={line.at}>
                    <td colSpan={2} className={styles['folded']}>
                      {text.foldedLines(line.lines)}
                    </td>
                  </tr>
                ) : (
                  <tr key={line.at} data-kind={line.kind}>
                    <Side tag="del" line={line.left} isApart={line.kind === 'apart'} />
                    <Side tag="ins" line={line.right} isApart={line.kind === 'apart'} />
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}

interface SideProps {
  readonly tag: 'del' | 'ins'
  readonly line: string | null
  readonly isApart: boolean
}

function Side({ tag: Tag, line, isApart }: SideProps) {
  if (line === null) return <td className={styles['none']} />
  return <td>{isApart ? <Tag className={styles[Tag]}>{shownText(line)}</Tag> : shownText(line)}</td>
}
