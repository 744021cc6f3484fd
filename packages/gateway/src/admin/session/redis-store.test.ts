import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consoleClientId } from '@gatehouse/simulator'
import { startRedis, tell } from '../../../../../test/support/redis.ts'
import { silentLog } from '../../log.ts'
import { openRedis } from '../../redis/open.ts'
import { errorIn } from '../house.fixture.ts'
import { Browser, startConsole } from './console.fixture.ts'
import { sessionCookie } from './cookies.ts'

// A load balancer sends each request of a browser to another replica.
test('replicas share sessions through Redis, which alone reveals neither a token nor a cookie', async t => {
  const server = await startRedis(t)
  const config = { url: server.url, cluster: false, keyPrefix: 'gatehouse', timeout: 5_000 }
  const redis = openRedis(config, { clock: Date.now, log: silentLog })
  t.after(() => redis.close())
  await redis.start()
  const admin = { signIn: { clientId: consoleClientId, sessionsMax: 2 } }
  const first = await startConsole(t, { redis, admin })
  const second = await startConsole(t, { redis, admin, entra: first.entra })

  const browser = new Browser(first)
  await browser.signIn('bob')
  const elsewhere = new Browser(second)
  elsewhere.cookies.set(sessionCookie, browser.session ?? '')
  assert.equal((await elsewhere.send('/api/v1/whoami')).status, 200)

  const kept: string[] = []
  for (const key of tell(server.port, 'KEYS', '*').split('\n')) {
    kept.push(key, key.includes(':session:') ? tell(server.port, 'GET', key) : '')
  }
  assert.ok(kept.some(text => text.length > 500))
  assert.doesNotMatch(kept.join('\n'), new RegExp(`eyJ|${browser.session}`))

  for (const person of ['alice', 'carol']) await new Browser(first).signIn(person)
  assert.equal(errorIn(await elsewhere.send('/api/v1/whoami')).code, 'session_expired', 'the third ends the oldest')

  const last = new Browser(second)
  await last.signIn('bob')
  const tab = new Browser(first)
  tab.cookies.set(sessionCookie, last.session ?? '')
  const live = tab.send('/api/v1/live?events=feeds')
  assert.equal((await last.send('/signout', { method: 'POST' })).status, 200)
  assert.equal((await live).status, 200, 'the stream at the other replica ends')
  assert.equal(errorIn(await tab.send('/api/v1/whoami')).code, 'session_expired')
})
