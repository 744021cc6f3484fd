import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { replicaIdOf } from './replica-id.ts'

// A replica that reports its month a second time, because its container has a new name, takes half of the budget away.
test('a ledger keeps its name over restarts, and gets a new one when the stored one cannot be read', async () => {
  const directory = temporaryDirectory('replica-id')
  const first = replicaIdOf(directory, randomUUID)
  assert.equal(replicaIdOf(directory, randomUUID), first)
  for (const spoiled of ['', 'a b:c', '\0\0\0\0']) {
    await writeFile(join(directory, 'replica-id'), spoiled)
    const next = replicaIdOf(directory, randomUUID)
    assert.match(next, /^[0-9a-f-]{36}$/)
    assert.equal(replicaIdOf(directory, randomUUID), next)
  }
})
