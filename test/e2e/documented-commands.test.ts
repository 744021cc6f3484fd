import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { blocksOf, documentedPages, pasteCommandsOf, reasonOf } from '../support/documented.ts'

const apart = ['README.md', 'docs/start.md']

// A command that fails when it is pasted is the end of a reader's trust in the page.
pasteCommandsOf(documentedPages.filter(page => !apart.includes(page)))

test('every block of commands is well-formed for a shell, and none runs what npm finds under the name', () => {
  const blocks = documentedPages.flatMap(blocksOf)
  assert.ok(blocks.filter(block => reasonOf(block) === null).length >= 20)
  for (const { page, line, script } of blocks) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
    assert.equal(status, 0, `${page}:${line}\n${stderr}`)
    assert.doesNotMatch(script, /npx gatehouse/, `${page}:${line}`)
  }
})
