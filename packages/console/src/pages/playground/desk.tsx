import { Alert, Box, Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useSyncExternalStore } from 'react'
import { useAddress } from '../../app/address.ts'
import { asBytes } from '../../format/number.ts'
import { shownText } from '../../parts/foreign.tsx'
import { playground as text } from '../../texts/playground.ts'
import type { Choice } from './choice.ts'
import { Choices } from './choices.tsx'
import { CodeView } from './code-view.tsx'
import { Composer } from './composer.tsx'
import { useEndInSight } from './end-in-sight.ts'
import { isUnderWay, type Message } from './messages.ts'
import { type Obstacle, obstacleTo } from './obstacle.ts'
import styles from './playground.module.css'
import { faultsOf, type Settings, settingsOf } from './settings.ts'
import { SettingsForm } from './settings-form.tsx'
import { Side } from './side.tsx'
import { type Asked, talk } from './talk.ts'

interface DeskProps {
  readonly choice: Choice
  readonly bodyBytesMax: number
}

/** The conversation, what is asked next, and how the model is asked. */
export function Desk({ choice, bodyBytesMax }: DeskProps) {
  const { texts, draft, sides: all } = useSyncExternalStore(talk.subscribe, talk.state)
  const [isOpen, { toggle }] = useDisclosure(false)
  const settings = usableSettings(choice, settingsOf(useAddress()))
  const asked = choice.chosen.map((deployment): Asked => {
    return { workload: choice.workload.name, target: choice.target, deployment, settings }
  })
  const sides = choice.chosen.map((_, side) => all[side] ?? [])
  const isRunning = sides.some(isAnswering)
  useEndInSight(sides, isRunning)
  const next = { asked, sides: sides.map(messages => [...messages, draft]), texts, bodyBytesMax }
  const obstacle = isRunning ? null : obstacleTo(next)
  const [first] = asked
  const form = (
    <SettingsForm
      settings={settings}
      operations={choice.workload.operations}
      texts={texts}
      faults={faultsOf(texts, settings)}
    />
  )
  return (
    <div className={styles['desk']}>
      <div className={styles['main']}>
        <Choices choice={choice} isRunning={isRunning}>
          {first !== undefined && (
            <CodeView
              asked={first}
              messages={said(next.sides[0] ?? [])}
              texts={texts}
              isReady={!isRunning && obstacle?.kind !== 'fault'}
            />
          )}
        </Choices>
        {choice.unusable !== null && <Alert color="yellow">{text.unusable(shownText(choice.unusable))}</Alert>}
        <div className={styles['sides']} data-sides={sides.length}>
          {sides.map((messages, side) => {
            const one = asked[side]
            // biome-ignore lint/suspicious/noArrayIndexKey: a side is its place.
            return one && <Side key={side} at={side} messages={messages} asked={one} isBeside={sides.length > 1} />
          })}
        </div>
        <Composer
          draft={draft}
          isRunning={isRunning}
          obstacle={obstacle === null ? null : wordsFor(obstacle, bodyBytesMax)}
          onSend={() => talk.ask(asked)}
        />
      </div>
      <div className={styles['settings']}>
        <Button size="xs" variant="default" fullWidth hiddenFrom="md" aria-expanded={isOpen} onClick={toggle}>
          {text.settings}
        </Button>
        <div className={styles['wide']}>{form}</div>
        {isOpen && (
          <Box hiddenFrom="md" mt="xs">
            {form}
          </Box>
        )}
      </div>
    </div>
  )
}

/** An operation that the workload may use. */
function usableSettings({ workload: { operations } }: Choice, settings: Settings): Settings {
  const operation = operations.find(one => one === settings.operation) ?? operations[0] ?? settings.operation
  return { ...settings, operation }
}

/** Without a question that is still empty. */
function said(messages: readonly Message[]): readonly Message[] {
  return messages.filter(message => message.role !== 'user' || message.text !== '' || message.images.length > 0)
}

function isAnswering(messages: readonly Message[]): boolean {
  const last = messages.at(-1)
  return last?.role === 'assistant' && isUnderWay(last)
}

function wordsFor(obstacle: Obstacle, bodyBytesMax: number): string {
  switch (obstacle.kind) {
    case 'fault':
      return `${text[obstacle.where]}: ${text.faults[obstacle.fault]}`
    case 'results':
      return text.resultsFirst
    case 'length':
      return text.tooLong(asBytes(bodyBytesMax))
    default:
      return obstacle satisfies never
  }
}
