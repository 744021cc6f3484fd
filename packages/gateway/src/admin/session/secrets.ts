/**
 * What a cookie's 256 random bits are good for. The store knows a session by a digest of them and keeps its content
 * sealed with a key that is derived from them, so the store alone reveals neither cookies nor tokens.
 */
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

const secretBytes = 32
const secretForm = /^[A-Za-z0-9_-]{43}$/
const ivBytes = 12
const tagBytes = 16

/** 256 random bits in base64url, 43 characters. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url')
}

/** True for a text that can be one of ours. */
export function isSecret(text: string): boolean {
  return secretForm.test(text)
}

/** The name under which the store knows it, 64 hexadecimal digits. */
export function nameOf(secret: string): string {
  return hash('sha256', `gatehouse session name\n${secret}`, 'hex')
}

/** 256 bits for one purpose, in base64url; the same each time, and useless to guess others from. */
export function derived(secret: string, purpose: string): string {
  return derivedBytes(secret, purpose).toString('base64url')
}

function derivedBytes(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose}`, 32))
}

export function sealed(secret: string, content: object): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', derivedBytes(secret, 'session key'), iv)
  return Buffer.concat([iv, cipher.update(JSON.stringify(content), 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** The content as JSON; null when it was not sealed with this secret, or was changed. */
export function opened(secret: string, bytes: Buffer): unknown {
  if (bytes.length < ivBytes + tagBytes) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', derivedBytes(secret, 'session key'), bytes.subarray(0, ivBytes))
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()])
    return JSON.parse(text.toString('utf8'))
  } catch {
    return null
  }
}

/** Compares without telling by its duration where two texts differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}
