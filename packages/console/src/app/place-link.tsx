import { Anchor, type AnchorProps } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useAddress } from './address.ts'
import { carriedFrom, type Place } from './paths.ts'

interface PlaceLinkProps extends Omit<AnchorProps, 'children'> {
  readonly place: Place
  readonly children: ReactNode
  readonly title?: string
  readonly 'aria-label'?: string
}

/** A link within the console. Period and workload go along unless the place names its own. */
export function PlaceLink({ place, children, ...rest }: PlaceLinkProps) {
  return (
    <Anchor component={Link} inherit {...rest} {...useLink(place)}>
      {children}
    </Anchor>
  )
}

/** Properties of a router's link to a place. */
export function useLink({ to, search }: Place): { readonly to: string; readonly search: never } {
  const own = carriedFrom(useAddress())
  const namesTime = 'period' in search || 'from' in search
  const kept = namesTime && own['workload'] !== undefined ? { workload: own['workload'] } : namesTime ? {} : own
  return { to, search: { ...kept, ...search } as never }
}
