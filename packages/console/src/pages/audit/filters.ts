import type { Address } from '../../app/address.ts'
import type { Filters, Outcome } from './query.ts'

export const outcomes = ['asked', 'done', 'failed', 'refused'] as const satisfies readonly Outcome[]

/** Filters in an address; an outcome that does not exist is none. */
export function filtersIn({ actor, action, outcome }: Address): Filters {
  const known = outcomes.find(one => one === outcome)
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(known === undefined ? {} : { outcome: known }),
  }
}
