/** IP addresses: what each may be connected to for, as the registries of IANA (RFC 6890) say, and ranges of them. */
import { BlockList, isIP } from 'node:net'

/**
 * `never`: link-local addresses, the metadata services of clouds, multicast, and what no host has. No allowance covers
 * them.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'never'

type Network = readonly [network: string, prefix: number]

const loopback = listOf([['127.0.0.0', 8]], [['::1', 128]])

const privateNetworks = listOf(
  [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    // Shared by carriers and overlay networks (RFC 6598).
    ['100.64.0.0', 10],
  ],
  [['fc00::', 7]],
)

const never = listOf(
  [
    ['0.0.0.0', 8],
    // Metadata services of most clouds are here.
    ['169.254.0.0', 16],
    // Azure's platform, which answers each of its machines.
    ['168.63.129.16', 32],
    ['100.100.100.200', 32],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ],
  [
    ['fd00:ec2::254', 128],
    ['fd20:ce::254', 128],
    ['2001::', 23],
    ['2001:db8::', 32],
    // Holds an IPv4 address that was not checked.
    ['2002::', 16],
    ['3fff::', 20],
  ],
)

/** Everything else of IPv6 is not given to hosts, or holds an IPv4 address. */
const global = listOf([], [['2000::', 3]])

/** @param address as `dns.lookup` gives it: IPv6 without brackets and zone. */
export function addressClass(address: string): AddressClass {
  const version = isIP(address)
  if (version === 0) return 'never'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const isIn = (list: BlockList): boolean => list.check(address, family)
  // BlockList takes `::ffff:127.0.0.1` for 127.0.0.1, so IPv4 in IPv6 is refused before anything is allowed.
  if (isIn(never) || (version === 6 && isMapped(address))) return 'never'
  if (isIn(loopback)) return 'loopback'
  if (isIn(privateNetworks)) return 'private'
  return version === 4 || isIn(global) ? 'public' : 'never'
}

const mapped = listOf([], [['::ffff:0:0', 96]])
const isMapped = (address: string): boolean => mapped.check(address, 'ipv6')

/** `10.0.2.0/24`, `fd00::/8`, or a single address: a network and the number of its bits. Null for anything else. */
export function addressRange(text: string): readonly [network: string, prefix: number] | null {
  const [network = '', written, ...more] = text.split('/')
  const version = isIP(network)
  const bits = version === 4 ? 32 : 128
  if (version === 0 || more.length > 0 || network.includes('%')) return null
  if (written === undefined) return [network, bits]
  return /^\d{1,3}$/.test(written) && Number(written) <= bits ? [network, Number(written)] : null
}

/**
 * Whether an address is in one of the ranges. An IPv4 address in IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
 * @throws RangeError for what is no range.
 */
export function inRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const text of ranges) {
    const range = addressRange(text)
    if (range === null) throw new RangeError(`${text} is no range of addresses`)
    list.addSubnet(...range, isIP(range[0]) === 4 ? 'ipv4' : 'ipv6')
  }
  return address => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

function listOf(ipv4: readonly Network[], ipv6: readonly Network[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ipv4) list.addSubnet(network, prefix, 'ipv4')
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, 'ipv6')
  return list
}
