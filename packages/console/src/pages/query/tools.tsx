import { Button, Group, Kbd, Popover, Select, TextInput } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { type FormEvent, useState } from 'react'
import { addressText, changed, useAddress } from '../../app/address.ts'
import { exactly } from '../../format/number.ts'
import { Icon } from '../../parts/icons.tsx'
import { query as text } from '../../texts/query.ts'
import { BodiesChoice } from './bodies-choice.tsx'
import { nameLettersMax } from './kept.ts'
import { linkOf } from './link.ts'
import styles from './query.module.css'
import { type Bounds, type ChosenBodies, rowsChoices, secondsChoices } from './query.ts'

interface ToolsProps {
  readonly sql: string
  readonly bounds: Bounds
  readonly bodies: ChosenBodies | null
  readonly isRunning: boolean
  readonly onBounds: (bounds: Bounds) => void
  readonly onBodies: (bodies: ChosenBodies | null) => void
  readonly onRun: () => void
  readonly onCancel: () => void
  readonly onSave: (name: string) => void
}

/** What can be done with the query in the editor. */
export function Tools(props: ToolsProps) {
  const { sql, bounds, bodies, isRunning, onBounds, onBodies, onRun, onCancel, onSave } = props
  return (
    <Group gap="xs" className={styles['tools'] ?? ''} justify="space-between">
      <Group gap="xs">
        {isRunning ? (
          <Button size="xs" color="red" variant="outline" onClick={onCancel}>
            {text.cancel}
          </Button>
        ) : (
          <Button size="xs" disabled={sql.trim() === ''} onClick={onRun}>
            {text.run}
          </Button>
        )}
        <Kbd size="xs" visibleFrom="sm">
          {text.runHint}
        </Kbd>
        <Limits bounds={bounds} onBounds={onBounds} />
        <BodiesChoice bodies={bodies} onBodies={onBodies} />
      </Group>
      <Group gap="xs">
        <SaveButton isDisabled={sql.trim() === ''} onSave={onSave} />
        <LinkButton sql={sql} />
      </Group>
    </Group>
  )
}

function Limits({ bounds, onBounds }: Pick<ToolsProps, 'bounds' | 'onBounds'>) {
  return (
    <>
      <Select
        size="xs"
        className={styles['choice'] ?? ''}
        aria-label={text.rowsMax}
        data={rowsChoices.map(rows => ({ value: String(rows), label: text.rows(exactly(rows)) }))}
        value={String(bounds.rowsMax)}
        onChange={value => onBounds({ ...bounds, rowsMax: Number(value) })}
        allowDeselect={false}
      />
      <Select
        size="xs"
        w={80}
        aria-label={text.time}
        data={secondsChoices.map(seconds => ({ value: String(seconds * 1_000), label: text.seconds(seconds) }))}
        value={String(bounds.timeoutMs)}
        onChange={value => onBounds({ ...bounds, timeoutMs: Number(value) })}
        allowDeselect={false}
      />
    </>
  )
}

function SaveButton({ isDisabled, onSave }: { readonly isDisabled: boolean; readonly onSave: (name: string) => void }) {
  const [isOpen, setIsOpen] = useState(false)
  const [name, setName] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (name.trim() === '') return
    onSave(name.trim())
    setIsOpen(false)
  }
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      width={280}
      trapFocus
      position="bottom-end"
      transitionProps={{ duration: 0 }}
    >
      <Popover.Target>
        <Button size="xs" variant="default" disabled={isDisabled} onClick={() => setIsOpen(!isOpen)}>
          {text.save}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.save}>
        <form onSubmit={submit}>
          <TextInput
            size="xs"
            label={text.saveAs}
            description={text.saveHelp}
            maxLength={nameLettersMax}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Button type="submit" size="xs" mt="xs" disabled={name.trim() === ''}>
            {text.save}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

function LinkButton({ sql }: { readonly sql: string }) {
  const address = useAddress()
  const { copy, copied } = useClipboard()
  const copyLink = async (): Promise<void> => {
    const link = await linkOf(sql)
    if (link === null) notifications.show({ message: text.linkTooLong, color: 'red' })
    else copy(`${location.origin}${location.pathname}${addressText(changed(address, link))}`)
  }
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<Icon name="copy" />}
      disabled={sql.trim() === ''}
      onClick={() => void copyLink()}
    >
      {copied ? text.copied : text.copyLink}
    </Button>
  )
}
