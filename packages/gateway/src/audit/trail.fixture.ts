/** Trails for tests. */
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { systemClock } from '../clock.ts'
import { silentLog } from '../log.ts'
import type { AuditEvent, AuditTrail } from './index.ts'
import { openAudit, type TrailOptions } from './open.ts'

export const dayMs = 86_400_000

/** A trail in a directory of its own, unless one is given. */
export async function testTrail(
  options: Partial<TrailOptions> = {},
): Promise<{ readonly ledger: string; readonly trail: AuditTrail }> {
  const ledger = options.ledger ?? temporaryDirectory('audit')
  const defaults = { clock: systemClock, log: silentLog, retainMs: () => 400 * dayMs }
  return { ledger, trail: await openAudit({ ...defaults, ...options, ledger }) }
}

export function testEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    ...{ action: 'bodies_read', outcome: 'done', actor: 'user:t/carol', name: 'carol@contoso.example' },
    ...{ address: '127.0.0.1', requestId: 'r-1', reason: null, facts: { record: 'a' } },
    ...changes,
  }
}

export function refusal(code: string, changes: Partial<AuditEvent> = {}) {
  return { ...testEvent({ action: 'refused', outcome: 'refused', ...changes }), facts: { code } }
}
