import { version } from '../version.ts'
import { auditPath } from './files.ts'
import type { AuditEvent, AuditTrail, Verified } from './index.ts'
import { chainStart } from './line.ts'
import { listEntries } from './list.ts'
import { Refusals, type RefusalsLimits } from './refusals.ts'
import { verifyTrail } from './verify.ts'
import { ownEvent, Writer, type WriterOptions } from './writer.ts'

export interface TrailOptions extends Omit<WriterOptions, 'directory'> {
  /** The ledger's directory. */
  readonly ledger: string
  /** Default: `refusalsLimits`. */
  readonly refusals?: RefusalsLimits
}

/**
 * Opens the trail of a ledger. Never rejects: where it cannot be written, each `write` says so and tries again. One
 * process at a time, which the ledger makes sure of.
 */
export async function openAudit({ ledger, refusals: limits, ...options }: TrailOptions): Promise<AuditTrail> {
  const directory = auditPath(ledger)
  const { clock, log } = options
  const writer = new Writer({ ...options, directory })
  const report = (sum: AuditEvent): void => {
    writer.write(sum).catch((error: unknown) => log.error({ error, code: sum.facts['code'] }, 'audit_sum_lost'))
  }
  // Apart, so that strangers cannot use up the entries of those who are known.
  const refusals = { strangers: new Refusals(clock, report, limits), callers: new Refusals(clock, report, limits) }
  // The log says where it cannot be written.
  await writer.write(ownEvent('process_began', 'done', { version })).catch(() => {})
  let closed: Promise<void> | null = null
  let verifying: Promise<Verified> | null = null
  const close = async (): Promise<void> => {
    refusals.strangers.close()
    refusals.callers.close()
    await writer.close(ownEvent('process_ended', 'done', {}))
  }
  return {
    write: event => writer.write(event),
    async refuse(event) {
      const own = event.actor === 'stranger' ? refusals.strangers : refusals.callers
      return own.takes(event) ? writer.write(event) : null
    },
    list: query => listEntries(directory, query, writer.end ?? chainStart),
    verify() {
      verifying ??= verifyTrail(directory).finally(() => {
        verifying = null
      })
      return verifying
    },
    close() {
      closed ??= close()
      return closed
    },
  }
}
