import { Button, CopyButton, Group, List, Stack, Text, Title } from '@mantine/core'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { snippetOf } from '../../parts/snippet/snippets.ts'
import { explain as text } from '../../texts/explain.ts'
import styles from './explain.module.css'
import type { Explanation } from './query.ts'
import { Steps } from './steps.tsx'

interface AnswerProps {
  readonly explanation: Explanation
  /** Body of the question, for the command. */
  readonly body: string
  readonly again: () => void
}

/** The end of the call first, then the way to it. */
export function Answer({ explanation, body, again }: AnswerProps) {
  const { allowed, live, record, assumed, steps } = explanation
  const last = steps.at(-1)
  const verdict = allowed === null ? 'unknown' : allowed ? 'pass' : 'refuse'
  return (
    <Stack gap="sm">
      {record !== null && <Then record={record} assumed={assumed} />}
      <Panel>
        <Stack gap="md">
          <div className={styles['answer']} data-verdict={verdict} role="status">
            <Title order={2} size="lg" fw={650}>
              {titleOf(explanation)}
            </Title>
            <Text size="sm" className={styles['words'] ?? ''}>
              <Foreign text={allowed === true ? endOf(explanation) : (last?.answer?.message ?? last?.text ?? '')} />
            </Text>
            <Text size="xs" c="dimmed">
              {live ? text.live : text.notLive}
            </Text>
          </div>
          <Group gap="xs">
            {live && (
              <Button
                size="compact-xs"
                variant="default"
                leftSection={<Icon name="refresh" size={12} />}
                onClick={again}
              >
                {text.again}
              </Button>
            )}
            <CopyButton value={curlOf(explanation, body)}>
              {({ copied, copy }) => (
                <Button size="compact-xs" variant="default" leftSection={<Icon name="copy" size={12} />} onClick={copy}>
                  {copied ? text.copied : text.curl}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Steps steps={steps} />
        </Stack>
      </Panel>
    </Stack>
  )
}

function titleOf({ allowed, steps }: Explanation): string {
  if (allowed === null) return text.unknown
  const answer = steps.at(-1)?.answer ?? null
  return allowed || answer === null ? text.allowed : text.refused(answer.status, answer.code)
}

function endOf({ destination }: Explanation): string {
  if (destination === null) return text.answeredHere
  const tiers = destination.order.map(tier => {
    const names = tier.map(({ instance, alias }) => (alias === null ? instance : text.asAlias(instance, alias)))
    return names.length === 1 ? (names[0] ?? '') : text.oneOf(names.join(', '))
  })
  return text.goesTo(tiers.join(text.afterwards))
}

interface ThenProps {
  readonly record: NonNullable<Explanation['record']>
  readonly assumed: readonly string[]
}

/** What came of the call, and what its record does not hold. */
function Then({ record, assumed }: ThenProps) {
  const { id, outcome, outcomeCode, status, startedAtMs } = record
  const said =
    outcome === 'refused' && outcomeCode !== null ? text.wasRefused(status, outcomeCode) : text.wasOther(outcome)
  return (
    <Panel title={text.ofRecord} aside={<PlaceLink place={paths.record(id)}>{text.record(id.slice(-12))}</PlaceLink>}>
      <Stack gap="xs">
        <Text size="sm">
          {said} {text.at} <Moment ms={startedAtMs} />.
        </Text>
        <List size="sm" c="dimmed">
          {assumed.map(line => (
            <List.Item key={line}>
              <Foreign text={line} />
            </List.Item>
          ))}
        </List>
      </Stack>
    </Panel>
  )
}

function curlOf({ question: { method, url, model, workloadHeader } }: Explanation, body: string): string {
  const written = body === '' ? (model === null ? null : JSON.stringify({ model })) : body
  const command = snippetOf('curl', {
    method,
    path: url,
    contentType: written === null ? null : 'application/json',
    body: method === 'GET' ? null : written,
  })
  return workloadHeader === null
    ? command
    : `${command} \\\n  -H 'x-gatehouse-workload: ${workloadHeader.replace(/[^\w.-]/g, '')}'`
}
