import { isIPv4, isIPv6 } from 'node:net'

/**
 * The network under which an address is counted: an IPv4 address itself, the first 64 bits of an IPv6 address, which
 * belong to one customer.
 */
export function networkOf(address: string | null): string {
  if (address === null) return ''
  const [plain = ''] = address.split('%')
  const mapped = plain.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(mapped) || !isIPv6(plain)) return mapped.slice(0, 64)
  const [left = '', right] = plain.toLowerCase().split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right === undefined || right === '' ? [] : right.split(':')
  const zeros = right === undefined ? 0 : 8 - before.length - after.length - (plain.includes('.') ? 1 : 0)
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after]
  return `${groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
