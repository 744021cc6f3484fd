import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { closedOf, newId, openedOf, testLedger } from './exchange.fixture.ts'
import type { Ledger } from './index.ts'

const megabyte = 1_000_000

/** A body whose pieces differ, so that a piece in the wrong place shows. */
function longBody(megabytes: number, seed: number): Buffer[] {
  return Array.from({ length: megabytes }, (_, index) => Buffer.alloc(megabyte, `${seed}-${index} `))
}

function checksum(parts: readonly Uint8Array[]): string {
  let crc = 0
  for (const part of parts) crc = crc32(part, crc)
  return `${parts.reduce((sum, { byteLength }) => sum + byteLength, 0)} bytes, ${crc}`
}

async function bodiesIn(ledger: Ledger, id: string): Promise<string[]> {
  const bodies = await ledger.bodies(id)
  return [bodies?.request, bodies?.response].map(body => checksum(body == null ? [] : [body]))
}

// Files are uploaded through the gateway, and a cut or mixed body is worth nothing to an auditor.
test('P2 bodies of 100 MB are recorded whole, at once and in pieces, and read again after a restart', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const [request, response] = [longBody(100, 1), longBody(100, 2)]
  const [opened, unopened] = [newId(), newId()]
  await first.journal.open(openedOf(opened), request)
  for (const piece of response) await first.journal.progress(opened, 'response', [piece])
  assert.equal(checksum(await first.journal.written(opened, 'response')), checksum(response))
  await first.journal.close(closedOf(opened), [])
  await first.journal.close(closedOf(unopened, { outcome: 'refused', opened: openedOf(unopened) }), [], request)
  await first.close()
  const again = await testLedger(t, directory)
  assert.deepEqual(await bodiesIn(again, opened), [request, response].map(checksum))
  assert.deepEqual(await bodiesIn(again, unopened), [request, []].map(checksum))
})

test('an exchange that was interrupted in the middle of 100 MB has what had come', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const id = newId()
  const [request, response] = [longBody(60, 3), longBody(40, 4)]
  await first.journal.open(openedOf(id), request)
  for (const piece of response) await first.journal.progress(id, 'response', [piece])
  await first.close()
  const again = await testLedger(t, directory)
  await again.caughtUp()
  assert.equal((await again.row(id))?.outcome, 'interrupted')
  assert.deepEqual(await bodiesIn(again, id), [request, response].map(checksum))
})
