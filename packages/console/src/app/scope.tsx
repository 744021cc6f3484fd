import { Button, Group, Popover, Select, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { usePerson } from '../api/whoami.ts'
import { asMinute } from '../format/time.ts'
import { shell as text } from '../texts/shell.ts'
import { useAddress, useChangeAddress } from './address.ts'
import { type Period, readPeriod, type Span, spans, writePeriod } from './period.ts'
import styles from './scope.module.css'
import { useZone } from './settings.ts'
import { useWorkloads } from './workloads.ts'

/** Which period and which workload every page looks at. Both are in the address. */
export function Scope() {
  const address = useAddress()
  const change = useChangeAddress()
  const workloads = useWorkloads(usePerson())
  const workload = address['workload'] ?? null
  const names = workload === null || workloads.includes(workload) ? workloads : [workload, ...workloads]
  return (
    <Group gap="xs" wrap="nowrap" className={styles['scope'] ?? ''}>
      <PeriodChoice period={readPeriod(address)} onChange={period => change(writePeriod(period))} />
      <Select
        size="xs"
        className={styles['workload'] ?? ''}
        aria-label={text.workload}
        placeholder={text.allWorkloads}
        data={[...names]}
        value={workload}
        onChange={name => change({ workload: name ?? undefined })}
        clearable
        searchable
        clearButtonProps={{ 'aria-label': text.allWorkloads }}
        comboboxProps={{ width: 220, position: 'bottom-start' }}
      />
    </Group>
  )
}

interface PeriodChoiceProps {
  readonly period: Period
  readonly onChange: (period: Period) => void
}

function PeriodChoice({ period, onChange }: PeriodChoiceProps) {
  const [isOpen, setIsOpen] = useState(false)
  const [zone] = useZone()
  const said = 'last' in period ? period.last : `${asMinute(period.fromMs, zone)} – ${asMinute(period.toMs, zone)}`
  const choose = (chosen: Period): void => {
    setIsOpen(false)
    onChange(chosen)
  }
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-start" trapFocus transitionProps={{ duration: 0 }}>
      <Popover.Target>
        <Button size="xs" variant="default" onClick={() => setIsOpen(!isOpen)} aria-label={`${text.period}: ${said}`}>
          {said}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Group gap={4}>
            {(Object.keys(spans) as Span[]).map(span => (
              <Button
                key={span}
                size="compact-xs"
                variant={'last' in period && period.last === span ? 'filled' : 'default'}
                onClick={() => choose({ last: span })}
              >
                {span}
              </Button>
            ))}
          </Group>
          <OtherPeriod onChange={choose} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** A period from an instant until another, in the zone of the browser. */
function OtherPeriod({ onChange }: Pick<PeriodChoiceProps, 'onChange'>) {
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const fromMs = Date.parse(from)
  const toMs = Date.parse(to)
  const isBackwards = fromMs >= toMs
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {text.otherPeriod}
      </Text>
      <TextInput
        size="xs"
        type="datetime-local"
        label={text.from}
        value={from}
        onChange={event => setFrom(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        label={text.to}
        value={to}
        onChange={event => setTo(event.currentTarget.value)}
        error={isBackwards ? text.fromAfterTo : null}
      />
      <Button size="xs" disabled={!(fromMs < toMs)} onClick={() => onChange({ fromMs, toMs })}>
        {text.apply}
      </Button>
    </Stack>
  )
}
