/**
 * A certificate for loopback that the simulator makes at each start, because Microsoft's libraries use a sign-in
 * service only over TLS. Clients that should trust it get its path (NODE_EXTRA_CA_CERTS). Its private key never leaves
 * the process. X.509: RFC 5280; DER: X.690.
 */
import { createPublicKey, generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto'
import type { Certificate } from '../types.ts'

const dayMs = 86_400_000
const validDays = 365

const oid = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
} as const

/**
 * For `localhost`, 127.0.0.1 and ::1; valid for a year.
 * @param nowMs milliseconds since the epoch.
 */
export function selfMadeCertificate(nowMs: number): Certificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const algorithm = sequence(identifier(oid.ecdsaWithSha256))
  const name = sequence(tagged(0x31, sequence(identifier(oid.commonName), tagged(0x0c, ascii('Gatehouse simulator')))))
  const facts = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    // Two certificates of one issuer must have different numbers; without its first bit the number is positive.
    integer(Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
    algorithm,
    name,
    sequence(utcTime(nowMs - dayMs), utcTime(nowMs + validDays * dayMs)),
    name,
    publicKey,
    tagged(0xa3, sequence(...extensions(publicKey))),
  )
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', facts, privateKey)]))
  return {
    certificate: pem(sequence(facts, algorithm, signature)),
    privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

/** It is its own authority, so that strict readers accept it as an anchor too. */
function extensions(publicKey: Buffer): readonly Buffer[] {
  const names = [
    tagged(0x82, ascii('localhost')),
    tagged(0x87, Buffer.of(127, 0, 0, 1)),
    tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
  ]
  return [
    extension(oid.basicConstraints, true, sequence(tagged(0x01, Buffer.of(0xff)))),
    // digitalSignature and keyCertSign.
    extension(oid.keyUsage, true, tagged(0x03, Buffer.of(2, 0x84))),
    extension(oid.extendedKeyUsage, false, sequence(identifier(oid.serverAuth))),
    extension(oid.subjectKeyIdentifier, false, tagged(0x04, hash('sha1', publicKey, 'buffer'))),
    extension(oid.subjectAltName, false, sequence(...names)),
  ]
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const mark = critical ? [tagged(0x01, Buffer.of(0xff))] : []
  return sequence(identifier(id), ...mark, tagged(0x04, value))
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

/** Short form below 128, else the number of bytes and the bytes. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff)
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function identifier(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** YYMMDDHHMMSSZ, which RFC 5280 requires until 2049. */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)
  return tagged(0x17, ascii(`${digits}Z`))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
