/** Header fields on their way through the relay. Which of them reach an instance is decided by the gateway. */
import type { IncomingHttpHeaders } from 'node:http'
import { version } from '../../version.ts'
import { hopByHop } from '../../wire/request-fields.ts'
import { keyFields } from './entry.ts'

/** Fields of a call that the relay sets itself, or answers itself. */
const ownFields: readonly string[] = [...keyFields, 'host', 'expect', 'x-gatehouse-workload']

/**
 * Names and values in turn, for the gateway.
 * @param rawHeaders as in `IncomingMessage.rawHeaders`.
 * @param key no field with it passes, whatever its name.
 */
export function requestFields(
  rawHeaders: readonly string[],
  { key, token, workload }: { readonly key: string; readonly token: string; readonly workload: string | null },
): string[] {
  const dropped = new Set([...hopByHop, ...ownFields, ...namedByConnection(valuesOf(rawHeaders, 'connection'))])
  const fields = ['authorization', `Bearer ${token}`]
  if (workload !== null) fields.push('x-gatehouse-workload', workload)
  let hasAgent = false
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    const lower = name.toLowerCase()
    if (dropped.has(lower) || value.includes(key)) continue
    if (lower === 'user-agent') hasAgent = true
    fields.push(name, value)
  }
  if (!hasAgent) fields.push('user-agent', `gatehouse-connect/${version}`)
  return fields
}

/** Fields of the gateway's answer, for the client. */
export function answerFields(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const dropped = new Set([...hopByHop, ...namedByConnection([headers.connection ?? ''])])
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.has(name)) fields[name] = value
  }
  return fields
}

/** RFC 9110 section 7.6.1: these fields belong to the connection as well. */
function namedByConnection(values: readonly string[]): readonly string[] {
  return values.flatMap(value => value.split(',')).map(name => name.trim().toLowerCase())
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}
