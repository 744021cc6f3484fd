/**
 * The commands of README.md and docs/ as readers paste them, beside one demonstration. A block that needs what this
 * machine does not have is named with its reason.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, soon } from './wait.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts')
export const documentedPages: readonly string[] = globSync(
  ['README.md', 'docs/**/*.md', 'deploy/README.md', 'examples/*.md', 'packages/*/README.md'],
  { cwd: root },
).sort()

/** What a block may need that is not here, by what it has in it. */
const needs: readonly (readonly [form: RegExp, what: string])[] = [
  [/^ *(?:do )?(?:az|azd|terraform) |\$\((?:az|terraform) /m, 'Azure, with az, azd or terraform'],
  [/^(?:docker|helm|kubectl) /m, 'containers'],
  [/^npm run rehearse/m, 'Terraform'],
  [/^(?:npm install|pip install|dotnet add|go get) /m, 'packages of a registry'],
  [/prices\.azure\.com|graph\.microsoft\.com/, 'the internet'],
  [/contoso\.com|collector\.example/, 'the address of your gateway'],
  [
    /\bTENANT\/|--directory \.\/ledger|audit verify|--confirm TOKEN|hold remove|records erase(?!.* --as erin)/,
    'values, roles or a ledger of yours',
  ],
  [/127\.0\.0\.1:809\d/, 'the gateway that another block starts'],
  [/^(?:\.\/gatehouse (?:collect|connect|simulate)|curl .*_simulator)/m, 'a program that runs until Ctrl-C'],
]

/** Pages whose commands another test runs. */
const elsewhere: Readonly<Record<string, string>> = {
  'docs/deploy.md': 'test/interop/deploy-page.test.ts',
  'docs/feeds.md': 'test/e2e/demo.test.ts',
}

/** Lines that begin what the test itself runs, or that do not end before Ctrl-C. */
const left = /^(?:npm start|npm test|\.\/gatehouse serve|\.\/gatehouse records tail)\b/

interface Block {
  readonly page: string
  readonly line: number
  readonly script: string
}

export function blocksOf(page: string): readonly Block[] {
  const written = readFileSync(join(root, page), 'utf8')
  return [...written.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(({ 1: script = '', index }) => ({
    page,
    line: written.slice(0, index).split('\n').length,
    script,
  }))
}

/** Why a block cannot run here; null when it can. */
export const reasonOf = ({ page, script }: Block): string | null =>
  elsewhere[page] ?? needs.find(([form]) => form.test(script))?.[1] ?? null

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-documented-'))
// Otherwise curl ends well whatever it is answered.
writeFileSync(join(folder, '.curlrc'), 'fail\n')
const environment = {
  ...process.env,
  HOME: folder,
  PATH: join(root, 'node_modules', '.bin') + delimiter + process.env['PATH'],
}
let admin = ''
let gateway = ''
let stop = async (): Promise<void> => {}

before(async () => {
  const ports = ['gateway', 'admin', 'sign-in', 'instance-1', 'instance-2'].flatMap(name => [`--${name}-port`, '0'])
  const child = spawn(process.execPath, [main, 'demo', ...ports, '--no-traffic', '--no-history'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  child.stdout.on('data', chunk => {
    out += String(chunk)
  })
  const errors = text(child.stderr)
  const ended = once(child, 'close')
  stop = async () => {
    child.kill('SIGINT')
    await soon('the demonstration ends', ended)
  }
  await eventually(
    'the demonstration is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`it has ended:\n${await errors}`)
      return out.includes('Ready after') || null
    },
    60_000,
  )
  admin = /console +(http\S+)/.exec(out)?.[1] ?? ''
  gateway = /gateway +(http\S+)/.exec(out)?.[1] ?? ''
  assert.ok(admin !== '' && gateway !== '', out)
  // Pages look for records: one call of each person that they name, and a refused one.
  const page = 'the calls of the demonstration'
  const script = ['alice', 'bob'].map(name => `./gatehouse chat --as ${name} "What is a mutex?"`)
  await paste(
    { page, line: 1, script: `${script.join('\n')}\n./gatehouse chat --as dave Hello || true` },
    cloneFor(page),
  )
})

after(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A folder below the demonstration's, as a clone is: with the command, the examples, and room for files. */
function cloneFor(page: string): string {
  const place = join(folder, page.replaceAll('/', '-'))
  mkdirSync(place)
  for (const name of ['gatehouse', 'examples']) symlinkSync(join(root, name), join(place, name))
  writeFileSync(join(place, 'month.sql'), 'SELECT count(*) AS calls FROM records')
  return place
}

async function paste({ page, line, script }: Block, cwd: string): Promise<void> {
  const here = script
    .split('\n')
    .filter(one => !left.test(one))
    .join('\n')
    .replaceAll('http://127.0.0.1:8081', admin)
    .replaceAll('http://127.0.0.1:8080', gateway)
  const shell = spawn('bash', ['-ec', here], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = Promise.all([text(shell.stdout), text(shell.stderr)])
  await soon(`the end of ${page}:${line}`, once(shell, 'close'), 120_000)
  assert.equal(shell.exitCode, 0, `${page}:${line}\n${here}\n${(await written).join('\n')}`)
}

/** A test for each page with blocks that can run here, beside a demonstration of their own. */
export function pasteCommandsOf(pages: readonly string[]): void {
  for (const page of pages) {
    const blocks = blocksOf(page).filter(block => reasonOf(block) === null)
    if (blocks.length === 0) continue
    test(`the commands of ${page} work as they are, in their order`, async () => {
      const cwd = cloneFor(page)
      for (const block of blocks) await paste(block, cwd)
    })
  }
}
