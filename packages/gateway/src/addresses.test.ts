import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AddressClass, addressClass, addressRange, inRanges } from './addresses.ts'

const examples: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    '1.1.1.1',
    '20.42.65.92',
    '168.63.129.17',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '2606:4700::1111',
  ],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.1.1', '100.64.0.1', 'fd12:3456::1', 'fc00::1'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'],
  never: [
    ...[
      '169.254.169.254',
      '169.254.170.2',
      '168.63.129.16',
      '100.100.100.200',
      '192.0.0.192',
      '0.0.0.0',
      '255.255.255.255',
    ],
    ...[
      '224.0.0.1',
      '240.0.0.1',
      '198.18.0.1',
      '203.0.113.9',
      'fd00:ec2::254',
      'fe80::1',
      'ff02::1',
      '::',
      '2001:db8::1',
    ],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::ffff:1.1.1.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '2002:7f00:1::',
    ],
    ...['localhost', '', '127.1', '0x7f.1', '[::1]'],
  ],
}

// An address in the wrong class opens the machine's own network, or the credentials of its metadata service.
for (const [name, addresses] of Object.entries(examples)) {
  test(`these addresses are ${name}`, () => {
    for (const address of addresses) assert.equal(addressClass(address), name, address)
  })
}

test('a range is a network with its bits, or a single address; anything else is none', () => {
  assert.deepEqual(addressRange('10.0.2.0/24'), ['10.0.2.0', 24])
  assert.deepEqual(addressRange('10.0.2.9'), ['10.0.2.9', 32])
  assert.deepEqual(addressRange('fd00:2::/64'), ['fd00:2::', 64])
  for (const text of ['', '10.0.2.0/33', '10.0.2.0/', '10.0.2.0/24/1', '10.0.2/24', 'fe80::1%eth0', 'edge', '::/129'])
    assert.equal(addressRange(text), null, text)
})

test('an address is in a range also where it is written as one of IPv6', () => {
  const isIn = inRanges(['10.0.2.0/24', 'fd00:2::/64'])
  for (const address of ['10.0.2.9', '::ffff:10.0.2.9', 'fd00:2::9']) assert.ok(isIn(address), address)
  for (const address of ['10.0.3.9', 'fd00:3::9', '::1']) assert.ok(!isIn(address), address)
  assert.equal(inRanges([])('10.0.2.9'), false)
})
