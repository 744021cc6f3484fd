/** Where to look at what needs attention. */
import { type Place, paths } from '../../app/paths.ts'
import type { AttentionItem } from './query.ts'

/** @returns null where no page shows more of it. */
export function placeOf({ page, code, parameters }: AttentionItem): Place | null {
  switch (page) {
    case 'instances':
      return paths.instances()
    case 'limits':
      return paths.limits(parameters['rule'])
    case 'feeds':
      return paths.feeds()
    case 'usage':
      return code === 'model_unpriced' ? paths.records({ model: parameters['model'] ?? '' }) : paths.cost()
    case 'sources':
    case 'ledger':
    case 'replicas':
      return null
    default:
      return page satisfies never
  }
}
