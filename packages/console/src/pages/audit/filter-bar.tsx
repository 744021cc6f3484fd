import { Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useChangeAddress } from '../../app/address.ts'
import { audit as text } from '../../texts/audit.ts'
import { outcomes } from './filters.ts'
import type { Filters } from './query.ts'

/** Time between the last letter and the question, in ms. */
const quietMs = 300

export function FilterBar({ filters: { actor, action, outcome } }: { readonly filters: Filters }) {
  const change = useChangeAddress()
  const changeActor = useDebouncedCallback(
    (written: string) => change({ actor: written.trim() || undefined }, { replace: true }),
    quietMs,
  )
  const isFiltered = actor !== undefined || action !== undefined || outcome !== undefined
  return (
    <Group gap="sm" mb="sm" align="end">
      <TextInput
        key={actor === undefined ? 'none' : 'some'}
        size="xs"
        label={text.actor}
        title={text.actorHint}
        placeholder={text.actorPlaceholder}
        defaultValue={actor ?? ''}
        onChange={event => changeActor(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        label={text.action}
        value={action ?? ''}
        onChange={event => change({ action: event.currentTarget.value || undefined })}
        data={[
          { value: '', label: text.any },
          ...Object.entries(text.actions).map(([value, label]) => ({ value, label })),
        ]}
      />
      <NativeSelect
        size="xs"
        label={text.outcome}
        value={outcome ?? ''}
        onChange={event => change({ outcome: event.currentTarget.value || undefined })}
        data={[{ value: '', label: text.any }, ...outcomes.map(value => ({ value, label: text.outcomes[value] }))]}
      />
      {isFiltered && (
        <Button
          size="xs"
          variant="subtle"
          onClick={() => change({ actor: undefined, action: undefined, outcome: undefined })}
        >
          {text.clear}
        </Button>
      )}
    </Group>
  )
}
