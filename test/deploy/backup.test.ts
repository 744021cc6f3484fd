/** `deploy/systemd/gatehouse-backup`: a copy of a ledger in use has everything that a restored gateway needs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditPath } from '../../packages/gateway/src/audit/files.ts'
import { verifyTrail } from '../../packages/gateway/src/audit/verify.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { ask } from '../support/world.ts'

/** Longest wait for what the gateway does after an answer, in milliseconds. */
const laterMsMax = 120_000

const program = join(import.meta.dirname, '..', '..', 'deploy', 'systemd', 'gatehouse-backup')

function backUp(
  ledger: string,
  target: string,
  path?: string,
): { readonly status: number | null; readonly said: string } {
  const others = process.env['PATH'] ?? ''
  const env = { ...process.env, PATH: path === undefined ? others : `${path}:${others}` }
  const { status, stderr } = spawnSync('sh', [program, ledger, target], { encoding: 'utf8', env })
  return { status, said: stderr }
}

/** What a start makes again. */
const needless = /^(?:owner\.json|query\/.*|spill\/.*|.*\.new|ledger\.duckdb\.wal)$/

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter(name => !needless.test(name))
    .sort()
}

// A restored ledger without its legal holds deletes what a court wants; one without its trail cannot say who read what.
test('a copy has every file of a running ledger, and its audit trail is whole', async t => {
  const world = await startServedWorld(t)
  const served = await world.serve({ readyMsMax: laterMsMax })
  const send = async (url: string, as: string, body: unknown): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${await world.token(as)}`, 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    return JSON.parse(text) as Record<string, unknown>
  }
  const call = { model: 'gpt-4o', messages: ask('Hello') }
  for (const [as, workload] of [
    ['alice', 'hr-bot'],
    ['bob', 'code-assistant'],
  ] as const) {
    await send(`${served.url}/main/${workload}/openai/v1/chat/completions`, as, call)
  }
  const records = `${served.adminUrl}/api/v1/records`
  const readAll = async (): Promise<true | null> => {
    const answer = await fetch(records, { headers: { authorization: `Bearer ${await world.token('carol')}` } })
    const { records: found } = (await answer.json()) as { readonly records: readonly unknown[] }
    return found.length === 2 ? true : null
  }
  await eventually('both are recorded', readAll, laterMsMax)
  await send(`${records}/holds`, 'carol', { workload: 'hr-bot', reason: 'Case 12' })
  const person = { caller: 'bob@contoso.example' }
  const { token } = await send(`${records}/erasures/preview`, 'erin', person)
  await send(`${records}/erasures`, 'erin', { ...person, token, reason: 'Request 7' })
  const ledger = join(world.directory, 'ledger')
  const isErased = (): true | null =>
    readFileSync(join(auditPath(ledger), '000001.jsonl'), 'utf8').includes('"erasure_finished"') &&
    readdirSync(join(ledger, 'erasures')).every(name => name.endsWith('.certificate.json'))
      ? true
      : null
  await eventually('the erasure has ended and is in the trail', isErased, laterMsMax)

  const copy = join(world.directory, 'copy')
  assert.deepEqual(backUp(ledger, copy), { status: 0, said: '' })
  const files = filesIn(copy)
  assert.deepEqual(files, filesIn(ledger))
  for (const part of ['holds.json', 'erasures/', 'audit/head.json', 'configuration/', 'journal/', 'ledger.duckdb']) {
    assert.ok(
      files.some(name => name.startsWith(part)),
      part,
    )
  }
  assert.equal(readFileSync(join(copy, 'holds.json'), 'utf8'), readFileSync(join(ledger, 'holds.json'), 'utf8'))
  const verified = await verifyTrail(auditPath(copy), null)
  assert.deepEqual([verified.fault, verified.notes], [null, []])
})

/** A small ledger, and a `cp` that first runs a command where its arguments fit a pattern. */
function withCp(cases: string): { readonly ledger: string; readonly target: string; readonly path: string } {
  const directory = temporaryDirectory('backup')
  const ledger = join(directory, 'ledger')
  for (const folder of ['journal', 'audit', 'erasures']) mkdirSync(join(ledger, folder), { recursive: true })
  writeFileSync(join(ledger, 'journal', '0000000001.seg'), 'segment')
  writeFileSync(join(ledger, 'audit', 'head.json'), '1')
  writeFileSync(join(ledger, 'audit', '000001.jsonl'), '1\n')
  const path = join(directory, 'bin')
  mkdirSync(path)
  const own = join(path, 'cp')
  writeFileSync(own, `#!/bin/sh\nLEDGER='${ledger}'\ncase "$*" in ${cases} esac\nexec /bin/cp "$@"\n`)
  chmodSync(own, 0o755)
  return { ledger, target: join(directory, 'copy'), path }
}

// Half of such a copy would have the name and the words of a person whose certificate says that they are gone.
test('a copy during which an erasure ends is refused, and the next one is made', () => {
  const { ledger, target, path } = withCp('*/0000000001.seg*) echo done > "$LEDGER/erasures/1.certificate.json" ;;')
  assert.deepEqual(backUp(ledger, target, path), {
    status: 1,
    said: 'gatehouse-backup: an erasure began or ended meanwhile; start again when it has ended\n',
  })
  assert.equal(existsSync(target), false)
  assert.deepEqual(backUp(ledger, target), { status: 0, said: '' })
  assert.equal(readFileSync(join(target, 'erasures', '1.certificate.json'), 'utf8'), 'done\n')
})

// A trail that is shorter than its noted end is reported as one of which entries were removed.
test('the noted end of the trail is never after the entries of the copy, also where the trail grows meanwhile', () => {
  const trail = '"$LEDGER/audit/000001.jsonl"'
  const { ledger, target, path } = withCp(
    `*/audit/*) echo more >> ${trail}; wc -l < ${trail} > "$LEDGER/audit/head.json" ;;`,
  )
  assert.deepEqual(backUp(ledger, target, path), { status: 0, said: '' })
  const entries = readFileSync(join(target, 'audit', '000001.jsonl'), 'utf8').split('\n').length - 1
  assert.deepEqual([Number(readFileSync(join(target, 'audit', 'head.json'), 'utf8')), entries], [2, 3])
})
