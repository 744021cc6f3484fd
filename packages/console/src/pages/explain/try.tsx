import { Alert, Button, Group, List, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { mayUse } from '../../api/client.ts'
import { rolesByOperation } from '../../api/generated.ts'
import { usePerson } from '../../api/whoami.ts'
import { exactly } from '../../format/number.ts'
import { Editor } from '../../parts/editor/index.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { explain as text } from '../../texts/explain.ts'
import { shell } from '../../texts/shell.ts'
import { changeColumns, kinds } from './columns.tsx'
import { configurationText, type Replay, type ReplayReport, replayOf } from './replay.ts'

/** The latest calls under a configuration that is not in force. */
export function Try() {
  const { roles } = usePerson()
  const operation = 'POST /api/v1/explain/replay'
  const isAllowed = mayUse(operation, roles)
  const begin = useQuery({ ...configurationText(), enabled: isAllowed })
  if (!isAllowed) {
    return (
      <Panel>
        <Empty title={text.tryTitle} advice={shell.roleMissing(rolesByOperation[operation].join(' or '))} />
      </Panel>
    )
  }
  if (begin.isPending) return <Loading lines={10} />
  return <Trial begin={begin.data ?? ''} />
}

function Trial({ begin }: { readonly begin: string }) {
  const [written, setWritten] = useState(begin)
  const mutation = useMutation({ mutationFn: replayOf })
  const run = (): void => mutation.mutate(written)
  const { data } = mutation
  return (
    <Stack gap="sm">
      <Panel
        title={text.tryTitle}
        aside={
          <Button onClick={run} loading={mutation.isPending} disabled={written.trim() === ''}>
            {text.tryRun}
          </Button>
        }
      >
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {text.tryHelp}
          </Text>
          <Editor
            label={text.tryEditor}
            language="yaml"
            value={written}
            onChange={setWritten}
            onSubmit={run}
            problems={problemsOf(data)}
            heights={[240, 480]}
          />
        </Stack>
      </Panel>
      {mutation.isPending && <Loading lines={6} />}
      {mutation.error !== null && <Failed error={mutation.error} again={run} />}
      {!mutation.isPending && data !== undefined && <Outcome answer={data} />}
    </Stack>
  )
}

function problemsOf(answer: Replay | undefined) {
  return (answer?.problems ?? []).map(({ path, line, column, expected, seen }) => ({
    line: line ?? 1,
    column: column ?? 1,
    severity: 'error' as const,
    message: `${path === '' ? '' : `${path}: `}${seen === null ? '' : `${seen}; `}${text.expected(expected)}`,
  }))
}

function Outcome({ answer: { problems, report } }: { readonly answer: Replay }) {
  if (report !== null) return <Report report={report} />
  return (
    <Alert color="red" icon={<Icon name="warning" />} title={text.tryProblems(problems.length)}>
      <List size="sm">
        {problemsOf({ problems, report }).map(({ line, message }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes its order.
          <List.Item key={at}>
            {text.lineOf(line)} <Foreign text={message} />
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function Report({ report }: { readonly report: ReplayReport }) {
  const { calls, same, changes, fromMs, toMs, untold } = report
  return (
    <>
      <Panel title={text.tryOutcome}>
        <Stack gap="xs">
          <Text size="lg" fw={600} role="status">
            {calls === 0
              ? text.tryNothing
              : changes.length === 0
                ? text.trySame(exactly(calls))
                : text.tryChanges(exactly(changes.length), exactly(calls))}
          </Text>
          {fromMs !== null && toMs !== null && (
            <Text size="sm" c="dimmed">
              <Moment ms={fromMs} /> – <Moment ms={toMs} /> · {text.trySameOf(exactly(same))}
            </Text>
          )}
        </Stack>
      </Panel>
      {kinds.map(kind => {
        const own = changes.filter(change => change.kind === kind)
        if (own.length === 0) return null
        const title = text.kinds[kind](exactly(own.length))
        return (
          <Panel key={kind} title={title}>
            <DataTable label={text.callsOf(title)} columns={changeColumns} rows={own} keyOf={({ id }) => id} />
          </Panel>
        )
      })}
      <Panel title={text.untold}>
        <List size="sm" c="dimmed">
          {untold.map(note => (
            <List.Item key={note}>
              <Foreign text={note} />
            </List.Item>
          ))}
        </List>
      </Panel>
    </>
  )
}

/** Links between the two parts of the page. */
export function PartChoice({
  isTry,
  onChange,
}: {
  readonly isTry: boolean
  readonly onChange: (isTry: boolean) => void
}) {
  return (
    <Group gap={4} role="group" aria-label={text.title}>
      <Button size="xs" variant={isTry ? 'default' : 'filled'} aria-pressed={!isTry} onClick={() => onChange(false)}>
        {text.parts.call}
      </Button>
      <Button size="xs" variant={isTry ? 'filled' : 'default'} aria-pressed={isTry} onClick={() => onChange(true)}>
        {text.parts.try}
      </Button>
    </Group>
  )
}
