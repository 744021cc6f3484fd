import type { Call } from '../../call.ts'
import { Refusal } from '../../refusals.ts'

/**
 * Accept: the request is ordinary HTTP/1.1.
 * @throws Refusal request_malformed, upgrade_unsupported, expectation_failed
 */
export function accept({ req, fault, expectsContinue }: Call): void {
  if (fault !== null) throw new Refusal('request_malformed', { reason: fault })
  const { upgrade, expect } = req.headers
  // Other upgrades may be ignored (RFC 9110 section 7.8): some clients offer h2c with every call.
  if (upgrade !== undefined && /websocket/i.test(upgrade)) {
    // RFC 9110 section 15.5.22: the answer names the protocol to use instead. On this status clients fall back to HTTP
    // at once.
    const headers = ['connection', 'close, upgrade', 'upgrade', 'HTTP/1.1']
    throw new Refusal('upgrade_unsupported', { protocol: upgrade }, { headers })
  }
  if (expect !== undefined && !expectsContinue) throw new Refusal('expectation_failed')
}
