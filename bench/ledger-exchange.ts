/** Exchanges for the benchmarks of the ledger. */
import { unknownClosed, unknownOpened } from '../packages/gateway/src/ledger/read-fields.ts'
import type { Closed, Opened } from '../packages/gateway/src/ledger/record.ts'
import { noUsage } from '../packages/gateway/src/wire/usage.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
const path = '/main/hr-bot/openai/deployments/gpt-4o/chat/completions'

/** The beginning of an exchange; which caller and workload it has follows from its index. */
export function openedAt(id: string, index: number, startedAtMs: number): Opened {
  const caller = index % 50
  return {
    ...unknownOpened(id),
    startedAtMs,
    callerKind: 'user',
    callerTenantId: tenant,
    callerObjectId: `22222222-3333-4444-5555-6666666666${String(caller).padStart(2, '0')}`,
    callerAppId: '33333333-4444-5555-6666-777777777777',
    callerName: `Person ${caller}`,
    workload: `workload-${index % 8}`,
    target: 'main',
    instance: `dev-openai-instance-${index % 2}`,
    region: 'swedencentral',
    deployment: 'gpt-4o',
    requestedModel: 'gpt-4o',
    apiVersion: '2024-10-21',
    operation: 'chat/completions',
    stream: index % 3 === 0,
    method: 'POST',
    path,
    clientAddress: '127.0.0.1',
    userAgent: 'OpenAI/Python 1.52.0',
    requestContentType: 'application/json',
  }
}

/** Its end. @param bodyBytes length of each body. */
export function closedAt(id: string, index: number, startedAtMs: number, bodyBytes: number): Closed {
  const instance = `dev-openai-instance-${index % 2}`
  return {
    ...unknownClosed(id),
    outcome: 'completed',
    status: 200,
    sentAtMs: startedAtMs + 1,
    firstByteAtMs: startedAtMs + 300 + (index % 100),
    endedAtMs: startedAtMs + 900 + (index % 1000),
    instance,
    region: 'swedencentral',
    servedModel: 'gpt-4o-2024-08-06',
    attempts: [{ instance, status: 200, durationMs: 899.25, error: null }],
    usage: {
      ...noUsage,
      source: 'reported',
      promptTokens: 100 + (index % 900),
      completionTokens: 20 + (index % 300),
      totalTokens: 120 + (index % 900) + (index % 300),
      cachedTokens: index % 64,
      reasoningTokens: 0,
      audioPromptTokens: 0,
      audioCompletionTokens: 0,
    },
    cost: { nano: 250_000 + index * 10, currency: 'USD', price: 'gpt-4o-2024-08-06 2024-10-01' },
    reservedTokens: 1_000 + (index % 900),
    finishReason: 'stop',
    backendRequestId: id,
    responseContentType: 'application/json',
    requestBytes: bodyBytes,
    responseBytes: bodyBytes,
  }
}

/** Text that compresses like prompts. */
function bodyOf(seed: number, bytes: number): Uint8Array {
  const words = Array.from({ length: Math.ceil(bytes / 6) }, (_, index) => `w${(index * 7919 + seed * 104729) % 9973}`)
  return Buffer.from(words.join(' ')).subarray(0, bytes)
}

/** Bodies of a length, by the index of the exchange. */
export function bodiesOf(bytes: number): (index: number) => readonly Uint8Array[] {
  const bodies = Array.from({ length: 64 }, (_, seed) => [bodyOf(seed, bytes)] as const)
  return index => bodies[index % 64] ?? []
}
