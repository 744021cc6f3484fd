import { Button, Group, Pill, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { useChangeAddress } from '../../app/address.ts'
import { shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { records as text } from '../../texts/records.ts'
import { type FilterName, type Filters, filterNames, filterText, partText, readFilters } from './filters.ts'

/** The filters as text to write, and as chips to take out. */
export function FilterBar({ filters }: { readonly filters: Filters }) {
  const change = useChangeAddress()
  const said = filterText(filters)
  const [draft, setDraft] = useState(said)
  useEffect(() => setDraft(said), [said])
  const read = readFilters(draft)
  const none = Object.fromEntries(filterNames.map(name => [name, undefined]))
  const apply = (event: FormEvent): void => {
    event.preventDefault()
    if ('filters' in read) change({ ...none, ...read.filters })
  }
  const chips = Object.entries<string>(filters) as [FilterName, string][]
  return (
    <form onSubmit={apply}>
      <TextInput
        aria-label={text.filter}
        placeholder={text.filterPlaceholder}
        leftSection={<Icon name="search" />}
        value={draft}
        onChange={event => setDraft(event.currentTarget.value)}
        error={'wrong' in read && draft !== said ? text.wrong[read.wrong](read.word) : null}
        title={text.filterHelp}
        spellCheck={false}
      />
      {chips.length > 0 && (
        <Group gap={6} mt={6}>
          {chips.map(([name, value]) => (
            <Pill
              key={name}
              withRemoveButton
              onRemove={() => change({ [name]: undefined })}
              removeButtonProps={{ 'aria-label': text.remove(name), 'aria-hidden': false, tabIndex: 0 }}
            >
              {shownText(partText(name, value))}
            </Pill>
          ))}
          <Button size="compact-xs" variant="subtle" onClick={() => change(none)}>
            {text.clear}
          </Button>
        </Group>
      )}
    </form>
  )
}
