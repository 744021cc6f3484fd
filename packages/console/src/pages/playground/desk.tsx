import { Alert, Box, Button, Group, SegmentedControl, Select } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useSyncExternalStore } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { asBytes } from '../../format/number.ts'
import { shownText } from '../../parts/foreign.tsx'
import { Panel } from '../../parts/panel.tsx'
import { playground as text } from '../../texts/playground.ts'
import type { Choice } from './choice.ts'
import { Composer } from './composer.tsx'
import { isUnderWay, type Message, openCalls } from './messages.ts'
import styles from './playground.module.css'
import type { Offer } from './query.ts'
import { bodyOf } from './request.ts'
import { faultsOf, type Operation, settingsOf } from './settings.ts'
import { SettingsForm } from './settings-form.tsx'
import { Side } from './side.tsx'
import { type Asked, talk } from './talk.ts'

interface DeskProps {
  readonly offer: Offer
  readonly choice: Choice
}

/** The conversation, what is asked next, and how the model is asked. */
export function Desk({ offer, choice }: DeskProps) {
  const state = useSyncExternalStore(talk.subscribe, talk.state)
  const [isOpen, { toggle }] = useDisclosure(false)
  const settings = usableSettings(choice, settingsOf(useAddress()))
  const asked = choice.chosen.map((deployment): Asked => {
    return { workload: choice.workload.name, target: choice.target, deployment, settings }
  })
  const sides = choice.chosen.map((_, side) => state.sides[side] ?? [])
  const isRunning = sides.some(isAnswering)
  const faults = faultsOf(state.texts, settings)
  const isValid = faults.tools === null && faults.schema === null
  const isTooLong =
    isValid &&
    asked.some(({ deployment }, side) => {
      const messages = [...(sides[side] ?? []), state.draft]
      return lengthOf(bodyOf(deployment, messages, settings, state.texts)) > offer.bodyBytesMax
    })
  const obstacle = isTooLong
    ? text.tooLong(asBytes(offer.bodyBytesMax))
    : !isValid
      ? text.faultsFirst
      : sides.some(messages => openCalls(messages).length > 0)
        ? text.resultsFirst
        : null
  return (
    <div className={styles['desk']}>
      <div className={styles['main']}>
        <Choices offer={offer} choice={choice} isRunning={isRunning} />
        {choice.unusable !== null && <Alert color="yellow">{text.unusable(shownText(choice.unusable))}</Alert>}
        <div className={styles['sides']} data-sides={sides.length}>
          {sides.map((messages, side) => {
            const one = asked[side]
            // biome-ignore lint/suspicious/noArrayIndexKey: a side is its place.
            return one && <Side key={side} at={side} messages={messages} asked={one} isBeside={sides.length > 1} />
          })}
        </div>
        <Composer draft={state.draft} isRunning={isRunning} obstacle={obstacle} onSend={() => talk.ask(asked)} />
      </div>
      <div className={styles['settings']}>
        <Button size="xs" variant="default" fullWidth hiddenFrom="md" aria-expanded={isOpen} onClick={toggle}>
          {text.showSettings}
        </Button>
        <div className={styles['wide']}>
          <SettingsForm settings={settings} texts={state.texts} faults={faults} />
        </div>
        {isOpen && (
          <Box hiddenFrom="md" mt="xs">
            <SettingsForm settings={settings} texts={state.texts} faults={faults} />
          </Box>
        )}
      </div>
    </div>
  )
}

interface ChoicesProps extends DeskProps {
  readonly isRunning: boolean
}

/** As whom, through what, with which model. */
function Choices({ offer, choice, isRunning }: ChoicesProps) {
  const address = useAddress()
  const change = useChangeAddress()
  const { workload, target, deployments, chosen } = choice
  const set = (name: string) => (value: string | null) => change({ [name]: value ?? undefined }, { replace: true })
  const models = deployments.map(({ name, model }) => ({
    value: name,
    label: name === model ? name : `${name} (${model})`,
  }))
  const { operation } = usableSettings(choice, settingsOf(address))
  const common = { size: 'xs', allowDeselect: false, disabled: isRunning, className: styles['choice'] ?? '' } as const
  return (
    <Panel>
      <Group gap="xs" align="flex-end">
        <Select
          {...common}
          label={text.workload}
          data={offer.workloads.map(({ name }) => name)}
          value={workload.name}
          onChange={name =>
            change({ workload: name ?? undefined, target: undefined, deployment: undefined }, { replace: true })
          }
        />
        <Select
          {...common}
          label={text.target}
          data={workload.targets.map(({ name }) => name)}
          value={target}
          onChange={set('target')}
        />
        <Select {...common} label={text.model} data={models} value={chosen[0] ?? null} onChange={set('deployment')} />
        {chosen[1] !== undefined && (
          <Select {...common} label={text.otherModel} data={models} value={chosen[1]} onChange={set('other')} />
        )}
        <Button
          size="xs"
          variant="default"
          disabled={isRunning}
          onClick={() =>
            change({ other: chosen[1] === undefined ? (besides(choice) ?? chosen[0]) : undefined }, { replace: true })
          }
        >
          {chosen[1] === undefined ? text.sideBySide : text.oneModel}
        </Button>
        {workload.operations.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={text.api}
            data={workload.operations.map(one => ({ value: one, label: text.apis[one] }))}
            value={operation}
            onChange={one => change({ api: one === 'chat/completions' ? undefined : one }, { replace: true })}
            disabled={isRunning}
            transitionDuration={0}
          />
        )}
      </Group>
    </Panel>
  )
}

/** Another model to compare with. */
function besides({ deployments, chosen }: Choice): string | undefined {
  return deployments.find(({ name }) => name !== chosen[0])?.name
}

/** An operation that the workload may use. */
function usableSettings({ workload: { operations } }: Choice, settings: ReturnType<typeof settingsOf>) {
  const operation: Operation = operations.find(one => one === settings.operation) ?? operations[0] ?? settings.operation
  return { ...settings, operation }
}

function isAnswering(messages: readonly Message[]): boolean {
  const last = messages.at(-1)
  return last?.role === 'assistant' && isUnderWay(last)
}

function lengthOf(body: unknown): number {
  return new TextEncoder().encode(JSON.stringify(body)).byteLength
}
