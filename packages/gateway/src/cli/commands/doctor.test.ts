import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { instanceKey } from '../../../../../test/support/world.ts'
import { startSurroundings, withInstance } from '../../doctor/doctor.fixture.ts'
import { checkNames, type Diagnosis } from '../../doctor/index.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

/** The form that docs/doctor.md promises. */
const report = z.strictObject({
  ok: z.boolean(),
  counts: z.strictObject({ ok: z.int(), note: z.int(), warning: z.int(), failure: z.int() }),
  findings: z.array(
    z
      .strictObject({
        check: z.enum(checkNames),
        level: z.enum(['ok', 'note', 'warning', 'failure']),
        about: z.string().nullable(),
        found: z.string().regex(/^[^\n]+$/),
        next: z.string().nullable(),
      })
      .refine(({ level, next }) => (level === 'ok') === (next === null), 'next is null exactly when the level is ok'),
  ),
})

async function doctor(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [main, 'doctor', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

test('gatehouse doctor exits 0 without failures and 1 with one, says what to do, and shows no secret', async t => {
  const { examine, entra, env, file } = await startSurroundings(t)
  const whole = { ...env, ...entra.managedIdentity }
  await examine('configuration')
  const good = await doctor(['--config', file, '--json'], whole)
  const { ok, counts, findings } = JSON.parse(good.out) as Diagnosis
  assert.deepEqual([good.code, ok, counts.failure], [0, true, 0], good.out)
  assert.ok(findings.length > 5)
  report.parse(JSON.parse(good.out))

  await examine('configuration', withInstance({ endpoint: 'https://127.0.0.1:9' }))
  const bad = await doctor(['--config', file], whole)
  assert.equal(bad.code, 1)
  assert.match(bad.out, /✗ instances {6}dev-openai-instance-1 {2}127\.0\.0\.1:9: nothing listens there/)
  assert.match(bad.out, /→ Correct instances\.dev-openai-instance-1\.endpoint/)
  assert.match(bad.err, /✗ doctor_failures/)
  for (const said of [good, bad]) {
    for (const secret of [instanceKey, entra.managedIdentity.IDENTITY_HEADER, 'eyJ']) {
      assert.ok(!`${said.out}${said.err}`.includes(secret))
    }
  }
})

test('gatehouse doctor exits 2 for a check that does not exist', async () => {
  const { code, err } = await doctor(['--only', 'weather'], {})
  assert.equal(code, 2)
  assert.match(err, /Allowed choices are configuration, /)
})
