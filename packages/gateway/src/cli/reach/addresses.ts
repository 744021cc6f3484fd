/** Errors about addresses: each says where the address came from, because that is what has to be corrected. */
import { connectionFailure } from '../../connection-failure.ts'
import { CliError } from '../errors.ts'

/** A sentence for messages about an address; empty where its origin is unknown. */
export function originText(origin: string | null): string {
  return origin === null ? '' : `The address is from ${origin}.`
}

export function gatewayUnreachable(base: string, origin: string | null, cause: unknown): CliError {
  return unreachable('gateway_unreachable', `The gateway at ${base}`, '--gateway', origin, cause)
}

export function adminUnreachable(base: string, origin: string | null, cause: unknown): CliError {
  return unreachable('admin_unreachable', `The management API at ${base}`, '--admin', origin, cause)
}

function unreachable(code: string, what: string, option: string, origin: string | null, cause: unknown): CliError {
  const { why, next } = connectionFailure(cause)
  const advice = next ?? `start the gateway, or name another address with ${option} URL`
  return new CliError(code, `${what} did not answer.`, `${why} ${originText(origin)}`.trim(), advice, { cause })
}

/** `--admin` names the gateway itself. */
export function adminIsGateway(base: string, origin: string | null): CliError {
  const why = `The management API has an address of its own: admin.listen in the configuration. ${originText(origin)}`
  const what = `${base} is the gateway, not its management API.`
  return new CliError('admin_is_gateway', what, why.trim(), '--admin http://127.0.0.1:8081, or where admin.listen is')
}

/** `--gateway` names the management API. */
export function gatewayIsAdmin(base: string, origin: string | null): CliError {
  const why = `The gateway has an address of its own: gateway.listen in the configuration. ${originText(origin)}`
  const what = `${base} is the management API, not the gateway.`
  return new CliError(
    'gateway_is_admin',
    what,
    why.trim(),
    '--gateway http://127.0.0.1:8080, or where gateway.listen is',
  )
}

export function notGatehouse(base: string, origin: string | null): CliError {
  const why = `What answers there is another service, or something in front of it. ${originText(origin)}`
  const what = `${base} is not a management API of Gatehouse.`
  return new CliError('admin_not_gatehouse', what, why.trim(), 'name the right address with --admin URL')
}
