/** Finds out which objects an answer may create. */
import type { Objects } from '../../../objects/index.ts'
import type { Received } from '../../exchange.ts'
import type { Creates } from '../../observe/created-objects.ts'

/**
 * The objects that the answer may create or report on; null for most calls. Runs after `locate`: an object that does
 * not belong to the workload reports nothing.
 */
export function createsOf(
  { call, route, grant, request }: Received,
  { objects }: { readonly objects: Objects },
): Creates | null {
  const { tells } = route.operation
  const workload = grant.workload.name
  if (tells === null) {
    const kind = route.operation.creates ?? request.keeps
    return kind === null || call.method !== 'POST' ? null : { kind, workload, objects }
  }
  return objects.remembered(route.objectId ?? '')?.workload === workload ? { kind: tells, workload, objects } : null
}
