import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../test/support/directory.ts'
import { commitOf } from './commit.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'
const other = 'f'.repeat(40)

// Who reports a fault says which commit ran; a wrong one sends everybody to the wrong code.
test('the commit is that of the branch, loose or packed, of a detached head, and of a further work tree', () => {
  const root = temporaryDirectory('commit')
  const git = join(root, '.git')
  const write = (file: string, text: string): void => writeFileSync(join(git, file), text)
  mkdirSync(join(git, 'refs/heads'), { recursive: true })
  mkdirSync(join(git, 'worktrees/side'), { recursive: true })
  write('HEAD', 'ref: refs/heads/main\n')
  assert.equal(commitOf(root), null, 'a repository without a commit')
  write('packed-refs', `# pack-refs with: peeled\n${other} refs/heads/mainline\n${commit} refs/heads/main\n`)
  assert.equal(commitOf(root), commit)
  write('refs/heads/main', `${other}\n`)
  assert.equal(commitOf(root), other)
  write('HEAD', `${commit}\n`)
  assert.equal(commitOf(root), commit)
  write('refs/heads/side', `${commit}\n`)
  write('worktrees/side/HEAD', 'ref: refs/heads/side\n')
  write('worktrees/side/commondir', '../..\n')
  const side = temporaryDirectory('commit')
  writeFileSync(join(side, '.git'), `gitdir: ${join(git, 'worktrees/side')}\n`)
  assert.equal(commitOf(side), commit)
  write('HEAD', 'nonsense')
  assert.equal(commitOf(root), null)
  rmSync(git, { recursive: true })
  assert.equal(commitOf(root), null)
})
