import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readToken, tokenCharactersMax } from './bearer.ts'
import { IdentityError, type IdentityErrorCode } from './errors.ts'

const token = 'eyJh.eyJz.c2ln'
const audiences = ['api://gatehouse', 'https://ai.azure.com']
const other = 'eyJh.eyJz.b3Ro'

function refused(rawHeaders: readonly string[], code: IdentityErrorCode, hint: RegExp = /./): void {
  assert.throws(
    () => readToken(rawHeaders, audiences),
    error => {
      assert.ok(error instanceof IdentityError)
      assert.equal(error.code, code, error.message)
      assert.match(error.message, hint)
      return true
    },
  )
}

test('a token is found in Authorization and in api-key, in any case and with any spaces HTTP allows', () => {
  for (const headers of [
    ['Authorization', `Bearer ${token}`],
    ['authorization', `bearer ${token}`],
    ['AUTHORIZATION', `BEARER   ${token} `],
    ['Authorization', `\t Bearer ${token}\t`],
    ['api-key', token],
    ['Api-Key', ` ${token} `],
    ['Host', 'x', 'api-key', '', 'Authorization', `Bearer ${token}`],
    ['Authorization', '', 'api-key', token],
    ['Authorization', `Bearer ${token}`, 'api-key', token],
  ]) {
    assert.deepEqual(readToken(headers, audiences), { token })
  }
})

test('a request without a token gets an answer that says how to get one', () => {
  refused([], 'token_missing', /gatehouse token/)
  refused([], 'token_missing', /`az account get-access-token --scope api:\/\/gatehouse\/\.default`/)
  refused(['api-key', 'sk-123'], 'token_malformed', /--scope api:\/\/gatehouse\/\.default`/)
  refused(['Authorization', ''], 'token_missing')
  refused(['api-key', '  '], 'token_missing')
  refused(['Authorization', 'Bearer'], 'token_missing', /follows "Bearer"/)
  refused(['Authorization', 'Bearer   '], 'token_missing')
  refused(['x-api-key', token, 'Proxy-Authorization', `Bearer ${token}`], 'token_missing')
})

test('a scheme other than Bearer is named as the reason', () => {
  for (const value of [
    'Basic YWxpY2U6c2VjcmV0',
    `DPoP ${token}`,
    token,
    `Bearer:${token}`,
    `Bearer\t${token}`,
    `Bearertoken ${token}`,
  ]) {
    refused(['Authorization', value], 'token_missing', /"Bearer TOKEN"/)
  }
})

// If two parts of a chain read different credentials, they see two different callers.
test('two credentials are refused, because it is unknown which one was meant', () => {
  refused(['Authorization', `Bearer ${token}`, 'authorization', `Bearer ${other}`], 'token_ambiguous', /once/)
  refused(['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`], 'token_ambiguous')
  refused(['Authorization', '', 'Authorization', `Bearer ${token}`], 'token_ambiguous')
  refused(['api-key', token, 'api-key', other], 'token_ambiguous')
  refused(['Authorization', `Bearer ${token}`, 'api-key', other], 'token_ambiguous', /different/)
  // A missing signature does not make a token a placeholder.
  refused(['Authorization', 'Bearer eyJh.eyJz.', 'api-key', token], 'token_ambiguous')
  refused(['Authorization', '', 'authorization', 'Bearer undefined', 'api-key', token], 'token_ambiguous')
})

const placeholders = [
  'undefined',
  'null',
  'unused',
  'sk-abc',
  '0123456789abcdef0123456789abcdef',
  'not.a.token',
  'a.b',
  '',
]

// SDKs that send `api-key` also send an Authorization of their own, with whatever the environment variable held.
test('C6 of two credentials only the one with the form of a token counts', () => {
  for (const text of placeholders) {
    assert.deepEqual(readToken(['Authorization', `Bearer ${text}`, 'api-key', token], audiences), { token }, text)
    assert.deepEqual(readToken(['api-key', text, 'Authorization', `Bearer ${token}`], audiences), { token }, text)
  }
  for (const value of [
    'Basic YWxpY2U6c2VjcmV0',
    'Bearer',
    'Bearer   ',
    'undefined',
    `DPoP ${other}`,
    'Negotiate eyJh.b.c',
  ])
    assert.deepEqual(readToken(['Authorization', value, 'api-key', token], audiences), { token }, value)
  refused(['Authorization', 'Bearer undefined', 'api-key', 'undefined'], 'token_malformed', /"api-key" holds/)
  refused(['Authorization', 'Basic eDp5', 'api-key', 'sk-abc'], 'token_malformed', /"api-key" holds/)
})

test('C6 two tokens are refused in every order and spelling; a token next to anything else is accepted', () => {
  const encoded = (min: number) =>
    fc.stringMatching(/^[A-Za-z0-9_-]*$/, { size: 'small' }).map(text => text.padEnd(min, 'x'))
  const real = fc
    .tuple(fc.constantFrom('{"alg":"RS256"}', '{ "alg": "RS256" }', '{\n"kid":"a"}'), encoded(1), encoded(0))
    .map(([head, claims, signature]) => `${Buffer.from(head).toString('base64url')}.${claims}.${signature}`)
  const useless = fc.oneof(
    fc.constantFrom(...placeholders.filter(text => text !== '')),
    fc.stringMatching(/^[!-~]{1,30}$/),
  )
  const names = fc.mixedCase(fc.constant('authorization'))
  const property = fc.property(real, real, useless, names, fc.boolean(), (one, two, text, name, turned) => {
    const pair = (bearer: string, key: string): string[] => {
      const fields = [name, `Bearer ${bearer}`, 'api-key', key]
      return turned ? [...fields.slice(2), ...fields.slice(0, 2)] : fields
    }
    if (one === two) assert.equal(readToken(pair(one, two), audiences).token, one)
    else refused(pair(one, two), 'token_ambiguous')
    fc.pre(!/^e[yw][^.]*\.[^.]+\.[^.]*$/.test(text))
    assert.equal(readToken(pair(one, text), audiences).token, one)
    assert.equal(readToken(pair(text, one), audiences).token, one)
  })
  fc.assert(property, { numRuns: 300 })
})

// A client that comes from Azure OpenAI often still has an API key: the answer must say what to do instead.
test('an API key in the place of a token is answered with what to do', () => {
  const key = '0123456789abcdef0123456789abcdef'
  refused(['api-key', key], 'token_malformed', /"api-key" holds something else.*gatehouse token/)
  refused(['Authorization', 'Bearer sk-abc'], 'token_malformed', /"Authorization" holds something else/)
  for (const text of ['a.b', '.b.c', 'a..c', 'a.b.c.d', 'a.b.c.d.e', '...'])
    refused(['api-key', text], 'token_malformed')
  assert.throws(
    () => readToken(['api-key', key], audiences),
    error => error instanceof Error && !error.message.includes('0123'),
  )
})

test('a token that is too long is refused by its length alone, before it is read', () => {
  const longest = `a.b.${'c'.repeat(tokenCharactersMax - 4)}`
  assert.equal(readToken(['api-key', longest], audiences).token, longest)
  refused(['api-key', `${longest}c`], 'token_malformed', /16384/)
  refused(['Authorization', `Bearer ${'x'.repeat(100_000)}`], 'token_malformed', /16384/)
})

const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)
const tokens = fc.tuple(base64url, base64url, base64url).map(parts => parts.join('.'))
const scheme = fc.mixedCase(fc.constant('bearer'))
const blanks = fc.stringMatching(/^[ \t]{0,3}$/)
const spaces = fc.stringMatching(/^ {1,3}$/)
const elsewhere = fc.array(fc.tuple(fc.constantFrom('Host', 'Accept', 'x-api-key', 'authorizations'), fc.string()), {
  maxLength: 4,
})

test('every token is returned unchanged, whatever surrounds it', () => {
  fc.assert(
    fc.property(tokens, scheme, blanks, spaces, blanks, elsewhere, (text, word, before, between, after, rest) => {
      const header = ['Authorization', `${before}${word}${between}${text}${after}`]
      assert.equal(readToken([...rest.flat(), ...header], audiences).token, text)
      assert.equal(readToken([...header, ...rest.flat()], audiences).token, text)
    }),
  )
})

// An exception of another class would be a 500 and a line in the error log for each stray request.
test('any header gives either a token of three parts or an IdentityError', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map(text => `Bearer ${text}`),
    tokens,
  )
  const name = fc.oneof(fc.constantFrom('authorization', 'Authorization', 'api-key', 'API-KEY'), fc.string())
  fc.assert(
    fc.property(fc.array(fc.oneof(name, value), { maxLength: 8 }), headers => {
      try {
        const found = readToken(headers, audiences).token
        const parts = found.split('.')
        assert.equal(parts.length, 3)
        assert.ok(parts[0] !== '' && parts[1] !== '' && found.length <= tokenCharactersMax)
        assert.ok(headers.some((text, i) => i % 2 === 1 && text.includes(found)))
      } catch (error) {
        assert.ok(error instanceof IdentityError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
