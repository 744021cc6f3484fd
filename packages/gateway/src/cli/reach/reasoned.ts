/** Questions about bodies, for which auditors say why. */
import { createInterface } from 'node:readline/promises'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from './admin-client.ts'

export const reasonOption = [
  '--reason <text>',
  'why you read bodies of others, 3 to 500 characters; asked for on a terminal',
] as const

export class Reasoned {
  readonly #context: CliContext
  #reason: string | undefined

  /** @param reason as given on the command line. */
  constructor(context: CliContext, reason: string | undefined) {
    this.#context = context
    this.#reason = reason
  }

  /** Like `askAdmin`. On a terminal, asks the person once where the gateway wants a reason. */
  async ask<T>(question: Omit<Parameters<typeof askAdmin>[1], 'reason'>): Promise<T> {
    return this.with(reason => askAdmin<T>(this.#context, { ...question, ...reason }))
  }

  /** The same for another way to send the question. @param send gets the reason where there is one. */
  async with<T>(send: (reason: { readonly reason?: string }) => Promise<T>): Promise<T> {
    const asked = () => send(this.#reason === undefined ? {} : { reason: this.#reason })
    try {
      return await asked()
    } catch (error) {
      const { stdin, stderr } = this.#context
      const canAsk = this.#reason === undefined && stdin.isTTY === true && stderr.isTTY === true
      if (!(error instanceof CliError) || error.code !== 'reason_missing' || !canAsk) throw error
    }
    this.#reason = await this.#askPerson()
    return asked()
  }

  /** As given, or as the person has said. */
  get reason(): string | null {
    return this.#reason ?? null
  }

  async #askPerson(): Promise<string> {
    const { stdin, stderr } = this.#context
    stderr.write('Why do you read these bodies? The answer is kept.\n> ')
    const lines = createInterface({ input: stdin })
    try {
      for await (const line of lines) return line.trim()
      return ''
    } finally {
      lines.close()
    }
  }
}
