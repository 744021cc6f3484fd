import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { framingFault, hostFault, LastRequests } from './framing.ts'

const head = (version: string, headers: Readonly<Record<string, string>>, rawHeaders: readonly string[] = []) => ({
  httpVersionMajor: Number(version[0]),
  httpVersionMinor: Number(version[2]),
  headers,
  rawHeaders: [...Object.entries(headers).flat(), ...rawHeaders],
})

// If the gateway and a proxy before it see different requests in the same bytes, one client's bytes become another's
// request.
suite('framing of a request', () => {
  const cases: readonly [what: string, fault: RegExp | null, ...Parameters<typeof head>][] = [
    ['an ordinary request', null, '1.1', { host: 'localhost' }],
    ['a request of HTTP/1.0', null, '1.0', {}],
    ['a request of HTTP/2.0', /neither HTTP\/1.1 nor HTTP\/1.0/, '2.0', { host: 'localhost' }],
    ['a request of HTTP/0.9', /neither HTTP\/1.1 nor HTTP\/1.0/, '0.9', {}],
    ['chunks', null, '1.1', { host: 'localhost', 'transfer-encoding': 'Chunked' }],
    ['chunks in HTTP/1.0', /has a Transfer-Encoding/, '1.0', { 'transfer-encoding': 'chunked' }],
    ['a second coding', /Transfer-Encoding/, '1.1', { host: 'localhost', 'transfer-encoding': 'gzip, chunked' }],
    ['two Hosts', /more than one Host/, '1.1', { host: 'localhost' }, ['HOST', 'other']],
  ]
  for (const [what, fault, ...parts] of cases) {
    test(`${what}: ${fault === null ? 'accepted' : 'refused'}`, () => {
      const found = framingFault(head(...parts))
      if (fault === null) assert.equal(found, null)
      else assert.match(found ?? '', fault)
    })
  }
})

suite('the Host of a request', () => {
  const good = ['localhost', 'Gateway.example:8080', '127.0.0.1', '[::1]:8080', 'a%20b', 'a_b']
  const bad = ['', 'a b', 'a/b', 'a@b', 'a:b', '[::1', 'a:123456', 'a,b c']
  for (const host of good) test(`${host} is accepted`, () => assert.equal(hostFault(head('1.1', { host })), null))
  for (const host of bad)
    test(`"${host}" is refused`, () => assert.match(hostFault(head('1.1', { host })) ?? '', /its Host/))
  test('a request of HTTP/1.1 needs one, a request of HTTP/1.0 does not', () => {
    assert.match(hostFault(head('1.1', {})) ?? '', /no Host/)
    assert.equal(hostFault(head('1.0', {})), null)
  })
})

// After an upgrade, Node's parser drops bytes: the next "request" may be the middle of a body.
test('no request is accepted after one with Upgrade or with faulty framing, on that connection only', () => {
  const requests = new LastRequests()
  const [first, second, third] = [new Socket(), new Socket(), new Socket()]
  assert.equal(requests.isLast({ headers: {}, socket: first }, null), false)
  assert.equal(requests.isLast({ headers: { upgrade: 'websocket' }, socket: second }, null), true)
  assert.equal(requests.isLast({ headers: {}, socket: third }, 'it has more than one Host'), true)
  assert.deepEqual(
    [first, second, third].map(socket => requests.admits({ socket })),
    [true, false, false],
  )
})
