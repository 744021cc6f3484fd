import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admittedOf } from '../endings.fixture.ts'
import { askBeforeDelete } from './before-delete.ts'

// After the DELETE the instance cannot report the usage of background work: deleting it early would make it free.
test('usage is asked for before a response is deleted, and before no other call', async () => {
  const asked: unknown[] = []
  const followUps = {
    askNow(objectId: string, token: string) {
      asked.push([objectId, token])
      return Promise.resolve()
    },
  }
  const request = { deployment: null, send: null }
  const others = [
    admittedOf(),
    admittedOf({ method: 'GET', url: '/v1/responses/resp_1', request }),
    admittedOf({ method: 'DELETE', url: '/v1/files/file-1', request }),
  ]
  for (const exchange of others) assert.equal(askBeforeDelete(exchange, { followUps }), null, exchange.call.url)
  await askBeforeDelete(admittedOf({ method: 'DELETE', url: '/v1/responses/resp_1', request }), { followUps })
  assert.deepEqual(asked, [['resp_1', 'a.verified.token']])
})
