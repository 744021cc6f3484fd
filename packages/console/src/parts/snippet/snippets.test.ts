import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Call, snippetOf } from './snippets.ts'

const call: Call = {
  method: 'POST',
  path: '/main/a?x=1&y=2',
  contentType: 'application/json',
  body: `it's "so"\n$(id) \`id\``,
}

// A prompt that is pasted into a terminal must stay a prompt.
test('a shell reads the body of the command as it was', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter(body => !body.includes('\0')),
      body => {
        const command = snippetOf('curl', { ...call, body }).replace(/^curl/, `printf '%s\\0'`)
        const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
        assert.equal(stdout.split('\0').at(-2), body)
      },
    ),
    { numRuns: 20 },
  )
})

test('Python and JavaScript read the body of their programs as it was', () => {
  const body = `${call.body}\u2028\ud83d\ude00\u202e`
  const literal = /data=(".*")\.encode\(\)/.exec(snippetOf('Python', { ...call, body }))?.[1] ?? ''
  const { stdout } = spawnSync('python3', ['-c', `import json\nprint(json.dumps(${literal}))`], { encoding: 'utf8' })
  assert.equal(JSON.parse(stdout), body)
  const written = /body: (".*"),/.exec(snippetOf('Node', { ...call, body }))?.[1] ?? ''
  assert.equal(JSON.parse(written), body)
})

test('bytes that are no text are read from the file that the page saves', () => {
  const body = { file: 'request.bin' } as const
  assert.match(snippetOf('curl', { ...call, body }), /--data-binary @request\.bin$/)
  assert.match(snippetOf('Python', { ...call, body }), /data=open\("request\.bin", "rb"\)/)
  assert.match(snippetOf('Node', { ...call, body }), /^import \{ readFile \}.*body: await readFile\("request\.bin"\)/s)
})
