import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useSessionStorage } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import { record as text } from '../texts/record.ts'

const reasonLeast = 3
const reasonMost = 500

interface ReasonFormProps {
  /** What the reader does with it. */
  readonly button: string
  readonly onReason: (reason: string) => void
}

/** Asks for the reason of a reading, and remembers the last one while the tab is open. */
export function ReasonForm({ button, onReason }: ReasonFormProps) {
  const [said, setSaid] = useSessionStorage({
    key: 'gatehouse-last-reason',
    defaultValue: '',
    getInitialValueInEffect: false,
  })
  const [draft, setDraft] = useState(said)
  const isEnough = draft.trim().length >= reasonLeast
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!isEnough) return
    setSaid(draft.trim())
    onReason(draft.trim())
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={560}>
        <TextInput
          label={text.reason}
          description={text.reasonHelp}
          value={draft}
          maxLength={reasonMost}
          onChange={event => setDraft(event.currentTarget.value)}
          required
        />
        <Group>
          <Button type="submit" size="sm" disabled={!isEnough}>
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
