import { Button, Group, Popover, Select, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { usePerson } from '../../api/whoami.ts'
import { useAddress } from '../../app/address.ts'
import { useWorkloads } from '../../app/workloads.ts'
import { asInstant } from '../../format/time.ts'
import { ReasonForm } from '../../parts/reason-form.tsx'
import { query as text } from '../../texts/query.ts'
import { shell } from '../../texts/shell.ts'
import type { ChosenBodies } from './query.ts'

interface BodiesChoiceProps {
  readonly bodies: ChosenBodies | null
  readonly onBodies: (bodies: ChosenBodies | null) => void
}

/** Whether queries have the table of bodies: of which workload and day, and why. For auditors. */
export function BodiesChoice({ bodies, onBodies }: BodiesChoiceProps) {
  const [isOpen, setIsOpen] = useState(false)
  const { roles } = usePerson()
  if (!roles.includes('auditor')) return <Disabled />
  const label = bodies === null ? text.bodies : text.bodiesOf(bodies.workload, bodies.day)
  const choose = (chosen: ChosenBodies | null): void => {
    onBodies(chosen)
    setIsOpen(false)
  }
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      width={320}
      trapFocus
      position="bottom-start"
      transitionProps={{ duration: 0 }}
    >
      <Popover.Target>
        <Button size="xs" variant={bodies === null ? 'default' : 'light'} onClick={() => setIsOpen(!isOpen)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.bodies}>
        <Choice bodies={bodies} onBodies={choose} />
      </Popover.Dropdown>
    </Popover>
  )
}

function Disabled() {
  const reason = shell.roleMissing('auditor')
  return (
    <Tooltip label={reason}>
      <Button
        size="xs"
        variant="default"
        data-disabled
        aria-disabled="true"
        aria-label={`${text.bodies}. ${reason}`}
        onClick={event => event.preventDefault()}
      >
        {text.bodies}
      </Button>
    </Tooltip>
  )
}

function Choice({ bodies, onBodies }: BodiesChoiceProps) {
  const workloads = useWorkloads(usePerson())
  const { workload: chosen } = useAddress()
  const [named, setNamed] = useState<string | null>(null)
  const workload = named ?? bodies?.workload ?? chosen ?? workloads[0] ?? null
  const [day, setDay] = useState(bodies?.day ?? asInstant(Date.now()).slice(0, 10))
  const isDay = /^\d{4}-\d\d-\d\d$/.test(day)
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {text.bodiesSaid}
      </Text>
      <Select
        size="xs"
        label={shell.workload}
        error={workload === null ? text.noWorkload : null}
        data={[...workloads]}
        value={workload}
        onChange={setNamed}
        allowDeselect={false}
        openOnFocus={false}
        comboboxProps={{ withinPortal: false }}
      />
      <TextInput
        size="xs"
        type="date"
        label={text.day}
        value={day}
        onChange={event => setDay(event.currentTarget.value)}
        error={isDay ? null : text.dayWrong}
      />
      <ReasonForm
        button={text.useBodies}
        onReason={reason => {
          if (isDay && workload !== null) onBodies({ workload, day, reason })
        }}
      />
      {bodies !== null && (
        <Group>
          <Button size="xs" variant="default" onClick={() => onBodies(null)}>
            {text.noBodies}
          </Button>
        </Group>
      )}
    </Stack>
  )
}
