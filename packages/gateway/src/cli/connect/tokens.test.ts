import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RelayTokens, TokenEndsSoon } from './tokens.ts'

const minute = 60_000

/** A sign-in that counts its tokens. Each lives for `lifeMs`. */
class SignIn {
  nowMs = 1_800_000_000_000
  lifeMs = 60 * minute
  calls: boolean[] = []
  /** Set: sign-ins fail with it. */
  failure: Error | null = null
  /** Called before a token is given out. */
  gate: Promise<void> = Promise.resolve()

  readonly tokens = new RelayTokens({ sign: renew => this.#sign(renew), clock: () => this.nowMs })

  async #sign(renew: boolean): Promise<string> {
    this.calls.push(renew)
    const number = this.calls.length
    await this.gate
    if (this.failure !== null) throw this.failure
    return tokenOf(number, this.nowMs + this.lifeMs)
  }
}

function tokenOf(number: number, expiresAtMs: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', kid: 'k' })}.${part({ jti: number, exp: Math.floor(expiresAtMs / 1_000) })}.c2ln`
}

function numberOf(token: string): number {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti
}

test('calls that come together wait for one sign-in, and later ones use its token', async () => {
  const signIn = new SignIn()
  const numbers = await Promise.all(Array.from({ length: 20 }, async () => numberOf(await signIn.tokens.token())))
  signIn.nowMs += 50 * minute
  numbers.push(numberOf(await signIn.tokens.token()))
  assert.deepEqual(new Set(numbers), new Set([1]))
  assert.deepEqual(signIn.calls, [false])
})

test('a token near its end is renewed while calls still use it, once', async () => {
  const signIn = new SignIn()
  await signIn.tokens.token()
  signIn.nowMs += 56 * minute
  const { promise, resolve } = Promise.withResolvers<void>()
  signIn.gate = promise
  const numbers = await Promise.all([1, 2, 3].map(async () => numberOf(await signIn.tokens.token())))
  assert.deepEqual(numbers, [1, 1, 1])
  resolve()
  // A forced renewal joins the one that runs, so its token is there afterwards.
  await signIn.tokens.after(await signIn.tokens.token())
  assert.equal(numberOf(await signIn.tokens.token()), 2)
  assert.equal(signIn.calls.length, 2)
})

// A token that ends on its way gives the tool a 401 that no setting of it can cure.
test('no call goes out with a token that ends within half a minute', async () => {
  const signIn = new SignIn()
  await signIn.tokens.token()
  signIn.nowMs += 60 * minute - 29_000
  assert.equal(numberOf(await signIn.tokens.token()), 2)
  signIn.nowMs += 60 * minute - 29_000
  signIn.lifeMs = 20_000
  await assert.rejects(signIn.tokens.token(), TokenEndsSoon)
})

test('a sign-in service that is down is no failure while the token lives, and is not asked by every call', async () => {
  const signIn = new SignIn()
  await signIn.tokens.token()
  signIn.failure = new Error('down')
  signIn.nowMs += 56 * minute
  assert.equal(numberOf(await signIn.tokens.token()), 1)
  await settled()
  for (let second = 0; second < 9; second += 1) {
    signIn.nowMs += 1_000
    assert.equal(numberOf(await signIn.tokens.token()), 1)
    await settled()
  }
  assert.equal(signIn.calls.length, 2)
  signIn.nowMs += 1_000
  await signIn.tokens.token()
  await settled()
  assert.equal(signIn.calls.length, 3)
  signIn.nowMs += 4 * minute
  await assert.rejects(signIn.tokens.token(), /down/)
  signIn.failure = null
  assert.equal(numberOf(await signIn.tokens.token()), signIn.calls.length)
})

test('a refused token is renewed by one sign-in for all calls that were refused, but not when it is new', async () => {
  const signIn = new SignIn()
  const first = await signIn.tokens.token()
  assert.equal(await signIn.tokens.after(first), null)
  signIn.nowMs += minute
  const others = await Promise.all([signIn.tokens.after(first), signIn.tokens.after(first)])
  assert.deepEqual(
    others.map(token => numberOf(token ?? '')),
    [2, 2],
  )
  assert.deepEqual(signIn.calls, [false, true])
  assert.equal(numberOf((await signIn.tokens.after(first)) ?? ''), 2)
})

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
}
