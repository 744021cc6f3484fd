/** A feed to Blob Storage beside a running gateway. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  azuriteKey,
  blobNames,
  downloadAll,
  startAzurite,
} from '../../packages/gateway/src/ledger/feeds/blob/azurite.fixture.ts'
import { recordsInParquet } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, startWorld } from '../support/world.ts'

test('what the gateway recorded is in the container as Parquet, also what it recorded before there was one', async t => {
  const azurite = await startAzurite(t)
  const feed = {
    kind: 'blob',
    account: azurite.account,
    container: 'ledger',
    credential: { key: azuriteKey },
    format: 'parquet',
    bodies: true,
    batch: { time: '1s' },
  } as const
  const world = await startWorld(t, { change: config => ({ ...config, feeds: { archive: feed } }) })
  const chat = async (): Promise<void> => {
    const answer = await fetch(world.url + chatPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: ask('How many days of leave do I have?'), max_tokens: 20 }),
    })
    assert.equal(answer.status, 200, await answer.text())
  }
  const readiness = async (): Promise<{ readonly feedsTroubled?: number }> =>
    (await (await fetch(`${world.url}/readyz`)).json()) as { readonly feedsTroubled?: number }
  await chat()
  await eventually('the feed fails', async () => ((await readiness()).feedsTroubled === 1 ? true : null))
  const headers = { authorization: `Bearer ${await world.token('carol')}` }
  const shown = await (await fetch(`${world.house.admin?.url}/api/v1/feeds`, { headers })).text()
  assert.match(shown, /the container does not exist\. Create it/)
  assert.ok(!shown.includes(azuriteKey))
  const container = azurite.container('ledger')
  await container.create()
  await chat()
  const rows = await allRecords(world.house.ledger)
  const read = await eventually(
    'both are there',
    async () => {
      if ((await blobNames(container)).length === 0) return null
      const directory = temporaryDirectory('ledger')
      await downloadAll(container, directory)
      const records = await recordsInParquet(directory)
      return records.length === 2 ? records : null
    },
    60_000,
  )
  assert.deepEqual(read.map(({ id }) => id).toSorted(), rows.map(({ id }) => id).toSorted())
  for (const record of read) assert.match(String(record['requestBody']), /days of leave/)
})
