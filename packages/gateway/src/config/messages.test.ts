import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { ConfigError, formatPath, nearestOf, type Problem, printable, renderProblems, showValue } from './messages.ts'

const problem: Problem = {
  code: 'unknown_key',
  path: 'gateway.listn',
  line: 12,
  column: 3,
  seen: 'listn',
  expected: 'a key of gateway: listen, publicUrl',
  nearest: 'listen',
}

suite('problems as text', () => {
  test('a problem names its place, what is there, what was expected and what is similar', () => {
    assert.equal(
      renderProblems('gatehouse.yaml', [problem]),
      [
        'gatehouse.yaml:12:3  gateway.listn',
        '  seen      listn',
        '  expected  a key of gateway: listen, publicUrl',
        '  nearest   listen',
      ].join('\n'),
    )
  })

  // A reader of a single log line must find the mistake too, and scripts the same facts.
  test('the error carries the problems in order, as message and as data', () => {
    const error = new ConfigError('config_invalid', 'f.yaml', [problem, { ...problem, line: 2 }])
    assert.deepEqual(
      error.problems.map(({ line }) => line),
      [2, 12],
    )
    assert.match(error.message, /^f\.yaml: 2 problems\n2:3 gateway\.listn: seen listn; expected a key/)
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: 'config_invalid',
      file: 'f.yaml',
      problemCount: 2,
      problems: [{ ...problem, line: 2 }, problem],
      warnings: [],
      unchecked: [],
    })
  })

  test('problems beyond a bound are counted, not listed', () => {
    const error = new ConfigError(
      'config_invalid',
      'f',
      Array.from({ length: 1_000 }, () => problem),
    )
    assert.deepEqual([error.problems.length, error.problemCount], [100, 1_000])
  })

  test('paths are written as people write them', () => {
    assert.equal(formatPath(['workloads', 'hr-bot', 'callers', 0, 'user']), 'workloads.hr-bot.callers[0].user')
    assert.equal(formatPath(['instances', 'A B', 'x.y']), 'instances["A B"]["x.y"]')
    assert.equal(formatPath([]), '')
  })
})

suite('values in messages', () => {
  test('P5: text that looks like a credential is not shown', () => {
    for (const secret of ['0123456789abcdef0123456789abcdef', 'eyJhbGciOi.eyJ.x']) {
      assert.doesNotMatch(showValue(secret, null, false), new RegExp(secret.slice(0, 8)))
    }
    assert.equal(showValue('short', null, true), '(a secret, not shown)')
    assert.equal(showValue('anything', 'env KEY', false), '(from env KEY)')
    assert.equal(showValue('https://a:b@h/p?key=1', null, false), '"https://…@h/p?…"')
  })

  test('values are shown as what they are', () => {
    const shown = [undefined, null, 4, true, 'a', [], [1, 2], {}, { a: 1 }].map(value => showValue(value, null, false))
    assert.deepEqual(shown, [
      'nothing',
      'nothing (null)',
      '4',
      'true',
      '"a"',
      'an empty list',
      'a list of 2',
      'an empty mapping',
      'a mapping with the key a',
    ])
  })

  // A file must not be able to write over the terminal of the person who checks it.
  test('no value moves the cursor or changes the direction of writing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
        assert.ok(showValue(text, null, false).length < 2_000)
      }),
    )
    assert.equal(printable('\u001b[2Ja\u202eb'), '\\u001b[2Ja\\u202eb')
  })
})

suite('the nearest name', () => {
  test('typing mistakes are recognised', () => {
    const known = ['listen', 'publicUrl', 'timeouts', 'connect']
    assert.equal(nearestOf('lisetn', known), 'listen')
    assert.equal(nearestOf('conect', known), 'connect')
    assert.equal(nearestOf('PublicURL', known), 'publicUrl')
    assert.equal(nearestOf('timeout', known), 'timeouts')
  })

  // A far-fetched guess sends people the wrong way.
  test('a name that is not similar is not proposed', () => {
    assert.equal(nearestOf('database', ['listen', 'timeouts']), null)
    assert.equal(nearestOf('', ['a']), null)
    assert.equal(nearestOf('a', []), null)
  })

  test('a name with control characters is shown escaped', () => {
    assert.equal(nearestOf('text-small', ['text\tsmall']), 'text\\u0009small')
  })

  test('one typing mistake in a name of three letters or more always finds it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]{3,20}$/),
        fc.nat(),
        fc.constantFrom('drop', 'double', 'swap'),
        (name, at, slip) => {
          const index = at % (name.length - 1)
          const [a, b] = [name.charAt(index), name.charAt(index + 1)]
          const middle = { drop: b, double: a + a + b, swap: b + a }[slip]
          const written = name.slice(0, index) + middle + name.slice(index + 2)
          assert.equal(nearestOf(written, [name]), written === name ? null : name)
        },
      ),
    )
  })
})
