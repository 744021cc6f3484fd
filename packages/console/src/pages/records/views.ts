/** Views that a reader has named: what the address of the page had then. They are kept in the browser. */
import { useLocalStorage } from '@mantine/hooks'
import { type Address, changed } from '../../app/address.ts'

export interface SavedView {
  readonly name: string
  readonly address: Address
}

const viewsMax = 50
export const nameLettersMax = 60

interface Views {
  readonly saved: readonly SavedView[]
  readonly save: (name: string, address: Address) => void
  readonly remove: (name: string) => void
}

export function useViews(): Views {
  const [kept, setKept] = useLocalStorage<unknown>({
    key: 'gatehouse-record-views',
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  const saved = viewsIn(kept)
  return {
    saved,
    save: (name, address) => setKept(withView(saved, { name, address: changed(address, { view: undefined }) })),
    remove: name => setKept(saved.filter(view => view.name !== name)),
  }
}

/** What the browser has kept may be from another version of the page. */
export function viewsIn(kept: unknown): readonly SavedView[] {
  return Array.isArray(kept) ? kept.filter(isView) : []
}

/** A view of the same name is replaced. In the order of the names. */
export function withView(saved: readonly SavedView[], view: SavedView): readonly SavedView[] {
  return [...saved.filter(({ name }) => name !== view.name), view]
    .slice(-viewsMax)
    .sort((one, other) => one.name.localeCompare(other.name))
}

function isView(value: unknown): value is SavedView {
  if (typeof value !== 'object' || value === null) return false
  const { name, address } = value as Partial<Record<keyof SavedView, unknown>>
  if (typeof name !== 'string' || typeof address !== 'object' || address === null) return false
  return Object.values(address).every(one => typeof one === 'string')
}
