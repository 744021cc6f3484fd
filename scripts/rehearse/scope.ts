import type { Scope } from '../../test/support/world.ts'

/** Closes what registered last first, so that nothing loses what it still uses. */
export class ReverseScope implements Scope, AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()

  after(close: () => unknown): void {
    this.#stack.defer(async () => {
      await close()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
