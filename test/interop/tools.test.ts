/** Unmodified tools that know only a base URL and a key, started by `gatehouse connect`, set up as their pages say. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fetchTools } from '../../scripts/tools/fetch.ts'
import { programsOf, startClientWorld } from '../support/client-pages.ts'
import { connect, finished, folderOf, type Run } from '../support/connected.ts'
import { closedPort } from '../support/ports.ts'

const programs = fetchTools()
const world = await startClientWorld({ after })
const folder = await folderOf(world)
const work = join(folder, 'work')
mkdirSync(work)
writeFileSync(join(work, 'first.txt'), '')
writeFileSync(join(work, 'second.md'), '')

/** The bills of both instances, for one operation: the calls that reached them. */
function billed(operation: string): number {
  return [...world.one.bill(), ...world.two.bill()].filter(line => line.operation === operation && line.status === 200)
    .length
}

/** A page's file, with the port of this test and a deployment of this world. */
function configured(page: string, language: string, at: number, port: number): string {
  const block = programsOf(page, language, world.url)[at] ?? ''
  return block.replace('127.0.0.1:4000', `127.0.0.1:${port}`).replace('"gpt-5"', '"gpt-4o"')
}

function start(port: number, tool: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Run {
  const connected = ['connect', '--as', 'alice', '--workload', 'hr-bot', '--port', String(port)]
  return connect({ after }, folder, [...connected, '--', join(programs, tool), ...args], more)
}

test('Codex streams, runs the command that the model asks for, and sends its output back', async () => {
  const port = await closedPort()
  const home = join(folder, 'codex')
  mkdirSync(home)
  writeFileSync(join(home, 'config.toml'), configured('codex.md', 'toml', 1, port))
  const before = billed('responses')
  const prompt = 'Use exec_command to run `ls -1 | sort`, then say how many files there are.'
  // Its sandbox needs namespaces, which containers do not have.
  const args = ['exec', '--json', '--skip-git-repo-check', '-s', 'danger-full-access', '-C', work, prompt]
  const run = start(port, 'codex', args, { CODEX_HOME: home })
  assert.equal(await finished(run, 240_000), 0, run.err() + run.out())
  const events = run
    .out()
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as { readonly type: string; readonly item?: Readonly<Record<string, unknown>> })
  const command = events.find(({ type, item }) => type === 'item.completed' && item?.['type'] === 'command_execution')
  assert.deepEqual([command?.item?.['exit_code'], command?.item?.['aggregated_output']], [0, 'first.txt\nsecond.md\n'])
  const message = events.find(({ item }) => item?.['type'] === 'agent_message')
  assert.match(String(message?.item?.['text']), /second\.md/)
  assert.ok(events.some(({ type }) => type === 'turn.completed'))
  assert.equal(billed('responses'), before + 2)
})

test("Continue's program answers with the file of its page, and the key comes from its environment", async () => {
  const port = await closedPort()
  const file = join(folder, 'config.yaml')
  writeFileSync(file, configured('continue.md', 'yaml', 0, port))
  const before = billed('chat/completions')
  const run = start(port, 'cn', ['-p', '--config', file, 'How do I book leave?'])
  assert.equal(await finished(run, 240_000), 0, run.err())
  assert.match(run.out(), /Request leave in the HR portal/)
  assert.ok(billed('chat/completions') > before)
})
