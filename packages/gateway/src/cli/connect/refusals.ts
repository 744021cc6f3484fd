/** What the relay itself answers, instead of the gateway. docs/clients/connect.md lists the codes. */
import type { ServerResponse } from 'node:http'

interface RefusalFacts {
  readonly status: number
  /** True when the same call may succeed later: SDKs then send it again. */
  readonly mayRetry: boolean
}

export const refusalFacts = {
  relay_request_malformed: { status: 400, mayRetry: false },
  relay_host_unknown: { status: 403, mayRetry: false },
  relay_origin_refused: { status: 403, mayRetry: false },
  relay_upgrade_refused: { status: 426, mayRetry: false },
  relay_key_missing: { status: 401, mayRetry: false },
  relay_key_wrong: { status: 401, mayRetry: false },
  relay_key_in_address: { status: 400, mayRetry: false },
  relay_address_unknown: { status: 404, mayRetry: false },
  relay_workload_fixed: { status: 403, mayRetry: false },
  relay_sign_in_needed: { status: 401, mayRetry: false },
  relay_sign_in_failed: { status: 503, mayRetry: true },
  relay_gateway_unreachable: { status: 502, mayRetry: true },
  relay_gateway_broke: { status: 502, mayRetry: false },
} as const satisfies Record<string, RefusalFacts>

export type RefusalCode = keyof typeof refusalFacts

/** The message is for the user of a tool. It may hold no credential. */
export class RelayRefusal extends Error {
  override readonly name = 'RelayRefusal'
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Answers in OpenAI's form of an error. The connection is closed after it: the body of the call may not have been read.
 */
export function refuse(res: ServerResponse, { code, message }: RelayRefusal): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const { status, mayRetry } = refusalFacts[code]
  const body = JSON.stringify({ error: { message, type: 'gatehouse_relay', param: null, code } })
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-gatehouse-refusal': code,
    'x-should-retry': String(mayRetry),
    // RFC 9110 section 15.5.22: the answer names the protocol to use instead.
    ...(status === 426 ? { connection: 'close, upgrade', upgrade: 'HTTP/1.1' } : { connection: 'close' }),
  })
  res.end(body)
}
