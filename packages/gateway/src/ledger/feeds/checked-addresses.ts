/** Requests of feeds go to addresses that were checked, and to no others. */
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { addressClass } from '../../addresses.ts'
import { isLoopback } from '../../identity/authority.ts'

/** All addresses of a name. */
export type ResolveName = (
  name: string,
  done: (error: Error | null, addresses: LookupAddress[] | undefined) => void,
) => void

/** The host has an address that it must not have. No request was sent. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError'
}

/** Checks where connections to one host go. */
export class CheckedAddresses {
  readonly #url: URL
  readonly #privateHost: string | null
  readonly #resolve: ResolveName

  /**
   * @param privateHost the host of `url` where it may have private addresses; null for public ones only.
   * @param resolve default: the system's.
   */
  constructor(url: URL, privateHost: string | null, resolve: ResolveName = resolveName) {
    this.#url = url
    this.#privateHost = privateHost
    this.#resolve = resolve
  }

  /** Every connection goes to one of the addresses that were checked here: the name is not resolved again. */
  readonly lookup: LookupFunction = (name, options, done) => {
    this.#resolve(name, (error, addresses) => {
      const first = addresses?.[0]
      if (error !== null || addresses === undefined || first === undefined) {
        done(error ?? new Error(`${name} has no address.`), '', 0)
        return
      }
      try {
        this.#check(addresses.map(({ address }) => address))
      } catch (refusal) {
        done(refusal as Error, '', 0)
        return
      }
      if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }

  /** An address in the place of a name is not looked up. @throws Error when nothing may be sent to it. */
  checkLiteral(): void {
    const literal = this.#url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0) this.#check([literal])
  }

  #check(addresses: readonly string[]): void {
    const fault = addressFault(this.#url.hostname, addresses, this.#privateHost)
    if (fault !== null) throw new ForbiddenAddressError(`${this.#url.host} ${fault}.`)
  }
}

/**
 * Why nothing is sent to a host with these addresses; null when all may be connected to. One that may not is enough: a
 * name that mixes them is not the operator's.
 * @param hostname as the URL has it.
 */
export function addressFault(
  hostname: string,
  addresses: readonly string[],
  privateHost: string | null,
): string | null {
  const isOwn = isLoopback(hostname)
  for (const address of addresses) {
    const found = addressClass(address)
    if (isOwn ? found === 'loopback' : found === 'public' || (found === 'private' && privateHost === hostname)) continue
    if (isOwn) return `has the address ${address}, which is not this machine. Nothing is sent there`
    if (found === 'private')
      return `has the private address ${address}. If it belongs to your network, name the host in \`privateHost\``
    return `has the address ${address}, which is not public. Nothing is sent there`
  }
  return null
}

const resolveName: ResolveName = (name, done) => lookup(name, { all: true }, done)
