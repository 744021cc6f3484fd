import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { send } from '../../api/client.ts'
import { useAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { Difference, Editor, type EditorProblem } from '../../parts/editor/index.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Failed } from '../../parts/states.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import { ApplyButton } from './apply.tsx'
import { completionsOf, explanationOf, type SchemaView } from './completion.ts'
import { downloadText } from './download.ts'
import { type Draft, tryText, useDraft } from './draft.ts'
import { Problems, said } from './problems.tsx'
import { type Checked, type Configuration, schema } from './query.ts'

/** The file's text to be changed: completion, messages, difference, and applying it or taking it away. */
export function Edit({ report }: { readonly report: Configuration }) {
  const { line } = useAddress()
  const draft = useDraft(report)
  const check = useMutation({
    mutationFn: (written: string) => send('POST /api/v1/config/check', { body: { text: written } }),
  })
  const [goTo, setGoTo] = useState(() => (line === undefined ? null : { line: Number(line), column: 1 }))
  const checkedText = check.variables
  const checked = checkedText === draft.text ? check.data : undefined
  const help = useHelp()
  const problems = useMemo(() => problemsOf(check.data), [check.data])
  const run = (): void => check.mutate(draft.text)
  return (
    <Stack gap="sm">
      <Notices report={report} draft={draft} />
      <Panel
        title={text.source}
        aside={<Actions report={report} draft={draft} checked={checked} isChecking={check.isPending} run={run} />}
      >
        <Editor
          label={text.editor}
          language="yaml"
          value={draft.text}
          onChange={draft.write}
          onSubmit={run}
          problems={problems}
          goTo={goTo}
          {...help}
        />
        <Text size="xs" c="dimmed" mt={4}>
          {text.secretsSaid}
        </Text>
      </Panel>
      {check.error !== null && <Failed error={check.error} again={run} />}
      {check.data !== undefined && <Problems checked={check.data} isOld={checked === undefined} goTo={setGoTo} />}
      {draft.isChanged && (
        <Panel title={text.difference}>
          <Difference label={text.differenceLabel} before={draft.base} after={draft.text} />
        </Panel>
      )}
    </Stack>
  )
}

function useHelp() {
  const { data } = useQuery(schema)
  return useMemo(() => {
    if (data === undefined) return {}
    const view = data as SchemaView
    return {
      complete: (written: string, at: number) => completionsOf(view, written, at),
      explain: (written: string, at: number) => explanationOf(view, written, at),
    }
  }, [data])
}

function problemsOf(checked: Checked | undefined): readonly EditorProblem[] {
  if (checked === undefined) return []
  const of = (list: Checked['problems'], severity: EditorProblem['severity']): EditorProblem[] =>
    list.map(problem => ({ line: problem.line ?? 1, column: problem.column ?? 1, severity, message: said(problem) }))
  return [...of(checked.problems, 'error'), ...of(checked.warnings, 'warning')]
}

interface NoticesProps {
  readonly report: Configuration
  readonly draft: Draft
}

function Notices({ report: { file }, draft }: NoticesProps) {
  return (
    <>
      {draft.isStale && (
        <Alert color="yellow" icon={<Icon name="warning" />} title={text.stale}>
          {text.staleAdvice}
        </Alert>
      )}
      {file.text === null && (
        <Alert color="yellow" icon={<Icon name="warning" />}>
          {text.noText}
        </Alert>
      )}
    </>
  )
}

interface ActionsProps extends NoticesProps {
  /** Of the text as it is; undefined where it was not checked. */
  readonly checked: Checked | undefined
  readonly isChecking: boolean
  readonly run: () => void
}

function Actions({ report, draft, checked, isChecking, run }: ActionsProps) {
  return (
    <Group gap={6}>
      {draft.isChanged && (
        <Button size="compact-xs" variant="default" onClick={draft.reset}>
          {text.reset}
        </Button>
      )}
      <Button
        size="compact-xs"
        variant="default"
        title={text.downloadHint}
        onClick={() => downloadText('gatehouse.yaml', draft.text)}
      >
        {text.download}
      </Button>
      <TryButton text={draft.text} />
      <Button size="compact-xs" variant="default" onClick={run} loading={isChecking}>
        {text.check}
      </Button>
      <ApplyButton report={report} draft={draft} checked={checked} />
    </Group>
  )
}

/** What past calls would have met under this text. */
function TryButton({ text: written }: { readonly text: string }) {
  const navigate = useNavigate()
  const open = (): void => {
    tryText(written)
    void navigate({ to: paths.explain().to, search: { part: 'try' } as never })
  }
  return (
    <Button size="compact-xs" variant="default" title={text.tryHint} onClick={open}>
      {text.tryIt}
    </Button>
  )
}
