import { Code, Group, Stack, Text } from '@mantine/core'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { explain as text } from '../../texts/explain.ts'
import styles from './explain.module.css'
import type { Step } from './query.ts'

const icons = { pass: 'check', refuse: 'close', unknown: 'unknown' } as const

/** Each stage that the call reaches, with its verdict and what decided. */
export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  return (
    <ol className={styles['steps']} aria-label={text.steps}>
      {steps.map(step => (
        <li key={step.stage} className={styles['step']} data-verdict={step.verdict}>
          <span className={styles['mark']}>
            <Icon name={icons[step.verdict]} size={14} />
          </span>
          <Stack gap={4} miw={0}>
            <Group gap={8} align="baseline">
              <Text fw={600} component="h3" size="sm">
                {text.stages[step.stage] ?? step.stage}
              </Text>
              <Text size="xs" className={styles['verdict'] ?? ''}>
                {text.verdicts[step.verdict]}
              </Text>
            </Group>
            <Text size="sm" className={styles['words'] ?? ''}>
              <Foreign text={step.answer === null ? step.text : text.endsHere(step.answer.code)} />
            </Text>
            {step.answer?.retryAfterMs != null && (
              <Text size="sm" c="dimmed">
                {text.retry(Math.max(1, Math.ceil(step.answer.retryAfterMs / 1_000)).toLocaleString())}
              </Text>
            )}
            <Settings step={step} />
            <Details step={step} />
          </Stack>
        </li>
      ))}
    </ol>
  )
}

function Settings({ step: { settings } }: { readonly step: Step }) {
  if (settings.length === 0) return null
  return (
    <dl className={styles['settings']} aria-label={text.decides}>
      {settings.map(({ path, value }) => (
        <div key={path}>
          <dt>
            <Code>{shownText(path)}</Code>
          </dt>
          <dd>{shownText(valueText(value))}</dd>
        </div>
      ))}
    </dl>
  )
}

/** In the form of a line of YAML. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) {
    const isOfObjects = value.some(one => typeof one === 'object')
    return value.length === 0 ? '[]' : value.map(valueText).join(isOfObjects ? ' · ' : ', ')
  }
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .filter(([, one]) => typeof one !== 'object' || one === null || Object.keys(one).length > 0)
    .map(([key, one]) => `${key}: ${valueText(one)}`)
    .join(', ')
}

/** What limits have used is what people look for, so it is open. */
function Details({ step: { stage, details } }: { readonly step: Step }) {
  if (details.length === 0) return null
  return (
    <details className={styles['details']} open={stage === 'admit'}>
      <summary>{text.details(details.length)}</summary>
      <ul>
        {details.map(line => (
          <li key={line}>{shownText(line.trim())}</li>
        ))}
      </ul>
    </details>
  )
}
