/** What requests to members are made of. */
import type { Target } from '../../instances/pool.ts'
import type { JsonEdit } from '../../wire/json-edits.ts'
import type { Forwards } from '../../wire/request-fields.ts'
import type { TraceContext } from '../../wire/trace-context.ts'
import type { Call } from '../call.ts'
import type { Workload } from '../plan/index.ts'
import type { Route } from '../stages/1-resolve/route.ts'
import type { ReceivedRequest } from '../stages/4-receive/request.ts'

export interface Sending {
  readonly call: Call
  readonly route: Route
  readonly request: ReceivedRequest
  /** The target of the call. It knows the names of deployments on each of its members. */
  readonly target: Target
  readonly forwards: Forwards
  /** The workload of the call; null for calls that the gateway sends by itself. */
  readonly workload: Workload | null
  /** What this member gets without: parts of the body that only other instances can read. Empty for nearly all. */
  readonly cuts: readonly JsonEdit[]
  /** The caller's trace, where the instance gets the attempt as its parent; null where the field passes as it came. */
  readonly trace: TraceContext | null
}

export const noCuts: readonly JsonEdit[] = []
