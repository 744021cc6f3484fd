import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { CliError, reportError } from './errors.ts'
import { prepareProgram } from './prepare.ts'

function report(error: unknown, json = false, debug = false): { exitCode: number; text: string } {
  let text = ''
  const exitCode = reportError(error, { json, debug, stderr: { write: (more: string) => (text += more) } })
  return { exitCode, text }
}

// People act on the third line, scripts on the code; both read the same failure.
test('an error is three lines for people and the same for programs', () => {
  const error = new CliError(
    'backend_unreachable',
    'eu1 did not answer',
    'The connection was refused.',
    'gatehouse serve',
  )
  assert.deepEqual(report(error), {
    exitCode: 1,
    text: '✗ backend_unreachable  eu1 did not answer\n  The connection was refused.\n  Try: gatehouse serve\n',
  })
  assert.deepEqual(JSON.parse(report(error, true).text), {
    error: {
      code: 'backend_unreachable',
      what: 'eu1 did not answer',
      why: 'The connection was refused.',
      next: 'gatehouse serve',
    },
  })
  assert.deepEqual(report(new CliError('x', 'y')), { exitCode: 1, text: '✗ x  y\n' })
})

// Scripts tell a mistyped command (2) from one that failed (1) and from our own fault (70).
test('exit codes distinguish a wrong command line, a failure and a bug', async () => {
  const parse = async (...words: readonly string[]): Promise<unknown> => {
    const program = new Command('gatehouse')
    program.addCommand(new Command('token').option('--as <name>').action(() => {}))
    prepareProgram(program, { program: 'gatehouse', stdout: { write: () => {} } })
    return program.parseAsync([...words], { from: 'user' }).catch((error: unknown) => error)
  }
  assert.equal(report(await parse('token', '--bogus')).exitCode, 2)
  assert.match(
    report(await parse('token', '--bogus')).text,
    /^✗ usage {2}Unknown option '--bogus'\.\n {2}Try: gatehouse token --help\n$/,
  )
  assert.equal(report(await parse('tokn')).exitCode, 2)
  assert.equal(report(await parse('token', '--as')).exitCode, 2)
  assert.deepEqual(report(await parse('--help')), { exitCode: 0, text: '' })
  assert.equal(report(new CliError('a', 'b', null, null, { exitCode: 2 })).exitCode, 2)
  assert.equal(report(new TypeError('x is not a function')).exitCode, 70)
  assert.equal(report('thrown').exitCode, 70)
})

// An unexpected error can quote a header, and users paste it into tickets.
test('an unexpected error is shown without tokens, and with its stack only on request', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'
  const error = new TypeError(`bad header Bearer ${token}`)
  assert.match(report(error).text, /^✗ internal_error .*\n {2}TypeError: bad header Bearer \[token\]\n {2}Try: .*\n$/)
  const debug = report(error, false, true).text
  assert.match(debug, /\n {4}at /)
  assert.equal(debug.includes('eyJ'), false)
})
