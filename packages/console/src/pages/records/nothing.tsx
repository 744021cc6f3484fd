import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { usePerson } from '../../api/whoami.ts'
import { useChangeAddress } from '../../app/address.ts'
import { shownText } from '../../parts/foreign.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { records as text } from '../../texts/records.ts'
import type { Filters } from './filters.ts'
import { unknownNames } from './unknown-names.ts'

/** No record fits the filters; where one of them names what does not exist, that is why. */
export function Nothing({ filters, advice }: { readonly filters: Filters; readonly advice: string }) {
  const { roles } = usePerson()
  const change = useChangeAddress()
  const { data, isPending } = useQuery(unknownNames(filters, roles))
  if (isPending) return <Loading lines={3} />
  const [unknown] = data ?? []
  if (unknown === undefined) return <Empty title={text.empty} advice={advice} />
  const { filter, name, nearest, known } = unknown
  return (
    <Empty
      title={text.unknown.titles[filter](shownText(name))}
      advice={known.length === 0 ? text.unknown.none : text.unknown.known(known.map(shownText).join(', '))}
    >
      {nearest !== null && (
        <Button size="xs" variant="default" mt="xs" onClick={() => change({ [filter]: nearest })}>
          {text.unknown.nearest(shownText(nearest))}
        </Button>
      )}
    </Empty>
  )
}
