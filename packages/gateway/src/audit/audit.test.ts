import assert from 'node:assert/strict'
import { appendFile, copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { type LogLine, logTo } from '../log.fixture.ts'
import { auditPath } from './files.ts'
import type { AuditEntry } from './index.ts'
import { dayMs, refusal, testEvent, testTrail } from './trail.fixture.ts'
import { verifyTrail } from './verify.ts'

/** A closed trail of several segments, which tests damage. */
async function closedTrail(): Promise<string> {
  const { ledger, trail } = await testTrail({ segmentBytesMax: 4_000 })
  for (let at = 0; at < 12; at += 1) {
    await Promise.all(Array.from({ length: 5 }, () => trail.write(testEvent({ reason: `because "${at}" ☂\n` }))))
  }
  await trail.close()
  return ledger
}

test('entries are chained from the first one on, over segments, and each is in the list', async () => {
  const { ledger, trail } = await testTrail({ segmentBytesMax: 2_000 })
  const written = await Promise.all(Array.from({ length: 40 }, () => trail.write(testEvent())))
  const more = await trail.write(testEvent({ action: 'instance_probed', name: null, reason: 'it was slow' }))
  const { entries, head, next } = await trail.list({ limit: 1_000 })
  assert.equal(next, null)
  assert.deepEqual(head, { seq: more.seq, hash: more.hash })
  assert.deepEqual(entries.filter(({ action }) => action === 'bodies_read').toReversed(), written)
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    Array.from({ length: entries.length }, (_, at) => more.seq - at),
  )
  await trail.close()
  const verified = await verifyTrail(auditPath(ledger))
  assert.equal(verified.fault, null)
  assert.equal(verified.entries, more.seq + 2)
  assert.ok(verified.segments > 1)
})

test('pages follow one another without gaps, whatever the filter', async () => {
  const { trail } = await testTrail({ segmentBytesMax: 1_500 })
  const wanted: number[] = []
  for (let at = 0; at < 30; at += 1) {
    const { seq } = await trail.write(testEvent({ action: at % 3 === 0 ? 'feed_paused' : 'bodies_read' }))
    if (at % 3 === 0) wanted.unshift(seq)
  }
  const found: AuditEntry[] = []
  for (let before: number | null = null, pages = 0; pages < 20; pages += 1) {
    const page = await trail.list({ action: 'feed_paused', limit: 3, ...(before === null ? {} : { before }) })
    found.push(...page.entries)
    before = page.next
    if (before === null) break
  }
  assert.deepEqual(
    found.map(({ seq }) => seq),
    wanted,
  )
  const byName = await trail.list({ actor: 'carol@contoso.example', action: 'feed_paused', limit: 100 })
  assert.equal(byName.entries.length, wanted.length)
  assert.equal((await trail.list({ actor: 'user:t/bob', limit: 100 })).entries.length, 0)
  await trail.close()
})

const flip = fc.record({ kind: fc.constant('flip'), file: fc.nat(), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) })
const line = fc.record({
  kind: fc.constantFrom('remove', 'swap', 'repeat', 'add', 'cut'),
  file: fc.nat(),
  at: fc.nat(),
  bit: fc.constant(0),
})
const whole = fc.record({
  kind: fc.constantFrom('drop', 'exchange'),
  file: fc.nat(),
  at: fc.nat(),
  bit: fc.constant(0),
})

/** @returns false where it changes nothing. */
async function damage(
  directory: string,
  { kind, file, at, bit }: { kind: string; file: number; at: number; bit: number },
) {
  const names = (await readdir(directory)).sort()
  const segments = names.filter(name => name.endsWith('.jsonl'))
  const pick = kind === 'flip' ? names : segments
  const name = pick[file % pick.length] ?? ''
  const path = join(directory, name)
  const bytes = await readFile(path)
  const lines = bytes.toString('latin1').split('\n').slice(0, -1)
  const here = at % lines.length
  const write = (changed: readonly string[]) => writeFile(path, changed.map(one => `${one}\n`).join(''), 'latin1')
  switch (kind) {
    case 'flip':
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit)
      await writeFile(path, bytes)
      return
    case 'remove':
      return write(lines.toSpliced(here, 1))
    case 'swap':
      return write(
        lines.with(here, lines[(here + 1) % lines.length] ?? '').with((here + 1) % lines.length, lines[here] ?? ''),
      )
    case 'repeat':
      return write(lines.toSpliced(here, 0, lines[here] ?? ''))
    case 'add':
      return write(lines.toSpliced(here, 0, (lines[here] ?? '').replace('carol', 'mallory')))
    case 'cut':
      return write(lines.slice(0, here))
    case 'drop':
      return rm(path)
    default: {
      const other = join(directory, segments[(file + 1) % segments.length] ?? '')
      const theirs = await readFile(other)
      await writeFile(other, bytes)
      await writeFile(path, theirs)
    }
  }
}

// The whole worth of a chain is that no change of what was written passes.
test('any flipped byte and any removed, swapped, repeated, added or cut entry or file is found', async () => {
  const ledger = await closedTrail()
  const names = await readdir(auditPath(ledger))
  assert.ok(names.length > 4)
  await fc.assert(
    fc.asyncProperty(fc.oneof(flip, line, whole), async change => {
      const copy = temporaryDirectory('audit')
      for (const name of names) await copyFile(join(auditPath(ledger), name), join(copy, name))
      assert.equal((await verifyTrail(copy)).fault, null)
      await damage(copy, change)
      const { fault } = await verifyTrail(copy)
      assert.notEqual(fault, null)
    }),
    { numRuns: 100 },
  )
})

test('the first broken entry is named with its file, line and number', async () => {
  const ledger = await closedTrail()
  const path = join(auditPath(ledger), '000002.jsonl')
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    text
      .split('\n')
      .with(2, (text.split('\n')[2] ?? '').replace('carol', 'mallory'))
      .join('\n'),
  )
  const { fault, last } = await verifyTrail(auditPath(ledger))
  assert.deepEqual([fault?.file, fault?.line], ['000002.jsonl', 3])
  assert.equal(fault?.seq, (last?.seq ?? 0) + 1)
  assert.match(fault?.why ?? '', /not the one that its hash was made of/)
})

// An entry that was noted elsewhere proves a trail even where somebody could write every file of it.
test('an entry that was noted elsewhere must be in the chain', async () => {
  const first = await testTrail()
  const noted = await first.trail.write(testEvent())
  await first.trail.close()
  const directory = auditPath(first.ledger)
  assert.equal((await verifyTrail(directory, noted)).fault, null)
  await rm(directory, { recursive: true })
  const anew = await testTrail({ ledger: first.ledger })
  await anew.trail.write(testEvent())
  await anew.trail.close()
  assert.equal((await verifyTrail(directory)).fault, null)
  assert.match((await verifyTrail(directory, noted)).fault?.why ?? '', /noted elsewhere/)
  const later = { seq: noted.seq + 100, hash: noted.hash }
  assert.match((await verifyTrail(directory, later)).fault?.why ?? '', /not in the trail/)
})

test('a torn last line is cut and said, and the chain goes on whole', async () => {
  const { ledger, trail } = await testTrail()
  const entry = await trail.write(testEvent())
  await trail.close()
  await appendFile(join(auditPath(ledger), '000001.jsonl'), '{"seq":5,"time":"2026-')
  assert.match((await verifyTrail(auditPath(ledger))).notes.join(), /not whole/)
  const again = await testTrail({ ledger })
  const { entries } = await again.trail.list({ action: 'trail_mended', limit: 10 })
  assert.deepEqual(entries[0]?.facts, { segment: 1, bytes: 22 })
  assert.ok((entries[0]?.seq ?? 0) > entry.seq)
  await again.trail.close()
  assert.equal((await verifyTrail(auditPath(ledger))).fault, null)
})

test('a lost end is found by the next process and by every check after it', async () => {
  const { ledger, trail } = await testTrail()
  const kept = await trail.write(testEvent())
  await trail.close()
  const path = join(auditPath(ledger), '000001.jsonl')
  const bytes = await readFile(path)
  const end = bytes.indexOf(`${kept.hash}"}\n`) + 67
  await truncate(path, end)
  assert.match((await verifyTrail(auditPath(ledger))).fault?.why ?? '', /missing at its end/)
  const logged: LogLine[] = []
  const again = await testTrail({ ledger, log: logTo(one => void logged.push(one)) })
  await again.trail.close()
  assert.ok(logged.some(({ event }) => event === 'audit_trail_end_lost'))
  assert.match((await verifyTrail(auditPath(ledger))).fault?.why ?? '', /removed before this one/)
})

test('old segments are deleted with an entry that says so, and the rest is whole; without it the cut is found', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  const options = { clock: () => nowMs, retainMs: () => 10 * dayMs }
  const { ledger, trail } = await testTrail(options)
  for (let day = 0; day < 14; day += 1) {
    await trail.write(testEvent())
    nowMs += dayMs
  }
  await trail.write(testEvent())
  // Deletes what it has begun to delete, also while days pass faster than files are read.
  await trail.close()
  const directory = auditPath(ledger)
  const segments = (await readdir(directory)).filter(name => name.endsWith('.jsonl')).sort()
  const kept = Array.from({ length: 11 }, (_, at) => `${String(at + 5).padStart(6, '0')}.jsonl`)
  assert.deepEqual(segments, kept)
  const verified = await verifyTrail(directory)
  assert.equal(verified.fault, null)
  assert.ok((verified.first?.seq ?? 0) > 0)
  await rm(join(directory, segments[0] ?? ''))
  assert.match((await verifyTrail(directory)).fault?.why ?? '', /no entry says that those before it were deleted/)
})

// A stranger in a loop must not fill the disk, and what is summed must still be counted.
test('refusals beyond the rate are summed, and the sums count every one of them', async () => {
  let nowMs = Date.UTC(2026, 0, 1)
  const refusals = { perMinute: 3, allPerMinute: 5, perDay: 100 }
  const { ledger, trail } = await testTrail({ clock: () => nowMs, refusals })
  let calls = 0
  for (let minute = 0; minute < 3; minute += 1) {
    for (let at = 0; at < 50; at += 1) {
      calls += 2
      await trail.refuse(refusal('token_missing', { actor: 'stranger', name: null, address: '192.0.2.1' }))
      await trail.refuse(refusal('role_missing'))
    }
    nowMs += 60_000
  }
  await trail.close()
  const again = await testTrail({ ledger, clock: () => nowMs })
  const { entries } = await again.trail.list({ action: 'refused', limit: 1_000 })
  const counted = entries.reduce((sum, { facts }) => sum + Number(facts['calls'] ?? 1), 0)
  assert.equal(counted, calls)
  assert.equal(entries.length, 2 * (3 * 3 + 1))
  const sum = entries.find(({ facts, actor }) => facts['calls'] !== undefined && actor === 'stranger')
  assert.deepEqual([sum?.address, sum?.requestId, sum?.facts['code']], ['192.0.2.1', null, 'token_missing'])
  await again.trail.close()
})

test('many entries that are written at once share their syncs', async () => {
  const { ledger, trail } = await testTrail()
  await Promise.all(Array.from({ length: 2_000 }, () => trail.write(testEvent())))
  await trail.close()
  assert.equal((await verifyTrail(auditPath(ledger))).entries, 2_004)
})

test('what cannot be written is refused, and written again when there is room', async () => {
  const { ledger, trail } = await testTrail()
  await trail.close()
  await assert.rejects(trail.write(testEvent()), { code: 'audit_unavailable' })
  const logged: LogLine[] = []
  // A file where the directory should be: nothing can be written until it is gone.
  await rm(auditPath(ledger), { recursive: true })
  await writeFile(auditPath(ledger), '')
  const { trail: blocked } = await testTrail({ ledger, log: logTo(one => void logged.push(one)) })
  await assert.rejects(blocked.write(testEvent()), { code: 'audit_unavailable' })
  await assert.rejects(blocked.write(testEvent()), { code: 'audit_unavailable' })
  assert.equal(logged.filter(({ event }) => event === 'audit_unwritable').length, 1)
  await rm(auditPath(ledger))
  await blocked.write(testEvent())
  assert.ok(logged.some(({ event }) => event === 'audit_writable_again'))
  await blocked.close()
  assert.equal((await verifyTrail(auditPath(ledger))).fault, null)
})

// A reading that was refused must not be in the trail as one that was done.
test('an entry whose head cannot be written is refused and not in the trail', async () => {
  const { ledger, trail } = await testTrail()
  const before = await trail.write(testEvent({ reason: 'before' }))
  const head = join(auditPath(ledger), 'head.json')
  const kept = await readFile(head)
  // A folder where the file should be.
  await rm(head)
  await mkdir(join(head, 'in-the-way'), { recursive: true })
  await assert.rejects(trail.write(testEvent({ reason: 'refused' })), { code: 'audit_unavailable' })
  await rm(head, { recursive: true })
  await writeFile(head, kept)
  const after = await trail.write(testEvent({ reason: 'after' }))
  assert.deepEqual([after.seq, after.prev], [before.seq + 1, before.hash])
  const { entries } = await trail.list({ action: 'bodies_read', limit: 10 })
  assert.deepEqual(
    entries.map(({ reason }) => reason),
    ['after', 'before'],
  )
  await trail.close()
  assert.equal((await verifyTrail(auditPath(ledger))).fault, null)
})
