import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { changed, useAddress } from '../../app/address.ts'
import { Icon } from '../../parts/icons.tsx'
import { records as text } from '../../texts/records.ts'
import styles from './list.module.css'
import { nameLettersMax, type SavedView, useViews } from './views.ts'

/** Views to open, and a name for the one that is open. The address has its name too. */
export function ViewsMenu() {
  const [isOpen, setIsOpen] = useState(false)
  const address = useAddress()
  const navigate = useNavigate()
  const { saved, save, remove } = useViews()
  const name = address['view']
  const go = (view: SavedView): void => {
    setIsOpen(false)
    void navigate({ to: '/records', search: changed(view.address, { view: view.name }) as never })
  }
  const keep = (chosen: string): void => {
    save(chosen, address)
    go({ name: chosen, address })
  }
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      position="bottom-end"
      width={340}
      trapFocus
      transitionProps={{ duration: 0 }}
    >
      <Popover.Target>
        <Button size="xs" variant="default" onClick={() => setIsOpen(!isOpen)} aria-label={text.viewsNow(name)}>
          <span className={styles['viewName']}>{name ?? text.views}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.views}>
        <Stack gap="sm">
          {saved.length === 0 ? (
            <Text size="xs" c="dimmed">
              {text.noViews}
            </Text>
          ) : (
            <ul className={styles['views']}>
              {saved.map(view => (
                <li key={view.name}>
                  <UnstyledButton onClick={() => go(view)} aria-current={view.name === name}>
                    {view.name}
                  </UnstyledButton>
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    aria-label={text.forget(view.name)}
                    onClick={() => remove(view.name)}
                  >
                    <Icon name="close" size={12} />
                  </ActionIcon>
                </li>
              ))}
            </ul>
          )}
          <NameForm suggested={name ?? ''} onName={keep} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

function NameForm({ suggested, onName }: { readonly suggested: string; readonly onName: (name: string) => void }) {
  const [draft, setDraft] = useState(suggested)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (draft.trim() !== '') onName(draft.trim())
  }
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput
          size="xs"
          flex={1}
          label={text.viewName}
          description={text.viewHelp}
          maxLength={nameLettersMax}
          value={draft}
          onChange={event => setDraft(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" disabled={draft.trim() === ''}>
          {text.saveView}
        </Button>
      </Group>
    </form>
  )
}
