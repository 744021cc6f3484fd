import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closedOf, newId, openedOf } from '../../../ledger/exchange.fixture.ts'
import type { Closed } from '../../../ledger/record.ts'
import { networkOf } from '../../../network.ts'
import { Strangers } from './strangers.ts'

const recordOf = (address: string, code: string): Closed => {
  const id = newId()
  const closed = closedOf(id, { outcome: 'refused', outcomeCode: code, status: 401 })
  return { ...closed, opened: openedOf(id, { clientAddress: address, path: `/${'x'.repeat(2_000)}` }) }
}

function strangersOf(perMinute: number, allPerMinute: number) {
  const written: Closed[] = []
  const strangers = new Strangers(
    { perMinute, allPerMinute },
    { clock: () => 0, write: closed => written.push(closed) },
  )
  let single = 0
  const call = (address: string, code: string, endedAtMs: number): void => {
    if (!strangers.takes({ address, code, endedAtMs, record: () => recordOf(address, code) })) single += 1
  }
  return { strangers, written, call, singles: () => single }
}

// 5,000 calls a second without a token wrote 21 GB of journal an hour, and a full disk means 503 for every caller.
test('W2 beyond a rate, calls without a token share one record per address, code and minute', () => {
  const { strangers, written, call, singles } = strangersOf(3, 100)
  for (let n = 0; n < 1_000; n++) call('192.0.2.1', 'token_missing', 1_000 + n)
  for (let n = 0; n < 10; n++) call('192.0.2.1', 'route_unknown', 2_000)
  call('192.0.2.2', 'token_missing', 3_000)
  assert.equal(singles(), 4)
  assert.equal(written.length, 0)
  call('192.0.2.1', 'token_missing', 61_000)
  assert.equal(singles(), 5, 'the rate starts again with a new minute')
  assert.deepEqual(
    written.map(({ outcomeCode, summedCalls, endedAtMs, opened }) => [
      outcomeCode,
      summedCalls,
      endedAtMs,
      opened?.clientAddress,
      opened?.workload,
      opened?.path.length,
    ]),
    [
      ['token_missing', 997, 1_999, '192.0.2.1', null, 256],
      ['route_unknown', 10, 2_000, '192.0.2.1', null, 256],
    ],
  )
  for (let n = 0; n < 5; n++) call('192.0.2.1', 'token_missing', 61_000)
  strangers.close()
  assert.equal(written.at(-1)?.summedCalls, 3, 'open sums are written when the gateway closes')
})

test('W2 every call is in a record or in a sum, and both are bounded for any number of addresses', () => {
  const calls = fc.array(
    fc.record({ address: fc.nat(400), code: fc.constantFrom('a', 'b', 'c'), after: fc.nat(2_000) }),
    {
      maxLength: 2_000,
    },
  )
  fc.assert(
    fc.property(calls, asked => {
      const { strangers, written, call, singles } = strangersOf(2, 20)
      let now = 0
      for (const { address, code, after } of asked) {
        now += after
        call(`10.0.${address >> 8}.${address & 255}`, code, now)
      }
      strangers.close()
      const summed = written.reduce((sum, { summedCalls }) => sum + summedCalls, 0)
      assert.equal(singles() + summed, asked.length)
      const minutes = Math.floor(now / 60_000) + 1
      assert.ok(singles() <= 20 * minutes)
      assert.ok(written.length <= 23 * minutes)
    }),
    { numRuns: 50 },
  )
})

test('W2 an IPv6 address is counted by its /64 network, a mapped IPv4 address as the IPv4 address', () => {
  for (const [address, network] of [
    ['2001:db8:1:2:aaaa::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:0:0:0:9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7', '192.0.2.7'],
    ['a name that a proxy wrote', 'a name that a proxy wrote'],
    [null, ''],
  ] as const) {
    assert.equal(networkOf(address), network, String(address))
  }
})
