/**
 * Refresh tokens: opaque to clients, and sealed instead of stored (AES-256-GCM with the key that is kept beside the
 * signing keys), so that a restarted demonstration still accepts the sign-ins of yesterday.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Person } from '../types.ts'
import { EntraError } from './errors.ts'
import type { EntraService } from './service.ts'

/** As Entra's for native clients: 90 days. */
const lifetimeMs = 90 * 24 * 3_600_000
const ivBytes = 12
const tagBytes = 16

const content = z.strictObject({
  personId: z.string(),
  clientId: z.string(),
  /** The scopes of the sign-in; used when a refresh names none. */
  scope: z.string(),
  expiresAtMs: z.number(),
})

export interface OpenedRefreshToken {
  readonly person: Person
  readonly scope: string
}

export function sealRefreshToken(service: EntraService, person: Person, clientId: string, scope: string): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', service.keys.refreshSecret, iv)
  const expiresAtMs = service.clock() + lifetimeMs
  const text = JSON.stringify({ personId: person.objectId, clientId, scope, expiresAtMs })
  const sealed = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return `1.${sealed.toString('base64url')}`
}

/** @throws EntraError when it is not this service's, was changed, has expired, or belongs to another client. */
export function openRefreshToken(service: EntraService, token: string, clientId: string): OpenedRefreshToken {
  const { personId, scope, expiresAtMs, clientId: boundTo } = unseal(service, token)
  if (boundTo !== clientId) throw new EntraError('refresh_invalid')
  if (expiresAtMs <= service.clock()) throw new EntraError('refresh_expired')
  const person = service.directory.people.find(row => row.objectId === personId)
  if (person === undefined) throw new EntraError('refresh_invalid')
  return { person, scope }
}

function unseal(service: EntraService, token: string): z.infer<typeof content> {
  const sealed = Buffer.from(token.replace(/^1\./, ''), 'base64url')
  if (sealed.length < ivBytes + tagBytes) throw new EntraError('refresh_invalid')
  try {
    const decipher = createDecipheriv('aes-256-gcm', service.keys.refreshSecret, sealed.subarray(0, ivBytes))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const text = Buffer.concat([decipher.update(sealed.subarray(ivBytes, -tagBytes)), decipher.final()])
    return content.parse(JSON.parse(text.toString('utf8')))
  } catch {
    throw new EntraError('refresh_invalid')
  }
}
