/** A member that really answers: a server on a socket, and an instance that calls it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { laneOf, testInstance } from '../../../instances/instance.fixture.ts'
import type { Attempt } from '../../../instances/lane.ts'
import type { Candidate } from '../../../instances/pool.ts'

export interface Member {
  readonly candidate: Candidate
  begin(): Attempt
}

/** Closed after the test. */
export async function startMember(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  kind: 'standard' | 'provisioned' = 'standard',
): Promise<Member> {
  const server = createServer((request, response) => {
    response.on('error', () => {})
    request.resume().on('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const instance = testInstance('east', [kind === 'standard' ? 'gpt-4o' : ['gpt-4o', 'provisioned']], { endpoint })
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await instance.close()
  })
  return memberOf(instance)
}

export function memberOf(instance: Candidate['instance'], alias: string | null = null): Member {
  const lane = laneOf(instance)
  const candidate: Candidate = {
    ...{ instance, lane, weight: 1, alias, spillAt: null, returnAt: 0, seed: 0, isSpilling: false },
    ...{ lookedAtMs: 0, lookEveryMs: 0, share: 0, turn: 0 },
  }
  assert.equal(lane.breaker.state, 'closed')
  return { candidate, begin: () => lane.begin(Date.now()) }
}
