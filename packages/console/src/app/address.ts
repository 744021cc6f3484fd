/** The state of a page is its address: plain names and values of the query. */
import { useNavigate, useSearch } from '@tanstack/react-router'

export type Address = Readonly<Record<string, string>>
/** Values to set; undefined ones are taken out. */
export type Changes = Readonly<Record<string, string | undefined>>

export function parseAddress(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query))
}

export function addressText(address: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(address)) {
    if (typeof value === 'string' && value !== '') parameters.set(name, value)
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

export function changed(address: Address, changes: Changes): Record<string, string> {
  const entries = Object.entries({ ...address, ...changes })
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  )
}

export function useAddress(): Address {
  return useSearch({ strict: false }) as Address
}

/** Changes the address of the page that is open. Each change is a step of the browser's history unless it replaces. */
export function useChangeAddress(): (changes: Changes, how?: { readonly replace: boolean }) => void {
  const navigate = useNavigate()
  return (changes, how) => {
    const search = ((current: Address) => changed(current, changes)) as never
    void navigate({ to: '.', search, replace: how?.replace ?? false })
  }
}
