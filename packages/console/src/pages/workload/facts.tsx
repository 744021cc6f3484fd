import { Stack, Text } from '@mantine/core'
import { exactly } from '../../format/number.ts'
import { Fact, FactList } from '../../parts/fact-list.tsx'
import { Mood } from '../../parts/mood.tsx'
import { workloads as text } from '../../texts/workloads.ts'
import { ruleText } from '../workloads/rules.ts'
import type { Workload } from './query.ts'
import styles from './workload.module.css'

interface WhoProps {
  readonly workload: Workload
  readonly names: ReadonlyMap<string, string>
}

/** Who may call, a rule a line. */
export function Who({ workload: { callers, mayCall }, names }: WhoProps) {
  return (
    <Stack gap="xs">
      <ul className={styles['rules']}>
        {callers.map(rule => (
          <li key={`${rule.kind} ${rule.value}`} title={rule.value}>
            {ruleText(rule, names)}
          </li>
        ))}
      </ul>
      {callers.length > 1 && (
        <Text size="xs" c="dimmed">
          {text.whoHint}
        </Text>
      )}
      <Mood is={mayCall ? 'good' : 'calm'}>{mayCall ? text.youMay : text.youMayNot}</Mood>
    </Stack>
  )
}

/** What its calls may use, in words. */
export function Uses({ workload }: { readonly workload: Workload }) {
  const names = text.facts
  const rows: readonly (readonly [string, string])[] = [
    [names.targets, workload.targets.map(({ name }) => name).join(', ')],
    [names.deployments, workload.deployments.join(', ')],
    [
      names.operations,
      workload.operations.map(name => (name === 'standard' ? text.standardOperations : name)).join(', '),
    ],
    [names.tools, workload.tools.join(', ') || text.noTools],
    [names.serviceTiers, workload.serviceTiers.join(', ')],
    [names.output, outputText(workload)],
    [names.dataSources, text.dataSources[workload.dataSources]],
    [names.outsideUrls, text[workload.outsideUrls]],
    [names.background, text[workload.background]],
    [names.store, text[workload.store]],
    [names.storedPrompts, text[workload.storedPrompts]],
    [names.priority, workload.priority],
    [names.capture, text.capture[workload.capture]],
    [names.canary, workload.canary.map(one => text.canaryOf(`${one.percent} %`, one.deployment, one.to)).join('; ')],
    [names.shadow, workload.shadow.map(one => text.shadowOf(`${one.percent} %`, one.deployment, one.to)).join('; ')],
  ]
  return (
    <FactList>
      {rows
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
    </FactList>
  )
}

function outputText({ output: { required, standard, most } }: Workload): string {
  const parts = [
    most === null ? null : text.output.most(exactly(most)),
    standard === null ? null : text.output.standard(exactly(standard)),
    required ? text.output.required : null,
  ].filter(part => part !== null)
  return parts.length === 0 ? text.output.any : parts.join('; ')
}
