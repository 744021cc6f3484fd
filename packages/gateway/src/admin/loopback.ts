/** Names of this machine itself, in a Host header and as the address of a listener. */
import { isIPv4 } from 'node:net'

/** True when a Host header names this machine itself. Any port: a forwarded port may differ. */
export function namesLoopback(hostHeader: string | undefined): boolean {
  const host = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(hostHeader ?? '')?.[1]
  return host !== undefined && isLoopback(host)
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'))
}
