import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { replicaIdOf } from './replica-id.ts'

// A replica that reports its month a second time, because its container has a new name, takes half of the budget away.
test('a ledger keeps its name over restarts, and gets a new one when the stored one cannot be read', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-replica-id-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const first = replicaIdOf(directory, randomUUID)
  assert.equal(replicaIdOf(directory, randomUUID), first)
  for (const spoiled of ['', 'a b:c', '\0\0\0\0']) {
    await writeFile(join(directory, 'replica-id'), spoiled)
    const next = replicaIdOf(directory, randomUUID)
    assert.match(next, /^[0-9a-f-]{36}$/)
    assert.equal(replicaIdOf(directory, randomUUID), next)
  }
})
