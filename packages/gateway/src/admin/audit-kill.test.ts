import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { randomOf, seedOfRun } from '../../../../test/support/random.ts'
import { auditPath } from '../audit/files.ts'
import { testTrail } from '../audit/trail.fixture.ts'
import { verifyTrail } from '../audit/verify.ts'

const program = fileURLToPath(new URL('./served.fixture.ts', import.meta.url))
const kills = 3

interface Answered {
  readonly requestId: string
  readonly outcome: 'done' | 'refused'
}

/** Changes and refusals over many connections, until the process is killed after so many answers. */
async function floodAndKill(directory: string, answersMax: number): Promise<readonly Answered[]> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const pool = new Pool(line.toString('utf8').trim(), { connections: 16 })
  const answered: Answered[] = []
  const call = async (as: string, method: 'GET' | 'POST', path: string, outcome: Answered['outcome']) => {
    const { headers, statusCode, body } = await pool.request({
      method,
      path,
      headers: { authorization: `Bearer head.${as}.signature` },
    })
    await body.dump()
    assert.equal(statusCode === 200 ? 'done' : 'refused', outcome)
    answered.push({ requestId: String(headers['x-gatehouse-request-id']), outcome })
    if (answered.length === answersMax) child.kill('SIGKILL')
  }
  const seat = async (): Promise<void> => {
    for (let calls = 0; calls < answersMax; calls += 1) {
      await call('alice', 'POST', '/api/v1/log/level?level=warn', 'done')
      await call('dave', 'GET', '/api/v1/usage', 'refused')
      await call('nobody', 'GET', '/api/v1/usage', 'refused')
    }
  }
  // Each seat ends with the process.
  const ends = await Promise.allSettled(Array.from({ length: 16 }, seat))
  child.kill('SIGKILL')
  await exited
  await pool.destroy()
  for (const end of ends) if (end.status === 'rejected' && end.reason instanceof assert.AssertionError) throw end.reason
  return answered
}

// The moment after the answer is the one in which an intruder pulls the plug.
test('after kills at random moments every answered request has its entry, and the chain is whole', {
  timeout: 120_000,
}, async () => {
  const directory = temporaryDirectory('audit')
  const random = randomOf(seedOfRun())
  const answered: Answered[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    answered.push(...(await floodAndKill(directory, 100 + random.below(300))))
    assert.equal((await verifyTrail(auditPath(directory))).fault, null)
  }
  const { trail } = await testTrail({ ledger: directory })
  const found = new Set<string>()
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await trail.list({ before, limit: 1_000 })
    for (const { requestId, outcome } of page.entries) found.add(`${requestId} ${outcome}`)
    if (page.next === null) break
    before = page.next
  }
  await trail.close()
  assert.ok(answered.length >= 300)
  const missing = answered.filter(({ requestId, outcome }) => !found.has(`${requestId} ${outcome}`))
  assert.deepEqual(missing, [])
  const verified = await verifyTrail(auditPath(directory))
  assert.equal(verified.fault, null)
  assert.ok(verified.segments > 3)
})
