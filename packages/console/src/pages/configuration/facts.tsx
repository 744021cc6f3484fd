import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Moment } from '../../parts/figures.tsx'
import { Mood, type MoodName } from '../../parts/mood.tsx'
import { Panel } from '../../parts/panel.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import type { Configuration } from './query.ts'

const moods = { in_force: 'good', not_taken: 'warn', refused: 'bad', unreadable: 'bad' } as const satisfies Record<
  Configuration['file']['state'],
  MoodName
>

/** Since when, how and by whom, from which file. */
export function Facts({ report: { inForce, file } }: { readonly report: Configuration }) {
  const { takenAtMs, how, name, by, hash } = inForce
  const who = name ?? by
  return (
    <Panel>
      <Group gap="8px 32px" align="start">
        <Fact title={text.facts.since}>
          <Moment ms={takenAtMs} />
          {how !== null && ` ${text.facts.how[how]}`}
          {who !== null && ` ${text.facts.by(who)}`}
        </Fact>
        <Fact title={text.facts.file}>
          {file.path} <Mood is={moods[file.state]}>{text.states[file.state]}</Mood>
        </Fact>
        <Fact title={text.facts.hash}>
          <span title={`${hash}\n${text.facts.hashHint}`}>{hash.slice(0, 8)}</span>
        </Fact>
      </Group>
    </Panel>
  )
}

function Fact({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <Text size="sm">{children}</Text>
    </div>
  )
}
