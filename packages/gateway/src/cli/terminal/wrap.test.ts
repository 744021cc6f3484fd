import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configSchema } from '../../config/schema/index.ts'
import { demoBanner } from '../../demo/banner.ts'
import { demoConfig } from '../../demo/configuration.ts'
import { CliError, reportError } from '../errors.ts'
import { forPeople } from './people.ts'
import { columnsOf } from './printable.ts'
import { sentence } from './sentence.ts'
import { wrapLine, wrapMeanings } from './wrap.ts'

// A word that is broken in its middle cannot be read, and a command that is broken cannot be copied.
test('C19 long lines break between words and keep every word', () => {
  const word = fc.stringMatching(/^[a-z✗→./-]{1,30}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), fc.integer({ min: 10, max: 80 }), (words, width) => {
      const text = `  ${words.join(' ')}`
      const lines = wrapLine(text, width, 4).split('\n')
      assert.deepEqual(lines.join(' ').trim().split(/ +/), words)
      for (const [at, line] of lines.entries()) {
        assert.ok(columnsOf(line) <= width || !line.trim().includes(' '), line)
        assert.ok(line.startsWith(at === 0 ? '  ' : '    '), line)
      }
    }),
  )
  assert.equal(wrapLine('a b', null, 4), 'a b')
})

// A command that is broken runs as two other ones when it is pasted.
test('a command at the end of a line stays whole, and goes to a line of its own where it does not fit', () => {
  const command = "./gatehouse records show 01a21a09-ff11-7c76-b392-6c356e7657c0 --bodies --reason 'a reason'"
  for (const lead of ['Prompt and answer, for auditors: ', '  Try: ', '  → ', '']) {
    const lines = wrapLine(lead + command, 60, 4).split('\n')
    assert.equal(
      lines
        .at(-1)
        ?.trim()
        .replace(/^(Try:|→) /, ''),
      command,
      lead,
    )
  }
  const alone = wrapLine(`Prompt and answer, for auditors: ${command}`, 60, 4)
  assert.equal(alone, `Prompt and answer, for auditors:\n    ${command}`)
  const sentence = 'Give the whole name: gatehouse usage --by caller lists the names that there are.'
  assert.ok(
    wrapLine(sentence, 60, 4)
      .split('\n')
      .every(line => columnsOf(line) <= 60),
  )
})

test('errors are wrapped to the terminal, and to nothing in a file', () => {
  const error = new CliError('file_missing', 'a '.repeat(60).trim(), 'why '.repeat(40).trim(), 'gatehouse config init')
  const said = (columns: number | null): string => {
    let text = ''
    const terminal = columns === null ? {} : { isTTY: true, columns }
    reportError(error, { json: false, stderr: { ...terminal, write: more => (text += more) } })
    return text
  }
  const lines = said(60).split('\n')
  assert.ok(lines.length > 5 && lines.every(line => columnsOf(line) <= 60))
  assert.equal(said(null).split('\n').length, 4)
})

test('help texts become sentences, and names at their start stay as they are', () => {
  assert.equal(sentence('only this workload'), 'Only this workload.')
  assert.equal(sentence('read-only SQL'), 'Read-only SQL.')
  assert.equal(sentence('x-gatehouse-workload is sent'), 'X-gatehouse-workload is sent.')
  assert.equal(sentence('-c is short'), '-c is short.')
  assert.equal(sentence('gatehouse.yaml is read'), 'gatehouse.yaml is read.')
  assert.equal(sentence('Is it?'), 'Is it?')
})

// Steps of an explanation and findings are as long as sentences are.
test('C19 findings and steps are wrapped below their text, and name the program as it was started', () => {
  const stdout = { write: () => {}, isTTY: true, columns: 40 }
  const text = '✗ redis       Nothing listens there, so limits cannot be shared.\n  → gatehouse doctor --only redis\n'
  assert.equal(
    forPeople(text, { program: './gatehouse', stdout }),
    '✗ redis       Nothing listens there, so\n              limits cannot be shared.\n  → ./gatehouse doctor --only redis\n',
  )
  const inPipe = forPeople(text, { program: 'gatehouse', stdout: { write: () => {} } })
  assert.equal(inPipe, text)
})

// A reader with a narrow window must be able to read who is who, and to paste the commands.
test('the banner of the demonstration fits into 80 columns, but for commands, which stay as they are', () => {
  const config = demoConfig({
    ...{ gatewayListen: '127.0.0.1:8080', adminListen: '127.0.0.1:8081', authority: 'http://127.0.0.1:8082' },
    ...{
      instance1: 'http://127.0.0.1:8083',
      instance2: 'http://127.0.0.1:8084',
      instance2Key: 'key-of-the-second-one',
    },
    ledgerDirectory: '/ledger',
  })
  const at = {
    ...{ gateway: 'http://127.0.0.1:8080', admin: 'http://127.0.0.1:8081', authority: 'http://127.0.0.1:8082' },
    ...{ instance1: 'http://127.0.0.1:8083', instance2: 'http://127.0.0.1:8084', log: '.gatehouse/gateway.log' },
  }
  const banner = demoBanner(at, configSchema.parse(config), null)
  const wrapped = wrapMeanings(banner, 80)
  const [before = '', after = ''] = wrapped.split('  Paste in another terminal')
  assert.deepEqual(
    before.split('\n').filter(line => line.length > 80),
    [],
  )
  const meanings = banner.matchAll(/^ {2}[a-z-]* +(?:http|\.gatehouse)\S+ +/gm)
  assert.equal(new Set([...meanings].map(([lead]) => lead.length)).size, 1, 'what each is stands in one column')
  assert.match(before, /\n {2}erin {16}Platform team; [^\n]*\n {22}[^\n ]/)
  assert.equal(after, banner.split('  Paste in another terminal')[1])
  assert.equal(wrapped.replaceAll(/\s+/g, ' '), banner.replaceAll(/\s+/g, ' '))
})
