/** What rhea has and its types do not say. */
import type { Socket } from 'node:net'
import type { Connection, Receiver, Sender } from 'rhea'

/** Messages that the other side still takes. */
export const creditOf = (sender: Sender): number => (sender as unknown as { readonly credit: number }).credit

/** Announces the longest message, in bytes. Before the link's opening is answered. */
export function limitMessages(receiver: Receiver, bytes: number): void {
  const { local } = receiver as unknown as { readonly local: { readonly attach: { max_message_size?: number } } }
  local.attach.max_message_size = bytes
}

export const socketOf = (connection: Connection): Socket =>
  (connection as unknown as { readonly socket: Socket }).socket
