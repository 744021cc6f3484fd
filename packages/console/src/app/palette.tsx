import { createSpotlight, Spotlight, type SpotlightActionData } from '@mantine/spotlight'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { mayUse } from '../api/client.ts'
import { usePerson } from '../api/whoami.ts'
import { Icon } from '../parts/icons.tsx'
import { shell as text } from '../texts/shell.ts'
import { useAddress } from './address.ts'
import { pageRows } from './pages.ts'
import { carriedFrom, type Place, paths } from './paths.ts'

const [store, spotlight] = createSpotlight()

export const openPalette: () => void = spotlight.open

const recordId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Goes to a page by its name, or to a record by its id. */
export function Palette() {
  const navigate = useNavigate()
  const address = useAddress()
  const { roles } = usePerson()
  const [asked, setAsked] = useState('')
  const go = ({ to, search }: Place): void => {
    void navigate({ to, search: { ...carriedFrom(address), ...search } as never })
  }
  const pages: readonly SpotlightActionData[] = pageRows.flatMap(({ path, needs, listed }) =>
    listed !== null && mayUse(needs, roles)
      ? [{ id: path, label: listed.title, leftSection: <Icon name={listed.icon} />, onClick: () => go(listed.place) }]
      : [],
  )
  const id = asked.trim()
  const records: readonly SpotlightActionData[] = recordId.test(id)
    ? [
        {
          id: 'record',
          label: text.recordOf(id),
          leftSection: <Icon name="records" />,
          onClick: () => go(paths.record(id)),
        },
      ]
    : []
  return (
    <Spotlight
      store={store}
      actions={[...records, ...pages]}
      query={asked}
      onQueryChange={setAsked}
      shortcut={null}
      nothingFound={text.nothingFound}
      searchProps={{
        placeholder: text.searchPlaceholder,
        'aria-label': text.search,
        leftSection: <Icon name="search" />,
      }}
      transitionProps={{ duration: 0 }}
    />
  )
}
