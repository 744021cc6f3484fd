import { backendFailures } from './backend/failures.ts'
import { refusals } from './refusals.ts'

/** Every code that a record of a gateway can have as the reason of its outcome, `outcomeCode`. */
export const outcomeCodes: ReadonlySet<string> = new Set([
  ...Object.keys(refusals),
  ...backendFailures,
  ...['client_left', 'error_in_stream', 'end_unknown', 'process_died'],
])
