import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Database, openDatabase } from './database.ts'

async function opened(t: { after(close: () => void): void }): Promise<Database> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  const database = await openDatabase({ directory })
  t.after(() => {
    database.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return database
}

test('a long question lets a short one of another connection pass, and both have their answers', async t => {
  const database = await opened(t)
  const [long, short] = [await database.connect(), await database.connect()]
  const ended: string[] = []
  const sum = long.runAndReadAll('SELECT sum(range) FROM range(3000000)').then(answer => {
    ended.push('long')
    return answer.getRows()
  })
  await turn()
  const one = await short.runAndReadAll('SELECT $1::INTEGER + $2::INTEGER', [40, 2])
  ended.push('short')
  assert.deepEqual(one.getRows(), [[42]])
  assert.deepEqual(await sum, [[4_499_998_500_000n]])
  assert.deepEqual(ended, ['short', 'long'])
})

test('a question that is interrupted rejects, and its connection answers the next one', async t => {
  const database = await opened(t)
  const connection = await database.connect()
  const endless = connection.runAndReadAll('SELECT count(*) FROM range(1000000000000) WHERE range = -1')
  let isOver = false
  const rejected = assert.rejects(endless, /interrupt/i).finally(() => {
    isOver = true
  })
  // One that comes before the question has begun is for no question.
  while (!isOver) {
    connection.interrupt()
    await turn()
  }
  await rejected
  assert.deepEqual((await connection.runAndReadAll('SELECT 1')).getRows(), [[1]])
})

test('a statement that is wrong, and one that fails while it runs, reject with the words of DuckDB', async t => {
  const connection = await (await opened(t)).connect()
  await assert.rejects(connection.runAndReadAll('SELECT nothing FROM records'), /"nothing" not found/)
  await assert.rejects(connection.runAndReadAll("SELECT 'x' || range::VARCHAR::DATE FROM range(3)"), /date/i)
})
