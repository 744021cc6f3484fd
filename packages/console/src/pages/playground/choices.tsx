import { Button, Group, Select } from '@mantine/core'
import type { ReactNode } from 'react'
import { useChangeAddress } from '../../app/address.ts'
import { Panel } from '../../parts/panel.tsx'
import { playground as text } from '../../texts/playground.ts'
import type { Choice } from './choice.ts'
import styles from './playground.module.css'

interface ChoicesProps {
  readonly choice: Choice
  readonly isRunning: boolean
  /** What else can be done. */
  readonly children: ReactNode
}

/** As whom, through what, with which models. */
export function Choices({ choice, isRunning, children }: ChoicesProps) {
  const changeAddress = useChangeAddress()
  const { workload, workloads, target, targets, deployments, chosen } = choice
  const change = (changes: Parameters<typeof changeAddress>[0]): void => changeAddress(changes, { replace: true })
  const set = (name: string) => (value: string | null) => change({ [name]: value ?? undefined })
  const models = deployments.map(({ name, model }) => ({
    value: name,
    label: name === model ? name : `${name} (${model})`,
  }))
  const isOne = chosen[1] === undefined
  const besides = deployments.find(({ name }) => name !== chosen[0])?.name ?? chosen[0]
  const common = { size: 'xs', allowDeselect: false, disabled: isRunning, className: styles['choice'] ?? '' } as const
  return (
    <Panel>
      <Group gap="xs" align="flex-end">
        <Select
          {...common}
          label={text.workload}
          data={[...workloads]}
          value={workload.name}
          onChange={name => change({ workload: name ?? undefined, target: undefined, deployment: undefined })}
        />
        <Select {...common} label={text.target} data={[...targets]} value={target} onChange={set('target')} />
        <Select {...common} label={text.model} data={models} value={chosen[0] ?? null} onChange={set('deployment')} />
        {!isOne && (
          <Select {...common} label={text.otherModel} data={models} value={chosen[1] ?? null} onChange={set('other')} />
        )}
        <Button
          size="xs"
          variant="default"
          disabled={isRunning}
          onClick={() => change({ other: isOne ? besides : undefined })}
        >
          {isOne ? text.sideBySide : text.oneModel}
        </Button>
        {children}
      </Group>
    </Panel>
  )
}
