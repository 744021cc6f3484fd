/** Why a question cannot be sent, before anything is sent. */
import { type Message, openCalls } from './messages.ts'
import { bodyOf } from './request.ts'
import { faultsOf, type TextFaults, type Texts } from './settings.ts'
import type { Asked } from './talk.ts'

export type Obstacle =
  | { readonly kind: 'fault'; readonly where: keyof TextFaults; readonly fault: 'empty' | 'json' | 'array' | 'object' }
  | { readonly kind: 'results' | 'length' }

interface Next {
  readonly asked: readonly Asked[]
  /** Messages of each side, with the one that is to be sent. */
  readonly sides: readonly (readonly Message[])[]
  readonly texts: Texts
  readonly bodyBytesMax: number
}

/** Null where it can be sent. */
export function obstacleTo({ asked, sides, texts, bodyBytesMax }: Next): Obstacle | null {
  for (const { settings } of asked) {
    const { tools, schema } = faultsOf(texts, settings)
    if (tools !== null) return { kind: 'fault', where: 'tools', fault: tools }
    if (schema !== null) return { kind: 'fault', where: 'schema', fault: schema }
  }
  if (sides.some(messages => openCalls(messages).length > 0)) return { kind: 'results' }
  const isTooLong = asked.some((one, side) => {
    const messages = sides[side] ?? []
    return bytesAtMost(messages, texts) > bodyBytesMax && bytesOf(one, messages, texts) > bodyBytesMax
  })
  return isTooLong ? { kind: 'length' } : null
}

/** A bound that costs little, since it is asked at each letter: no character is more than six bytes of JSON. */
function bytesAtMost(messages: readonly Message[], { instructions, tools, schema }: Texts): number {
  const texts = instructions.length + tools.length + schema.length
  const said = messages.map(message => {
    const images = message.role === 'user' ? message.images.reduce((sum, { length }) => sum + length, 0) : 0
    const others = message.role === 'assistant' ? JSON.stringify([message.calls, message.items]).length : 0
    return images + 6 * (message.text.length + others) + 200
  })
  return said.reduce((sum, bytes) => sum + bytes, 6 * texts + 1_000)
}

function bytesOf({ deployment, settings }: Asked, messages: readonly Message[], texts: Texts): number {
  return new TextEncoder().encode(JSON.stringify(bodyOf(deployment, messages, settings, texts))).byteLength
}
