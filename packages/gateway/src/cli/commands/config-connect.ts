/** `gatehouse config check --connect`: the checks that `gatehouse serve` makes at its start, by hand. */
import type { LoadedConfig } from '../../config/load.ts'
import type { Diagnosis } from '../../doctor/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { counted } from '../terminal/findings.ts'

/** Time for clients to close what they opened, in milliseconds: one that waits for an answer would keep the process. */
const lingerMs = 1_000

export async function connect(context: CliContext, loaded: LoadedConfig): Promise<Diagnosis> {
  const [{ examine }, { connectionChecks }] = await Promise.all([
    import('../../doctor/diagnose.ts'),
    import('../../doctor/connections.ts'),
  ])
  const diagnosis = await examine(loaded, connectionChecks, { clock: context.clock })
  setTimeout(() => process.exit(), lingerMs).unref()
  return diagnosis
}

export function connectFailure({ counts }: Diagnosis): CliError {
  const what = `${counted(counts.failure, 'thing')} that the gateway needs cannot be reached or used.`
  return new CliError('connections_failed', what, null, 'follow the arrows above, or gatehouse doctor for all checks')
}
