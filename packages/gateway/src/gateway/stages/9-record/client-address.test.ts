import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { inRanges } from '../../../addresses.ts'
import { callOf } from '../../exchange.fixture.ts'
import { clientAddress } from './client-address.ts'

const edge = ['10.0.2.0/24', 'fd00:2::/64']

/** @param proxies null: the operator does not trust the field. */
function addressFrom(forwarded: string, proxies: readonly string[] | null): string | null {
  const call = callOf({ headers: { 'x-forwarded-for': forwarded } })
  return clientAddress({ call, isProxy: proxies === null ? null : inRanges(proxies) })
}

suite('the address of the client', () => {
  const cases: readonly [what: string, forwarded: string, proxies: readonly string[] | null, found: string | null][] = [
    ['is not read from X-Forwarded-For without trust', '1.1.1.1', null, null],
    ['is the last entry', '1.1.1.1, 2.2.2.2', [], '2.2.2.2'],
    ['has no port, which Application Gateway adds', '20.1.2.3:51234', [], '20.1.2.3'],
    ['is not what a client wrote itself before', '6.6.6.6, 20.1.2.3:51234', [], '20.1.2.3'],
    ['may be of IPv6', '2603:1020::7', [], '2603:1020::7'],
    ['may be of IPv6 in brackets, with a port', '[2603:1020::7]:51234', [], '2603:1020::7'],
    ['may be of IPv6 in brackets', '[2603:1020::7]', [], '2603:1020::7'],
    ['is the one before the edge, which another proxy added', '20.1.2.3:51234, 10.0.2.9', edge, '20.1.2.3'],
    ['is the one before several proxies', '20.1.2.3:51234,fd00:2::9 ,10.0.2.9', edge, '20.1.2.3'],
    ['is the caller that goes round the edge and forges an entry', '6.6.6.6, 10.0.9.9', edge, '10.0.9.9'],
    ['is the first entry where all are proxies', '10.0.2.7, 10.0.2.9', edge, '10.0.2.7'],
    ['is the proxy after which something else was written', 'unknown, 10.0.2.9', edge, '10.0.2.9'],
    ['is the connection’s where the last entry is empty', ' ', [], null],
    ['is the connection’s where the last entry is no address', '1.1.1.1, unknown', [], null],
    ['is the connection’s where the last entry is a name with a port', 'gateway:8080', [], null],
    ['is the connection’s where the last entry has two ports', '1.1.1.1:1:2', [], null],
    ['is the connection’s where the last entry is an address of three parts', '1.1.1:443', [], null],
  ]
  for (const [what, forwarded, proxies, found] of cases) {
    test(what, () => assert.equal(addressFrom(forwarded, proxies), found))
  }

  // Whatever a client sends, the entry that the edge adds decides: nobody chooses the address in his own record.
  test('does not depend on what the client sends', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.ipV4(), fc.nat(65_535), (sent, address, port) => {
        assert.equal(addressFrom(`${sent}, ${address}:${port}, 10.0.2.9`, ['10.0.2.9']), address)
      }),
    )
  })
})
