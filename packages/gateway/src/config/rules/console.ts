/** Rules of the console's address and of the sign-in to it. */
import type { Config } from '../schema/index.ts'
import { conflict, type Notes, shown, warnWritten } from './notes.ts'
import { isLoopback } from './stores.ts'
import { checkUrl } from './urls.ts'

export function checkConsole(
  { listen, publicUrl, signIn }: Config['admin'],
  identity: Config['identity'] | null,
  notes: Notes,
): void {
  if (publicUrl !== undefined) checkUrl(publicUrl, ['admin', 'publicUrl'], { path: false }, notes)
  if (signIn === undefined) return
  const path = ['admin', 'signIn']
  if (publicUrl === undefined && !isLoopback(listen.slice(0, listen.lastIndexOf(':')))) {
    const expected =
      'admin.publicUrl, an https address: browsers keep the cookie of a session for https and loopback addresses alone'
    conflict(notes, path, `a sign-in at admin.listen ${shown(listen, ['admin', 'listen'], notes)}`, expected)
  }
  warnWritten(signIn.clientSecret !== undefined, [...path, 'clientSecret'], notes)
  if (signIn.lifetime < signIn.idleTimeout) {
    const expected = `at most admin.signIn.lifetime (${signIn.lifetime / 1_000} s), which ends the session before`
    conflict(notes, [...path, 'idleTimeout'], `${signIn.idleTimeout / 1_000} s`, expected)
  }
  if (identity !== null) checkClient(signIn, identity.entra, notes)
}

/** A sign-in whose tokens the gateway itself would refuse ends in an error for everybody. */
function checkClient(
  { clientId, tenant }: NonNullable<Config['admin']['signIn']>,
  { clients, tenants }: Config['identity']['entra'],
  notes: Notes,
): void {
  const path = ['admin', 'signIn']
  if (clients !== undefined && !clients.includes(clientId)) {
    const expected = 'one of identity.entra.clients: tokens of another client are refused'
    conflict(notes, [...path, 'clientId'], clientId, expected)
  }
  if (tenant !== undefined && !tenants.includes(tenant)) {
    conflict(notes, [...path, 'tenant'], tenant, 'one of identity.entra.tenants: tokens of another tenant are refused')
  }
}
