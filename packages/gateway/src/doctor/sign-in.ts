/** The sign-in service: the documents with which the gateway verifies tokens of each tenant. */

import { createDocumentReader } from '../identity/documents.ts'
import { AuthorityError } from '../identity/errors.ts'
import { type Check, type Finding, failure, ok } from './index.ts'
import { placeOf, reach } from './network.ts'

export const signIn: Check = {
  looksAt:
    'The sign-in service: whether it can be reached, and for each tenant its two discovery documents, that their issuer is of that tenant, and its keys.',
  timeoutMs: 20_000,
  async run({ config, clock }) {
    const { authority, tenants } = config.identity.entra
    const { faults } = await reach(placeOf(authority), 'identity.entra.authority', null, clock())
    if (faults.some(({ level }) => level === 'failure')) return faults
    return [...faults, ...(await documents(authority, tenants))]
  },
}

async function documents(authority: string, tenants: readonly string[]): Promise<readonly Finding[]> {
  try {
    const reader = createDocumentReader(authority)
    const found = await Promise.all(
      tenants.map(async tenant => {
        try {
          const { issuers, keys } = await reader.read(tenant)
          return ok(`Issuer ${issuers['2.0']}, ${keys.size} ${keys.size === 1 ? 'key' : 'keys'}.`, tenant)
        } catch (error) {
          // The reader's messages name the document and the reason, and hold no secret: the documents are public.
          return failure(`Tokens of the tenant cannot be verified: ${messageOf(error)}.`, adviceFor(error), tenant)
        }
      }),
    )
    reader.close()
    return found
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error
    return [failure(error.message, 'Correct identity.entra.authority.')]
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : 'unknown reason').slice(0, 300)
}

function adviceFor(error: unknown): string {
  const message = messageOf(error)
  if (/status 40[04]/.test(message))
    return 'There is no such tenant: correct its id in identity.entra.tenants, or identity.entra.authority.'
  if (message.includes('issuer'))
    return 'The documents are of another tenant: correct identity.entra.tenants or identity.entra.authority.'
  return 'Open the way to the sign-in service (firewall, proxy), or try again when it is healthy.'
}
